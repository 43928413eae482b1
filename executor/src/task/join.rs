//! `JoinHandle`: the owner's end of a task.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::coop;

use super::raw::JoinRef;
use super::{AbortHandle, Id, JoinError};

/// Waits for a task and takes its output.
///
/// Dropping the handle detaches the task: it runs on, and its output is dropped with it.
///
/// # Cancel safety
///
/// Awaiting `&mut handle` loses nothing when cancelled; await it again later.
pub struct JoinHandle<T>(JoinRef<T>);

impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}
impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    pub(crate) fn new(task: JoinRef<T>) -> Self {
        Self(task)
    }

    /// Asks the task to stop at its next `.await`.
    ///
    /// The future is dropped by the runtime, not here; await the handle to know when. A task that is complete
    /// already keeps its output. A blocking closure is stopped only if it has not begun.
    pub fn abort(&self) {
        self.0.task().abort();
    }

    /// A handle that can abort the task and nothing else.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle::new(self.0.task().clone())
    }

    /// Whether the task has ended. True also before its output was taken.
    pub fn is_finished(&self) -> bool {
        self.0.task().is_complete()
    }

    /// The id of the task.
    pub fn id(&self) -> Id {
        self.0.task().id()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = ready!(coop::poll_proceed(cx));
        let output = ready!(self.0.poll_output(cx.waker()));
        unit.made_progress();
        Poll::Ready(output)
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = self.0.task();
        f.debug_struct("JoinHandle")
            .field("id", &task.id())
            .field("name", &task.name())
            .field("spawned_at", &format_args!("{}", task.location()))
            .finish()
    }
}
