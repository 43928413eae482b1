//! Waiting for several tasks, for a while, or without taking the cancellation on.
//!
//! | function | whom it waits for | what it cancels when it is dropped |
//! |---|---|---|
//! | [`gather`] | all, or the first error | all |
//! | [`wait`] | as [`ReturnWhen`] says | nothing |
//! | [`as_completed`] | one after the other | nothing |
//! | [`shield`] | one | nothing |
//! | [`wait_for`] | one, for a while | that one |
//! | [`timeout`] | whatever runs in it, for a while that can be changed | that |
//!
//! Deliberately absent: waiting without tasks. [`join!`](crate::join), [`try_join!`](crate::try_join) and `select!` do that.

mod as_completed;
mod gather;
mod shield;
mod sleep;
mod timeout;
mod wait_for;
mod watched;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use self::watched::Watched;
use super::task::Task;
use crate::task::JoinError;
use crate::time;

pub use self::as_completed::{AsCompleted, as_completed};
pub use self::gather::{Gather, TryGather, gather, gather_return_exceptions};
pub use self::shield::{Shield, shield};
pub use self::sleep::sleep;
pub use self::timeout::{Timeout, timeout, timeout_at};
pub use self::wait_for::wait_for;

/// When a [`wait`] for tasks of output `T` returns: `asyncio.FIRST_COMPLETED`, `FIRST_EXCEPTION`, `ALL_COMPLETED`.
pub struct ReturnWhen<T>(When<T>);

enum When<T> {
    FirstCompleted,
    AllCompleted,
    /// Or when a task panics, or its output is such.
    First(fn(&T) -> bool),
}

impl<T> ReturnWhen<T> {
    /// When a task has ended, or was cancelled.
    pub const FIRST_COMPLETED: Self = Self(When::FirstCompleted);
    /// When all tasks have ended.
    pub const ALL_COMPLETED: Self = Self(When::AllCompleted);
    /// When a task has panicked, or all have ended.
    pub const FIRST_PANIC: Self = Self(When::First(|_| false));

    fn is_over(&self, output: Option<&Result<T, JoinError>>) -> bool {
        match (&self.0, output) {
            (When::FirstCompleted, _) => true,
            (When::First(is), Some(Ok(output))) => is(output),
            (When::First(_), Some(Err(error))) => error.is_panic(),
            (When::AllCompleted, _) | (When::First(_), None) => false,
        }
    }
}

impl<T, E> ReturnWhen<Result<T, E>> {
    /// When a task has returned an error or has panicked, or all have ended. A task that was cancelled is no error.
    pub const FIRST_EXCEPTION: Self = Self(When::First(Result::is_err));
}

impl<T> Clone for ReturnWhen<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ReturnWhen<T> {}

impl<T> Clone for When<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for When<T> {}

impl<T> fmt::Debug for ReturnWhen<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            When::FirstCompleted => "FIRST_COMPLETED",
            When::AllCompleted => "ALL_COMPLETED",
            When::First(_) => "FIRST_EXCEPTION",
        })
    }
}

/// Waits for `tasks` until what `return_when` says has come about or the time is over, and returns those that have ended and
/// those that have not. `asyncio.wait`.
///
/// Tasks that have ended come in the order in which they did; [`Task::result`] looks at their outputs, awaiting them takes it.
/// The others, which run on, come in the order they were given in. The end of the time is no error. `timeout` is a
/// [`Duration`] or `None`. Without tasks it returns at once.
///
/// ```
/// use heist::aio::{ReturnWhen, create_task, sleep, wait};
/// use std::time::Duration;
///
/// # heist::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let tasks = [1, 3_600_000].map(|ms| create_task(sleep(Duration::from_millis(ms), ms)));
/// let (done, pending) = wait(tasks, ReturnWhen::FIRST_COMPLETED, None).await;
/// for task in done {
///     assert_eq!(task.await.unwrap(), 1);
/// }
/// for task in pending {
///     task.cancel();
/// }
/// # });
/// ```
///
/// # Cancel safety
///
/// Dropping the wait cancels no task; they run on without their handles.
///
/// # Panics
///
/// If the output of one of the tasks was taken before, and with a `timeout` if the runtime has no timers.
pub async fn wait<T>(
    tasks: impl IntoIterator<Item = Task<T>>,
    return_when: ReturnWhen<T>,
    timeout: impl Into<Option<Duration>>,
) -> (Vec<Task<T>>, Vec<Task<T>>) {
    let mut watched = Watched::new(tasks.into_iter().map(|mut task| {
        task.forget_awaited();
        task
    }));
    let mut done = Vec::with_capacity(watched.left());
    let collect = poll_fn(|cx| {
        let mut over = false;
        loop {
            match watched.poll_next(cx) {
                Poll::Ready(Some((_, mut task))) => {
                    over |= return_when.is_over(task.result());
                    done.push(task);
                }
                Poll::Ready(None) => return Poll::Ready(()),
                // Those that have ended together are returned together.
                Poll::Pending if over => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    });
    until(collect, timeout.into()).await;
    let pending = watched.take_rest();
    (done, pending)
}

/// Awaits `future`, for no longer than `timeout`.
async fn until(future: impl Future<Output = ()>, timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => {
            let _ = time::timeout(timeout, pin!(future)).await;
        }
        None => future.await,
    }
}
