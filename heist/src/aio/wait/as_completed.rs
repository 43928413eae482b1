//! [`as_completed`]: tasks one after the other, in the order in which they end.
//!
//! Deliberately absent: a time limit of its own. `time::timeout_at` around [`next`](AsCompleted::next) loses nothing.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::watched::Watched;
use crate::aio::task::Task;

/// Returns `tasks` as they end, each with its output in it. `asyncio.as_completed`.
///
/// ```
/// use heist::aio::{as_completed, create_task, sleep};
/// use std::time::Duration;
///
/// # heist::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let tasks = [20, 1].map(|ms| create_task(sleep(Duration::from_millis(ms), ms)));
/// let mut tasks = as_completed(tasks);
/// let mut order = Vec::new();
/// while let Some(task) = tasks.next().await {
///     order.push(task.await.unwrap());
/// }
/// assert_eq!(order, [1, 20]);
/// # });
/// ```
pub fn as_completed<T>(tasks: impl IntoIterator<Item = Task<T>>) -> AsCompleted<T> {
    AsCompleted {
        watched: Watched::new(tasks.into_iter().map(|mut task| {
            task.forget_awaited();
            task
        })),
    }
}

/// Tasks in the order in which they end; made by [`as_completed`]. Also a [`Stream`].
///
/// Dropping it cancels no task; those that it has not returned run on.
#[must_use = "tasks are returned by `next`"]
pub struct AsCompleted<T> {
    watched: Watched<T>,
}

impl<T> AsCompleted<T> {
    /// Waits for the next task to end; `None` when all have been returned. Awaiting what it returns does not wait.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses no task.
    pub async fn next(&mut self) -> Option<Task<T>> {
        poll_fn(|cx| self.poll_task(cx)).await
    }

    fn poll_task(&mut self, cx: &mut Context<'_>) -> Poll<Option<Task<T>>> {
        self.watched.poll_next(cx).map(|next| next.map(|(_, task)| task))
    }
}

impl<T> Unpin for AsCompleted<T> {}

impl<T> Stream for AsCompleted<T> {
    type Item = Task<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Task<T>>> {
        self.poll_task(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.watched.left(), Some(self.watched.left()))
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.watched.left())
            .finish_non_exhaustive()
    }
}
