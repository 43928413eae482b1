//! A time limit that several waits in a row share.
//!
//! Absent on purpose: a limit measured by the wall clock.

use std::time::Duration;

use crate::time::Clock;

/// When to stop waiting, or never.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    clock: Clock,
    /// On `clock`; `None` for ever.
    until_ns: Option<u64>,
}

impl Limit {
    /// The limit that ends `duration` from now, or never.
    pub(super) fn new(duration: Option<Duration>) -> Self {
        let clock = Clock::new();
        let until_ns = duration.map(|duration| {
            let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
            clock.now_ns().saturating_add(ns)
        });
        Self { clock, until_ns }
    }

    /// How long is left: zero when it has passed, `None` when it never does.
    pub(super) fn left(&self) -> Option<Duration> {
        let until_ns = self.until_ns?;
        Some(Duration::from_nanos(until_ns.saturating_sub(self.clock.now_ns())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_from_its_making_and_saturates() {
        let clock = Clock::new();
        while clock.now_ns() == 0 {}
        let before = clock.now_ns();
        let limit = Limit::new(Some(Duration::from_secs(9)));
        let left = limit.left().unwrap();
        let passed = Duration::from_nanos(clock.now_ns() - before);
        assert!(left <= Duration::from_secs(9) && left + passed >= Duration::from_secs(9));
        assert_eq!(Limit::new(Some(Duration::ZERO)).left(), Some(Duration::ZERO));
        assert!(Limit::new(Some(Duration::MAX)).left() > Some(Duration::from_secs(1 << 33)));
        assert_eq!(Limit::new(None).left(), None);
    }
}
