//! [`timeout`], [`timeout_at`] and the [`Timeout`] they return.
//!
//! Invariants
//!
//! - The future is polled before the time limit, so a future that is ready wins over a limit that has passed.
//! - A future that spends the task's whole budget in each poll cannot keep the limit from being looked at: the
//!   limit is then polled outside the budget.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use heist_executor::coop;
use pin_project_lite::pin_project;

use super::error::Elapsed;
use super::{Instant, Sleep};

/// Gives `future` at most `duration` to complete.
///
/// Completes with `Ok` of the future's output, or with `Err(`[`Elapsed`]`)` when the time is over; the future
/// is then dropped with the `Timeout`. The future is always polled first, so with a zero duration a future
/// that is ready at once still succeeds. The time counts from the call, not from the first poll. A duration
/// that the platform cannot add to the present, such as [`Duration::MAX`], never ends, and needs no runtime.
///
/// Any [`IntoFuture`] is accepted.
///
/// # Errors
///
/// [`Elapsed`] if the time was over first.
///
/// # Cancel safety
///
/// Dropping the `Timeout` drops the future. Whether that loses something is up to the future; to keep it when
/// the limit is reached, pass a pinned `&mut future`.
///
/// # Panics
///
/// As [`sleep`](super::sleep()): if called outside of a runtime, or inside one without time enabled.
///
/// # Example
///
/// ```
/// use heist::time::{Duration, timeout};
///
/// #[heist::main]
/// async fn main() {
///     let answer = timeout(Duration::from_secs(1), async { 42 }).await;
///     assert_eq!(answer, Ok(42));
///
///     let never = timeout(Duration::from_millis(5), std::future::pending::<()>()).await;
///     assert_eq!(never.unwrap_err().to_string(), "deadline has elapsed");
/// }
/// ```
#[inline(always)]
#[track_caller]
pub fn timeout<F>(duration: Duration, future: F) -> Timeout<F::IntoFuture>
where
    F: IntoFuture,
{
    #[expect(
        clippy::manual_map,
        reason = "in a function that is passed on, a panic would not be located at the caller"
    )]
    let limit = match Instant::now().checked_add(duration) {
        Some(deadline) => Some(Sleep::new(deadline, !duration.is_zero())),
        None => None,
    };
    Timeout {
        value: future.into_future(),
        limit,
    }
}

/// Gives `future` until `deadline` to complete.
///
/// As [`timeout`], with a moment instead of a duration.
///
/// # Errors
///
/// [`Elapsed`] if the deadline came first.
///
/// # Cancel safety
///
/// As [`timeout`].
///
/// # Panics
///
/// As [`timeout`].
///
/// # Example
///
/// ```
/// use heist::time::{Duration, Instant, timeout_at};
///
/// #[heist::main]
/// async fn main() {
///     let deadline = Instant::now() + Duration::from_millis(5);
///     assert!(timeout_at(deadline, std::future::pending::<()>()).await.is_err());
///     assert!(Instant::now() >= deadline);
/// }
/// ```
#[track_caller]
pub fn timeout_at<F>(deadline: Instant, future: F) -> Timeout<F::IntoFuture>
where
    F: IntoFuture,
{
    Timeout {
        value: future.into_future(),
        limit: Some(Sleep::new(deadline, false)),
    }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Timeout<T> {
        #[pin]
        value: T,
        // `None`: no limit.
        #[pin]
        limit: Option<Sleep>,
    }
}

impl<T> Timeout<T> {
    /// The future whose time is limited.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The future whose time is limited.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// The future without its limit.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: Future> Future for Timeout<T> {
    type Output = Result<T::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let had_budget = coop::has_budget_remaining();
        if let Poll::Ready(output) = this.value.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let Some(limit) = this.limit.as_pin_mut() else {
            return Poll::Pending;
        };
        let over = if had_budget && !coop::has_budget_remaining() {
            coop::unconstrained(|| limit.poll(cx))
        } else {
            limit.poll(cx)
        };
        over.map(|()| Err(Elapsed::new()))
    }
}
