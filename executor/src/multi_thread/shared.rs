//! What the workers of one pool share, and how tasks get to them from outside.
//!
//! ```text
//!   a worker's own task:  schedule ──► next-slot ──(displaced)──► own deque ──┐
//!   the guest:            schedule ──► its next-slot ──(displaced)──► injector ┤
//!   anybody else:         schedule ──► injector ──────────────────────────────┴──► notify: wake at most one
//! ```
//!
//! Invariants
//!
//! - H1: every push is followed by [`Shared::notify`], at once or at the end of the [`batch`](Shared::batch) that
//!   this thread is in. The next-slot is not a push: its owner comes to it next.
//! - H2: after [`Shared::close`] no `Runnable` stays in the injector: each worker empties it as it ends, and so does a
//!   pusher that finds the pool closed after its push. (A task left there would keep the pool that keeps it.)
//!
//! Ordering pairs
//!
//! - push; fence in `wake_one` ↔ `begin_park`/`stop_searching`; look: see `sleepers.rs`.
//! - push; fence; read `closed` ↔ write `closed`; fence; empty the injector ([`Shared::drain`]): one of the two sees
//!   the other. Model: loom-tests/tests/pool.rs, `a_wake_that_races_shutdown_leaks_nothing`.
//!
//! Deliberately absent: a lock. The sleepers' and the registry's are their own.

use std::cell::Cell;

use heist_primitive::CachePadded;
use heist_primitive::sync::atomic::{AtomicBool, Ordering, UnmodelledU64, fence};
use heist_primitive::sync::{Arc, StdArc};

use super::counters::{Counter, Counters};
use super::crew::Crew;
use super::guest::{self, Place};
use super::sleepers::Sleepers;
use super::worker;
use crate::driver::Clock;
use crate::hooks::{Hooks, PanicHook};
use crate::loan::Loan;
use crate::park::Parker;
use crate::queue::{Injector, Local, Remote, retry};
use crate::task::registry::Registry;
use crate::task::{How, Lifeline, Runnable, Scheduler, TaskRef, TaskSlot};

/// The side of a worker that others see.
pub(super) struct Peer {
    pub(super) queue: Remote,
    pub(super) next: CachePadded<TaskSlot>,
    pub(super) parker: Parker,
    pub(super) counters: CachePadded<Counters>,
}

/// What the workers of one pool share.
pub(super) struct Shared {
    injector: CachePadded<Injector>,
    pub(super) peers: Box<[Arc<Peer>]>,
    pub(super) crew: Crew,
    /// For a thread in `block_on`.
    pub(super) guest: Place,
    pub(super) admits_guest: bool,
    pub(super) sleepers: Sleepers,
    pub(super) registry: Registry,
    remote_schedules: CachePadded<UnmodelledU64>,
    closed: AtomicBool,
    /// Keeps this for its tasks, until all are shut down.
    pub(super) lifeline: Lifeline<Self>,
    /// The driver that workers wait in, if there is one.
    pub(super) loan: Option<StdArc<Loan>>,
    pub(super) hooks: Option<Box<Hooks>>,
    on_panic: Option<PanicHook>,
    /// Those of futures that `block_on` polls; the workers count their own.
    forced_yields: UnmodelledU64,
    pub(super) next_slot: bool,
    /// `None`: each worker tunes its own.
    pub(super) global_queue_interval: Option<u32>,
    pub(super) event_interval: u32,
    pub(super) seed: u64,
    pub(super) clock: Clock,
    /// Whether tasks are stamped as they are scheduled (`task/latency.rs`).
    stamps: bool,
}

heist_primitive::thread_local! {
    /// The pool, by address, that somebody further up this thread's stack has a `Handle` of.
    static KEPT: Cell<usize> = const { Cell::new(0) };
    /// The pool whose notifications this thread holds back, by address, and whether there is one.
    static BATCH: Cell<(usize, bool)> = const { Cell::new((0, false)) };
}

impl Shared {
    pub(super) fn new(config: &super::Config, locals: &[Local]) -> Self {
        let peer = |local: &Local| Peer {
            queue: local.remote(),
            next: CachePadded::new(TaskSlot::new()),
            parker: Parker::new(),
            counters: CachePadded::new(Counters::new(&config.timed)),
        };
        Self {
            injector: CachePadded::new(Injector::new()),
            peers: locals.iter().map(peer).map(Arc::new).collect(),
            crew: Crew::new(),
            guest: Place::new(),
            admits_guest: config.guest && config.next_slot && !config.timed.times_polls(),
            sleepers: Sleepers::on_processors(locals.len(), config.processor),
            registry: Registry::new(locals.len()),
            remote_schedules: CachePadded::new(UnmodelledU64::new(0)),
            closed: AtomicBool::new(false),
            lifeline: Lifeline::new(),
            loan: config.loan.clone(),
            hooks: config.hooks.boxed(),
            on_panic: config.hooks.on_panic.clone(),
            forced_yields: UnmodelledU64::new(0),
            next_slot: config.next_slot,
            global_queue_interval: config.global_queue_interval,
            event_interval: config.event_interval.max(1),
            seed: config.seed,
            clock: config.clock.clone(),
            stamps: config.timed.stamps(),
        }
    }

    /// Enters a new task into the registry and puts it on a queue.
    ///
    /// # Errors
    ///
    /// The task, if the pool is shutting down.
    pub(super) fn launch(&self, task: TaskRef, runnable: Runnable) -> Result<(), TaskRef> {
        if self.stamps {
            runnable.stamp((self.clock)());
        }
        let mut new = Some((task, runnable));
        let here = worker::with_current(self, |worker| {
            let (task, runnable) = new.take()?;
            let entered = worker.enter(task);
            if entered.is_ok() {
                worker.schedule(runnable, How::Spawned);
            }
            Some(entered)
        });
        if let Some((task, runnable)) = new {
            self.registry.insert(None, task)?;
            if let Some(runnable) = guest::schedule(self, runnable, How::Spawned) {
                self.inject(runnable);
            }
        }
        here.flatten().unwrap_or(Ok(()))
    }

    /// Enters a new task into the registry, from wherever.
    ///
    /// # Errors
    ///
    /// The task, if the pool is shutting down.
    pub(super) fn enter(&self, task: TaskRef) -> Result<(), TaskRef> {
        let mut new = Some(task);
        let here = worker::with_current(self, |worker| Some(worker.enter(new.take()?)));
        if let Some(task) = new {
            self.registry.insert(None, task)?;
        }
        here.flatten().unwrap_or(Ok(()))
    }

    /// Pushes a task from outside of the pool.
    pub(super) fn inject(&self, task: Runnable) {
        if self.is_closed() {
            return drop(task);
        }
        self.injector.push(task);
        self.remote_schedules.fetch_add(1, Ordering::Relaxed);
        self.notify_after_rmw();
    }

    /// After a push: wakes one worker if nobody is on the way.
    pub(super) fn notify(&self) {
        if !self.hold_back() {
            self.notify_now();
        }
    }

    /// As [`notify`](Self::notify), after a push that ended with a read-modify-write, or was followed by one.
    pub(super) fn notify_after_rmw(&self) {
        if !self.hold_back() {
            self.wake(self.sleepers.wake_one_after_rmw());
        }
    }

    fn notify_now(&self) {
        self.wake(self.sleepers.wake_one());
    }

    fn wake(&self, worker: Option<usize>) {
        if let Some(worker) = worker {
            self.unpark(&self.peers[worker]);
        }
        // H2; the fence is that of `wake_one` or `wake_one_after_rmw`.
        if self.is_closed() {
            self.drain();
        }
    }

    fn unpark(&self, peer: &Peer) {
        let in_driver = peer.parker.unpark_or_interrupt();
        if let (true, Some(loan)) = (in_driver, &self.loan) {
            loan.interrupt();
        }
    }

    /// Whether this thread is in a batch of this pool's, which then owes the notification.
    fn hold_back(&self) -> bool {
        let address = std::ptr::from_ref(self).addr();
        BATCH
            .try_with(|batch| {
                batch.get().0 == address && {
                    batch.set((address, true));
                    true
                }
            })
            .unwrap_or(false)
    }

    /// Runs `f`; the pushes in it, by this thread to this pool, are notified once, after it.
    pub(super) fn batch<R>(&self, f: impl FnOnce() -> R) -> R {
        struct End<'a>(&'a Shared, (usize, bool));
        impl Drop for End<'_> {
            fn drop(&mut self) {
                let (_, owed) = BATCH.try_with(|batch| batch.replace(self.1)).unwrap_or_default();
                if owed {
                    self.0.notify();
                }
            }
        }
        let address = std::ptr::from_ref(self).addr();
        let _end = End(
            self,
            BATCH
                .try_with(|batch| batch.replace((address, false)))
                .unwrap_or_default(),
        );
        f()
    }

    /// Runs `f`, in which a wake from this thread need not count the pool: the caller does.
    pub(super) fn keep<R>(&self, f: impl FnOnce() -> R) -> R {
        struct End(usize);
        impl Drop for End {
            fn drop(&mut self) {
                let _ = KEPT.try_with(|kept| kept.set(self.0));
            }
        }
        let address = std::ptr::from_ref(self).addr();
        let _end = End(KEPT.try_with(|kept| kept.replace(address)).unwrap_or_default());
        f()
    }

    /// One task from the injector.
    pub(super) fn pop_injected(&self) -> Option<Runnable> {
        if self.injector.is_empty() {
            return None;
        }
        retry(|| self.injector.steal_one())
    }

    /// A batch of at most `limit` from the injector: one to run, the rest into `local`.
    pub(super) fn steal_injected(&self, local: &Local, limit: usize) -> Option<Runnable> {
        if self.injector.is_empty() {
            return None;
        }
        retry(|| self.injector.steal(local, limit))
    }

    /// Moves tasks from the injector to the end of `local` until that has `most`. True: there were some.
    pub(super) fn fill_from_injector(&self, local: &Local, most: usize) -> bool {
        let mut moved = false;
        while !self.injector.is_empty() {
            let room = most.saturating_sub(local.len());
            if room == 0 || !self.injector.move_to(local, room) {
                break;
            }
            moved = true;
        }
        moved
    }

    /// Whether a task waits in any queue. Next-slots do not count: their owners are awake and come to them.
    pub(super) fn has_queued_work(&self) -> bool {
        !self.injector.is_empty() || self.peers.iter().any(|peer| !peer.queue.is_empty())
    }

    /// The next-slots of the workers and the guest, each with its owner's count of polls.
    pub(super) fn next_slots(&self) -> impl Iterator<Item = (&TaskSlot, &Counter)> {
        let of_workers = self.peers.iter().map(|peer| (&*peer.next, &peer.counters.polls));
        of_workers.chain([(&*self.guest.next, &*self.guest.polls)])
    }

    pub(super) fn has_occupied_next_slot(&self) -> bool {
        self.next_slots().any(|(slot, _)| slot.is_occupied())
    }

    /// After a next-slot has become occupied: it wakes nobody, but if somebody sleeps it is to be looked after.
    pub(super) fn watch_if_anybody_sleeps(&self) {
        if self.sleepers.is_anybody_parked() {
            self.watch();
        }
    }

    /// Asks the sentinel to look. After a SeqCst fence.
    pub(super) fn watch(&self) {
        if let Some(loan) = &self.loan {
            loan.watch();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Tells the workers to stop. They cancel the live tasks as they go.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        for peer in &self.peers {
            self.unpark(peer);
        }
        self.crew.close();
    }

    /// Drops what is in the injector. Only after [`close`](Self::close).
    pub(super) fn drain(&self) {
        fence(Ordering::SeqCst);
        while let Some(task) = self.pop_injected() {
            drop(task);
        }
    }

    pub(super) fn injector_depth(&self) -> usize {
        self.injector.len()
    }

    pub(super) fn remote_schedules(&self) -> u64 {
        self.remote_schedules.load(Ordering::Relaxed)
    }

    pub(super) fn count_forced_yields(&self, new: u64) {
        if new > 0 {
            self.forced_yields.fetch_add(new, Ordering::Relaxed);
        }
    }

    pub(super) fn forced_yields(&self) -> u64 {
        let of_workers = self.peers.iter().map(|peer| peer.counters.forced_yields.get());
        self.forced_yields.load(Ordering::Relaxed) + of_workers.sum::<u64>()
    }
}

impl Scheduler for Shared {
    fn schedule_here(&self, task: Runnable, how: How) -> Option<Runnable> {
        if self.stamps {
            task.stamp((self.clock)());
        }
        let mut task = Some(task);
        worker::with_current(self, |worker| {
            if let Some(task) = task.take() {
                worker.schedule(task, how);
            }
        });
        task.and_then(|task| guest::schedule(self, task, how))
    }

    fn is_kept_here(&self) -> bool {
        let address = std::ptr::from_ref(self).addr();
        let in_batch = || BATCH.try_with(|batch| batch.get().0 == address).unwrap_or(false);
        KEPT.try_with(|kept| kept.get() == address).unwrap_or(false) || in_batch()
    }

    fn schedule_elsewhere(&self, task: Runnable) {
        self.inject(task);
    }

    fn release(&self, registry_slot: u64) -> Option<TaskRef> {
        worker::with_current(self, |worker| worker.leave(registry_slot))
            .unwrap_or_else(|| self.registry.remove(None, registry_slot))
    }

    #[inline]
    fn hooks(&self) -> Option<&Hooks> {
        self.hooks.as_deref()
    }

    #[inline]
    fn on_panic(&self) -> Option<&PanicHook> {
        self.on_panic.as_ref()
    }

    fn stamps(&self) -> bool {
        self.stamps
    }
}
