//! The clock: the only place that reads the machine's time.
//!
//! A [`Clock`] belongs to one runtime and is held by its timers; everything that asks for the time asks a
//! `Clock` or [`now`]. A clock that can be paused and advanced will be another state of this type, without a
//! change to its callers.
//!
//! Invariants
//!
//! - C1: nanoseconds count from the clock's start, so they fit a `u64` for 584 years; instants before the start
//!   are 0 and instants beyond the end are `u64::MAX`.
//! - C2: for any instant, [`ns_of`](Clock::ns_of) is monotonic and exact, so comparing nanoseconds is comparing
//!   instants.
//!
//! Absent on purpose: ticks. How long a tick is, and which way to round, is known in `timers.rs` alone.

use super::Instant;

/// The current time of the machine's monotonic clock.
pub(super) fn now() -> Instant {
    Instant::from_std(std::time::Instant::now())
}

/// A monotonic clock that counts nanoseconds from its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn new() -> Self {
        Self { start: now() }
    }

    /// The current time.
    pub(crate) fn now(&self) -> Instant {
        now()
    }

    /// Nanoseconds from the start until now.
    pub(crate) fn now_ns(&self) -> u64 {
        self.ns_of(self.now())
    }

    /// Nanoseconds from the start until `instant`.
    pub(crate) fn ns_of(&self, instant: Instant) -> u64 {
        let since_start = instant.saturating_duration_since(self.start);
        u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn nanoseconds_count_from_the_start_and_saturate() {
        let clock = Clock::new();
        assert_eq!(clock.ns_of(clock.start), 0);
        assert_eq!(clock.ns_of(clock.start + Duration::from_nanos(17)), 17);
        if let Some(earlier) = clock.start.checked_sub(Duration::from_millis(1)) {
            assert_eq!(clock.ns_of(earlier), 0);
        }
        if let Some(later) = clock.start.checked_add(Duration::from_secs(1_000 * 365 * 86_400)) {
            assert_eq!(clock.ns_of(later), u64::MAX);
        }
    }
}
