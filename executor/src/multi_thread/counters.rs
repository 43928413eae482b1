//! What a worker counts.
//!
//! Each worker writes its own counters only, by load and store without a locked operation, on lines of its own;
//! anybody may read them at any time and sees each one's recent value.

use std::time::Duration;

use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};

/// One count, written by one thread.
#[derive(Debug, Default)]
pub(crate) struct Counter(UnmodelledU64);

impl Counter {
    /// Only by the owner.
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        self.0
            .store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters of one worker.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) polls: Counter,
    pub(crate) parks: Counter,
    pub(crate) unparks: Counter,
    pub(crate) noops: Counter,
    pub(crate) steals: Counter,
    pub(crate) steal_operations: Counter,
    pub(crate) local_schedules: Counter,
    pub(crate) busy_ns: Counter,
}

impl Counters {
    pub(crate) fn snapshot(&self) -> WorkerCounters {
        WorkerCounters {
            polls: self.polls.get(),
            parks: self.parks.get(),
            unparks: self.unparks.get(),
            noops: self.noops.get(),
            steals: self.steals.get(),
            steal_operations: self.steal_operations.get(),
            local_schedules: self.local_schedules.get(),
            overflows: 0,
            busy: Duration::from_nanos(self.busy_ns.get()),
        }
    }
}

/// A worker's counters at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkerCounters {
    /// Tasks polled.
    pub polls: u64,
    /// Times it went to sleep.
    pub parks: u64,
    /// Times it woke up.
    pub unparks: u64,
    /// Times it woke up and found nothing to do.
    pub noops: u64,
    /// Tasks it took from other workers.
    pub steals: u64,
    /// Successful visits to other workers' queues.
    pub steal_operations: u64,
    /// Tasks scheduled on it by its own tasks.
    pub local_schedules: u64,
    /// Tasks moved from a full queue to the injector: always 0, for a deque grows.
    pub overflows: u64,
    /// Time not spent asleep.
    pub busy: Duration,
}
