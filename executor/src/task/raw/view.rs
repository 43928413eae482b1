//! What anybody with a reference may read of a task: its header's fields, which do not change, and one look at its state.
//!
//! Deliberately absent: unsafe code, and anything that touches the future, the output or the join waker.

use std::panic::Location;

use heist_primitive::sync::atomic::Ordering;

use super::{Runnable, TaskRef};
use crate::hooks::TaskMeta;
use crate::task::{Id, TaskState};

impl Runnable {
    /// The id of its task.
    pub(crate) fn id(&self) -> Id {
        self.0.id()
    }
}

impl TaskRef {
    /// The task's id.
    pub(crate) fn id(&self) -> Id {
        self.header().id
    }

    /// The task's name, if it was given one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.header().name()
    }

    /// Where the task was spawned.
    pub(crate) fn location(&self) -> &'static Location<'static> {
        self.header().location
    }

    /// The task that spawned it, unless it was spawned outside of tasks.
    pub(crate) fn parent(&self) -> Option<Id> {
        let header = self.header();
        header.origin.parent(header.state.has_extra())
    }

    /// What it is doing; `None` once the output is there.
    pub(crate) fn state(&self) -> Option<TaskState> {
        let state = self.header().state.load();
        match () {
            () if state.is_complete() => None,
            () if state.is_running() => Some(TaskState::Running),
            () if state.is_scheduled() => Some(TaskState::Queued),
            () => Some(TaskState::Waiting),
        }
    }

    /// Id, name and location, for a hook.
    pub(crate) fn meta(&self) -> TaskMeta<'_> {
        self.header().meta()
    }

    /// Whether the output is there.
    pub(crate) fn is_complete(&self) -> bool {
        self.header().state.load().is_complete()
    }

    /// Remembers where the registry keeps this task.
    pub(crate) fn set_registry_slot(&self, slot: u64) {
        self.header().registry_slot.store(slot, Ordering::Relaxed);
    }
}
