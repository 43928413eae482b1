//! [`create_task`] and [`TaskBuilder`].

use std::fmt;
use std::future::Future;
use std::panic::Location;

use heist_executor::task::Meta;
use heist_primitive::sync::StdArc as Arc;

use super::Task;
use super::body::Body;
use super::shared::Shared;
use crate::aio::context::{Context, copy_context};
use crate::runtime::Handle;

/// Makes a task of `future`, which starts to run at once, in a copy of the current [`Context`]. `asyncio.create_task`.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// use heist::aio::create_task;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let task = create_task(async { 6 * 7 });
/// assert_eq!(task.await.unwrap(), 42);
/// # });
/// ```
#[track_caller]
pub fn create_task<F>(future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    TaskBuilder::new().create_task(future)
}

/// Makes a task with a name, with a context of its own, or with its first step taken at once: the keyword arguments of
/// `asyncio.create_task`.
///
/// ```
/// use heist::aio::{Context, TaskBuilder};
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let mut task = TaskBuilder::new()
///     .name("answer")
///     .context(Context::new())
///     .eager_start(true)
///     .create_task(async { 42 });
/// assert!(task.done());
/// assert_eq!(task.name(), "answer");
/// assert_eq!(task.result().unwrap().as_ref().unwrap(), &42);
/// # });
/// ```
#[derive(Default)]
#[must_use = "builders do nothing unless used to create a task"]
pub struct TaskBuilder {
    name: Option<Box<str>>,
    context: Option<Context>,
    eager: bool,
}

impl TaskBuilder {
    /// A builder for a task as [`create_task`] makes it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name, which panics and reports carry. Without, it is `Task-` and the id.
    pub fn name(self, name: impl Into<Box<str>>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }

    /// Sets the context that the task runs in, instead of a copy of the current one.
    pub fn context(self, context: Context) -> Self {
        Self {
            context: Some(context),
            ..self
        }
    }

    /// Whether the task is polled once by who makes it, before that goes on: `eager_task_factory` and `eager_start`.
    ///
    /// A task that need not wait is done then, and has never been on a queue. The poll is on the stack of the maker, so
    /// don't make eager tasks from eager tasks without end, nor while holding a lock that the task wants.
    pub fn eager_start(self, eager: bool) -> Self {
        Self { eager, ..self }
    }

    /// Makes the task, on the current runtime.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn create_task<F>(self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.create_task_on(future, &Handle::current())
    }

    /// Makes the task, on the runtime of `handle`. From any thread; on a runtime that has shut down the task is cancelled at
    /// once.
    #[track_caller]
    pub fn create_task_on<F>(self, future: F, handle: &Handle) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let shared = Arc::new(Shared::new(self.name.clone()));
        let body = Body::new(future, self.context.unwrap_or_else(copy_context), shared.clone());
        let meta = Meta {
            name: self.name,
            location: Location::caller(),
        };
        let task = if self.eager {
            handle.spawn_eager_as(body, meta)
        } else {
            handle.spawn_as(body, meta)
        };
        shared.attach(task.abort_handle());
        Task::new(task, shared)
    }
}

impl fmt::Debug for TaskBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder")
            .field("name", &self.name)
            .field("context", &self.context)
            .field("eager_start", &self.eager)
            .finish()
    }
}
