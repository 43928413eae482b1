//! The guards of a [`RwLock`] that is locked for writing.
//!
//! A guard of the whole value can be downgraded to one for reading; a mapped one cannot, for others would see the rest
//! of the value while it may still be half written.

use std::marker::PhantomData;
use std::ops::DerefMut;

use heist_primitive::sync::StdArc as Arc;

use super::{OwnedRwLockReadGuard, RwLock, RwLockReadGuard, reads_as_value};
use crate::sync::batch::Batch;
use crate::sync::guarded::Exclusive;

/// The access to a [`RwLock`] that is locked for writing; dropping it unlocks.
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    held: Exclusive<&'a RwLock<T>, T>,
}

/// The access to a [`RwLock`] that is locked for writing that keeps its share of the lock alive; dropping it
/// unlocks.
#[clippy::has_significant_drop]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    held: Exclusive<Arc<RwLock<T>>, T>,
}

/// The access to a part of a [`RwLock`] that is locked for writing; dropping it unlocks. Made by
/// [`RwLockWriteGuard::map`].
#[clippy::has_significant_drop]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    held: Exclusive<&'a Batch, T>,
    /// For another thread only if the part may be shared with it, too, as it is for a guard of the whole.
    part: PhantomData<(&'a mut T, &'a T)>,
}

/// The access to a part of a [`RwLock`] that is locked for writing that keeps its share of the lock alive; dropping
/// it unlocks. Made by [`OwnedRwLockWriteGuard::map`].
#[clippy::has_significant_drop]
pub struct OwnedRwLockMappedWriteGuard<T: ?Sized, U: ?Sized = T> {
    held: Exclusive<Arc<RwLock<T>>, U>,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    pub(super) fn new(held: Exclusive<&'a RwLock<T>, T>) -> Self {
        Self { held }
    }

    /// Narrows the guard to a part of the value. Call it as `RwLockWriteGuard::map(guard, …)`.
    ///
    /// ```
    /// use heist::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let pair = RwLock::new((1, "one"));
    /// let mut number = RwLockWriteGuard::map(pair.try_write().unwrap(), |pair| &mut pair.0);
    /// *number = 2;
    /// drop(number);
    /// assert_eq!(pair.into_inner(), (2, "one"));
    /// ```
    #[inline]
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        RwLockMappedWriteGuard::new(this.held.map(f).erase())
    }

    /// Keeps a part of the value, and that only for reading: others may read from now on. Call it as
    /// `RwLockWriteGuard::downgrade_map(guard, …)`. No writer gets in between.
    ///
    /// ```
    /// use heist::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let pair = RwLock::new((1, "one"));
    /// let number = RwLockWriteGuard::downgrade_map(pair.try_write().unwrap(), |pair| &pair.0);
    /// assert_eq!(*number + pair.try_read().unwrap().0, 2);
    /// ```
    #[inline]
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        match Self::try_downgrade_map(this, |value| Some(f(value))) {
            Ok(part) => part,
            Err(_) => unreachable!("a part was found"),
        }
    }

    /// Narrows the guard to a part of the value if `f` finds one. Call it as `RwLockWriteGuard::try_map(guard, …)`.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` returns `None`.
    #[inline]
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match this.held.try_map(f) {
            Ok(part) => Ok(RwLockMappedWriteGuard::new(part.erase())),
            Err(held) => Err(Self { held }),
        }
    }

    /// [`downgrade_map`](Self::downgrade_map) if `f` finds a part.
    ///
    /// # Errors
    ///
    /// The guard as it was, still for writing, if `f` returns `None`.
    #[inline]
    pub fn try_downgrade_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        match this.held.try_share_map(f) {
            Ok(part) => Ok(RwLockReadGuard::erased(part.erase())),
            Err(held) => Err(Self { held }),
        }
    }

    /// The same guard as a mapped one, of the whole value.
    #[inline]
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        Self::map(this, |value| value)
    }

    /// Keeps the lock for reading: others may read from now on, and no writer gets in between.
    ///
    /// ```
    /// use heist::sync::RwLock;
    ///
    /// # heist_executor::park::block_on(async {
    /// let lock = RwLock::new(1);
    /// let mut writes = lock.write().await;
    /// *writes = 2;
    /// let reads = writes.downgrade();
    /// assert_eq!(*reads + *lock.read().await, 4);
    /// # });
    /// ```
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        Self::downgrade_map(self, |value| value)
    }
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    pub(super) fn new(held: Exclusive<Arc<RwLock<T>>, T>) -> Self {
        Self { held }
    }

    /// Narrows the guard to a part of the value. Call it as `OwnedRwLockWriteGuard::map(guard, …)`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use heist::sync::{OwnedRwLockWriteGuard, RwLock};
    ///
    /// let pair = Arc::new(RwLock::new((1, "one")));
    /// *OwnedRwLockWriteGuard::map(pair.clone().try_write_owned().unwrap(), |pair| &mut pair.0) = 2;
    /// assert_eq!(pair.try_read().unwrap().0, 2);
    /// ```
    #[inline]
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        OwnedRwLockMappedWriteGuard {
            held: this.held.map(f),
        }
    }

    /// Keeps a part of the value, and that only for reading: see [`RwLockWriteGuard::downgrade_map`]. Call it as
    /// `OwnedRwLockWriteGuard::downgrade_map(guard, …)`.
    #[inline]
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, U>
    where
        F: FnOnce(&T) -> &U,
    {
        match Self::try_downgrade_map(this, |value| Some(f(value))) {
            Ok(part) => part,
            Err(_) => unreachable!("a part was found"),
        }
    }

    /// Narrows the guard to a part of the value if `f` finds one. Call it as
    /// `OwnedRwLockWriteGuard::try_map(guard, …)`.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` returns `None`.
    #[inline]
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<OwnedRwLockMappedWriteGuard<T, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match this.held.try_map(f) {
            Ok(held) => Ok(OwnedRwLockMappedWriteGuard { held }),
            Err(held) => Err(Self { held }),
        }
    }

    /// [`downgrade_map`](Self::downgrade_map) if `f` finds a part.
    ///
    /// # Errors
    ///
    /// The guard as it was, still for writing, if `f` returns `None`.
    #[inline]
    pub fn try_downgrade_map<F, U: ?Sized>(this: Self, f: F) -> Result<OwnedRwLockReadGuard<T, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        match this.held.try_share_map(f) {
            Ok(held) => Ok(OwnedRwLockReadGuard::new(held)),
            Err(held) => Err(Self { held }),
        }
    }

    /// The same guard as a mapped one, of the whole value.
    #[inline]
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T> {
        Self::map(this, |value| value)
    }

    /// Keeps the lock for reading: others may read from now on, and no writer gets in between.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use heist::sync::RwLock;
    ///
    /// # heist_executor::park::block_on(async {
    /// let lock = Arc::new(RwLock::new(1));
    /// let reads = lock.clone().write_owned().await.downgrade();
    /// assert_eq!(*reads + *lock.read().await, 2);
    /// # });
    /// ```
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        Self::downgrade_map(self, |value| value)
    }

    /// The lock that is locked. Call it as `OwnedRwLockWriteGuard::rwlock(&guard)`.
    #[inline]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.held.keeper()
    }
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    fn new(held: Exclusive<&'a Batch, T>) -> Self {
        Self {
            held,
            part: PhantomData,
        }
    }

    /// Narrows the guard further. Call it as `RwLockMappedWriteGuard::map(guard, …)`.
    #[inline]
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        RwLockMappedWriteGuard::new(this.held.map(f))
    }

    /// Narrows the guard further if `f` finds a part. Call it as `RwLockMappedWriteGuard::try_map(guard, …)`.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` returns `None`.
    #[inline]
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match this.held.try_map(f) {
            Ok(part) => Ok(RwLockMappedWriteGuard::new(part)),
            Err(held) => Err(Self::new(held)),
        }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockMappedWriteGuard<T, U> {
    /// Narrows the guard further. Call it as `OwnedRwLockMappedWriteGuard::map(guard, …)`.
    #[inline]
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, V>
    where
        F: FnOnce(&mut U) -> &mut V,
    {
        OwnedRwLockMappedWriteGuard {
            held: this.held.map(f),
        }
    }

    /// Narrows the guard further if `f` finds a part. Call it as `OwnedRwLockMappedWriteGuard::try_map(guard, …)`.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` returns `None`.
    #[inline]
    pub fn try_map<F, V: ?Sized>(this: Self, f: F) -> Result<OwnedRwLockMappedWriteGuard<T, V>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut V>,
    {
        match this.held.try_map(f) {
            Ok(held) => Ok(OwnedRwLockMappedWriteGuard { held }),
            Err(held) => Err(Self { held }),
        }
    }

    /// The lock that is locked. Call it as `OwnedRwLockMappedWriteGuard::rwlock(&guard)`.
    #[inline]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.held.keeper()
    }
}

/// A guard is written as the value it guards.
macro_rules! writes_as_value {
    ($guard:ty, $value:ident, $($generics:tt)*) => {
        reads_as_value!($guard, $value, $($generics)*);

        impl<$($generics)*> DerefMut for $guard {
            #[inline]
            fn deref_mut(&mut self) -> &mut $value {
                &mut self.held
            }
        }
    };
}

writes_as_value!(RwLockWriteGuard<'_, T>, T, T: ?Sized);
writes_as_value!(OwnedRwLockWriteGuard<T>, T, T: ?Sized);
writes_as_value!(RwLockMappedWriteGuard<'_, T>, T, T: ?Sized);
writes_as_value!(OwnedRwLockMappedWriteGuard<T, U>, U, T: ?Sized, U: ?Sized);
