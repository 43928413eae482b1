//! quinn's timer: a [`Sleep`] that is reset in place.

use heist::time::{self, Sleep};
use quinn::AsyncTimer;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

/// The sleep is in a box of its own so that no projection of a pin is needed; an endpoint makes one timer for each
/// connection.
pub(crate) struct Timer {
    sleep: Pin<Box<Sleep>>,
}

impl Timer {
    pub(crate) fn new(deadline: Instant) -> Self {
        Timer {
            sleep: Box::pin(time::sleep_until(time::Instant::from_std(deadline))),
        }
    }
}

impl AsyncTimer for Timer {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.sleep.as_mut().reset(time::Instant::from_std(deadline));
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(cx)
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("deadline", &self.sleep.deadline())
            .finish()
    }
}
