//! One worker: a thread that looks for tasks, polls them, and sleeps when there are none.
//!
//! ```text
//!      ┌──────────────────────────────── run one ◄───────────────────────────────┐
//!      ▼                                                                         │ found
//!   next_task:  every Nth time the injector ─► next-slot ─► own deque ─► injector (a batch)
//!      │ nothing                                                                 ▲
//!      ▼                                                                         │ found
//!   search:     the others' deques, from a random one on ─► injector ─► a stuck owner's next-slot
//!      │ nothing                                                                 ▲
//!      ▼                                                                         │ woken
//!   park:       onto the stack of sleepers ─► look at every queue once more ─► sleep
//! ```
//!
//! Invariants
//!
//! - W1: only its own thread touches a `Worker`; others see its `Peer`. The worker is who has the seat: a thread that left
//!   it (`crew.rs`) finds `local` empty, is `CURRENT` no more, and counts nothing after.
//! - W2: `searching` is true exactly while the sleepers' registry counts this worker as searching.
//! - W3: at most [`NEXT_STREAK`] tasks in a row come from the next-slot; then the deque has its turn.
//! - W4: every `global_queue_interval` tasks the injector comes first, so tasks that keep a worker's own queue
//!   full do not starve it. Unless it was set, it is tuned to the tasks: as many as take [`INJECTOR_WAIT_NS`]. It gives one
//!   to run at once and, behind those that are in the deque, as many as fill that up to the interval: so both sides have their
//!   share, and what a worker's own tasks wake waits for no longer than an interval.
//! - W5: a next-slot is taken from its owner only if the owner was inside the same poll at two looks.
//!
//! - W6: every `event_interval` tasks the worker looks into the driver if nobody has it, and sleeps in it when it has
//!   nothing to do (`loan.rs`).
//! - W7: it also looks between a yield and the next turn of the task that yielded, so that a loop of yields sees what has
//!   become ready. One look does for all that have yielded by then. (If the reactor thread has the driver, what becomes
//!   ready is seen by that; if thieves take what was queued before the yielder, the look comes a turn late.) With the look
//!   the deque is filled from the injector up to [`YIELD_BATCH`]: who yields lets those from outside go first as well.
//! - W8: a task that yields is pushed without a notification, which is owed until this worker has its next task in hand: before
//!   the poll of that it is made, if the deque is not empty then. So a task that yields alone wakes nobody, and the others cost
//!   no fence of their own, for taking a task is a read-modify-write.
//!
//! Ordering pairs: those of `sleepers.rs`, `park.rs`, `loan.rs`, `crew.rs` and [`TaskSlot`](crate::task::TaskSlot).
//!
//! Deliberately absent: spinning for work: one look round, then sleep.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

use heist_primitive::hint::spin_loop;
use heist_primitive::sync::Arc;

use super::counters::{Counter, Counters};
use super::crew::{Crew, Seat};
use super::shared::{Peer, Shared};
use crate::coop;
use crate::hooks::Sleeping;
use crate::loan::sleep_limit;
use crate::queue::{Local, retry};
use crate::rng::Rng;
use crate::task::registry::Desk;
use crate::task::{self, How, Runnable, TaskRef, TaskSlot};

/// Tasks in a row that may come from the next-slot.
const NEXT_STREAK: u8 = 3;

/// How long a task from outside should wait for a worker that has tasks of its own, in nanoseconds.
const INJECTOR_WAIT_NS: u64 = 200_000;

/// Tasks between two looks at the injector before anything is known of the tasks, as in Go's scheduler.
const FIRST_INJECTOR_INTERVAL: u32 = 61;

/// How often, in tasks, the injector is looked at, at the least and at the most.
const INJECTOR_INTERVALS: (u64, u64) = (2, 127);

/// Tasks that a worker without any takes from the injector at once, if there are twice as many.
const INJECTOR_BATCH: usize = 63;

/// Tasks that a thief takes at once, if the victim has twice as many.
const STEAL_BATCH: usize = 128;

/// How long a deque may become by what is taken from the injector after a yield.
const YIELD_BATCH: usize = 128;

/// Looks at the owner of a next-slot, each after [`HINTS_A_LOOK`] spin-loop hints, that must find it in the same poll: a few
/// microseconds, far beyond a short poll, whose end the first of these looks sees.
#[cfg(not(heist_loom))]
const LOOKS_AGAIN: u32 = 16;
#[cfg(heist_loom)]
const LOOKS_AGAIN: u32 = 1;

#[cfg(not(heist_loom))]
const HINTS_A_LOOK: u32 = 8;
#[cfg(heist_loom)]
const HINTS_A_LOOK: u32 = 1;

heist_primitive::thread_local! {
    static CURRENT: RefCell<Option<Rc<Worker>>> = const { RefCell::new(None) };
}

/// A worker's own side.
pub(super) struct Worker {
    shared: Arc<Shared>,
    peer: Arc<Peer>,
    index: usize,
    /// Empty once the seat was left.
    local: RefCell<Option<Local>>,
    /// Empty once the seat was left.
    desk: RefCell<Option<Desk>>,
    searching: Cell<bool>,
    /// Inside of a task's poll, its destructors among it.
    running: Cell<bool>,
    /// Woken, and no task found since.
    woken: Cell<bool>,
    next_streak: Cell<u8>,
    until_injector: Cell<u32>,
    injector_interval: Cell<u32>,
    until_driver: Cell<u32>,
    /// A task has yielded since the last look into the driver.
    yielded: Cell<bool>,
    owes_notification: Cell<bool>,
    awake_since: Cell<u64>,
    rng: Rng,
}

/// Calls `f` if this thread is a worker of `shared`.
pub(super) fn with_current<R>(shared: &Shared, f: impl FnOnce(&Worker) -> R) -> Option<R> {
    CURRENT
        .try_with(|current| {
            let current = current.borrow();
            let worker = current
                .as_ref()
                .filter(|worker| std::ptr::eq(&*worker.shared, shared))?;
            Some(f(worker))
        })
        .ok()
        .flatten()
}

/// Which worker of which pool ever this thread is, if it is one.
pub fn current_index() -> Option<usize> {
    CURRENT
        .try_with(|current| current.borrow().as_ref().map(|worker| worker.index))
        .ok()
        .flatten()
}

/// Works at `seat` until the pool is closed or the seat was left and taken.
pub(super) fn run(shared: Arc<Shared>, seat: Seat) {
    let Seat { index, local, desk } = seat;
    let injector_interval = shared.global_queue_interval.unwrap_or(FIRST_INJECTOR_INTERVAL);
    let worker = Rc::new(Worker {
        peer: shared.peers[index].clone(),
        index,
        local: RefCell::new(Some(local)),
        desk: RefCell::new(Some(desk)),
        searching: Cell::new(false),
        running: Cell::new(false),
        // By its start.
        woken: Cell::new(true),
        next_streak: Cell::new(0),
        until_injector: Cell::new(injector_interval),
        injector_interval: Cell::new(injector_interval),
        until_driver: Cell::new(shared.event_interval),
        yielded: Cell::new(false),
        owes_notification: Cell::new(false),
        awake_since: Cell::new((shared.clock)()),
        rng: Rng::new(shared.seed.wrapping_add(index as u64)),
        shared,
    });
    worker.counters().set_owner();
    CURRENT.with(|current| *current.borrow_mut() = Some(worker.clone()));
    if !worker.work() {
        return;
    }
    worker.shut_down();
    CURRENT.with(|current| current.borrow_mut().take());
    worker.end_stretch();
    // What the last drops woke while this thread was still a worker.
    worker.drain();
}

/// Takes the seat back, if nobody has come for it, when dropped.
pub(super) struct Absent(Rc<Worker>);

/// Offers this thread's seat to another. `None`: this thread is no worker that polls a task, or nobody can take the seat.
pub(super) fn leave_seat() -> Option<Absent> {
    let worker = CURRENT.try_with(|current| current.borrow().clone()).ok()??;
    // A waker inside of a turn of the driver, or a hook, returns to a worker that still needs its seat. A turn and a hook
    // may also let go of a task's output, which is destroyed with the task's id.
    let in_poll = worker.running.get() && task::try_id().is_some();
    if !in_poll || worker.shared.is_closed() {
        return None;
    }
    worker.end_stretch();
    CURRENT.with(|current| current.borrow_mut().take());
    let (local, desk) = (worker.local.take()?, worker.desk.take()?);
    let index = worker.index;
    match Crew::offer(&worker.shared, Seat { index, local, desk }) {
        None => Some(Absent(worker)),
        Some(seat) => {
            worker.sit_down(seat);
            None
        }
    }
}

impl Drop for Absent {
    fn drop(&mut self) {
        if let Some(seat) = self.0.shared.crew.take_back(self.0.index) {
            self.0.clone().sit_down(seat);
        }
    }
}

impl Worker {
    /// Enters a new task into the registry.
    ///
    /// # Errors
    ///
    /// The task, if the pool is shutting down.
    pub(super) fn enter(&self, task: TaskRef) -> Result<(), TaskRef> {
        self.shared.registry.insert(self.desk.borrow().as_ref(), task)
    }

    /// Takes a task that ends here out of the registry.
    pub(super) fn leave(&self, registry_slot: u64) -> Option<TaskRef> {
        self.shared
            .registry
            .remove(self.desk.borrow().as_ref(), registry_slot)
    }

    /// This thread is the worker again.
    fn sit_down(self: Rc<Self>, seat: Seat) {
        *self.local.borrow_mut() = Some(seat.local);
        *self.desk.borrow_mut() = Some(seat.desk);
        self.awake_since.set((self.shared.clock)());
        CURRENT.with(|current| *current.borrow_mut() = Some(self));
    }

    fn local(&self) -> Ref<'_, Local> {
        Ref::map(self.local.borrow(), |local| {
            local
                .as_ref()
                .expect("only the worker itself reaches for its deque")
        })
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn counters(&self) -> &Counters {
        &self.peer().counters
    }

    /// Puts a task on this worker, from one of its own tasks.
    pub(super) fn schedule(&self, task: Runnable, how: How) {
        self.counters().local_schedules.add(1);
        match how {
            How::Yielded => {
                let local = self.local();
                let before = local.len();
                local.push(task);
                // W7: this poll, which is not over yet, and those of the tasks before it.
                let until_look = u32::try_from(before + 1).unwrap_or(u32::MAX);
                self.until_driver.set(self.until_driver.get().min(until_look));
                self.yielded.set(true);
                self.owes_notification.set(true);
            }
            How::Spawned | How::Woken if !self.shared.next_slot => {
                self.local().push(task);
                self.shared.notify();
            }
            How::Spawned | How::Woken => {
                if let Some(displaced) = self.peer().next.put(task) {
                    self.local().push(displaced);
                    self.shared.notify();
                    return;
                }
                self.shared.watch_if_anybody_sleeps();
            }
        }
    }

    /// W8. This thread has made a read-modify-write since the push: it took a task from a queue, which is what to run now.
    pub(super) fn notify_of_yielded(&self) {
        if self.owes_notification.take() && !self.local().is_empty() {
            self.shared.notify_after_rmw();
        }
    }

    /// As [`notify_of_yielded`](Self::notify_of_yielded), for a task that was run inside of another's poll.
    pub(super) fn notify_of_yielded_in_poll(&self) {
        if self.owes_notification.take() {
            self.shared.notify();
        }
    }

    /// True: the pool was closed. False: the seat was left, and another has it.
    fn work(&self) -> bool {
        while !self.shared.is_closed() {
            let Some(task) = self.next_task().or_else(|| self.search()) else {
                self.park();
                continue;
            };
            if self.searching.take() && self.shared.sleepers.stop_searching() && self.shared.has_queued_work()
            {
                self.shared.notify();
            }
            self.notify_of_yielded();
            self.woken.set(false);
            let started = self.counters().begin_poll(&self.shared.clock, &task);
            self.running.set(true);
            coop::budget(|| task.run());
            self.running.set(false);
            if self.local.borrow().is_none() {
                return false;
            }
            self.counters().end_poll(&self.shared.clock, started);
            self.until_driver.set(self.until_driver.get() - 1);
            if self.until_driver.get() == 0 {
                self.until_driver.set(self.shared.event_interval);
                if self.counters().polls_in_stretch() >= u64::from(self.shared.event_interval) {
                    self.end_stretch();
                }
                self.look_into_driver();
                if self.yielded.take() && self.shared.fill_from_injector(&self.local(), YIELD_BATCH) {
                    self.shared.notify();
                }
            }
        }
        true
    }

    fn next_task(&self) -> Option<Runnable> {
        if self.until_injector.get() <= 1 {
            let interval = self.injector_interval.get();
            self.until_injector.set(interval);
            let room = (interval as usize).saturating_sub(self.local().len());
            if let Some(task) = self.take_batch(room.max(1)) {
                return Some(task);
            }
        } else {
            self.until_injector.set(self.until_injector.get() - 1);
        }
        if let Some(task) = self.peer().next.take() {
            if self.next_streak.get() < NEXT_STREAK {
                self.next_streak.set(self.next_streak.get() + 1);
                return Some(task);
            }
            self.local().push(task);
        }
        self.next_streak.set(0);
        self.local().pop().or_else(|| self.take_batch(INJECTOR_BATCH))
    }

    /// A batch from the injector: one to run, the rest into the deque. That is a push as well (H1), for a worker that
    /// looked meanwhile has seen the rest in neither queue. One that is searching looks again when it stops.
    fn take_batch(&self, limit: usize) -> Option<Runnable> {
        let task = self.shared.steal_injected(&self.local(), limit)?;
        if !self.searching.get() && !self.local().is_empty() {
            self.shared.notify();
        }
        Some(task)
    }

    /// Looks at the other workers once round.
    fn search(&self) -> Option<Runnable> {
        if !self.searching.get() {
            if !self.shared.sleepers.start_searching() {
                return None;
            }
            self.searching.set(true);
        }
        let peers = &self.shared.peers;
        let start = self.rng.below(peers.len());
        let others = (start..peers.len())
            .chain(0..start)
            .filter(|&other| other != self.index);
        for other in others {
            if peers[other].queue.is_empty() {
                continue;
            }
            if let Some(task) = retry(|| peers[other].queue.steal(&self.local(), STEAL_BATCH)) {
                self.counters().steal_operations.add(1);
                self.counters().steals.add(1 + self.local().len() as u64);
                return Some(task);
            }
        }
        if let Some(task) = self.shared.steal_injected(&self.local(), INJECTOR_BATCH) {
            return Some(task);
        }
        // This worker's own is empty, or `next_task` would have found it.
        self.shared
            .next_slots()
            .find(|(slot, _)| slot.is_occupied())
            .and_then(|(slot, polls)| self.rob(slot, polls))
    }

    /// Takes a next-slot whose owner is stuck (W5).
    fn rob(&self, slot: &TaskSlot, polls: &Counter) -> Option<Runnable> {
        let before = polls.get();
        for _ in 0..LOOKS_AGAIN {
            (0..HINTS_A_LOOK).for_each(|_| spin_loop());
            if polls.get() != before {
                return None;
            }
        }
        let task = slot.take()?;
        self.counters().steal_operations.add(1);
        self.counters().steals.add(1);
        Some(task)
    }

    /// Sleeps until there may be work, and is searching after that.
    fn park(&self) {
        let shared = &self.shared;
        let hooks = Sleeping::begin(shared.hooks.as_deref());
        if hooks.is_some() && (self.peer().next.is_occupied() || !self.local().is_empty()) {
            // The hook's doing: these are not seen by the look below, or are not yet.
            return;
        }
        if self.woken.take() {
            self.counters().noops.add(1);
        }
        shared
            .sleepers
            .begin_park(self.index, self.searching.replace(true));
        if shared.is_closed() || shared.has_queued_work() {
            if !shared.sleepers.cancel_park(self.index) {
                // Somebody has woken us meanwhile: take his unpark.
                self.peer().parker.park();
            }
            return;
        }
        // After the fence of `begin_park`.
        if shared.has_occupied_next_slot() {
            shared.watch();
        }
        self.counters().parks.add(1);
        self.end_stretch();
        shared.batch(|| {
            self.sleep();
            // Still on the stack if it was not a pusher that woke us: searching either way. What the driver woke on this
            // thread is notified after this, so that it does not wake others while one is searching already.
            shared.sleepers.cancel_park(self.index);
        });
        self.awake_since.set((shared.clock)());
        self.counters().unparks.add(1);
        self.woken.set(true);
    }

    /// Reads the clock and counts what was done since the last time.
    fn end_stretch(&self) {
        let now = (self.shared.clock)();
        let since = self.awake_since.replace(now);
        let mean_poll_ns = self.counters().end_stretch(now.saturating_sub(since));
        if let (None, Some(tuned)) = (
            self.shared.global_queue_interval,
            INJECTOR_WAIT_NS.checked_div(mean_poll_ns),
        ) {
            let (least, most) = INJECTOR_INTERVALS;
            self.injector_interval.set(tuned.clamp(least, most) as u32);
        }
        self.counters().forced_yields.add(coop::take_refusals());
    }

    /// In the driver if it is to be had, else on the parker.
    fn sleep(&self) {
        let parker = &self.peer().parker;
        if let Some(loan) = &self.shared.loan {
            if !parker.enter_driver() {
                return;
            }
            let turned = loan.turn(|| sleep_limit(parker));
            if parker.leave_driver() || turned {
                return;
            }
        }
        parker.park();
    }

    /// A look into the driver between tasks, for workers that never run dry.
    fn look_into_driver(&self) {
        if let Some(loan) = &self.shared.loan {
            let woken = &self.counters().local_schedules;
            let before = woken.get();
            self.shared.batch(|| loan.look(|| woken.get() == before));
        }
    }

    fn shut_down(&self) {
        self.shared.registry.shut_down(self.index);
        self.shared.lifeline.cut();
        self.drain();
        // H2: who closed the pool may not wait for its end.
        self.shared.drain();
    }

    fn drain(&self) {
        while let Some(task) = self.peer().next.take().or_else(|| self.local().pop()) {
            drop(task);
        }
    }
}
