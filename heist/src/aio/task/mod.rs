//! [`Task`]: a spawned future as asyncio knows it: with a cancellation that it can see, callbacks and a context.
//!
//! ```text
//!   Task (handle) ───── JoinHandle ────► cell of the executor ── polls ──► Body ──► the user's future
//!        └────────────────┐                                                 │
//!   CancelToken ──────────┴───────────► Shared: requests, holds, end, callbacks
//! ```
//!
//! Invariants
//!
//! - I1: what stops a task is the executor's abort, nothing else; [`shared`] says when that is due.
//! - I2: a handle that is dropped after somebody has awaited it, and before the output, cancels the task: who waits for a
//!   task and is cancelled, cancels it, as in asyncio. One that nobody has awaited lets it run on.
//!
//! Deliberately absent: renaming a task that runs, the stack of one that waits (Rust has none), and tasks that are not
//! `Send` (those are [`spawn_local`](crate::task::spawn_local)'s).

mod body;
mod builder;
mod shared;
mod token;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use heist_executor::coop::unconstrained;
use heist_primitive::sync::StdArc as Arc;

use self::shared::Shared;
use crate::task::{AbortHandle, Id, JoinError, JoinHandle};

pub use self::builder::{TaskBuilder, create_task};
pub use self::token::{CancelHold, CancelToken};

/// How a task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskEnd {
    /// It has an output.
    Finished,
    /// It was cancelled, or its runtime has shut down.
    Cancelled,
    /// It panicked.
    Panicked,
}

/// Names a callback of a task, to remove it; returned by [`Task::add_done_callback`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallbackId(u64);

/// A task: the handle to a spawned future. `asyncio.Task`; made by [`create_task`].
///
/// Awaiting it waits for the task's output. Dropping it without having awaited it lets the task run on. **Dropping it while
/// it is awaited cancels the task**: whoever is cancelled while waiting for a task takes that with it, as in asyncio.
/// [`shield`](crate::aio::shield) it to prevent that, or await `&mut task` and [`detach`](Self::detach) it.
///
/// # Errors
///
/// The output is an error if the task was cancelled or panicked.
///
/// # Cancel safety
///
/// Awaiting `&mut task` loses nothing when that is dropped; the task is cancelled when the handle itself is.
///
/// # Panics
///
/// If it is awaited again after it has returned its output.
pub struct Task<T> {
    handle: JoinHandle<T>,
    shared: Arc<Shared>,
    /// The output, when it was looked at before it was awaited.
    output: Option<Result<T, JoinError>>,
    awaited: bool,
}

impl<T> Task<T> {
    fn new(handle: JoinHandle<T>, shared: Arc<Shared>) -> Self {
        Self {
            handle,
            shared,
            output: None,
            awaited: false,
        }
    }

    /// Asks the task to stop: it is dropped where it waits, or, if it has a [`CancelHold`], sees the request. Returns
    /// `false` if it has ended.
    ///
    /// A task that has not begun never runs. It may end with an output all the same, if it was about to or holds
    /// the cancellation up.
    pub fn cancel(&self) -> bool {
        self.shared.cancel(None)
    }

    /// As [`cancel`](Self::cancel), with a reason that the task reads by [`CancelToken::message`].
    pub fn cancel_with(&self, message: impl Into<Box<str>>) -> bool {
        self.shared.cancel(Some(message.into()))
    }

    /// Asks the task to stop and waits until it has: after this nothing of it is left.
    ///
    /// ```
    /// use heist::aio::create_task;
    ///
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let task = create_task(std::future::pending::<()>());
    /// assert!(task.cancel_and_wait().await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// The usual one is that of a cancelled task; the output comes if the task had it, or refused.
    ///
    /// # Cancel safety
    ///
    /// The request has been made by the first poll; dropping the wait does not take it back.
    pub async fn cancel_and_wait(self) -> Result<T, JoinError> {
        self.cancel();
        self.await
    }

    /// The requests to stop that have not been [taken back](CancelToken::uncancel).
    pub fn cancelling(&self) -> usize {
        self.shared.requests()
    }

    /// What else can stop the task, and what the task itself sees.
    pub fn cancel_token(&self) -> CancelToken {
        CancelToken::new(self.shared.clone())
    }

    /// Whether the task has ended by being cancelled.
    pub fn cancelled(&self) -> bool {
        self.shared.end() == Some(TaskEnd::Cancelled)
    }

    /// Whether the task has ended: [`result`](Self::result) has its output, unless that was taken.
    pub fn done(&self) -> bool {
        self.handle.is_finished()
    }

    /// The output of a task that has ended, without taking it: it can still be awaited. `None` if it has not ended.
    ///
    /// # Panics
    ///
    /// After the output was returned by awaiting the task.
    pub fn result(&mut self) -> Option<&Result<T, JoinError>> {
        let mut cx = Context::from_waker(Waker::noop());
        match unconstrained(|| self.poll_done(&mut cx)) {
            Poll::Ready(()) => self.output.as_ref(),
            Poll::Pending => None,
        }
    }

    /// The name it was made with, or `Task-` and its id.
    pub fn name(&self) -> Cow<'_, str> {
        match &self.shared.name {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(format!("Task-{}", self.id())),
        }
    }

    /// The id of the task, which [`task::id`](crate::task::id) returns inside of it.
    pub fn id(&self) -> Id {
        self.handle.id()
    }

    /// Calls `callback` when the task has ended, in a copy of the context that is current now; at once if it has.
    ///
    /// It is called once, on the thread that ends the task, after the future is gone and before who awaits the task goes on.
    /// The callbacks are called in the order in which they were added; a panic in one does not keep the others from it.
    pub fn add_done_callback(&self, callback: impl FnOnce(TaskEnd) + Send + 'static) -> CallbackId {
        self.shared.add_callback(Box::new(callback))
    }

    /// Removes a callback that has not been called; whether there was one.
    pub fn remove_done_callback(&self, callback: CallbackId) -> bool {
        self.shared.remove_callback(callback)
    }

    /// Lets the task run on without the handle, also if it was awaited.
    pub fn detach(mut self) {
        self.awaited = false;
    }

    /// For who has to know when the cell itself is complete.
    pub(in crate::aio) fn abort_handle(&self) -> AbortHandle {
        self.handle.abort_handle()
    }

    /// The task is not awaited any more: its handle may go and it will not.
    pub(in crate::aio) fn forget_awaited(&mut self) {
        self.awaited = false;
    }

    /// Waits for the end without taking the output, nor counting as one who awaits the task (I2).
    pub(in crate::aio) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.output.is_none() {
            self.output = Some(ready!(Pin::new(&mut self.handle).poll(cx)));
        }
        Poll::Ready(())
    }

    /// The output that [`poll_done`](Self::poll_done) has found.
    pub(in crate::aio) fn take_output(&mut self) -> Option<Result<T, JoinError>> {
        self.output.take()
    }
}

impl<T> Unpin for Task<T> {}

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.awaited = true;
        ready!(self.poll_done(cx));
        self.awaited = false;
        match self.output.take() {
            Some(output) => Poll::Ready(output),
            None => unreachable!("`poll_done` was ready"),
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if self.awaited {
            self.cancel();
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("end", &self.shared.end())
            .finish_non_exhaustive()
    }
}
