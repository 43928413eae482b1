//! Tasks: a future in a cell that many hands hold.
//!
//! | file | holds |
//! |---|---|
//! | `state.rs` | the state word and its named transitions: who may do what, as bits |
//! | `raw.rs` | the cell itself and the owning pointers to it: the executor's only unsafe code |
//! | `lifeline.rs` | what keeps a scheduler for its tasks |
//! | `join.rs`, `abort.rs`, `error.rs` | what the spawner holds: `JoinHandle`, `AbortHandle`, `JoinError` |
//! | `registry.rs` | all live tasks of a runtime, for shutdown and counting |
//! | `id.rs` | ids, and which task this thread is polling |
//! | `info.rs` | a live task as others see it: what `ps` lists |
//! | `latency.rs` | how long a task has waited to be polled, where that is measured |
//! | `twin.rs` | a test: random operations against a naive task |
//! | `yield_now.rs` | letting others run |
//!
//! A task's life: [`raw::new_task`] makes it with three references. The registry keeps one until the task
//! completes or the runtime shuts down, a `Runnable` travels through the queues with one, the `JoinHandle` has
//! one; each waker adds one.
//!
//! Deliberately absent: queues and threads. A task knows its scheduler only as a [`Schedule`], most as a [`Scheduler`] that is
//! lent to it.

mod abort;
mod error;
mod id;
mod info;
mod join;
mod latency;
mod lifeline;
pub(crate) mod raw;
pub(crate) mod registry;
mod state;
#[cfg(all(test, not(heist_loom)))]
mod twin;
mod yield_now;

use std::panic::Location;
use std::task::Waker;

use crate::hooks::{Hooks, PanicHook};

pub use abort::AbortHandle;
pub use error::JoinError;
pub use id::{Id, id, try_id};
pub use info::{TaskInfo, TaskState};
pub use join::JoinHandle;
pub(crate) use lifeline::Lifeline;
pub(crate) use raw::{Lent, Runnable, TaskRef, TaskSlot};
pub use yield_now::{YieldNow, yield_now};

/// Whether `waker` wakes the task that this thread is polling.
pub(crate) fn wakes_running_task(waker: &Waker) -> bool {
    try_id().is_some_and(|id| raw::id_of(waker) == Some(id))
}

/// What a spawner says of a task besides its future.
#[derive(Debug)]
pub struct Meta {
    /// For logs and dumps.
    pub name: Option<Box<str>>,
    /// Where it was spawned.
    pub location: &'static Location<'static>,
}

impl Meta {
    /// No name, and the caller's location.
    #[track_caller]
    pub fn caller() -> Self {
        Self {
            name: None,
            location: Location::caller(),
        }
    }

    /// A name, and the caller's location.
    #[track_caller]
    pub fn named(name: impl Into<Box<str>>) -> Self {
        Self {
            name: Some(name.into()),
            location: Location::caller(),
        }
    }
}

/// Why a `Runnable` comes to its scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It is new.
    Spawned,
    /// Somebody woke it.
    Woken,
    /// It woke itself while it ran: it has had its turn and goes to the back.
    Yielded,
}

/// What a task's cell has of its scheduler.
pub(crate) trait Schedule: Send + Sync + 'static {
    /// The way to its queues.
    type Queue: Queue;

    /// Whether [`release`](Self::release) is called after whoever awaits the task was woken, and not before.
    const RELEASES_LAST: bool = false;

    /// The way to its queues, for a push after which the cell may be gone.
    fn queue(&self) -> Self::Queue;

    /// Takes the registry's reference to a task that ends, if the registry still has it.
    fn release(&self, registry_slot: u64) -> Option<TaskRef>;

    /// What is to be called around its polls and at its end.
    fn hooks(&self) -> Option<&Hooks> {
        None
    }

    /// What is to be called when the task's panic is dropped uncollected.
    fn on_panic(&self) -> Option<&PanicHook> {
        None
    }

    /// Told that the task has panicked.
    fn task_panicked(&self) {}

    /// Whether it stamps tasks (`latency.rs`).
    fn stamps(&self) -> bool {
        false
    }

    /// The task is being shut down: true if its cell has to give something back when it is freed.
    fn give(&self) -> bool {
        false
    }

    /// What [`give`](Self::give) gave.
    fn take_back(&self) {}
}

/// Where tasks go when they can run.
pub(crate) trait Queue {
    /// Puts `task` there.
    fn push(self, task: Runnable, how: How);
}

/// A scheduler to which its tasks have pointers that count nothing. The rules are in `raw/lent.rs`.
pub(crate) trait Scheduler: Send + Sync + 'static {
    /// Puts `task` on a queue of this thread's, or gives it back if this thread has none, or is not kept by an `Arc` of
    /// the scheduler.
    fn schedule_here(&self, task: Runnable, how: How) -> Option<Runnable>;

    /// Whether this thread is known to have an `Arc` of the scheduler for as long as the call lasts.
    fn is_kept_here(&self) -> bool;

    /// Puts `task` on the queue for everybody.
    fn schedule_elsewhere(&self, task: Runnable);

    /// As [`Schedule::release`].
    fn release(&self, registry_slot: u64) -> Option<TaskRef>;

    /// As [`Schedule::hooks`].
    fn hooks(&self) -> Option<&Hooks> {
        None
    }

    /// As [`Schedule::on_panic`].
    fn on_panic(&self) -> Option<&PanicHook> {
        None
    }

    /// As [`Schedule::task_panicked`].
    fn task_panicked(&self) {}

    /// As [`Schedule::stamps`].
    fn stamps(&self) -> bool {
        false
    }
}
