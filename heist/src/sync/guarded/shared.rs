//! A value behind a semaphore of many permits: who holds one may read the value, who holds all may write it.
//!
//! ```text
//!   Shareable<T> { Guarded<T> }            all permits ──► Exclusive<K, U>    one at a time   (lock.rs)
//!                                                               │ share_map: keeps one, gives the rest back
//!                                                               ▼
//!                                          one permit  ──► Shared<K, U>       any number
//! ```
//!
//! Invariants, beside those of lock.rs
//!
//! - R1: a [`Shared`] holds one permit of the semaphore of its [`Guarded`], from before `data` is made until after
//!   the last use of `data`. So there is no `Exclusive` beside it (L1).
//! - R2: `data` points to the value of that `Guarded` or, once mapped, into it, and the keeper keeps the
//!   `Guarded` alive and in its place.
//! - R3: only a [`ShareLock`] gives out a `Shared`, and it keeps its value in a [`Shareable`]: several threads reach
//!   one only if the value is `Sync`.
//!
//! Ordering pairs: as in lock.rs. Model: loom-tests/tests/sync_rwlock.rs.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use heist_primitive::cell::UnsafeCell;

use crate::sync::batch::Batch;
use crate::sync::guarded::lock::{Exclusive, Guarded, Hold, Keeper, Lock};
use crate::sync::rwlock::RwLock;

/// A value that several may use at once, and the semaphore that says who.
pub(crate) struct Shareable<T: ?Sized> {
    /// What may pass between threads is said below, not derived.
    derived: PhantomData<*const ()>,
    guarded: Guarded<T>,
}

// SAFETY: the value moves along, and its semaphore is `Send`.
unsafe impl<T: ?Sized + Send> Send for Shareable<T> {}
// SAFETY: R3: one thread at a time writes the value or several read it (L1, R1): what `Send` and `Sync` are for.
unsafe impl<T: ?Sized + Send + Sync> Sync for Shareable<T> {}

impl<T> Shareable<T> {
    /// Shares `value` by the `permits` of a `batch` that has no others.
    pub(crate) const fn new(batch: Batch, permits: usize, value: UnsafeCell<T>) -> Self {
        Self {
            derived: PhantomData,
            guarded: Guarded::new(batch, permits, value),
        }
    }

    /// Unwraps the value.
    pub(crate) fn into_inner(self) -> T {
        self.guarded.into_inner()
    }
}

impl<T: ?Sized> Shareable<T> {
    /// The value, through an exclusive borrow.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.guarded.get_mut()
    }
}

/// A lock around one [`Shareable`].
///
/// # Safety
///
/// [`Lock::guarded`] returns what is in a `Shareable` that is part of the lock (R3).
pub(crate) unsafe trait ShareLock: Lock {}

// SAFETY: a field of the lock.
unsafe impl<T: ?Sized> Lock for RwLock<T> {
    type Value = T;
    #[inline]
    fn guarded(&self) -> &Guarded<T> {
        &self.shareable().guarded
    }
}

// SAFETY: as it says right above.
unsafe impl<T: ?Sized> ShareLock for RwLock<T> {}

/// Takes one permit of the lock that `keeper` leads to, waiting in line for it.
pub(crate) async fn share<K, L>(keeper: K) -> Shared<K, L::Value>
where
    K: Keeper + Deref<Target = L>,
    L: ShareLock + ?Sized,
{
    if keeper.batch().acquire(1).await.is_err() {
        unreachable!("L3: the semaphore of a lock is never closed");
    }
    Shared::new(keeper)
}

/// Takes one permit of the lock that `keeper` leads to if one is free now.
pub(crate) fn try_share<K, L>(keeper: K) -> Option<Shared<K, L::Value>>
where
    K: Keeper + Deref<Target = L>,
    L: ShareLock + ?Sized,
{
    keeper.batch().try_acquire(1).ok()?;
    Some(Shared::new(keeper))
}

/// Shared access to a value, or to a part of it, until dropped.
pub(crate) struct Shared<K: Keeper, U: ?Sized> {
    data: *const U,
    hold: Hold<K>,
}

// SAFETY: a `Shared` is a `&U` and a keeper in one, and can move to another thread if both can.
unsafe impl<K: Keeper + Send, U: ?Sized + Sync> Send for Shared<K, U> {}
// SAFETY: a shared `Shared` gives out a `&U` and a `&K`.
unsafe impl<K: Keeper + Sync, U: ?Sized + Sync> Sync for Shared<K, U> {}

impl<K, L> Shared<K, L::Value>
where
    K: Keeper + Deref<Target = L>,
    L: ShareLock + ?Sized,
{
    /// The caller has just taken one permit (R1).
    fn new(keeper: K) -> Self {
        let data = keeper.guarded().value.with(|value| value);
        Self {
            data,
            hold: Hold { keeper, permits: 1 },
        }
    }
}

impl<K, L, U> Exclusive<K, U>
where
    K: Keeper + Deref<Target = L>,
    L: ShareLock + ?Sized,
    U: ?Sized,
{
    /// Keeps one permit, for the part that `f` finds while nobody else has access, and lets others share; or gives
    /// the access back as it was.
    pub(crate) fn try_share_map<V: ?Sized>(
        mut self,
        f: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<Shared<K, V>, Self> {
        let Some(part) = f(&self) else {
            return Err(self);
        };
        let data: *const V = part;
        // R1 from here on: `self.data` is not used any more.
        let rest = self.hold.permits - 1;
        self.hold.permits = 1;
        self.hold.keeper.batch().release(rest);
        Ok(Shared {
            data,
            hold: self.hold,
        })
    }
}

impl<K: Keeper, U: ?Sized> Shared<K, U> {
    /// What keeps the lock in its place.
    pub(crate) fn keeper(&self) -> &K {
        &self.hold.keeper
    }

    /// Narrows the access to the part that `f` finds, or gives it back as it was. `f` cannot tell how long the lock
    /// lives, so all that it can return is a part of the value, or what outlives every lock (R2).
    pub(crate) fn try_map<V: ?Sized>(self, f: impl FnOnce(&U) -> Option<&V>) -> Result<Shared<K, V>, Self> {
        match f(&self) {
            Some(part) => Ok(Shared {
                data: part,
                hold: self.hold,
            }),
            None => Err(self),
        }
    }
}

impl<'a, L: Lock + ?Sized, U: ?Sized> Shared<&'a L, U> {
    /// Forgets which type the lock has.
    pub(crate) fn erase(self) -> Shared<&'a Batch, U> {
        Shared {
            data: self.data,
            hold: self.hold.erase(),
        }
    }
}

impl<K: Keeper, U: ?Sized> Deref for Shared<K, U> {
    type Target = U;
    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: R1 and R2: nobody has a `&mut` to the value while this exists.
        unsafe { &*self.data }
    }
}

impl<K: Keeper, U: ?Sized + fmt::Debug> fmt::Debug for Shared<K, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
