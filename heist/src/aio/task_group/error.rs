//! [`TaskGroupError`]: all that went wrong in a group.

use std::any::Any;
use std::error::Error;
use std::fmt;

use heist_primitive::sync::Mutex;

/// What a task of a group, or the group's body, has ended with in place of a value.
#[derive(Debug)]
pub enum TaskFailure<E> {
    /// The error it returned.
    Error(E),
    /// Its panic.
    Panic(TaskPanic),
}

/// The panic of a task.
pub struct TaskPanic(Mutex<Box<dyn Any + Send>>);

impl TaskPanic {
    pub(super) fn new(payload: Box<dyn Any + Send>) -> Self {
        Self(Mutex::new(payload))
    }

    /// The payload, for [`std::panic::resume_unwind`].
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.0.into_inner()
    }
}

impl fmt::Display for TaskPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = self.0.lock();
        let text = payload.downcast_ref::<&'static str>().copied();
        match text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)) {
            Some(text) => write!(f, "panicked with message {text:?}"),
            None => f.write_str("panicked"),
        }
    }
}

impl fmt::Debug for TaskPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskPanic({self})")
    }
}

impl<E: fmt::Display> fmt::Display for TaskFailure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => error.fmt(f),
            Self::Panic(panic) => panic.fmt(f),
        }
    }
}

/// All errors and panics of the tasks of a group, the first one first. `ExceptionGroup`, as `asyncio.TaskGroup` raises it.
#[derive(Debug)]
pub struct TaskGroupError<E> {
    failures: Vec<TaskFailure<E>>,
}

impl<E> TaskGroupError<E> {
    pub(super) fn new(failures: Vec<TaskFailure<E>>) -> Self {
        Self { failures }
    }

    /// What went wrong, in the order in which it did: the first cancelled the others. Empty if the group
    /// was cancelled from outside, by a request that somebody else holds up.
    pub fn failures(&self) -> &[TaskFailure<E>] {
        &self.failures
    }

    /// As [`failures`](Self::failures), by value.
    pub fn into_failures(self) -> Vec<TaskFailure<E>> {
        self.failures
    }

    /// The errors, without the panics: what `except*` sees.
    pub fn errors(&self) -> impl Iterator<Item = &E> {
        self.failures.iter().filter_map(|failure| match failure {
            TaskFailure::Error(error) => Some(error),
            TaskFailure::Panic(_) => None,
        })
    }

    /// Whether the group was cancelled from outside and nothing went wrong in it.
    pub fn is_cancelled(&self) -> bool {
        self.failures.is_empty()
    }
}

impl<E: fmt::Display> fmt::Display for TaskGroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failures.as_slice() {
            [] => f.write_str("the task group was cancelled"),
            [one] => write!(f, "a task of the group failed: {one}"),
            [first, rest @ ..] => {
                write!(f, "{} tasks of the group failed: {first}", rest.len() + 1)?;
                rest.iter().try_for_each(|failure| write!(f, "; {failure}"))
            }
        }
    }
}

impl<E: Error + 'static> Error for TaskGroupError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.errors().next().map(|error| error as &(dyn Error + 'static))
    }
}
