//! A live task as others see it: [`TaskInfo`], of which lists of tasks are made.
//!
//! Invariants
//!
//! - F1: it owns a reference to the task's cell, never the future: that is gone when the task has ended, whoever still
//!   looks at it. So holding one keeps the memory of one cell.
//!
//! Ordering pairs: one load of the state word, which may be another the moment after.
//!
//! Deliberately absent: tasks of a local set that belongs to no runtime, and closures of the blocking pool.

use std::fmt;
use std::panic::Location;

use super::{AbortHandle, Id, TaskRef};

/// What a live task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskState {
    /// A thread is polling it.
    Running,
    /// It is ready to be polled and waits for its turn.
    Queued,
    /// It waits to be woken.
    Waiting,
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Queued => "queued",
            Self::Waiting => "waiting",
        })
    }
}

/// One task that was live when it was listed.
#[derive(Clone)]
pub struct TaskInfo {
    task: TaskRef,
    state: TaskState,
}

impl TaskInfo {
    /// `None` if it has ended.
    pub(crate) fn new(task: TaskRef) -> Option<Self> {
        let state = task.state()?;
        Some(Self { task, state })
    }

    /// The task's id.
    pub fn id(&self) -> Id {
        self.task.id()
    }

    /// The name that the task was spawned with, if any.
    pub fn name(&self) -> Option<&str> {
        self.task.name()
    }

    /// Where in the source code the task was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.task.location()
    }

    /// What the task was doing when it was listed.
    pub fn state(&self) -> TaskState {
        self.state
    }

    /// The task that spawned this one, live or not; `None` if it was spawned outside of tasks, such as by the future of a
    /// `block_on`.
    pub fn parent(&self) -> Option<Id> {
        self.task.parent()
    }

    /// Whether the task has ended since.
    pub fn is_finished(&self) -> bool {
        self.task.is_complete()
    }

    /// A handle that can abort the task.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle::new(self.task.clone())
    }
}

impl fmt::Debug for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskInfo")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("state", &self.state)
            .field("parent", &self.parent())
            .field("spawned_at", &format_args!("{}", self.spawned_at()))
            .finish()
    }
}
