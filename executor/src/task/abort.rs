//! `AbortHandle`: a handle that can abort a task and knows nothing of its output.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::Id;
use super::raw::TaskRef;

/// Aborts a task from anywhere. Dropping it does nothing to the task.
#[derive(Clone)]
pub struct AbortHandle(TaskRef);

impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

impl AbortHandle {
    pub(crate) fn new(task: TaskRef) -> Self {
        Self(task)
    }

    /// Asks the task to stop at its next `.await`, as [`JoinHandle::abort`](super::JoinHandle::abort) does.
    pub fn abort(&self) {
        self.0.abort();
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.0.is_complete()
    }

    /// The id of the task.
    pub fn id(&self) -> Id {
        self.0.id()
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.id()).finish()
    }
}
