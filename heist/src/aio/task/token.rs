//! [`CancelToken`]: asks a task to stop, and lets the task see that it was asked.
//!
//! Deliberately absent: an exception that is thrown into the task. A task that is cancelled is dropped where it waits; what it
//! wants to do first, it does while it has a [`CancelHold`].

use std::fmt;

use heist_primitive::sync::StdArc as Arc;

use super::body;
use super::shared::Shared;

/// A task's cancellation, apart from its output: for those who may stop it, and for the task itself.
///
/// A task that does nothing about it is dropped where it waits, as soon as it is asked to stop. One that wants to see
/// the request, clean up with the help of other futures, or refuse, takes a [`hold`](Self::hold) on it: `try`,
/// `except CancelledError` and `finally` of a coroutine.
///
/// ```
/// use heist::aio::{CancelToken, create_task, sleep};
/// use std::time::Duration;
///
/// # heist::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let mut task = create_task(async {
///     let token = CancelToken::current();
///     let _hold = token.hold();
///     token.cancelled().await;
///     sleep(Duration::from_millis(1), ()).await;
///     format!("cleaned up, for {}", token.message().unwrap())
/// });
/// heist::task::yield_now().await;
/// task.cancel_with("lunch");
/// assert_eq!((&mut task).await.unwrap(), "cleaned up, for lunch");
/// # });
/// ```
#[derive(Clone)]
pub struct CancelToken {
    shared: Arc<Shared>,
}

impl CancelToken {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The token of the running task.
    ///
    /// # Panics
    ///
    /// Outside of a task that was made by [`create_task`](super::create_task): [`try_current`](Self::try_current)
    /// returns `None` instead.
    #[track_caller]
    pub fn current() -> Self {
        match Self::try_current() {
            Some(token) => token,
            None => panic!(
                "there is no cancel token here: make the task by `heist::aio::create_task`, or use \
                 `CancelToken::try_current`"
            ),
        }
    }

    /// The token of the running task, if that was made by [`create_task`](super::create_task).
    pub fn try_current() -> Option<Self> {
        body::current().map(Self::new)
    }

    /// Asks the task to stop. Returns `false` if it has ended, and nothing is asked.
    pub fn cancel(&self) -> bool {
        self.shared.cancel(None)
    }

    /// As [`cancel`](Self::cancel), with a reason that the task can read.
    pub fn cancel_with(&self, message: impl Into<Box<str>>) -> bool {
        self.shared.cancel(Some(message.into()))
    }

    /// How many times the task was asked to stop, less the times it has [taken one back](Self::uncancel).
    pub fn cancelling(&self) -> usize {
        self.shared.requests()
    }

    /// Takes back one request, and returns how many are left. With none left the task goes on after its
    /// [`hold`](Self::hold) as if nobody had asked. Without a hold it comes too late.
    pub fn uncancel(&self) -> usize {
        self.shared.uncancel()
    }

    /// The reason that came with the latest request.
    pub fn message(&self) -> Option<Box<str>> {
        self.shared.message()
    }

    /// Waits until the task is asked to stop; not at all if it was. Forever if it ends without.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing.
    pub async fn cancelled(&self) {
        loop {
            let changed = self.shared.changed.notified();
            if self.cancelling() > 0 {
                return;
            }
            changed.await;
        }
    }

    /// Keeps the task from being dropped when it is asked to stop, until the hold is dropped: the request is then only seen,
    /// by [`cancelled`](Self::cancelled) and [`cancelling`](Self::cancelling).
    ///
    /// When the last hold goes and there is a request, the task is dropped at its next `.await`. If it
    /// returns before, it has finished, with its output. A request from before the hold is not held up. Neither is
    /// the end of the runtime.
    pub fn hold(&self) -> CancelHold {
        CancelHold {
            depth: self.shared.hold(),
            token: Some(self.clone()),
        }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("cancelling", &self.cancelling())
            .finish_non_exhaustive()
    }
}

/// Holds up the cancellation of a task; made by [`CancelToken::hold`]. Dropping it lets the cancellation go on.
#[must_use = "if unused the cancellation is held up for no time"]
#[derive(Debug)]
pub struct CancelHold {
    /// `None`: released.
    token: Option<CancelToken>,
    /// How many holds there were with this one.
    depth: usize,
}

impl CancelHold {
    /// Waits for a request that is not held up by anybody after this: those have had their chance before.
    pub(in crate::aio) async fn reached(&self) {
        let Some(token) = &self.token else { return };
        loop {
            let changed = token.shared.changed.notified();
            if token.shared.reaches(self.depth) {
                return;
            }
            changed.await;
        }
    }

    /// Drops the hold and returns whether that has cancelled the task, which ends at its next `.await` then.
    pub(in crate::aio) fn release(mut self) -> bool {
        self.token.take().is_some_and(|token| token.shared.release())
    }
}

impl Drop for CancelHold {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            token.shared.release();
        }
    }
}
