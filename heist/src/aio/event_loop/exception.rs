//! What becomes of a failure that nobody collects: the exception handler of the loop, or a line on stderr.
//!
//! Invariants
//!
//! - I1: the handler is called with no lock held, so it may set another one, or call the loop.
//! - I2: a handler that panics costs one line on stderr and goes no further.
//!
//! Absent on purpose: the failed thing itself. A failure that is told of here is over.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

use heist_executor::task::{Id, JoinError};
use heist_primitive::sync::StdArc;

use super::EventLoop;
use super::ready::LoopState;
use crate::runtime::{TaskMeta, forget_quietly, panic_text, report};

/// What is called with failures that nobody collects.
pub(super) type Handler = StdArc<dyn Fn(&ExceptionContext) + Send + Sync>;

/// A failure that nobody collects, as the exception handler is told of it. Its `Display` is the line that the default
/// handler writes.
#[derive(Clone, Debug, Default)]
pub struct ExceptionContext {
    message: String,
    exception: Option<String>,
    task: Option<(Id, Option<String>)>,
    location: Option<&'static Location<'static>>,
}

impl ExceptionContext {
    /// A failure that `message` tells of.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// The same with what the error says.
    pub fn with_exception(self, error: impl fmt::Display) -> Self {
        Self {
            exception: Some(error.to_string()),
            ..self
        }
    }

    pub(crate) fn of_task(task: &TaskMeta<'_>, error: &JoinError) -> Self {
        Self {
            message: "a task failed and nobody awaited it".into(),
            exception: Some(error.to_string()),
            task: Some((task.id(), task.name().map(String::from))),
            location: Some(task.spawned_at()),
        }
    }

    /// A callback that was given to the loop at `location` and panicked.
    pub(super) fn of_callback(location: &'static Location<'static>, payload: &(dyn Any + Send)) -> Self {
        Self {
            message: "a callback panicked".into(),
            exception: Some(panic_text(payload).into()),
            task: None,
            location: Some(location),
        }
    }

    /// What has failed, in words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the error or the panic said, if there was one.
    pub fn exception(&self) -> Option<&str> {
        self.exception.as_deref()
    }

    /// The task that has failed, if it was one.
    pub fn task(&self) -> Option<Id> {
        self.task.as_ref().map(|(id, _)| *id)
    }

    /// The name of the task, if it was one and has a name.
    pub fn task_name(&self) -> Option<&str> {
        self.task.as_ref().and_then(|(_, name)| name.as_deref())
    }

    /// Where the task was spawned, or the callback given to the loop.
    pub fn location(&self) -> Option<&'static Location<'static>> {
        self.location
    }
}

impl fmt::Display for ExceptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some((id, name)) = &self.task {
            write!(f, ": task {id}")?;
            if let Some(name) = name {
                write!(f, " {name:?}")?;
            }
        }
        if let Some(location) = self.location {
            write!(f, ", from {location}")?;
        }
        if let Some(exception) = &self.exception {
            write!(f, ": {exception}")?;
        }
        Ok(())
    }
}

impl LoopState {
    /// Tells the exception handler, or stderr (I1, I2).
    pub(crate) fn fail(&self, context: &ExceptionContext) {
        let handler = self.handler.lock().clone();
        let Some(handler) = handler else {
            return report(format_args!("{context}"));
        };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| handler(context))) {
            report(format_args!(
                "the exception handler panicked: {}, when told that {context}",
                panic_text(&*payload)
            ));
            forget_quietly(payload);
        }
    }
}

impl EventLoop {
    /// Sets what is called with failures that nobody collects, in place of the line on stderr; `None` for that line again.
    ///
    /// Such are: a callback of this loop that panics, and a task that panics when its handle has been dropped (unless
    /// [`Builder::on_task_panic`](crate::runtime::Builder::on_task_panic) was set). It is called on the thread where that
    /// becomes certain. A panic in it is reported on stderr and goes no further.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// use heist::aio::{ExceptionContext, get_running_loop};
    ///
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let (send, failures) = mpsc::channel();
    /// let event_loop = get_running_loop();
    /// event_loop.set_exception_handler(Some(move |failure: &ExceptionContext| send.send(failure.to_string()).unwrap()));
    /// event_loop.call_exception_handler(&ExceptionContext::new("out of paper"));
    /// assert_eq!(failures.recv().unwrap(), "out of paper");
    /// # });
    /// ```
    pub fn set_exception_handler<F>(&self, handler: Option<F>)
    where
        F: Fn(&ExceptionContext) + Send + Sync + 'static,
    {
        let handler = handler.map(|handler| StdArc::new(handler) as Handler);
        let before = std::mem::replace(&mut *self.state().handler.lock(), handler);
        drop(before);
    }

    /// Whether an exception handler is set.
    pub fn has_exception_handler(&self) -> bool {
        self.state().handler.lock().is_some()
    }

    /// Tells the exception handler of a failure, or stderr if none is set.
    pub fn call_exception_handler(&self, context: &ExceptionContext) {
        self.state().fail(context);
    }
}
