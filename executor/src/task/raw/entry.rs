//! A place of the registry: it keeps one reference to a live task, which others may look at and copy.
//!
//! ```text
//!            put (who has the free place)             take (the task ends, or is shut down)
//!   free ──────────────────────────────► task ──────────────────────────────► free
//!                                         │ ▲                                  ▲
//!                                read: 1  ▼ │ 2 copied                         │ take, which leaves its reference to the reader
//!                                     task, READING ───────────────────────────┘
//! ```
//!
//! Invariants
//!
//! - E1: a pointer in the place owns one reference. Who swaps it out without READING has that reference.
//! - E2: who sets READING may use the task until he takes the bit back. If the pointer is gone by then, the reference has
//!   been left to him. One reader at a time, by the shard's lock.
//!
//! Ordering pairs: put's Release ↔ the Acquire of take and read hands over the task. The Release with which a reader takes
//! the bit back ↔ the Acquire of take: what he has read comes before the cell is freed. Who is left the reference needs
//! neither: he drops it through the state word. Models: loom-tests/tests/registry.rs.
//!
//! Deliberately absent: unsafe code. This is a part of `raw.rs` only to reach the pointer inside.

use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};

use heist_primitive::sync::atomic::{AtomicPtr, Ordering};

use super::{Header, TaskRef};

const READING: usize = 1;

/// What [`Entry::take`] found.
pub(crate) enum Taken {
    /// Nothing: somebody else has taken it.
    Nothing,
    /// The task, and its place is free; no reference if that was left to a reader.
    Task(Option<TaskRef>),
}

/// The place.
pub(crate) struct Entry(AtomicPtr<Header>);

impl Entry {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Into a place that is free and the caller's.
    pub(crate) fn put(&self, task: TaskRef) {
        let task = ManuallyDrop::new(task);
        self.0.store(task.0.as_ptr(), Ordering::Release);
    }

    pub(crate) fn take(&self) -> Taken {
        // A free place is not written: a put may be on its way.
        if self.0.load(Ordering::Relaxed).is_null() {
            return Taken::Nothing;
        }
        let taken = self.0.swap(ptr::null_mut(), Ordering::Acquire);
        match NonNull::new(taken) {
            None => Taken::Nothing,
            Some(task) if task.addr().get() & READING == 0 => Taken::Task(Some(TaskRef(task))),
            Some(_) => Taken::Task(None),
        }
    }

    /// A copy of the reference, if `wanted`. By one reader at a time.
    pub(crate) fn read(&self, wanted: impl FnOnce(&TaskRef) -> bool) -> Option<TaskRef> {
        let task = NonNull::new(self.0.load(Ordering::Relaxed))?;
        let marked = task.as_ptr().map_addr(|address| address | READING);
        let exchange = |from, to, ordering| {
            self.0
                .compare_exchange(from, to, ordering, Ordering::Relaxed)
                .is_ok()
        };
        if !exchange(task.as_ptr(), marked, Ordering::Acquire) {
            return None;
        }
        let kept = ManuallyDrop::new(TaskRef(task));
        let copy = wanted(&kept).then(|| TaskRef::clone(&kept));
        if !exchange(marked, task.as_ptr(), Ordering::Release) {
            // E2.
            drop(ManuallyDrop::into_inner(kept));
        }
        copy
    }
}
