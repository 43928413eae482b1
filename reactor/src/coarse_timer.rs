//! Platforms without a timerfd: the poll's own precision, which rounds up and so is never early.

use std::io;
use std::time::Duration;

/// Nothing to keep.
#[derive(Debug)]
pub(crate) struct FineTimer;

impl FineTimer {
    pub(crate) fn new(_: &mio::Registry, _: mio::Token) -> io::Result<FineTimer> {
        Ok(FineTimer)
    }

    /// How long the poll has to wait for `timeout`: all of it.
    pub(crate) fn start(&mut self, timeout: Option<Duration>) -> Option<Duration> {
        timeout
    }
}
