//! A time limit that several waits in a row share.
//!
//! Absent on purpose: a limit measured by the wall clock.

use std::time::Duration;

use crate::time::clock;

/// When to stop waiting, or never.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    deadline_ns: Option<u64>,
}

impl Limit {
    /// The limit that ends `duration` from now, or never.
    pub(super) fn new(duration: Option<Duration>) -> Self {
        let deadline_ns = duration.map(|duration| {
            clock::now_ns().saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
        });
        Self { deadline_ns }
    }

    /// How long is left: zero when it has passed, `None` when it never does.
    pub(super) fn left(&self) -> Option<Duration> {
        self.deadline_ns
            .map(|deadline| Duration::from_nanos(deadline.saturating_sub(clock::now_ns())))
    }
}
