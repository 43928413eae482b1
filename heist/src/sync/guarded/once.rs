//! A value that is written once and read ever after.
//!
//! ```text
//!   empty ──── set, under the lock ────► set        for good: only `&mut` takes the value out
//! ```
//!
//! Invariants
//!
//! - O1: the cell is written through a shared borrow only under the lock and only while `set` is false, and `set`
//!   becomes true before the lock is free: once at the most.
//! - O2: the cell is read through a shared borrow only after `set` was seen true, which it stays.
//!
//! Ordering pairs: the store of `set` (Release) ↔ its load in `get` (Acquire), publishes the value. Model:
//! `what_is_set_is_seen` in loom-tests/tests/sync_set_once.rs.
//!
//! Deliberately absent: waiting for the value, which is up to the types above.
#![allow(unsafe_code)]

use heist_primitive::cell::UnsafeCell;
use heist_primitive::sync::Mutex;
use heist_primitive::sync::atomic::{AtomicBool, Ordering};

/// See the module.
pub(crate) struct Once<T> {
    set: AtomicBool,
    /// Keeps two who set apart.
    writer: Mutex<()>,
    cell: UnsafeCell<Option<T>>,
}

// SAFETY: O1 and O2: one thread writes, which may be another than the one that drops (`Send`), and then several
// read at a time (`Sync`).
unsafe impl<T: Send + Sync> Sync for Once<T> {}

impl<T> Once<T> {
    /// A cell that is set if there is a `value`.
    pub(crate) fn new(value: Option<T>) -> Self {
        Self {
            set: AtomicBool::new(value.is_some()),
            writer: Mutex::new(()),
            cell: UnsafeCell::new(value),
        }
    }

    /// Whether there is a value.
    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// The value, if it is set.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        if !self.is_set() {
            return None;
        }
        // SAFETY: O2: nobody writes any more while the cell is borrowed.
        self.cell.with(|value| unsafe { &*value }.as_ref())
    }

    /// Sets the value. If it was set before, or is by another thread at the same time, `value` comes back, and `get`
    /// has the other one.
    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let writer = self.writer.lock();
        if self.set.load(Ordering::Relaxed) {
            return Err(value);
        }
        // SAFETY: O1: under the lock and not set; and there is no value yet whose drop could run here.
        self.cell.with_mut(|cell| unsafe { *cell = Some(value) });
        self.set.store(true, Ordering::Release);
        drop(writer);
        Ok(())
    }

    /// The value, through an exclusive borrow.
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: the borrow of `self` is exclusive.
        self.cell.with_mut(|value| unsafe { &mut *value }.as_mut())
    }

    /// Unwraps the value.
    pub(crate) fn into_inner(self) -> Option<T> {
        self.cell.into_inner()
    }
}

/// For statics. loom's primitives have no constant constructors.
#[cfg(not(heist_loom))]
impl<T> Once<T> {
    /// [`new`](Self::new) in a constant.
    pub(crate) const fn const_new(value: Option<T>) -> Self {
        Self {
            set: AtomicBool::new(value.is_some()),
            writer: Mutex::new(()),
            cell: UnsafeCell::new(value),
        }
    }
}
