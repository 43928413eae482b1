//! The guest: the thread in `block_on`, which runs a task itself while its own future is in conversation with it.
//!
//! That thread is no worker, so each task that its future wakes goes through the injector to a worker that must be woken, and
//! each answer is a wake of the thread: two futex calls and two context switches a round. So when the future has got
//! [`ANSWERS`] quick answers in a row, the thread takes the guest's place, if nobody has it: what the future wakes or spawns
//! from then on goes into the place's next-slot, and the thread polls it itself while its future is pending.
//!
//! ```text
//!              ANSWERS quick answers in a row, and the place is free
//!   ┌────────┐ ───────────────────────────────────────────────────► ┌───────┐   future ─► next-slot ─► future ─► …
//!   │ remote │                                                      │ guest │
//!   └────────┘ ◄─────────────────────────────────────────────────── └───────┘
//!                a slow answer, a slow poll, or the end of `block_on`
//! ```
//!
//! Invariants
//!
//! - B1: the thread that has taken the place is the only one that puts into the next-slot; it empties it before it leaves.
//! - B2: between two polls of the future there are at most [`STREAK`] polls of tasks, and if the future has been woken at
//!   most one. So neither starves the other.
//! - B3: the next-slot is like a worker's: sentinel and thieves look at it, and take the task if the thread is inside
//!   of the same poll for too long. So a future that blocks its thread strands no task.
//! - B4: a thread leaves the place after an answer or a stretch of polls that was slow, and the next time it, or another, needs
//!   twice as many quick answers: a task that computes for long holds the future up once, not again and again. A stay that
//!   ended well halves their number for the next.
//!
//! A thread of the blocking pool takes the place, too, for a few polls after a closure: `follow.rs`. B1 to B3 hold for it.
//!
//! Ordering pairs: those of the sentinel for the next-slot; [`TaskSlot`]'s own. `taken` orders nothing but counts.
//! Model: loom-tests/tests/guest.rs.
//!
//! Deliberately absent: a deque, stealing, and the driver. The workers are there for these. What the future spawns or wakes
//! beyond one task goes to the workers, and so does a task that yields.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use heist_primitive::CachePadded;
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{AtomicBool, Ordering, UnmodelledU64};

use super::counters::Counter;
use super::shared::Shared;
use crate::coop;
use crate::park::Parker;
use crate::task::{How, Runnable, TaskSlot};

/// Quick answers in a row that make a conversation, the first time.
#[cfg(not(heist_loom))]
const ANSWERS: u64 = 8;
#[cfg(heist_loom)]
const ANSWERS: u64 = 0;

/// At the least and at the most.
#[cfg(not(heist_loom))]
const ANSWERS_BETWEEN: (u64, u64) = (2, 1 << 12);
#[cfg(heist_loom)]
const ANSWERS_BETWEEN: (u64, u64) = (0, 0);

/// An answer that takes longer is slow: a few futex calls and context switches.
const QUICK_NS: u64 = 200_000;

/// Polls of tasks from one read of the clock to the next.
const STRETCH: u32 = 32;

/// A stretch that takes longer has a slow poll in it, or the machine is busy with others.
const QUICK_STRETCH_NS: u64 = 1_000_000;

/// Tasks in a row that the thread polls for a future that has not been woken.
const STREAK: u32 = 3;

/// The place, as others see it.
pub(super) struct Place {
    taken: AtomicBool,
    /// How many quick answers it takes. No more than a hint, so lost updates harm nobody.
    answers: UnmodelledU64,
    pub(super) next: CachePadded<TaskSlot>,
    /// Polls by the guest, of its future as well.
    pub(super) polls: CachePadded<Counter>,
    /// Those of tasks.
    pub(super) tasks: CachePadded<Counter>,
}

impl Place {
    pub(super) fn new() -> Self {
        Self {
            taken: AtomicBool::new(false),
            answers: UnmodelledU64::new(ANSWERS),
            next: CachePadded::new(TaskSlot::new()),
            polls: CachePadded::new(Counter::default()),
            tasks: CachePadded::new(Counter::default()),
        }
    }

    /// B4.
    fn scale_answers(&self, scale: impl FnOnce(u64) -> u64) {
        let (least, most) = ANSWERS_BETWEEN;
        let scaled = scale(self.answers.load(Ordering::Relaxed)).clamp(least, most);
        self.answers.store(scaled, Ordering::Relaxed);
    }
}

heist_primitive::thread_local! {
    static VISIT: RefCell<Option<Rc<Visit>>> = const { RefCell::new(None) };
}

/// What a thread in `block_on` knows of its conversation.
struct Visit {
    shared: Arc<Shared>,
    /// It has the place.
    is_guest: Cell<bool>,
    /// Something was scheduled since the last sleep.
    has_asked: Cell<bool>,
    answers: Cell<u64>,
    streak: Cell<u32>,
    until_clock: Cell<u32>,
    stretch_since: Cell<u64>,
}

/// A visit that ends when this is dropped.
pub(super) struct Stay {
    visit: Rc<Visit>,
    outer: Option<Rc<Visit>>,
}

impl Stay {
    /// This thread is in `block_on`, and its future is pending.
    pub(super) fn begin(shared: &Arc<Shared>) -> Self {
        let visit = Rc::new(Visit {
            shared: shared.clone(),
            is_guest: Cell::new(false),
            // In the poll before this, perhaps.
            has_asked: Cell::new(true),
            answers: Cell::new(0),
            streak: Cell::new(0),
            until_clock: Cell::new(STRETCH),
            stretch_since: Cell::new(0),
        });
        let outer = VISIT.try_with(|current| current.replace(Some(visit.clone())));
        Self {
            visit,
            outer: outer.ok().flatten(),
        }
    }

    /// Before a poll of the future.
    pub(super) fn before_poll(&self) {
        if self.visit.is_guest.get() {
            self.visit.shared.guest.polls.add(1);
        }
    }

    /// Takes the place, if nobody has it, for [`poll_tasks`](Self::poll_tasks) (`follow.rs`).
    pub(super) fn take_place(&self) -> bool {
        let place = &self.visit.shared.guest;
        let has_it = !place.taken.load(Ordering::Relaxed) && !place.taken.swap(true, Ordering::Acquire);
        self.visit.streak.set(0);
        self.visit.is_guest.set(has_it);
        has_it
    }

    pub(super) fn is_guest(&self) -> bool {
        self.visit.is_guest.get()
    }

    pub(super) fn has_task(&self) -> bool {
        self.is_guest() && self.visit.shared.guest.next.is_occupied()
    }

    /// Polls what is in the next-slot, and what comes into it meanwhile (B2).
    pub(super) fn poll_tasks(&self) {
        while let Some(task) = self.visit.take() {
            self.visit.poll(task);
        }
        self.visit.shared.count_forced_yields(coop::take_refusals());
    }

    /// Gives the place back that was taken by [`take_place`](Self::take_place).
    pub(super) fn leave_place(&self) {
        self.visit.leave();
    }

    /// The future is pending: returns when it has been woken, or may have been.
    pub(super) fn wait(&self, parker: &Parker) {
        let visit = &self.visit;
        visit.streak.set(0);
        while let Some(task) = visit.take() {
            visit.poll(task);
            visit.count_down();
            if parker.consume() {
                return;
            }
        }
        visit.sleep(parker);
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        if self.visit.is_guest.get() {
            self.visit.shared.guest.scale_answers(|answers| answers / 2);
            self.visit.leave();
        }
        let visit = VISIT.try_with(|current| current.replace(self.outer.take()));
        // Dropped after the borrow has ended.
        drop(visit);
    }
}

/// Gives a task to this thread if that is the guest of `shared`, which it then keeps for as long as this lasts; else the
/// task comes back.
pub(super) fn schedule(shared: &Shared, task: Runnable, how: How) -> Option<Runnable> {
    let visit = VISIT.try_with(|current| current.borrow().clone()).ok().flatten();
    match visit {
        Some(visit) if std::ptr::eq(&*visit.shared, shared) => visit.schedule(task, how),
        _ => Some(task),
    }
}

impl Visit {
    /// The task, if it is not for this thread. One that it displaces is injected.
    fn schedule(&self, task: Runnable, how: How) -> Option<Runnable> {
        self.has_asked.set(true);
        if !self.is_guest.get() || how == How::Yielded || self.streak.get() >= STREAK {
            return Some(task);
        }
        let displaced = self.shared.guest.next.put(task);
        self.shared.watch_if_anybody_sleeps();
        if let Some(displaced) = displaced {
            self.shared.inject(displaced);
        }
        None
    }

    fn poll(&self, task: Runnable) {
        self.streak.set(self.streak.get() + 1);
        self.shared.guest.polls.add(1);
        self.shared.guest.tasks.add(1);
        coop::budget(|| task.run());
    }

    fn take(&self) -> Option<Runnable> {
        if !self.is_guest.get() {
            return None;
        }
        self.shared.guest.next.take()
    }

    /// Sleeps until the future is woken, and notes how long the answer took.
    fn sleep(&self, parker: &Parker) {
        if !self.has_asked.take() {
            return parker.park();
        }
        let clock = &self.shared.clock;
        let asked_at = clock();
        parker.park();
        let now = clock();
        self.until_clock.set(STRETCH);
        self.stretch_since.set(now);
        if now.saturating_sub(asked_at) > QUICK_NS {
            return self.slow();
        }
        self.answers.set(self.answers.get().saturating_add(1));
        let place = &self.shared.guest;
        if !self.is_guest.get() && self.answers.get() >= place.answers.load(Ordering::Relaxed) {
            self.is_guest.set(!place.taken.swap(true, Ordering::Acquire));
        }
    }

    /// After the poll of a task: every now and then, how long they took.
    fn count_down(&self) {
        self.until_clock.set(self.until_clock.get() - 1);
        if self.until_clock.get() > 0 {
            return;
        }
        self.until_clock.set(STRETCH);
        let now = (self.shared.clock)();
        let since = self.stretch_since.replace(now);
        if now.saturating_sub(since) > QUICK_STRETCH_NS {
            self.slow();
        }
    }

    /// B4.
    fn slow(&self) {
        self.answers.set(0);
        if self.is_guest.get() {
            self.shared.guest.scale_answers(|answers| answers * 2);
            self.leave();
        }
    }

    /// B1.
    fn leave(&self) {
        self.is_guest.set(false);
        let place = &self.shared.guest;
        let left = place.next.take();
        place.taken.store(false, Ordering::Release);
        if let Some(task) = left {
            self.shared.inject(task);
        }
    }
}
