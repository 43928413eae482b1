//! What a tick is: how deadlines and the time become ticks, and back.
//!
//! Invariant: the tick of a deadline is rounded up and the tick of the time is rounded down, so a timer whose tick is
//! reached has its deadline behind it: never early. For a clock with hands a tick is a nanosecond, so that the clock can be
//! set to exactly the next deadline.
//!
//! Ticks end before [`NEVER`](super::horizon::NEVER): after 292 years of a clock with hands, and never of another.

use std::time::Duration;

use super::Clock;
use super::horizon::NEVER;

/// Length of a tick: 2^14 ns, 16.4 µs. Short against what a thread needs to wake up, and long enough to keep
/// the deadlines of one burst together.
const TICK_SHIFT: u32 = 14;

/// The last tick there is.
const LAST: u64 = NEVER - 1;

/// How long a tick is: 2^shift ns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticks {
    shift: u32,
}

impl Ticks {
    pub(super) fn of(clock: &Clock) -> Self {
        Self {
            shift: clock.hands().map_or(TICK_SHIFT, |_| 0),
        }
    }

    /// The tick in which a deadline is surely behind.
    #[inline]
    pub(super) fn at_or_after(self, ns: u64) -> u64 {
        let began = ns >> self.shift;
        let tick = if began << self.shift == ns {
            began
        } else {
            began + 1
        };
        tick.min(LAST)
    }

    /// The tick that has begun.
    #[inline]
    pub(super) fn at_or_before(self, ns: u64) -> u64 {
        (ns >> self.shift).min(LAST)
    }

    /// The time from `now_ns` to the beginning of `tick`.
    pub(super) fn time_until(self, tick: u64, now_ns: u64) -> Duration {
        Duration::from_nanos(tick.saturating_mul(1 << self.shift).saturating_sub(now_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TICK_NS: u64 = 1 << TICK_SHIFT;
    const TICKS: Ticks = Ticks { shift: TICK_SHIFT };

    #[test]
    fn the_driver_is_told_to_sleep_until_the_tick_and_no_longer() {
        assert_eq!(TICKS.time_until(3, 3 * TICK_NS - 1), Duration::from_nanos(1));
        assert_eq!(TICKS.time_until(3, 3 * TICK_NS), Duration::ZERO);
        assert_eq!(TICKS.time_until(3, 4 * TICK_NS), Duration::ZERO);
        assert_eq!(TICKS.time_until(LAST, 0), Duration::from_nanos(u64::MAX));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn deadlines_round_up_and_the_time_rounds_down(
            ns in ..u64::MAX >> 1,
            early in 1..u64::MAX,
            shift in prop_oneof![Just(0), Just(TICK_SHIFT)],
        ) {
            let ticks = Ticks { shift };
            let length = 1_u128 << shift;
            let tick = ticks.at_or_after(ns);
            prop_assert!(u128::from(tick) * length >= ns.into() || tick == LAST);
            prop_assert!(u128::from(tick) * length < u128::from(ns) + length);
            prop_assert!(tick < NEVER);
            prop_assert!(ticks.at_or_before(ns) <= tick);
            if let Some(earlier) = ns.checked_sub(early) {
                prop_assert!(ticks.at_or_before(earlier) < tick, "it would fire early");
            }
        }
    }
}
