//! [`TaskGroup`]: tasks that end together.
//!
//! ```text
//!   body ─────────────┐                      ┌── all have ended ──► the body's value
//!   task, task, … ────┴── the first error ───┤
//!                              │             └── closed: body dropped, tasks cancelled ── all have ended ──► all errors
//!   the group's own task is cancelled ───────────┘
//! ```
//!
//! Invariants
//!
//! - I1: [`run`](TaskGroup::run) and [`wait`](TaskGroup::wait) return when no task of the group is left, whatever happens. If
//!   the task that they run in is cancelled, they hold that up until then; so groups in groups wait for each other.
//! - I2: a group that is dropped cancels its tasks, and those that are made in it afterwards never run.
//! - I3: a failing task does not return: it notes its failure, and is cancelled with the others.
//!
//! Ordering pairs: the lock of `members.rs`, alone.
//!
//! Deliberately absent: waiting in `drop`. A group that is dropped outside of `run` and `wait` cannot wait for the end of what
//! it has cancelled.

mod error;
mod members;

use std::any::Any;
use std::fmt;
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use heist_primitive::sync::StdArc as Arc;
use pin_project_lite::pin_project;

use self::members::{Member, Members};
use super::task::{CancelHold, CancelToken, Task, TaskBuilder};
use crate::task::yield_now;

pub use self::error::{TaskFailure, TaskGroupError, TaskPanic};

/// A group of tasks: the first error cancels the others, all are waited for, and all errors are returned.
/// `asyncio.TaskGroup`.
///
/// `async with TaskGroup() as group` is [`TaskGroup::run`], with the body as a closure:
///
/// ```
/// use heist::aio::TaskGroup;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// async fn parse(text: &str) -> Result<i32, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// let sum = TaskGroup::run(|group| async move {
///     let one = group.create_task(parse("1"));
///     let two = group.create_task(parse("2"));
///     Ok(one.await.unwrap() + two.await.unwrap())
/// });
/// assert_eq!(sum.await.unwrap(), 3);
///
/// let group = TaskGroup::new();
/// group.create_task(parse("x"));
/// group.create_task(parse("y"));
/// let error = group.wait().await.unwrap_err();
/// assert!(error.to_string().contains("invalid digit"));
/// # });
/// ```
///
/// Dropping a group cancels its tasks.
pub struct TaskGroup<E> {
    handle: TaskGroupHandle<E>,
}

/// Makes tasks in a [`TaskGroup`], from its body, from its tasks, from anywhere; does not keep it.
pub struct TaskGroupHandle<E> {
    members: Arc<Members<E>>,
}

impl<E> Clone for TaskGroupHandle<E> {
    fn clone(&self) -> Self {
        Self {
            members: self.members.clone(),
        }
    }
}

impl<E: Send + 'static> TaskGroupHandle<E> {
    /// Makes a task in the group, in a copy of the current context.
    ///
    /// The handle gives the value. A task that fails gives its error to the group, and its handle says that it was
    /// cancelled. Cancelling one task by its handle is no failure. In a group that has failed or is over, the
    /// task is cancelled without having run.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn create_task<F, T>(&self, future: F) -> Task<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        self.create_task_as(TaskBuilder::new(), future)
    }

    /// As [`create_task`](Self::create_task), with what `builder` says: a name, a context, an eager start.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn create_task_as<F, T>(&self, builder: TaskBuilder, future: F) -> Task<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let Some(member) = self.members.enter() else {
            drop(future);
            let task = builder.create_task(pending());
            task.cancel();
            self.members.refused(&task);
            return task;
        };
        let number = member.number();
        let task = builder.create_task(live(future, member));
        self.members.attach(number, &task);
        task
    }
}

/// A task's future: I3. The order of the arguments is that of their drop when it never runs: the member last.
async fn live<E, T>(future: impl Future<Output = Result<T, E>>, member: Member<E>) -> T {
    let failure = match (Caught { future }).await {
        Ok(Ok(value)) => return value,
        Ok(Err(error)) => TaskFailure::Error(error),
        Err(payload) => TaskFailure::Panic(TaskPanic::new(payload)),
    };
    member.members().fail(failure);
    pending().await
}

impl<E: Send + 'static> TaskGroup<E> {
    /// An empty group, which goes on until [`wait`](Self::wait). [`run`](Self::run) is the usual way.
    pub fn new() -> Self {
        Self {
            handle: TaskGroupHandle {
                members: Arc::new(Members::new()),
            },
        }
    }

    /// What makes tasks in the group from elsewhere, such as from its tasks.
    pub fn handle(&self) -> TaskGroupHandle<E> {
        self.handle.clone()
    }

    /// Makes a task in the group; see [`TaskGroupHandle::create_task`].
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn create_task<F, T>(&self, future: F) -> Task<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        self.handle.create_task(future)
    }

    /// Runs `body` with a new group, and waits for the tasks that were made in it, also by each other.
    ///
    /// When a task or the body fails, the body is dropped where it waits, and the tasks are cancelled.
    ///
    /// # Errors
    ///
    /// What the tasks and the body have failed with, when all have ended.
    ///
    /// # Panics
    ///
    /// With the panic of the body, when all have ended.
    ///
    /// # Cancel safety
    ///
    /// In a task of [`create_task`](super::create_task) that is cancelled, the body is dropped, the tasks are cancelled, and the
    /// group's task ends when all have. Elsewhere, dropping the run cancels the tasks and waits for nothing.
    pub async fn run<B, F, R>(body: B) -> Result<R, TaskGroupError<E>>
    where
        B: FnOnce(TaskGroupHandle<E>) -> F,
        F: Future<Output = Result<R, E>>,
    {
        let group = Self::new();
        let body = body(group.handle());
        group.finish(body).await
    }

    /// Waits for all tasks of the group, also those that are made meanwhile.
    ///
    /// # Errors
    ///
    /// What the tasks have failed with, when all have ended.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn wait(self) -> Result<(), TaskGroupError<E>> {
        self.finish(ready(Ok(()))).await
    }

    async fn finish<R>(self, body: impl Future<Output = Result<R, E>>) -> Result<R, TaskGroupError<E>> {
        let members = &*self.handle.members;
        let hold = CancelToken::try_current().map(|token| token.hold());
        let ended = self.run_body(body, &hold).await;
        let mut value = None;
        let mut panic = None;
        match ended {
            Some(Ok(Ok(output))) => value = Some(output),
            Some(Ok(Err(error))) => members.fail(TaskFailure::Error(error)),
            Some(Err(payload)) => panic = Some(payload),
            None => {}
        }
        if value.is_none() {
            members.close();
        }
        let left = self.all_ended(&hold).await;
        let cancelled = hold.is_some_and(CancelHold::release);
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
        let failures = members.take_failures();
        match value.filter(|_| failures.is_empty() && left) {
            Some(value) => Ok(value),
            // Dropped here, by the runtime.
            None if failures.is_empty() && cancelled => pending().await,
            None => Err(TaskGroupError::new(failures)),
        }
    }

    /// The body's output; `None` if a task has failed before, or the group is to stop.
    async fn run_body<R>(
        &self,
        body: impl Future<Output = Result<R, E>>,
        hold: &Option<CancelHold>,
    ) -> Option<Result<Result<R, E>, Box<dyn Any + Send>>> {
        let members = &*self.handle.members;
        let mut body = pin!(Caught { future: body });
        let mut closed = pin!(async {
            loop {
                let changed = members.changed.notified();
                if members.is_closed() {
                    return;
                }
                changed.await;
            }
        });
        let mut reached = pin!(reached(hold));
        poll_fn(|cx| {
            if let Poll::Ready(output) = body.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            if closed.as_mut().poll(cx).is_ready() || reached.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            Poll::Pending
        })
        .await
    }

    /// Waits until no task is left. Returns `false` if that was because the group is to stop.
    async fn all_ended(&self, hold: &Option<CancelHold>) -> bool {
        let members = &*self.handle.members;
        let mut reached = pin!(reached(hold));
        let mut stopped = false;
        let mut empty = pin!(async {
            loop {
                let changed = members.changed.notified();
                if members.close_if_empty() {
                    break;
                }
                changed.await;
            }
            while members.is_ending() {
                yield_now().await;
            }
        });
        poll_fn(|cx| {
            if !stopped && reached.as_mut().poll(cx).is_ready() {
                stopped = true;
                members.close();
            }
            empty.as_mut().poll(cx)
        })
        .await;
        !stopped
    }
}

/// Ready when the task of the group is to stop; never without one.
async fn reached(hold: &Option<CancelHold>) {
    match hold {
        Some(hold) => hold.reached().await,
        None => pending().await,
    }
}

impl<E: Send + 'static> Default for TaskGroup<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Drop for TaskGroup<E> {
    fn drop(&mut self) {
        self.handle.members.close();
    }
}

impl<E> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("live", &self.handle.members.live())
            .finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for TaskGroupHandle<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroupHandle")
            .field("live", &self.members.live())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A future whose panic is an output.
    struct Caught<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}
