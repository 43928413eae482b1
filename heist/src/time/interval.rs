//! [`interval`], [`interval_at`] and the [`Interval`] they return.
//!
//! Invariant: the next tick is always computed from the tick before it, never from the time at which that was
//! noticed, unless the tick is late by more than [`TOLERANCE`] and the behaviour says otherwise. So an interval
//! does not drift.

use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::Instant;
use super::entry::Entry;

/// Lateness up to this much is not a missed tick, but the ordinary delay of a busy machine.
const TOLERANCE: Duration = Duration::from_millis(5);

/// Ticks every `period`, for the first time at once.
///
/// The same as [`interval_at`]`(Instant::now(), period)`. An interval measures from tick to tick, so work done
/// between two ticks does not add up as it would with [`sleep`](super::sleep()). When ticks are missed,
/// [`MissedTickBehavior`] decides; the default is [`Burst`](MissedTickBehavior::Burst).
///
/// # Panics
///
/// If `period` is zero, or if called outside of a runtime, or inside one without time enabled.
///
/// # Example
///
/// ```
/// use heist::time::{Duration, interval};
///
/// #[heist::main]
/// async fn main() {
///     let mut interval = interval(Duration::from_millis(5));
///     let first = interval.tick().await; // at once
///     let second = interval.tick().await;
///     assert_eq!(second - first, Duration::from_millis(5));
/// }
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks every `period`, for the first time at `start`.
///
/// # Panics
///
/// If `period` is zero, or if called outside of a runtime, or inside one without time enabled.
///
/// # Example
///
/// ```
/// use heist::time::{Duration, Instant, interval_at};
///
/// #[heist::main]
/// async fn main() {
///     let start = Instant::now() + Duration::from_millis(5);
///     let mut interval = interval_at(start, Duration::from_millis(2));
///     assert_eq!(interval.tick().await, start);
///     assert_eq!(interval.tick().await, start + Duration::from_millis(2));
/// }
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "the period of an interval must not be zero: use yield_now to run without a pause"
    );
    Interval {
        entry: Entry::new(start, false),
        period,
        missed_tick_behavior: MissedTickBehavior::default(),
    }
}

/// What an [`Interval`] does when it is polled too late for one or more of its ticks.
///
/// A tick counts as missed when it is late by more than 5 ms. With a period of 50 ms, if the tick planned for
/// 100 is taken only at 180, the moments at which the ticks after it can be taken are:
///
/// | behaviour | planned for 150 | planned for 200 | planned for 250 |
/// |---|---|---|---|
/// | `Burst` | 180, at once | 200 | 250 |
/// | `Delay` | 230 instead | 280 instead | 330 instead |
/// | `Skip` | never | 200 | 250 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Ticks as fast as possible until all missed ticks are made up for; the plan stays as it was. The
    /// default.
    #[default]
    Burst,
    /// The next tick comes one period after the late one was taken; the plan shifts.
    Delay,
    /// Missed ticks are left out; the next one is the first of the plan that is still ahead.
    Skip,
}

impl MissedTickBehavior {
    /// The tick after one that was planned for `planned` and taken at `now`, later than it should.
    fn next_tick(self, planned: Instant, now: Instant, period: Duration) -> Instant {
        match self {
            Self::Burst => planned.after(period),
            Self::Delay => now.after(period),
            Self::Skip => {
                let into_period = (now - planned).as_nanos() % period.as_nanos();
                let into_period = u64::try_from(into_period).unwrap_or(u64::MAX);
                now.after(period.saturating_sub(Duration::from_nanos(into_period)))
            }
        }
    }
}

/// An endless series of ticks, made by [`interval`] and [`interval_at`].
///
/// Nothing runs between ticks: time passes, and [`tick`](Self::tick) waits for the next moment of the plan.
/// Dropping the interval ends it.
pub struct Interval {
    entry: Entry,
    period: Duration,
    missed_tick_behavior: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick and returns the moment for which it was planned.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: when the future is dropped before it completes, no tick has been taken.
    ///
    /// # Example
    ///
    /// ```
    /// use heist::time::{Duration, interval};
    ///
    /// #[heist::main]
    /// async fn main() {
    ///     let mut interval = interval(Duration::from_millis(1));
    ///     for _ in 0..3 {
    ///         interval.tick().await;
    ///     }
    /// }
    /// ```
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Takes the next tick if it is due, and otherwise has the task woken when it is.
    ///
    /// Only the task that polled last is woken.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.entry.poll_elapsed(cx));
        let planned = self.entry.deadline();
        let now = self.entry.now();
        let behavior = if now > planned.after(TOLERANCE) {
            self.missed_tick_behavior
        } else {
            MissedTickBehavior::Burst
        };
        self.entry.reset(behavior.next_tick(planned, now, self.period));
        Poll::Ready(planned)
    }

    /// Starts the plan anew: the next tick comes one period from now.
    ///
    /// ```
    /// use heist::time::{Duration, Instant, interval};
    ///
    /// #[heist::main]
    /// async fn main() {
    ///     let mut interval = interval(Duration::from_millis(5));
    ///     let before = Instant::now();
    ///     interval.reset(); // the first tick would have come at once
    ///     assert!(interval.tick().await >= before + Duration::from_millis(5));
    /// }
    /// ```
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Starts the plan anew: the next tick comes now.
    pub fn reset_immediately(&mut self) {
        self.entry.reset(self.entry.now());
    }

    /// Starts the plan anew: the next tick comes after `after`, which may be shorter or longer than a period.
    pub fn reset_after(&mut self, after: Duration) {
        self.entry.reset(self.entry.now().after(after));
    }

    /// Starts the plan anew: the next tick comes at `deadline`, in the past or in the future.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.entry.reset(deadline);
    }

    /// What happens when ticks are missed.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed_tick_behavior
    }

    /// Says what is to happen when ticks are missed.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed_tick_behavior = behavior;
    }

    /// The time from tick to tick.
    pub fn period(&self) -> Duration {
        self.period
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interval")
            .field("next", &self.entry.deadline())
            .field("period", &self.period)
            .field("missed_tick_behavior", &self.missed_tick_behavior)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_behaviours_place_the_tick_after_a_late_one() {
        let ms = Duration::from_millis;
        let planned = super::super::machine_now();
        let now = planned + ms(130);
        let next = |behavior: MissedTickBehavior| behavior.next_tick(planned, now, ms(50)) - planned;
        assert_eq!(next(MissedTickBehavior::Burst), ms(50));
        assert_eq!(next(MissedTickBehavior::Delay), ms(180));
        assert_eq!(next(MissedTickBehavior::Skip), ms(150));
        let on_the_tick = MissedTickBehavior::Skip.next_tick(planned, planned + ms(100), ms(50));
        assert_eq!(on_the_tick - planned, ms(150));
    }

    #[test]
    fn the_longest_period_does_not_overflow() {
        let planned = super::super::machine_now();
        let now = planned + Duration::from_secs(1);
        for behavior in [
            MissedTickBehavior::Burst,
            MissedTickBehavior::Delay,
            MissedTickBehavior::Skip,
        ] {
            assert!(behavior.next_tick(planned, now, Duration::MAX) > now);
        }
    }
}
