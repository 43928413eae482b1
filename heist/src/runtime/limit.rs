//! A time limit that several waits in a row share.
//!
//! Absent on purpose: a limit measured by the wall clock.

use std::time::Duration;

use crate::time::Clock;

/// When to stop waiting, or never.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// Starts with the limit.
    clock: Clock,
    duration: Option<Duration>,
}

impl Limit {
    /// The limit that ends `duration` from now, or never.
    pub(super) fn new(duration: Option<Duration>) -> Self {
        Self {
            clock: Clock::new(),
            duration,
        }
    }

    /// How long is left: zero when it has passed, `None` when it never does.
    pub(super) fn left(&self) -> Option<Duration> {
        self.duration
            .map(|limit| limit.saturating_sub(Duration::from_nanos(self.clock.now_ns())))
    }
}
