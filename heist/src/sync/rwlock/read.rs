//! The guards of a [`RwLock`] that is locked for reading.
//!
//! Deliberately absent: a type of its own for a guard that is narrowed to a part of the value.

use std::marker::PhantomData;

use heist_primitive::sync::StdArc as Arc;

use super::{RwLock, reads_as_value};
use crate::sync::batch::Batch;
use crate::sync::guarded::Shared;

/// The access to a [`RwLock`] that is locked for reading, or to a part of the value; dropping it unlocks.
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    held: Shared<&'a Batch, T>,
    value: PhantomData<&'a T>,
}

/// The access to a [`RwLock`] that is locked for reading, or to a part of the value, that keeps its share of the lock
/// alive; dropping it unlocks.
#[clippy::has_significant_drop]
pub struct OwnedRwLockReadGuard<T: ?Sized, U: ?Sized = T> {
    held: Shared<Arc<RwLock<T>>, U>,
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    pub(super) fn new(held: Shared<&'a RwLock<T>, T>) -> Self {
        Self::erased(held.erase())
    }

    pub(super) fn erased(held: Shared<&'a Batch, T>) -> Self {
        Self {
            held,
            value: PhantomData,
        }
    }

    /// Narrows the guard to a part of the value. Call it as `RwLockReadGuard::map(guard, …)`.
    ///
    /// ```
    /// use heist::sync::{RwLock, RwLockReadGuard};
    ///
    /// let pair = RwLock::new((1, "one"));
    /// let number = RwLockReadGuard::map(pair.try_read().unwrap(), |pair| &pair.0);
    /// assert_eq!(*number, 1);
    /// ```
    #[inline]
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        match Self::try_map(this, |value| Some(f(value))) {
            Ok(part) => part,
            Err(_) => unreachable!("a part was found"),
        }
    }

    /// Narrows the guard to a part of the value if `f` finds one. Call it as `RwLockReadGuard::try_map(guard, …)`.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` returns `None`.
    ///
    /// ```
    /// use heist::sync::{RwLock, RwLockReadGuard};
    ///
    /// let list = RwLock::new(vec![1, 2]);
    /// let guard = list.try_read().unwrap();
    /// let guard = RwLockReadGuard::try_map(guard, |list| list.get(7)).unwrap_err();
    /// let second = RwLockReadGuard::try_map(guard, |list| list.get(1)).unwrap();
    /// assert_eq!(*second, 2);
    /// ```
    #[inline]
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        match this.held.try_map(f) {
            Ok(part) => Ok(RwLockReadGuard::erased(part)),
            Err(held) => Err(Self::erased(held)),
        }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    pub(super) fn new(held: Shared<Arc<RwLock<T>>, U>) -> Self {
        Self { held }
    }

    /// Narrows the guard to a part of the value. Call it as `OwnedRwLockReadGuard::map(guard, …)`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use heist::sync::{OwnedRwLockReadGuard, RwLock};
    ///
    /// let pair = Arc::new(RwLock::new((1, "one")));
    /// let number = OwnedRwLockReadGuard::map(pair.try_read_owned().unwrap(), |pair| &pair.0);
    /// assert_eq!(*number, 1);
    /// ```
    #[inline]
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, V>
    where
        F: FnOnce(&U) -> &V,
    {
        match Self::try_map(this, |value| Some(f(value))) {
            Ok(part) => part,
            Err(_) => unreachable!("a part was found"),
        }
    }

    /// Narrows the guard to a part of the value if `f` finds one. Call it as `OwnedRwLockReadGuard::try_map(guard, …)`.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` returns `None`.
    #[inline]
    pub fn try_map<F, V: ?Sized>(this: Self, f: F) -> Result<OwnedRwLockReadGuard<T, V>, Self>
    where
        F: FnOnce(&U) -> Option<&V>,
    {
        match this.held.try_map(f) {
            Ok(held) => Ok(OwnedRwLockReadGuard { held }),
            Err(held) => Err(Self { held }),
        }
    }

    /// The lock that is locked. Call it as `OwnedRwLockReadGuard::rwlock(&guard)`.
    #[inline]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.held.keeper()
    }
}

reads_as_value!(RwLockReadGuard<'_, T>, T, T: ?Sized);
reads_as_value!(OwnedRwLockReadGuard<T, U>, U, T: ?Sized, U: ?Sized);
