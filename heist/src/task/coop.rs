//! The cooperative budget: how tasks that never wait give way all the same.
//!
//! A task may do 128 operations of heist's (reads, receives, ticks…) in one poll. After that they return
//! `Pending` although they could go on, and wake the task, so that it runs again behind the others. Code that
//! loops over something else calls [`consume_budget`] in the loop.
//!
//! ```
//! # heist::runtime::Runtime::new().unwrap().block_on(async {
//! let mut sum = 0u64;
//! for number in 0..10_000 {
//!     sum += number;
//!     heist::task::coop::consume_budget().await;
//! }
//! assert_eq!(sum, 49_995_000);
//! # });
//! ```
//!
//! Absent on purpose: the counter itself, which is heist-executor's, and a clock: operations are counted, not
//! time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pub use heist_executor::coop::{RestoreOnPending, has_budget_remaining, poll_proceed};

/// Spends one operation of the budget, and lets other tasks run if none is left.
///
/// # Cancel safety
///
/// Dropping the future loses nothing.
pub async fn consume_budget() {
    poll_fn(|cx| {
        ready!(poll_proceed(cx)).made_progress();
        Poll::Ready(())
    })
    .await;
}

pin_project_lite::pin_project! {
    /// A future without a budget; made by [`unconstrained`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Unconstrained<F> {
        #[pin]
        inner: F,
    }
}

/// Runs `inner` without a budget: it may go on for as long as it finds work, and starve its worker.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let busy = async {
///     for _ in 0..1_000 {
///         heist::task::coop::consume_budget().await;
///     }
/// };
/// heist::task::unconstrained(busy).await;
/// # });
/// ```
pub fn unconstrained<F>(inner: F) -> Unconstrained<F> {
    Unconstrained { inner }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let inner = self.project().inner;
        heist_executor::coop::unconstrained(|| inner.poll(cx))
    }
}

pin_project_lite::pin_project! {
    /// A future that spends budget; made by [`cooperative`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Coop<F: Future> {
        #[pin]
        inner: F,
    }
}

/// Makes `inner` spend one operation each time it is ready, and give way when the budget is spent.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// assert_eq!(heist::task::coop::cooperative(std::future::ready(7)).await, 7);
/// # });
/// ```
pub fn cooperative<F: Future>(inner: F) -> Coop<F> {
    Coop { inner }
}

impl<F: Future> Future for Coop<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let unit = ready!(poll_proceed(cx));
        let output = ready!(self.project().inner.poll(cx));
        unit.made_progress();
        Poll::Ready(output)
    }
}
