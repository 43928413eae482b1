//! In place of `interrupt.rs` where there are no signals: nothing interrupts.

use std::io;
use std::task::{Context, Poll};

/// Never.
pub(super) struct Interrupts;

impl Interrupts {
    pub(super) fn begin() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn poll(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
