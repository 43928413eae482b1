//! A cell for one value, opened by a key of which there is only one at a time.
//!
//! A key is a zero-sized value that a protocol hands to the party whose turn it is: the transitions of a state
//! word return it, and take it back. Whoever has the key has the cell; the borrow checker sees to it that two
//! uses of one key do not overlap.
//!
//! Invariants
//!
//! - S1: of each key type there is, for each channel, at most one key in use at a time. The protocol that
//!   makes the keys promises this; the list of [`Key`] implementations below says by which of its invariants.
//! - S2: a key that passes from one thread to another does so over a Release ↔ Acquire pair of that protocol,
//!   so that what the last holder did to the cell is seen by the next.
//! - S3: a channel keeps its keys to its own slots. The types cannot say so (a key has no brand); the
//!   modules that own the slots are small and make their keys in one file.
//!
//! Deliberately absent: a check at run time. Under loom the cell itself reports two accesses that race, the drop among
//! them.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;

use heist_primitive::cell::UnsafeCell;

use crate::sync::atomic_waker::WakerKey;
use crate::sync::guarded::queue::Consumer;
use crate::sync::oneshot::{RxTaskKey, TxTaskKey, ValueKey};

/// The right to open the slots of one kind.
///
/// # Safety
///
/// S1 and S2 hold for every value of the type.
pub(crate) unsafe trait Key {}

// SAFETY: S1 and S2 by I1 of oneshot/state.rs: the sender's until `complete`, then the receiver's.
unsafe impl Key for ValueKey {}
// SAFETY: S1 and S2 by I2 of oneshot/state.rs: the receiver's while RX_TASK is clear, else the one's who ends
// the wait.
unsafe impl Key for RxTaskKey {}
// SAFETY: S1 and S2 by I3 of oneshot/state.rs: the sender's while TX_TASK is clear, else the one's who ends
// the wait.
unsafe impl Key for TxTaskKey {}
// SAFETY: S1 and S2 by I1 of atomic_waker.rs: made by the one who moved the state away from IDLE.
unsafe impl Key for WakerKey {}
// SAFETY: S1 since `Queue::new` makes exactly one and nothing clones it; S2 since it moves by value.
unsafe impl Key for Consumer {}

/// A place for one `T`, opened by a `K`.
pub(crate) struct Slot<T, K> {
    cell: UnsafeCell<Option<T>>,
    key: PhantomData<fn(K)>,
}

// SAFETY: a shared slot gives access to its value only to the holder of its key, one thread at a time (S1),
// with the accesses ordered (S2): what a lock does, so what a lock asks for is enough, `T: Send`.
unsafe impl<T: Send, K: Key> Sync for Slot<T, K> {}

impl<T, K> Slot<T, K> {
    /// A slot that holds `value`.
    pub(crate) fn new(value: Option<T>) -> Self {
        Self {
            cell: UnsafeCell::new(value),
            key: PhantomData,
        }
    }
}

impl<T, K: Key> Slot<T, K> {
    /// Calls `f` on the content.
    #[inline]
    pub(crate) fn open<R>(&self, _key: &mut K, f: impl FnOnce(&mut Option<T>) -> R) -> R {
        // SAFETY: S1: the key is borrowed for the call, so no other access to the cell overlaps with it, and
        // S2: all earlier ones happened before.
        self.cell.with_mut(|value| f(unsafe { &mut *value }))
    }

    /// Takes the content out.
    #[inline]
    pub(crate) fn take(&self, key: &mut K) -> Option<T> {
        self.open(key, Option::take)
    }

    /// Puts `value` in and returns what was there.
    #[inline]
    pub(crate) fn replace(&self, key: &mut K, value: T) -> Option<T> {
        self.open(key, |slot| slot.replace(value))
    }
}

impl<T, K> Drop for Slot<T, K> {
    /// An access like any other, for loom to hold against those before it.
    #[inline]
    fn drop(&mut self) {
        self.cell.with_mut(|_| ());
    }
}

impl<T, K> fmt::Debug for Slot<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}
