//! What a queue refuses, and why. The errors of `put` have the item in them.
//!
//! Deliberately absent: anything that loses an item.

use std::error::Error;
use std::fmt;

/// The queue is shut down. Of a `put` it has the item in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueShutDown<T = ()>(pub T);

impl<T> fmt::Display for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is shut down")
    }
}

impl<T: fmt::Debug> Error for QueueShutDown<T> {}

/// The queue has no room; the item is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull<T>(pub T);

impl<T> fmt::Display for QueueFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is full")
    }
}

impl<T: fmt::Debug> Error for QueueFull<T> {}

/// The queue has no items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueEmpty;

impl fmt::Display for QueueEmpty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is empty")
    }
}

impl Error for QueueEmpty {}

/// Why `put_nowait` has not put the item in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// There is no room, or others wait for it.
    Full(QueueFull<T>),
    /// The queue is shut down.
    ShutDown(QueueShutDown<T>),
}

impl<T> TryPutError<T> {
    /// The item that was not put in.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(QueueFull(item)) | Self::ShutDown(QueueShutDown(item)) => item,
        }
    }
}

impl<T> fmt::Display for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(full) => full.fmt(f),
            Self::ShutDown(shut_down) => shut_down.fmt(f),
        }
    }
}

impl<T: fmt::Debug> Error for TryPutError<T> {}

/// Why `get_nowait` has nothing to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryGetError {
    /// There are no items, or others wait for them.
    Empty(QueueEmpty),
    /// The queue is shut down and empty.
    ShutDown(QueueShutDown),
}

impl fmt::Display for TryGetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(empty) => empty.fmt(f),
            Self::ShutDown(shut_down) => shut_down.fmt(f),
        }
    }
}

impl Error for TryGetError {}

/// The error of `task_done`: it was called more often than items were put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskDoneError(pub(super) ());

impl fmt::Display for TaskDoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task_done was called more often than items were put into the queue")
    }
}

impl Error for TaskDoneError {}
