//! A place for one `Runnable`: a worker's next-slot.
//!
//! Invariants
//!
//! - The pointer is null, or that of a `Runnable` that was given up to the slot with its reference; who swaps it out has it.
//!
//! Ordering pairs: the swap, AcqRel ↔ AcqRel, hands a `Runnable` from owner to thief. Model:
//! loom-tests/tests/next_slot.rs.
//!
//! Deliberately absent: unsafe code. This is a part of `raw.rs` only to reach the pointer inside.

use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};

use heist_primitive::sync::atomic::{AtomicPtr, Ordering};

use super::{Header, Runnable, TaskRef};

/// A place where one `Runnable` waits that its owner will take next, and that a thief may take instead.
pub(crate) struct TaskSlot(AtomicPtr<Header>);

impl TaskSlot {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Whether somebody waits here, as of a moment ago.
    pub(crate) fn is_occupied(&self) -> bool {
        !self.0.load(Ordering::Relaxed).is_null()
    }

    /// Puts `task` in and returns who waited there.
    pub(crate) fn put(&self, task: Runnable) -> Option<Runnable> {
        let task = ManuallyDrop::new(task);
        self.swap(task.0.0.as_ptr())
    }

    /// Takes who waits here.
    pub(crate) fn take(&self) -> Option<Runnable> {
        if self.is_occupied() {
            self.swap(ptr::null_mut())
        } else {
            None
        }
    }

    fn swap(&self, new: *mut Header) -> Option<Runnable> {
        NonNull::new(self.0.swap(new, Ordering::AcqRel)).map(|header| Runnable(TaskRef(header)))
    }
}

impl Drop for TaskSlot {
    fn drop(&mut self) {
        drop(self.take());
    }
}
