//! [`Mutex`]: a lock that a task may hold while it waits for something else.
//!
//! ```text
//!   Mutex { Guarded { semaphore of one permit, value } }
//!     lock, try_lock               ──► MutexGuard       ── map ──► MappedMutexGuard
//!     lock_owned, try_lock_owned   ──► OwnedMutexGuard  ── map ──► OwnedMappedMutexGuard
//! ```
//!
//! All four guards are an `Exclusive` of guarded/lock.rs, where the invariants are.
//!
//! Deliberately absent: poisoning. A panic while a guard is held unlocks the mutex.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use heist_primitive::cell::UnsafeCell;
use heist_primitive::sync::StdArc as Arc;

use super::batch::Batch;
use super::blocking;
use super::guarded::{self, Exclusive, Guarded};

/// A mutual exclusion lock whose `lock` waits without blocking the thread, and whose guard may be held across an
/// `.await`.
///
/// It is fair: tasks get the lock in the order in which they asked for it. There is no poisoning: a task that
/// panics with the guard in its hands unlocks the mutex on the way.
///
/// # Which mutex
///
/// A mutex from std or parking_lot is cheaper and is right wherever the guard is *not* held across an `.await`, which
/// is most data that tasks share. This one is for resources that are used asynchronously while locked, such as a
/// connection.
///
/// ```
/// use std::sync::Arc;
/// use heist::sync::Mutex;
///
/// # heist_executor::park::block_on(async {
/// let counter = Arc::new(Mutex::new(0));
/// let theirs = counter.clone();
/// let thread = std::thread::spawn(move || *theirs.blocking_lock() += 1);
/// *counter.lock().await += 1;
/// thread.join().unwrap();
/// assert_eq!(*counter.lock().await, 2);
/// # });
/// ```
pub struct Mutex<T: ?Sized> {
    guarded: Guarded<T>,
}

/// The access to a locked [`Mutex`]; dropping it unlocks.
#[clippy::has_significant_drop]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    held: Exclusive<&'a Mutex<T>, T>,
}

/// The access to a locked [`Mutex`] that keeps its share of the mutex alive; dropping it unlocks.
#[clippy::has_significant_drop]
pub struct OwnedMutexGuard<T: ?Sized> {
    held: Exclusive<Arc<Mutex<T>>, T>,
    /// As shareable as the value, as for a plain guard.
    value: PhantomData<Box<T>>,
}

/// The access to a part of a locked [`Mutex`]; dropping it unlocks. Made by [`MutexGuard::map`].
#[clippy::has_significant_drop]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    held: Exclusive<&'a Batch, T>,
    part: PhantomData<&'a mut T>,
}

/// The access to a part of a locked [`Mutex`] that keeps its share of the mutex alive; dropping it unlocks. Made
/// by [`OwnedMutexGuard::map`].
#[clippy::has_significant_drop]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T> {
    held: Exclusive<Arc<Mutex<T>>, U>,
    /// As shareable as the whole value, as for a plain guard.
    whole: PhantomData<Box<T>>,
}

/// The error of [`Mutex::try_lock`] and [`Mutex::try_lock_owned`]: the mutex is locked.
#[derive(Debug)]
pub struct TryLockError(pub(super) ());

impl<T: ?Sized> Mutex<T> {
    /// Makes an unlocked mutex.
    ///
    /// ```
    /// let lock = heist::sync::Mutex::new(5);
    /// assert_eq!(lock.into_inner(), 5);
    /// ```
    #[track_caller]
    pub fn new(value: T) -> Self
    where
        T: Sized,
    {
        Self {
            guarded: Guarded::new(Batch::new(1), 1, UnsafeCell::new(value)),
        }
    }

    #[inline]
    pub(super) fn guarded(&self) -> &Guarded<T> {
        &self.guarded
    }

    /// Locks, waiting in line for it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait gives up the place in the line.
    ///
    /// ```
    /// use heist::sync::Mutex;
    ///
    /// # heist_executor::park::block_on(async {
    /// let mutex = Mutex::new(1);
    /// let mut guard = mutex.lock().await;
    /// *guard = 2;
    /// # });
    /// ```
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard {
            held: guarded::lock(self).await,
        }
    }

    /// Locks from a thread outside of asynchronous code, which it blocks meanwhile.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`lock`](Self::lock).
    ///
    /// ```
    /// let mutex = heist::sync::Mutex::new(1);
    /// *mutex.blocking_lock() += 1;
    /// assert_eq!(*mutex.blocking_lock(), 2);
    /// ```
    #[track_caller]
    #[doc(alias = "lock_blocking")]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        blocking::block_on("`Mutex::blocking_lock`", self.lock())
    }

    /// [`blocking_lock`](Self::blocking_lock) with a guard that keeps its share of the mutex alive.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`lock_owned`](Self::lock_owned).
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        blocking::block_on("`Mutex::blocking_lock_owned`", self.lock_owned())
    }

    /// [`lock`](Self::lock) with a guard that keeps its share of the mutex alive, so it can move to another task.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait gives up the place in the line.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use heist::sync::Mutex;
    ///
    /// # heist_executor::park::block_on(async {
    /// let mutex = Arc::new(Mutex::new(1));
    /// let guard = mutex.clone().lock_owned().await;
    /// std::thread::spawn(move || drop(guard));
    /// assert_eq!(*mutex.lock().await, 1);
    /// # });
    /// ```
    pub async fn lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        OwnedMutexGuard {
            held: guarded::lock(self).await,
            value: PhantomData,
        }
    }

    /// Locks if the mutex is free now and nobody waits for it.
    ///
    /// # Errors
    ///
    /// If it is locked.
    ///
    /// ```
    /// let mutex = heist::sync::Mutex::new(1);
    /// let guard = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_err());
    /// # drop(guard);
    /// ```
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        match guarded::try_lock(self) {
            Ok(held) => Ok(MutexGuard { held }),
            Err(_) => Err(TryLockError(())),
        }
    }

    /// The value, through an exclusive borrow: no locking needed.
    ///
    /// ```
    /// let mut mutex = heist::sync::Mutex::new(1);
    /// *mutex.get_mut() = 10;
    /// assert_eq!(mutex.into_inner(), 10);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.guarded.get_mut()
    }

    /// [`try_lock`](Self::try_lock) with a guard that keeps its share of the mutex alive.
    ///
    /// # Errors
    ///
    /// If it is locked.
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        match guarded::try_lock(self) {
            Ok(held) => Ok(OwnedMutexGuard {
                held,
                value: PhantomData,
            }),
            Err(_) => Err(TryLockError(())),
        }
    }

    /// Unwraps the value.
    pub fn into_inner(self) -> T
    where
        T: Sized,
    {
        self.guarded.into_inner()
    }
}

/// For statics. loom's primitives have no constant constructors.
#[cfg(not(heist_loom))]
impl<T> Mutex<T> {
    /// [`new`](Self::new) in a constant or a static.
    ///
    /// ```
    /// use heist::sync::Mutex;
    ///
    /// static NAMES: Mutex<Vec<String>> = Mutex::const_new(Vec::new());
    /// NAMES.try_lock().unwrap().push("heist".to_owned());
    /// ```
    pub const fn const_new(value: T) -> Self {
        Self {
            guarded: Guarded::new(Batch::const_new(1), 1, UnsafeCell::new(value)),
        }
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => out.field("data", &&*guard),
            Err(_) => out.field("data", &format_args!("<locked>")),
        };
        out.finish()
    }
}

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("operation would block")
    }
}

impl Error for TryLockError {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Narrows the guard to a part of the value. Call it as `MutexGuard::map(guard, …)`.
    ///
    /// ```
    /// use heist::sync::{Mutex, MutexGuard};
    ///
    /// let pair = Mutex::new((1, "one"));
    /// let mut number = MutexGuard::map(pair.try_lock().unwrap(), |pair| &mut pair.0);
    /// *number = 2;
    /// drop(number);
    /// assert_eq!(pair.into_inner(), (2, "one"));
    /// ```
    #[inline]
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        MappedMutexGuard {
            held: this.held.map(f).erase(),
            part: PhantomData,
        }
    }

    /// Narrows the guard to a part of the value if `f` finds one. Call it as `MutexGuard::try_map(guard, …)`.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` returns `None`.
    #[inline]
    pub fn try_map<U, F>(this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match this.held.try_map(f) {
            Ok(part) => Ok(MappedMutexGuard {
                held: part.erase(),
                part: PhantomData,
            }),
            Err(held) => Err(Self { held }),
        }
    }

    /// The mutex that is locked. Call it as `MutexGuard::mutex(&guard)`.
    #[inline]
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.held.keeper()
    }
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// Narrows the guard to a part of the value. Call it as `OwnedMutexGuard::map(guard, …)`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use heist::sync::{Mutex, OwnedMutexGuard};
    ///
    /// let pair = Arc::new(Mutex::new((1, "one")));
    /// let number = OwnedMutexGuard::map(pair.try_lock_owned().unwrap(), |pair| &mut pair.0);
    /// assert_eq!(*number, 1);
    /// ```
    #[inline]
    pub fn map<U, F>(this: Self, f: F) -> OwnedMappedMutexGuard<T, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        OwnedMappedMutexGuard {
            held: this.held.map(f),
            whole: PhantomData,
        }
    }

    /// Narrows the guard to a part of the value if `f` finds one. Call it as `OwnedMutexGuard::try_map(guard, …)`.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` returns `None`.
    #[inline]
    pub fn try_map<U, F>(this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match this.held.try_map(f) {
            Ok(held) => Ok(OwnedMappedMutexGuard {
                held,
                whole: PhantomData,
            }),
            Err(held) => Err(Self {
                held,
                value: PhantomData,
            }),
        }
    }

    /// The mutex that is locked. Call it as `OwnedMutexGuard::mutex(&guard)`.
    #[inline]
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        this.held.keeper()
    }
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// Narrows the guard further. Call it as `MappedMutexGuard::map(guard, …)`.
    #[inline]
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        MappedMutexGuard {
            held: this.held.map(f),
            part: PhantomData,
        }
    }

    /// Narrows the guard further if `f` finds a part. Call it as `MappedMutexGuard::try_map(guard, …)`.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` returns `None`.
    #[inline]
    pub fn try_map<U, F>(this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match this.held.try_map(f) {
            Ok(held) => Ok(MappedMutexGuard {
                held,
                part: PhantomData,
            }),
            Err(held) => Err(Self {
                held,
                part: PhantomData,
            }),
        }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    /// Narrows the guard further. Call it as `OwnedMappedMutexGuard::map(guard, …)`.
    #[inline]
    pub fn map<S, F>(this: Self, f: F) -> OwnedMappedMutexGuard<T, S>
    where
        S: ?Sized,
        F: FnOnce(&mut U) -> &mut S,
    {
        OwnedMappedMutexGuard {
            held: this.held.map(f),
            whole: PhantomData,
        }
    }

    /// Narrows the guard further if `f` finds a part. Call it as `OwnedMappedMutexGuard::try_map(guard, …)`.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` returns `None`.
    #[inline]
    pub fn try_map<S, F>(this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, S>, Self>
    where
        S: ?Sized,
        F: FnOnce(&mut U) -> Option<&mut S>,
    {
        match this.held.try_map(f) {
            Ok(held) => Ok(OwnedMappedMutexGuard {
                held,
                whole: PhantomData,
            }),
            Err(held) => Err(Self {
                held,
                whole: PhantomData,
            }),
        }
    }
}

/// A guard is used as the value it guards.
macro_rules! acts_as_value {
    ($guard:ty, $value:ident, $($generics:tt)*) => {
        impl<$($generics)*> Deref for $guard {
            type Target = $value;
            #[inline]
            fn deref(&self) -> &$value {
                &self.held
            }
        }

        impl<$($generics)*> DerefMut for $guard {
            #[inline]
            fn deref_mut(&mut self) -> &mut $value {
                &mut self.held
            }
        }

        impl<$($generics)*> fmt::Debug for $guard
        where
            $value: fmt::Debug,
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($generics)*> fmt::Display for $guard
        where
            $value: fmt::Display,
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

acts_as_value!(MutexGuard<'_, T>, T, T: ?Sized);
acts_as_value!(OwnedMutexGuard<T>, T, T: ?Sized);
acts_as_value!(MappedMutexGuard<'_, T>, T, T: ?Sized);
acts_as_value!(OwnedMappedMutexGuard<T, U>, U, T: ?Sized, U: ?Sized);
