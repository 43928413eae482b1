//! The state word of a task: six flags and a reference count in one atomic.
//!
//! ```text
//!   bit      63 … 7      6        5          4           3             2          1         0
//!        ┌────────────┬───────┬───────────┬────────────┬───────────────┬───────────┬──────────┬─────────┐
//!        │ references │ EXTRA │ CANCELLED │ JOIN_WAKER │ JOIN_INTEREST │ SCHEDULED │ COMPLETE │ RUNNING │
//!        └────────────┴───────┴───────────┴────────────┴───────────────┴───────────┴──────────┴─────────┘
//!
//!                  1 wake                2 run                    4 ready, panic, cancelled
//!      ┌──────┐ ─────────► ┌───────────┐ ─────────► ┌─────────┐ ───────────────────────► ┌──────────┐
//!  ───►│ idle │            │ SCHEDULED │            │ RUNNING │                          │ COMPLETE │
//!   0  └──────┘ ◄──────────└───────────┘ ◄───────── └─────────┘                          └──────────┘
//!          ▲            (born here, 0)     3b woken     │ 3a pending                          ▲
//!          └────────────────────────────────────────────┘                                     │
//!          └──────────────────────────── 5 shut down (RUNNING meanwhile) ─────────────────────┘
//! ```
//!
//! 0. [`State::new`]; 1. [`transition_to_scheduled_by_ref`](State::transition_to_scheduled_by_ref), `…_by_value`,
//!    `…_and_cancelled`; 2. [`transition_to_running`](State::transition_to_running);
//! 3. [`transition_to_idle`](State::transition_to_idle); 4. [`transition_to_complete`](State::transition_to_complete), or
//!    [`transition_to_complete_unjoined`](State::transition_to_complete_unjoined); 5.
//!    [`transition_to_shutdown`](State::transition_to_shutdown).
//!
//! Invariants
//!
//! - S1: RUNNING is a lock. Whoever set it alone may touch the future, until he clears it.
//! - S2: SCHEDULED means that exactly one `Runnable` exists or, while RUNNING, is owed by the runner. Each
//!   `Runnable` owns one reference: a wake by a waker that ends, and a runner that was woken meanwhile, hand theirs over.
//! - S3: COMPLETE is set once, together with clearing RUNNING, and never cleared. From then on the output
//!   belongs to the `JoinHandle` if JOIN_INTEREST is set, else to the one who completed.
//! - S4: JOIN_WAKER says who may touch the join waker's slot. Clear with JOIN_INTEREST: the `JoinHandle`
//!   alone. Set: nobody may write, the `JoinHandle` and, after COMPLETE, the completer may read; the
//!   `JoinHandle` clears it before COMPLETE, the completer after. Clear without JOIN_INTEREST: the one of the
//!   two that cleared the second of these bits.
//! - S5: the count is the number of `TaskRef`s, `Runnable`s, wakers and `JoinHandle`s; at zero the one who
//!   took the last frees the cell. Who holds all that are left is alone with the cell, and frees it without a word.
//! - S6: EXTRA says what the header's origin is. It is set at birth or never.
//!
//! Ordering pairs
//!
//! - Every transition is an RMW with AcqRel: the release of one actor's last access to the future, the
//!   output or the waker meets the acquire of the next. Models: loom-tests/tests/task_state.rs.
//! - A wake of a task that is SCHEDULED already still writes the word: what the waker did before the wake must
//!   be visible to the poll that this wake rides on. Model: `wake_publishes_even_when_already_scheduled`.
//! - The reference count is dropped with AcqRel as part of the same word, so that the freeing thread sees
//!   everything the others did. Who finds by an Acquire load that no other reference is left, sees it too: each drop is a
//!   write to this word, and all since are RMWs. Models: `the_last_reference_frees_after_all_accesses`,
//!   `a_handle_that_is_left_alone_frees_after_all_accesses`.
//!
//! Deliberately absent: pointers, futures, wakers. This file knows bits only.

use heist_primitive::sync::atomic::{AtomicUsize, Ordering};

const RUNNING: usize = 1;
const COMPLETE: usize = 1 << 1;
const SCHEDULED: usize = 1 << 2;
const JOIN_INTEREST: usize = 1 << 3;
const JOIN_WAKER: usize = 1 << 4;
const CANCELLED: usize = 1 << 5;
const EXTRA: usize = 1 << 6;
const REF_ONE: usize = 1 << 7;

/// Born scheduled, with references for the registry, the `Runnable` and the `JoinHandle`.
const INITIAL: usize = (REF_ONE * 3) | JOIN_INTEREST | SCHEDULED;

/// The word.
pub(crate) struct State(AtomicUsize);

/// A copy of the word at one moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot(usize);

/// What a runner with a `Runnable` in hand now owes.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ToRunning {
    /// Poll the future.
    Run,
    /// Drop the future and complete with a cancellation.
    Cancel,
    /// Nothing: somebody else runs or ran it. The reference has been dropped.
    Release,
    /// Free the cell: that was the last reference.
    Dealloc,
}

/// What a runner whose poll was pending now owes.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ToIdle {
    /// Nothing; the reference has been dropped.
    Done,
    /// Schedule it again, at the back: the new `Runnable` owns the runner's reference.
    Reschedule,
    /// Free the cell.
    Dealloc,
    /// Drop the future and complete with a cancellation; RUNNING is still held.
    Cancel,
}

/// What a waker now owes.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ToScheduled {
    /// Nothing.
    Nothing,
    /// Put a `Runnable` on a queue. It owns a reference made here, or that of the waker that ends.
    Submit,
    /// Free the cell.
    Dealloc,
}

/// What a completer whose output had a `JoinHandle` now owes.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ToComplete {
    /// Nothing; the references have been dropped.
    Done,
    /// Wake the join waker; the references are still there.
    Wake,
    /// It is not complete: the handle has gone. Drop the output and complete as one that nobody joins.
    Unjoined,
}

/// What a completer that has woken the joiner now owes.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ToWoken {
    /// Nothing; the references have been dropped.
    Done,
    /// Drop the join waker, and then the references: the handle has gone.
    DropWaker,
}

impl Snapshot {
    pub(crate) fn is_complete(self) -> bool {
        self.0 & COMPLETE != 0
    }

    pub(crate) fn is_running(self) -> bool {
        self.0 & RUNNING != 0
    }

    pub(crate) fn is_scheduled(self) -> bool {
        self.0 & SCHEDULED != 0
    }

    pub(crate) fn is_idle(self) -> bool {
        self.0 & (RUNNING | COMPLETE) == 0
    }

    pub(crate) fn is_join_interested(self) -> bool {
        self.0 & JOIN_INTEREST != 0
    }

    pub(crate) fn has_join_waker(self) -> bool {
        self.0 & JOIN_WAKER != 0
    }

    fn has(self, bits: usize) -> bool {
        self.0 & bits != 0
    }

    /// Whether no handle, waker nor anything else has a reference beside the caller's `own`.
    pub(crate) fn is_alone(self, own: usize) -> bool {
        self.references() == own
    }

    fn references(self) -> usize {
        self.0 / REF_ONE
    }
}

impl State {
    pub(crate) fn new(extra: bool) -> Self {
        Self(AtomicUsize::new(INITIAL | if extra { EXTRA } else { 0 }))
    }

    /// Whether the header's origin is an `Extra` (S6). The bit does not change, so any look will do.
    pub(crate) fn has_extra(&self) -> bool {
        Snapshot(self.0.load(Ordering::Relaxed)).has(EXTRA)
    }

    pub(crate) fn load(&self) -> Snapshot {
        Snapshot(self.0.load(Ordering::Acquire))
    }

    /// Replaces the word by what `next` makes of it, as one RMW, and returns `next`'s verdict.
    #[inline]
    fn update<R>(&self, mut next: impl FnMut(Snapshot) -> (R, usize)) -> R {
        let mut current = self.0.load(Ordering::Relaxed);
        loop {
            let (verdict, new) = next(Snapshot(current));
            match self.exchange(current, new) {
                Ok(()) => return verdict,
                Err(seen) => current = seen,
            }
        }
    }

    #[inline]
    fn exchange(&self, current: usize, new: usize) -> Result<(), usize> {
        self.0
            .compare_exchange_weak(current, new, Ordering::AcqRel, Ordering::Relaxed)
            .map(drop)
    }

    /// Arrow 2: the holder of a `Runnable` wants to poll.
    #[inline]
    pub(crate) fn transition_to_running(&self) -> ToRunning {
        self.update(|s| {
            debug_assert!(s.has(SCHEDULED));
            if !s.is_idle() {
                let verdict = if s.references() == 1 {
                    ToRunning::Dealloc
                } else {
                    ToRunning::Release
                };
                return (verdict, s.0 - REF_ONE);
            }
            let verdict = if s.has(CANCELLED) {
                ToRunning::Cancel
            } else {
                ToRunning::Run
            };
            (verdict, (s.0 & !SCHEDULED) | RUNNING)
        })
    }

    /// Arrow 3: the poll was pending.
    #[inline]
    pub(crate) fn transition_to_idle(&self) -> ToIdle {
        self.update(|s| {
            debug_assert!(s.has(RUNNING));
            if s.has(CANCELLED) {
                return (ToIdle::Cancel, s.0);
            }
            let idle = s.0 & !RUNNING;
            if s.has(SCHEDULED) {
                (ToIdle::Reschedule, idle)
            } else if s.references() == 1 {
                (ToIdle::Dealloc, idle - REF_ONE)
            } else {
                (ToIdle::Done, idle - REF_ONE)
            }
        })
    }

    /// Arrow 4: the output is in place, for a handle. Drops `own` references of the completer if nothing is left to do.
    #[inline]
    pub(crate) fn transition_to_complete(&self, own: usize) -> ToComplete {
        let mut current = self.0.load(Ordering::Relaxed);
        loop {
            let s = Snapshot(current);
            debug_assert!(s.has(RUNNING) && !s.is_complete());
            if !s.is_join_interested() {
                return ToComplete::Unjoined;
            }
            let complete = current ^ (RUNNING | COMPLETE);
            let (verdict, new) = if s.has_join_waker() {
                (ToComplete::Wake, complete)
            } else {
                // The handle's is left.
                (ToComplete::Done, complete - own * REF_ONE)
            };
            match self.exchange(current, new) {
                Ok(()) => return verdict,
                Err(seen) => current = seen,
            }
        }
    }

    /// Arrow 4: there is no handle, and no output any more. Drops `own` references of the completer; true: free the cell.
    #[inline]
    #[must_use]
    pub(crate) fn transition_to_complete_unjoined(&self, own: usize) -> bool {
        if self.load().is_alone(own) {
            return true;
        }
        let change = COMPLETE.wrapping_sub(RUNNING).wrapping_sub(own * REF_ONE);
        let before = Snapshot(self.0.fetch_add(change, Ordering::AcqRel));
        debug_assert!(before.has(RUNNING) && !before.has(COMPLETE | JOIN_INTEREST));
        before.is_alone(own)
    }

    /// Drops `count` references of the completer; true: free the cell.
    #[inline]
    #[must_use]
    pub(crate) fn drop_references(&self, count: usize) -> bool {
        let before = Snapshot(self.0.fetch_sub(count * REF_ONE, Ordering::AcqRel));
        debug_assert!(before.references() >= count);
        before.references() == count
    }

    /// Adds a reference.
    #[inline]
    pub(crate) fn add_reference(&self) {
        let before = self.0.fetch_add(REF_ONE, Ordering::Relaxed);
        // 2^57 leaked wakers: going on would free a cell in use.
        if before > isize::MAX as usize {
            std::process::abort();
        }
    }

    /// Arrow 1, by a waker that lives on.
    #[inline]
    pub(crate) fn transition_to_scheduled_by_ref(&self) -> ToScheduled {
        self.update(|s| {
            if s.has(COMPLETE | SCHEDULED) {
                (ToScheduled::Nothing, s.0)
            } else if s.has(RUNNING) {
                (ToScheduled::Nothing, s.0 | SCHEDULED)
            } else {
                (ToScheduled::Submit, (s.0 | SCHEDULED) + REF_ONE)
            }
        })
    }

    /// Arrow 1, by a waker that ends here.
    #[inline]
    pub(crate) fn transition_to_scheduled_by_value(&self) -> ToScheduled {
        self.update(|s| {
            if s.has(COMPLETE | SCHEDULED) {
                let verdict = if s.references() == 1 {
                    ToScheduled::Dealloc
                } else {
                    ToScheduled::Nothing
                };
                (verdict, s.0 - REF_ONE)
            } else if s.has(RUNNING) {
                // The runner holds a reference, so ours is not the last.
                (ToScheduled::Nothing, (s.0 | SCHEDULED) - REF_ONE)
            } else {
                (ToScheduled::Submit, s.0 | SCHEDULED)
            }
        })
    }

    /// Arrow 1, by an abort: the runner will find CANCELLED and drop the future.
    pub(crate) fn transition_to_scheduled_and_cancelled(&self) -> ToScheduled {
        self.update(|s| {
            if s.has(COMPLETE | CANCELLED) {
                (ToScheduled::Nothing, s.0)
            } else if s.has(RUNNING | SCHEDULED) {
                (ToScheduled::Nothing, s.0 | CANCELLED | SCHEDULED)
            } else {
                (ToScheduled::Submit, (s.0 | CANCELLED | SCHEDULED) + REF_ONE)
            }
        })
    }

    /// Arrow 5: true if the caller took RUNNING and so must drop the future and complete.
    #[must_use]
    pub(crate) fn transition_to_shutdown(&self) -> bool {
        self.update(|s| {
            let running = if s.is_idle() { RUNNING } else { 0 };
            (running != 0, s.0 | running | CANCELLED)
        })
    }

    /// The `JoinHandle` gives up its interest and its reference, if the word still is `seen`, in which the task is complete
    /// and the output dropped, or nobody has the join waker but the handle, who has dropped it. Else the word.
    pub(crate) fn drop_join_handle(&self, seen: Snapshot) -> Result<(), Snapshot> {
        debug_assert!(seen.is_join_interested() && (seen.is_complete() || !seen.has_join_waker()));
        self.exchange(seen.0, (seen.0 & !JOIN_INTEREST) - REF_ONE)
            .map_err(Snapshot)
    }

    /// The `JoinHandle` has written the slot and offers it to the completer; false: complete already.
    #[must_use]
    pub(crate) fn set_join_waker(&self) -> bool {
        self.update(|s| {
            debug_assert!(s.is_join_interested() && !s.has_join_waker());
            if s.is_complete() {
                (false, s.0)
            } else {
                (true, s.0 | JOIN_WAKER)
            }
        })
    }

    /// The `JoinHandle` takes the slot back in order to replace the waker; false: complete already.
    #[must_use]
    pub(crate) fn unset_join_waker(&self) -> bool {
        self.update(|s| {
            debug_assert!(s.is_join_interested());
            if s.is_complete() {
                (false, s.0)
            } else {
                (true, s.0 & !JOIN_WAKER)
            }
        })
    }

    /// The completer is through with the join waker's slot, and drops `own` references if that is all.
    pub(crate) fn transition_to_woken(&self, own: usize) -> ToWoken {
        self.update(|s| {
            debug_assert!(s.is_complete() && s.has_join_waker());
            if s.is_join_interested() {
                // The handle's is left.
                (ToWoken::Done, (s.0 & !JOIN_WAKER) - own * REF_ONE)
            } else {
                (ToWoken::DropWaker, s.0 & !JOIN_WAKER)
            }
        })
    }
}
