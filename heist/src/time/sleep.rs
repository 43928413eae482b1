//! [`sleep`], [`sleep_until`] and the [`Sleep`] they return.

use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::Instant;
use super::entry::Entry;

/// Waits until `duration` has passed.
///
/// Counts from the call, not from the first poll. Completes at the end of the duration or as shortly after it
/// as the system manages, never before; a zero duration completes at the first poll. A duration that the platform
/// cannot add to the present, such as [`Duration::MAX`], counts as about 30 years.
///
/// To do something regularly, see [`interval`](super::interval()).
///
/// # Cancel safety
///
/// Dropping the future cancels the timer; nothing is lost but the time already waited.
///
/// # Panics
///
/// If called outside of a runtime, or inside one without time enabled. Note that
/// `runtime.block_on(sleep(..))` calls `sleep` before it enters the runtime; write
/// `runtime.block_on(async { sleep(..).await })`. The returned future panics if it is polled after its runtime
/// has shut down.
///
/// # Example
///
/// ```
/// use heist::time::{Duration, Instant, sleep};
///
/// #[heist::main]
/// async fn main() {
///     let start = Instant::now();
///     sleep(Duration::from_millis(5)).await;
///     assert!(start.elapsed() >= Duration::from_millis(5));
/// }
/// ```
#[inline]
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::new(Instant::now().after(duration), !duration.is_zero())
}

/// Waits until `deadline` is reached.
///
/// Completes at the deadline or as shortly after it as the system manages, never before; a deadline that has
/// passed completes at the first poll.
///
/// # Cancel safety
///
/// Dropping the future cancels the timer; nothing else is lost.
///
/// # Panics
///
/// As [`sleep`].
///
/// # Example
///
/// ```
/// use heist::time::{Duration, Instant, sleep_until};
///
/// #[heist::main]
/// async fn main() {
///     let deadline = Instant::now() + Duration::from_millis(5);
///     sleep_until(deadline).await;
///     assert!(Instant::now() >= deadline);
/// }
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::new(deadline, false)
}

pin_project! {
    /// The future of [`sleep`] and [`sleep_until`].
    ///
    /// Registers with its runtime at the first poll; a `Sleep` that is never polled costs nothing to drop.
    /// It is not `Unpin`: to poll it by reference, in `select!` for example, pin it first.
    ///
    /// ```
    /// use heist::time::{Duration, Instant, sleep};
    ///
    /// #[heist::main]
    /// async fn main() {
    ///     let mut idle = Box::pin(sleep(Duration::from_secs(3_600)));
    ///     // Something happened, and the limit is another now:
    ///     idle.as_mut().reset(Instant::now() + Duration::from_millis(5));
    ///     idle.as_mut().await;
    ///     assert!(idle.is_elapsed());
    /// }
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Sleep {
        entry: Entry,
        #[pin]
        _pinned: PhantomPinned,
    }
}

impl Sleep {
    /// `ahead`: whether the clock was just seen to be before the deadline.
    ///
    /// Always inlined: it is made in the place where it stays, instead of being moved there by loads that are wider than the stores
    /// before them, which a processor cannot forward.
    #[inline(always)]
    #[track_caller]
    pub(super) fn new(deadline: Instant, ahead: bool) -> Self {
        Self {
            entry: Entry::new(deadline, ahead),
            _pinned: PhantomPinned,
        }
    }

    /// The moment at which this future completes.
    pub fn deadline(&self) -> Instant {
        self.entry.deadline()
    }

    /// Whether the deadline was reached after the future was first polled.
    ///
    /// A `Sleep` that was never polled since it was made or reset has not elapsed, whatever the time.
    pub fn is_elapsed(&self) -> bool {
        self.entry.is_elapsed()
    }

    /// Makes this future complete at `deadline` instead, whether it has completed before or not.
    ///
    /// The task that polled it last is still the one that will be woken, unless it has been woken already:
    /// poll again after resetting a `Sleep` that has elapsed.
    ///
    /// ```
    /// use heist::time::{Duration, Instant, sleep};
    ///
    /// #[heist::main]
    /// async fn main() {
    ///     let mut sleep = Box::pin(sleep(Duration::from_millis(1)));
    ///     sleep.as_mut().await;
    ///     sleep.as_mut().reset(Instant::now() + Duration::from_millis(1));
    ///     assert!(!sleep.is_elapsed());
    ///     sleep.await;
    /// }
    /// ```
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.project().entry.reset(deadline);
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline())
            .field("is_elapsed", &self.is_elapsed())
            .finish()
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().entry.poll_elapsed(cx)
    }
}
