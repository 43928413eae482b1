//! Why a task has no output.

use std::any::Any;
use std::fmt;
use std::io;

use heist_primitive::sync::Mutex;

use super::Id;
use crate::hooks::{PanicHook, TaskMeta};

type Payload = Box<dyn Any + Send + 'static>;

/// A task ended without output: it was cancelled, or it panicked.
pub struct JoinError {
    id: Id,
    /// Boxed to keep outputs small.
    panic: Option<Box<Panic>>,
}

struct Panic {
    /// `Send` but not `Sync`: the lock makes the error both.
    payload: Mutex<Payload>,
    /// To be told if nobody collects it.
    uncollected: Option<PanicHook>,
}

impl JoinError {
    pub(crate) fn cancelled(id: Id) -> Self {
        Self { id, panic: None }
    }

    pub(crate) fn panicked(id: Id, payload: Payload, uncollected: Option<PanicHook>) -> Self {
        Self {
            id,
            panic: Some(Box::new(Panic {
                payload: Mutex::new(payload),
                uncollected,
            })),
        }
    }

    /// It goes to whoever awaits the task.
    pub(crate) fn collected(mut self) -> Self {
        let hook = self.panic.as_mut().and_then(|panic| panic.uncollected.take());
        drop(hook);
        self
    }

    /// It is about to be dropped instead.
    pub(crate) fn tell_uncollected(&self, task: &TaskMeta<'_>) {
        if let Some(hook) = self.panic.as_ref().and_then(|panic| panic.uncollected.as_ref()) {
            hook(task, self);
        }
    }

    /// Whether the task was aborted, or its runtime shut down.
    pub fn is_cancelled(&self) -> bool {
        self.panic.is_none()
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        self.panic.is_some()
    }

    /// The panic's payload, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    ///
    /// If the task was cancelled instead; [`try_into_panic`](Self::try_into_panic) does not.
    #[track_caller]
    pub fn into_panic(self) -> Payload {
        self.try_into_panic()
            .expect("`JoinError` reason is not a panic: use `try_into_panic`")
    }

    /// The panic's payload.
    ///
    /// # Errors
    ///
    /// The error itself if the task was cancelled.
    pub fn try_into_panic(self) -> Result<Payload, Self> {
        match self.panic {
            Some(panic) => Ok(panic.payload.into_inner()),
            None => Err(self),
        }
    }

    /// The id of the task.
    pub fn id(&self) -> Id {
        self.id
    }

    /// Calls `f` with the panic's message if it has one.
    fn with_message<R>(&self, f: impl FnOnce(Option<&str>) -> R) -> R {
        let Some(panic) = &self.panic else {
            return f(None);
        };
        let payload = panic.payload.lock();
        let message = payload.downcast_ref::<&'static str>().copied();
        f(message.or_else(|| payload.downcast_ref::<String>().map(String::as_str)))
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_cancelled() {
            return write!(f, "task {} was cancelled", self.id);
        }
        self.with_message(|message| match message {
            Some(message) => write!(f, "task {} panicked with message {message:?}", self.id),
            None => write!(f, "task {} panicked", self.id),
        })
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_cancelled() {
            return write!(f, "JoinError::Cancelled({:?})", self.id);
        }
        self.with_message(|message| match message {
            Some(message) => write!(f, "JoinError::Panic({:?}, {message:?}, ...)", self.id),
            None => write!(f, "JoinError::Panic({:?}, ...)", self.id),
        })
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> io::Error {
        io::Error::other(if error.is_cancelled() {
            "task was cancelled"
        } else {
            "task panicked"
        })
    }
}
