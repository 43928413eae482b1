//! How a task's cell reaches its scheduler: a pointer that counts nothing.
//!
//! An `Arc` in each cell would be two locked operations a task on one line that all threads of the runtime write. Instead
//! the scheduler outlives the tasks that may still reach for it:
//!
//! ```text
//!   who                                         is kept by
//!   a task in the registry, or about to be      the scheduler's lifeline, which only the end of its shutdown cuts
//!   a runner, a spawner, a shutdown             an `Arc` of that thread's own (R9)
//!   a wake or abort that found the task idle    the task cannot complete before its `Runnable` was pushed, except by a
//!                                               shutdown, which gives the cell a count of its own ([`Schedule::give`])
//!   … and after the push                        an `Arc` that was made before it, unless this thread has one anyway
//!   anybody who holds a complete task           nothing: it is not reached for (R9)
//! ```
//!
//! Invariants
//!
//! - L1: `T` lives inside of an `Arc`, and that has a count as long as an incomplete task has this pointer: the lifeline's,
//!   or that of the thread which has taken the task out of the registry and shuts it down.
//! - L2: [`Scheduler::schedule_here`] pushes only where the calling thread has an `Arc` of the scheduler beside.
//! - L3: the count that [`Schedule::give`] makes belongs to the cell until it is freed. It is made with RUNNING held, when
//!   a `Runnable` may be in the hands of a thread that has not pushed it.
//!
//! Ordering pairs: the state word's, and the `Arc`'s own. Model: loom-tests/tests/task_state.rs,
//! `a_wake_from_outside_outlives_the_scheduler`.
//!
//! Deliberately absent: a check. The type is the executor's own, and its four schedulers keep these rules.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use heist_primitive::sync::Arc;

use crate::hooks::{Hooks, PanicHook};
use crate::task::{How, Queue, Runnable, Schedule, Scheduler, TaskRef};

/// A pointer to a scheduler in an `Arc`.
pub(crate) struct Lent<T>(NonNull<T>);

impl<T> Clone for Lent<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Lent<T> {}

// SAFETY: it is used as a `&T` and as an `Arc<T>`.
unsafe impl<T: Send + Sync> Send for Lent<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Lent<T> {}

impl<T: Scheduler> Lent<T> {
    /// For a task of `scheduler`.
    pub(crate) fn of(scheduler: &Arc<T>) -> Self {
        Self(NonNull::from(&**scheduler))
    }

    fn get(&self) -> &T {
        // SAFETY: L1, at every caller.
        unsafe { self.0.as_ref() }
    }

    /// An `Arc` of one's own.
    fn keep(self) -> Arc<T> {
        // SAFETY: L1: there is a count.
        unsafe { Arc::increment_strong_count(self.0.as_ptr()) };
        // SAFETY: the count that was just made.
        unsafe { Arc::from_raw(self.0.as_ptr()) }
    }
}

impl<T: Scheduler> Queue for Lent<T> {
    fn push(self, task: Runnable, how: How) {
        // L1: `task` cannot complete before it is pushed.
        let Some(task) = self.get().schedule_here(task, how) else {
            return;
        };
        if self.get().is_kept_here() {
            return self.get().schedule_elsewhere(task);
        }
        self.keep().schedule_elsewhere(task);
    }
}

impl<T: Scheduler> Schedule for Lent<T> {
    type Queue = Self;

    fn queue(&self) -> Self {
        *self
    }

    fn release(&self, registry_slot: u64) -> Option<TaskRef> {
        self.get().release(registry_slot)
    }

    fn hooks(&self) -> Option<&Hooks> {
        self.get().hooks()
    }

    fn on_panic(&self) -> Option<&PanicHook> {
        self.get().on_panic()
    }

    fn task_panicked(&self) {
        self.get().task_panicked();
    }

    fn stamps(&self) -> bool {
        self.get().stamps()
    }

    fn give(&self) -> bool {
        // L3.
        std::mem::forget(self.keep());
        true
    }

    fn take_back(&self) {
        // SAFETY: L3: the cell's count, once.
        unsafe { Arc::decrement_strong_count(self.0.as_ptr()) }
    }
}
