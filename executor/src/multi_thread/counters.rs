//! What a worker counts.
//!
//! Each worker writes its own counters only, by load and store without a locked operation, on lines of its own;
//! anybody may read them at any time and sees each one's recent value.
//!
//! The clock is read when a worker parks, when it unparks, and once every `event_interval` tasks; around each poll
//! only if there is a histogram of poll times or tasks were stamped (`task/latency.rs`). What lies between two of the
//! former reads is a *stretch* of work.

use std::time::Duration;

use heist_primitive::sync::Mutex;
use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};
use heist_primitive::thread::{self, ThreadId};

use crate::driver::Clock;
use crate::histogram::{Histogram, Timed};
use crate::task::Runnable;

/// How much of the mean of poll times one more poll replaces.
const NEW_POLL_WEIGHT: f64 = 0.1;

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
    /// Polls that a budget that was used up has ended.
    pub(crate) forced_yields: Counter,
    pub(crate) poll_times: Option<Histogram>,
    pub(crate) latencies: Option<Histogram>,
    /// Tasks come stamped.
    stamped: bool,
    /// Whether a poll's begin reads the clock.
    timed: bool,
    mean_poll_ns: UnmodelledU64,
    /// Polls before the current stretch of work.
    polls_before: Counter,
    /// Who writes these counters.
    thread: Mutex<Option<ThreadId>>,
}

impl Counters {
    pub(crate) fn new(timed: &Timed) -> Self {
        Self {
            poll_times: timed.poll_times.as_ref().map(Histogram::new),
            latencies: timed.latencies.as_ref().map(Histogram::new),
            stamped: timed.stamps(),
            timed: timed.times_polls(),
            ..Self::default()
        }
    }

    /// This thread is the owner from now on.
    pub(crate) fn set_owner(&self) {
        *self.thread.lock() = Some(thread::current().id());
    }

    pub(crate) fn owner(&self) -> Option<ThreadId> {
        *self.thread.lock()
    }

    /// A poll of `task` begins: counts it, and if anything is timed, reads the clock. Only by the owner.
    #[inline]
    pub(crate) fn begin_poll(&self, clock: &Clock, task: &Runnable) -> Option<u64> {
        self.polls.add(1);
        if self.timed {
            self.begin_timed(clock(), task)
        } else {
            None
        }
    }

    #[cold]
    fn begin_timed(&self, now: u64, task: &Runnable) -> Option<u64> {
        let waited = if self.stamped {
            task.settle_latency(now)
        } else {
            None
        };
        if let (Some(waited), Some(latencies)) = (waited, &self.latencies) {
            latencies.record(waited);
        }
        self.poll_times.as_ref().map(|_| now)
    }

    /// The poll is over that began at `started`. Only by the owner, who may be another by then: the poll is not timed then.
    #[inline]
    pub(crate) fn end_poll(&self, clock: &Clock, started: Option<u64>) {
        if let (Some(started), Some(poll_times)) = (started, &self.poll_times) {
            poll_times.record(clock().saturating_sub(started));
        }
    }

    pub(crate) fn polls_in_stretch(&self) -> u64 {
        self.polls.get().wrapping_sub(self.polls_before.get())
    }

    /// A stretch of work is over that took `ns`; returns the mean of poll times. Only by the owner.
    ///
    /// The mean of poll times is moved towards the stretch's own by what as many single polls would have moved it:
    /// an exponentially weighted moving average that needs no clock between the polls.
    pub(crate) fn end_stretch(&self, ns: u64) -> u64 {
        self.busy_ns.add(ns);
        let old = self.mean_poll_ns.load(Ordering::Relaxed);
        let polls = self.polls.get();
        let new = self.polls_in_stretch();
        if new == 0 {
            return old;
        }
        let mean = ns as f64 / new as f64;
        let weight = if new == polls {
            1.0
        } else {
            1.0 - (1.0 - NEW_POLL_WEIGHT).powf(new as f64)
        };
        let old = old as f64;
        let moved = (old + weight * (mean - old)) as u64;
        self.mean_poll_ns.store(moved, Ordering::Relaxed);
        self.polls_before.add(new);
        moved
    }

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
            mean_poll: Duration::from_nanos(self.mean_poll_ns.load(Ordering::Relaxed)),
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
    /// Time not spent asleep, up to the last read of the clock.
    pub busy: Duration,
    /// Moving average of the time from one poll to the next, sleep not included.
    pub mean_poll: Duration,
}
