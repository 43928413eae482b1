//! How long a task has waited to be polled: a stamp in its cell, used only where a scheduler measures that.
//!
//! ```text
//!             stamp: by the scheduler, before the push       settle: after the pop, before the poll
//!   unknown ───────────────────────────────────────► when ─────────────────────────────────► how long ──► when …
//! ```
//!
//! Invariants
//!
//! - Y1: only who has the task's `Runnable` stamps and settles, and until the end of the poll nobody else does: a wake
//!   meanwhile is a bit of the state word, and becomes a `Runnable`, with a stamp, after the poll. A wake of a task that
//!   is scheduled already makes no second `Runnable`, so it does not move the stamp.
//! - Y2: a scheduler that does not measure never stamps: the word stays unknown, and the way of a task is without a clock.
//!
//! Ordering: the queue's, from push to pop; so the word itself is relaxed. Test: heist/tests/rt_latency.rs.
//!
//! Deliberately absent: the clock. The scheduler has been given one.

use std::time::Duration;

use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};

const UNKNOWN: u64 = u64::MAX;

/// When a task was scheduled, or how long it has waited, in nanoseconds.
pub(in crate::task) struct Latency(UnmodelledU64);

impl Latency {
    pub(in crate::task) fn new() -> Self {
        Self(UnmodelledU64::new(UNKNOWN))
    }

    /// The task goes onto a queue at `now`.
    pub(in crate::task) fn stamp(&self, now: u64) {
        self.0.store(now.min(UNKNOWN - 1), Ordering::Relaxed);
    }

    /// The task is polled at `now`: how long it has waited, in nanoseconds, if it was stamped.
    pub(in crate::task) fn settle(&self, now: u64) -> Option<u64> {
        let stamped = self.0.load(Ordering::Relaxed);
        if stamped == UNKNOWN {
            return None;
        }
        let waited = now.saturating_sub(stamped);
        self.0.store(waited, Ordering::Relaxed);
        Some(waited)
    }

    /// How long the task has waited for the poll that it is in.
    pub(in crate::task) fn get(&self) -> Option<Duration> {
        let waited = self.0.load(Ordering::Relaxed);
        (waited != UNKNOWN).then(|| Duration::from_nanos(waited))
    }
}
