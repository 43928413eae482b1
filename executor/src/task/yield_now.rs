//! Letting others run.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::coop;

/// Lets the other tasks of this worker run, once each at the most, before the caller goes on.
///
/// The task goes to the back of its worker's queue, on a current-thread runtime after a look at the driver. Outside of
/// heist's tasks the future wakes itself and is pending once, which yields under any executor.
///
/// # Cancel safety
///
/// Cancel safe.
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        coop::give_up_turn();
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
