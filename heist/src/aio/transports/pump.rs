//! [`Pump`]: what waits on one wire and moves its buffer, and says what its owner has to do.
//!
//! Invariants
//!
//! - I10: a step is handed out without a lock held. What it says is true until the owner polls again, but for a close or a
//!   pause that another thread adds.
//! - I11: dropped, it takes the wire with it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use heist_primitive::sync::StdArc as Arc;

use super::shared::{Shared, Step};
use super::wire::{Extra, Wire};

/// The driver's end of one connection.
pub(super) struct Pump {
    pub(super) shared: Arc<Shared>,
    pub(super) wire: Arc<dyn Wire>,
    abandoned: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Pump {
    pub(super) fn new(wire: Arc<dyn Wire>, extra: Extra) -> Pump {
        Pump {
            shared: Shared::new(wire.clone(), extra),
            abandoned: wire.clone().abandoned(),
            wire,
        }
    }

    /// What to do next. After `Lost` it is not polled again.
    pub(super) fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        loop {
            let waits = match self.shared.next_or_wait(cx) {
                Ok(step) => return Poll::Ready(step),
                Err(waits) => waits,
            };
            if waits.write {
                match self.wire.poll_write_ready(cx) {
                    Poll::Ready(Ok(())) => {
                        self.shared.flush();
                        continue;
                    }
                    Poll::Ready(Err(error)) => {
                        self.shared.fail(Some(error));
                        continue;
                    }
                    Poll::Pending => {}
                }
            }
            if waits.read {
                match self.wire.poll_read_ready(cx) {
                    Poll::Ready(Ok(())) => return Poll::Ready(Step::Read),
                    Poll::Ready(Err(error)) => {
                        self.shared.fail(Some(error));
                        continue;
                    }
                    Poll::Pending => {}
                }
            }
            if self.abandoned.as_mut().poll(cx).is_ready() {
                self.shared.abandoned();
                continue;
            }
            return Poll::Pending;
        }
    }

    /// Notes what a read has come to, and says whether it was the end.
    pub(super) fn note_read(&self, read: io::Result<usize>) -> bool {
        match read {
            Ok(n) => {
                if n == 0 {
                    self.shared.end_reading();
                }
                n == 0
            }
            Err(error) => {
                if !matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) {
                    self.shared.fail(Some(error));
                }
                false
            }
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.shared.release();
    }
}
