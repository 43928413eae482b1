//! The clock: the only place that reads the machine's time.
//!
//! A [`Clock`] belongs to one runtime and is held by its timers and its driver. It shows the machine's time, unless
//! it has [`Hands`]: then it can be stopped and moved (feature `test-util`, current-thread runtimes).
//!
//! Invariants
//!
//! - C1: nanoseconds count from the clock's start, so they fit a `u64` for 584 years; instants before the start
//!   are 0 and instants beyond the end are `u64::MAX`.
//! - C2: for any instant, [`ns_of`](Clock::ns_of) is monotonic and exact, so comparing nanoseconds is comparing
//!   instants.
//!
//! Absent on purpose: ticks. How long a tick is, and which way to round, is known in `timers.rs` alone.

use std::task::Waker;
use std::time::Duration;

use heist_executor::blocking::Watch;
use heist_primitive::sync::StdArc;

use super::Instant;
use super::hands::Hands;

/// The current time of the machine's monotonic clock.
pub(crate) fn machine_now() -> Instant {
    Instant::from_std(std::time::Instant::now())
}

/// A monotonic clock that counts nanoseconds from its start.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// `None`: shows the machine's time for good.
    hands: Option<StdArc<Hands>>,
}

impl Clock {
    /// A clock that starts now and shows the machine's time for good.
    pub(crate) fn new() -> Self {
        Self {
            start: machine_now(),
            hands: None,
        }
    }

    /// A clock that starts now, and can be stopped and moved if the feature `test-util` is on.
    pub(crate) fn with_hands(stopped: bool) -> Self {
        let start = machine_now();
        Self {
            start,
            hands: Hands::new(start, stopped).map(StdArc::new),
        }
    }

    /// What stops and moves it.
    pub(crate) fn hands(&self) -> Option<&StdArc<Hands>> {
        self.hands.as_ref()
    }

    /// The current time.
    pub(crate) fn now(&self) -> Instant {
        match &self.hands {
            None => machine_now(),
            Some(hands) => hands.now(),
        }
    }

    /// Nanoseconds from the start until now.
    pub(crate) fn now_ns(&self) -> u64 {
        self.ns_of(self.now())
    }

    /// Nanoseconds from the start until `instant`.
    pub(crate) fn ns_of(&self, instant: Instant) -> u64 {
        let since_start = instant.saturating_duration_since(self.start);
        let seconds_ns = since_start.as_secs().checked_mul(1_000_000_000);
        seconds_ns
            .and_then(|ns| ns.checked_add(since_start.subsec_nanos().into()))
            .unwrap_or(u64::MAX)
    }
}

/// For the driver.
impl Clock {
    /// The unparker for everybody but the driver itself. The clock sees who uses it, and uses it when it is moved.
    pub(crate) fn unparker(&self, unparker: Waker) -> Waker {
        match &self.hands {
            None => unparker,
            Some(hands) => Hands::unparker(hands, unparker),
        }
    }

    /// Whether it stands still, so that waiting for a deadline would never end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.hands.as_ref().is_some_and(|hands| hands.is_stopped())
    }

    /// Whether closures run on the blocking pool, for which a stopped clock stands still.
    pub(crate) fn is_held(&self) -> bool {
        self.hands.as_ref().is_some_and(|hands| hands.is_held())
    }

    /// Moves a stopped clock on, unless it is held or the driver was unparked since the last time.
    pub(crate) fn jump(&self, by: Duration) {
        if let Some(hands) = &self.hands {
            hands.jump(by);
        }
    }

    /// Holds the clock as long as a closure waits for the blocking pool or runs there.
    pub(crate) fn watch_of_blocking(&self) -> Option<Watch> {
        let hands = self.hands.clone()?;
        Some(StdArc::new(move |begins| {
            if begins {
                hands.hold();
            } else {
                hands.release();
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
