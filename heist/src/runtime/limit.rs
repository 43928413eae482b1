//! A time limit that several waits in a row share.
//!
//! Absent on purpose: a limit measured by the wall clock.

use std::time::Duration;

use crate::time::{Instant, machine_now};

/// When to stop waiting, or never.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// By the machine's clock, whatever the runtime's shows; `None` for ever.
    until: Option<Instant>,
}

impl Limit {
    /// The limit that ends `duration` from now (30 years if the platform cannot add it), or never.
    pub(super) fn new(duration: Option<Duration>) -> Self {
        Self {
            until: duration.map(|duration| machine_now().after(duration)),
        }
    }

    /// How long is left: zero when it has passed, `None` when it never does.
    pub(super) fn left(&self) -> Option<Duration> {
        self.until
            .map(|until| until.saturating_duration_since(machine_now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_from_its_making_and_saturates() {
        let before = machine_now();
        let limit = Limit::new(Some(Duration::from_secs(9)));
        let left = limit.left().unwrap();
        let passed = machine_now().saturating_duration_since(before);
        assert!(left <= Duration::from_secs(9) && left + passed >= Duration::from_secs(9));
        assert_eq!(Limit::new(Some(Duration::ZERO)).left(), Some(Duration::ZERO));
        assert!(Limit::new(Some(Duration::MAX)).left() > Some(Duration::from_secs(29 * 365 * 86_400)));
        assert_eq!(Limit::new(None).left(), None);
    }
}
