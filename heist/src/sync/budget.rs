//! A wait that counts against the task's budget.
//!
//! Deliberately absent: the counter, which is the executor's.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, ready};

use heist_executor::coop;

/// Runs `future`; that it ends costs one unit, and without one left it is not polled.
pub(super) async fn within_budget<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let unit = ready!(coop::poll_proceed(cx));
        let output = ready!(future.as_mut().poll(cx));
        unit.made_progress();
        Poll::Ready(output)
    })
    .await
}
