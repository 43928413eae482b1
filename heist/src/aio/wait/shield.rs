//! [`shield`]: waiting for a task without taking it along when the wait is cancelled.

use std::borrow::BorrowMut;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::aio::task::Task;
use crate::task::JoinError;

/// Waits for `task`, which runs on if the wait is dropped. `asyncio.shield`.
///
/// It takes a [`Task`], or a `&mut Task` if that is wanted afterwards. Who cancels the task itself, cancels it.
///
/// ```
/// use heist::aio::{create_task, shield, sleep};
/// use heist::time::timeout;
/// use std::time::Duration;
///
/// # heist::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let mut task = create_task(sleep(Duration::from_millis(10), "saved"));
/// let wait = timeout(Duration::from_millis(1), shield(&mut task));
/// assert!(wait.await.is_err());
/// assert_eq!(task.await.unwrap(), "saved");
/// # });
/// ```
///
/// # Errors
///
/// As awaiting the task.
///
/// # Cancel safety
///
/// Dropping it cancels nothing. By `&mut` the output is not lost either.
pub fn shield<T, B>(mut task: B) -> Shield<T, B>
where
    B: BorrowMut<Task<T>>,
{
    task.borrow_mut().forget_awaited();
    Shield {
        task,
        output: PhantomData,
    }
}

/// The future of [`shield`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Shield<T, B> {
    task: B,
    output: PhantomData<fn() -> T>,
}

impl<T, B> Unpin for Shield<T, B> {}

impl<T, B: BorrowMut<Task<T>>> Future for Shield<T, B> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let task = self.task.borrow_mut();
        ready!(task.poll_done(cx));
        match task.take_output() {
            Some(output) => Poll::Ready(output),
            None => unreachable!("`poll_done` was ready"),
        }
    }
}

impl<T, B> fmt::Debug for Shield<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield").finish_non_exhaustive()
    }
}
