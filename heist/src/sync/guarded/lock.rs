//! A value behind a semaphore: who holds enough permits may use the value.
//!
//! ```text
//!   Guarded<T> { batch, value }      K: Keeper, one of     &'a L       a borrowed Mutex
//!        ▲                                                 Arc<L>      an owned one
//!        │ permits of            ┌── data: *mut U          &'a Batch   what is left of a borrowed Mutex once
//!        └───────────── Exclusive<K, U>                                a guard is mapped to a part of T
//! ```
//!
//! Invariants
//!
//! - L1: an [`Exclusive`] holds all the permits that the semaphore of its [`Guarded`] will ever have, from before
//!   `data` is made until after the last use of `data`. So there is one at a time, and no `Shared` beside it.
//! - L2: `data` points to the value of that `Guarded` or, once mapped, into it, and the keeper keeps the
//!   `Guarded` alive and in its place.
//! - L3: the semaphore is never closed, no permit is added to it, and nobody else takes from it: it is private
//!   to the lock.
//!
//! Ordering pairs: the release of the permits (Release) ↔ the acquisition (Acquire), both in batch.rs, publish
//! the value. Model: loom-tests/tests/sync_mutex.rs.
//!
//! Deliberately absent: shared access, which is in shared.rs.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::{Deref, DerefMut};

use heist_primitive::cell::UnsafeCell;
use heist_primitive::sync::StdArc as Arc;

use crate::sync::batch::Batch;
use crate::sync::mutex::Mutex;

/// A value and the semaphore that says who may use it.
pub(crate) struct Guarded<T: ?Sized> {
    pub(super) batch: Batch,
    /// All permits there are.
    permits: usize,
    pub(super) value: UnsafeCell<T>,
}

// SAFETY: L1: one thread at a time has access to the value, and batch.rs orders the accesses: a lock, which is
// `Sync` if its value may move between threads.
unsafe impl<T: ?Sized + Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    /// Guards `value` with the `permits` of a `batch` that has no others.
    pub(crate) const fn new(batch: Batch, permits: usize, value: UnsafeCell<T>) -> Self {
        Self {
            batch,
            permits,
            value,
        }
    }

    /// Unwraps the value.
    pub(crate) fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Guarded<T> {
    /// The value, through an exclusive borrow.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        // SAFETY: the borrow of `self` is exclusive, so no guard exists: each one's keeper would borrow or
        // own the lock (L2).
        self.value.with_mut(|value| unsafe { &mut *value })
    }
}

/// A type that is a lock around one [`Guarded`].
///
/// # Safety
///
/// `guarded` returns the same place for as long as the lock is neither moved nor dropped.
pub(crate) unsafe trait Lock {
    /// What is guarded.
    type Value: ?Sized;
    /// The value and its semaphore.
    fn guarded(&self) -> &Guarded<Self::Value>;
}

// SAFETY: a field of the mutex.
unsafe impl<T: ?Sized> Lock for Mutex<T> {
    type Value = T;
    #[inline]
    fn guarded(&self) -> &Guarded<T> {
        self.guarded()
    }
}

/// What keeps a lock in its place while a guard uses the value.
///
/// # Safety
///
/// `batch` returns the same semaphore each time, and the lock that it belongs to is neither moved nor dropped
/// while the keeper lives, wherever the keeper itself is moved.
pub(crate) unsafe trait Keeper {
    /// The semaphore of the lock.
    fn batch(&self) -> &Batch;
}

// SAFETY: the borrow keeps the lock in its place.
unsafe impl<L: Lock + ?Sized> Keeper for &L {
    #[inline]
    fn batch(&self) -> &Batch {
        &self.guarded().batch
    }
}

// SAFETY: the count keeps the lock in its place, which is the heap.
unsafe impl<L: Lock + ?Sized> Keeper for Arc<L> {
    #[inline]
    fn batch(&self) -> &Batch {
        &self.guarded().batch
    }
}

// SAFETY: the borrow keeps the semaphore in its place, and with it the lock it is a field of.
unsafe impl Keeper for &Batch {
    #[inline]
    fn batch(&self) -> &Batch {
        self
    }
}

/// Takes all permits of the lock that `keeper` leads to, waiting in line for them.
pub(crate) async fn lock<K, L>(keeper: K) -> Exclusive<K, L::Value>
where
    K: Keeper + Deref<Target = L>,
    L: Lock + ?Sized,
{
    if keeper.batch().acquire(keeper.guarded().permits).await.is_err() {
        unreachable!("L3: the semaphore of a lock is never closed");
    }
    Exclusive::new(keeper)
}

/// Takes all permits of the lock that `keeper` leads to if they are free now; else gives `keeper` back.
pub(crate) fn try_lock<K, L>(keeper: K) -> Result<Exclusive<K, L::Value>, K>
where
    K: Keeper + Deref<Target = L>,
    L: Lock + ?Sized,
{
    match keeper.batch().try_acquire(keeper.guarded().permits) {
        Ok(()) => Ok(Exclusive::new(keeper)),
        Err(_) => Err(keeper),
    }
}

/// Gives the permits back when dropped.
pub(super) struct Hold<K: Keeper> {
    pub(super) keeper: K,
    pub(super) permits: usize,
}

impl<'a, L: Lock + ?Sized> Hold<&'a L> {
    /// Forgets which type the lock has.
    pub(super) fn erase(self) -> Hold<&'a Batch> {
        let lock: &'a L = self.keeper;
        let permits = self.permits;
        // The permits pass to the new hold.
        std::mem::forget(self);
        Hold {
            keeper: &lock.guarded().batch,
            permits,
        }
    }
}

impl<K: Keeper> Drop for Hold<K> {
    fn drop(&mut self) {
        self.keeper.batch().release(self.permits);
    }
}

/// The only access to a value, or to a part of it, until dropped.
pub(crate) struct Exclusive<K: Keeper, U: ?Sized> {
    pub(super) data: *mut U,
    pub(super) hold: Hold<K>,
}

// SAFETY: an `Exclusive` is a `&mut U` and a keeper in one, and can move to another thread if both can.
unsafe impl<K: Keeper + Send, U: ?Sized + Send> Send for Exclusive<K, U> {}
// SAFETY: a shared `Exclusive` gives out a `&U` and a `&K` at the most.
unsafe impl<K: Keeper + Sync, U: ?Sized + Sync> Sync for Exclusive<K, U> {}

impl<K, L> Exclusive<K, L::Value>
where
    K: Keeper + Deref<Target = L>,
    L: Lock + ?Sized,
{
    /// The caller has just taken all permits (L1).
    fn new(keeper: K) -> Self {
        let guarded = keeper.guarded();
        let (data, permits) = (guarded.value.with_mut(|value| value), guarded.permits);
        Self {
            data,
            hold: Hold { keeper, permits },
        }
    }
}

impl<K: Keeper, U: ?Sized> Exclusive<K, U> {
    /// What keeps the lock in its place.
    pub(crate) fn keeper(&self) -> &K {
        &self.hold.keeper
    }

    /// Narrows the access to a part of the value. `f` cannot tell how long the lock lives, so all that it can
    /// return is a part of the value, or what outlives every lock (L2).
    pub(crate) fn map<V: ?Sized>(mut self, f: impl FnOnce(&mut U) -> &mut V) -> Exclusive<K, V> {
        Exclusive {
            data: f(&mut self),
            hold: self.hold,
        }
    }

    /// Narrows the access to the part that `f` finds, or gives it back as it was.
    pub(crate) fn try_map<V: ?Sized>(
        mut self,
        f: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<Exclusive<K, V>, Self> {
        match f(&mut self) {
            Some(part) => Ok(Exclusive {
                data: part,
                hold: self.hold,
            }),
            None => Err(self),
        }
    }
}

impl<'a, L: Lock + ?Sized, U: ?Sized> Exclusive<&'a L, U> {
    /// Forgets which type the lock has.
    pub(crate) fn erase(self) -> Exclusive<&'a Batch, U> {
        Exclusive {
            data: self.data,
            hold: self.hold.erase(),
        }
    }
}

impl<K: Keeper, U: ?Sized> Deref for Exclusive<K, U> {
    type Target = U;
    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: L1 and L2; `&self` excludes a `&mut` to the value at the same time.
        unsafe { &*self.data }
    }
}

impl<K: Keeper, U: ?Sized> DerefMut for Exclusive<K, U> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: L1 and L2; `&mut self` excludes any other reference to the value at the same time.
        unsafe { &mut *self.data }
    }
}

impl<K: Keeper, U: ?Sized + fmt::Debug> fmt::Debug for Exclusive<K, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
