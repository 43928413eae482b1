//! [`RwLock`]: a value that many tasks read or one task writes, also across an `.await`.
//!
//! ```text
//!   RwLock { Shareable { semaphore of max_readers permits, value } }
//!     read,  read_owned   (one permit)    ──► (Owned)RwLockReadGuard  ── map ──► itself
//!     write, write_owned  (all permits)   ──► (Owned)RwLockWriteGuard ── map ──► (Owned)RwLockMappedWriteGuard
//!                                                    └── downgrade ──► (Owned)RwLockReadGuard
//! ```
//!
//! The guards, in read.rs and write.rs, are a `Shared` or an `Exclusive` of guarded/, where the invariants are. The order
//! of arrival is the semaphore's: a writer that waits holds up the readers that come after it.
//!
//! Deliberately absent: poisoning, and an upgrade from reading to writing: two who both want one would wait for each
//! other forever.

mod read;
mod write;

use std::fmt;

use heist_primitive::cell::UnsafeCell;
use heist_primitive::sync::StdArc as Arc;

use super::batch::Batch;
use super::blocking;
use super::guarded::{self, Shareable};
use super::mutex::TryLockError;

pub use read::{OwnedRwLockReadGuard, RwLockReadGuard};
pub use write::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLockMappedWriteGuard, RwLockWriteGuard,
};

/// The most readers at a time.
const MAX_READERS: u32 = u32::MAX >> 3;

/// A lock that any number of readers or one writer may hold, also across an `.await`.
///
/// It is fair: tasks get the lock in the order in which they asked for it, so a writer that waits is not overtaken by
/// readers that come later. That also means that a task which has a read guard and asks for another one may wait for a
/// writer that waits for the first: don't nest them. There is no poisoning: a panic with a guard in hand unlocks.
///
/// As for [`Mutex`](super::Mutex), a lock from std or parking_lot is cheaper and is right wherever no guard is held
/// across an `.await`.
///
/// ```
/// use heist::sync::RwLock;
///
/// # heist_executor::park::block_on(async {
/// let lock = RwLock::new(5);
/// {
///     let first = lock.read().await;
///     let second = lock.read().await;
///     assert_eq!(*first + *second, 10);
/// }
/// *lock.write().await += 1;
/// assert_eq!(*lock.read().await, 6);
/// # });
/// ```
pub struct RwLock<T: ?Sized> {
    value: Shareable<T>,
}

impl<T: ?Sized> RwLock<T> {
    /// Makes an unlocked lock that up to 2²⁹ − 1 readers may hold.
    ///
    /// ```
    /// let lock = heist::sync::RwLock::new(5);
    /// assert_eq!(lock.into_inner(), 5);
    /// ```
    #[track_caller]
    pub fn new(value: T) -> Self
    where
        T: Sized,
    {
        Self::with_max_readers(value, MAX_READERS)
    }

    /// Makes an unlocked lock that up to `max_reads` readers may hold at a time.
    ///
    /// # Panics
    ///
    /// If `max_reads` is 0 or more than 2²⁹ − 1.
    ///
    /// ```
    /// use heist::sync::RwLock;
    ///
    /// let lock = RwLock::with_max_readers(5, 1);
    /// let first = lock.try_read().unwrap();
    /// assert!(lock.try_read().is_err());
    /// # drop(first);
    /// ```
    #[track_caller]
    pub fn with_max_readers(value: T, max_reads: u32) -> Self
    where
        T: Sized,
    {
        assert_ne!(
            max_reads, 0,
            "a RwLock may not be created with 0 readers: allow at least 1"
        );
        assert!(
            max_reads <= MAX_READERS,
            "a RwLock may not be created with more than {MAX_READERS} readers"
        );
        let permits = max_reads as usize;
        Self {
            value: Shareable::new(Batch::new(permits), permits, UnsafeCell::new(value)),
        }
    }

    #[inline]
    pub(super) fn shareable(&self) -> &Shareable<T> {
        &self.value
    }

    /// Locks for reading, waiting in line for it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait gives up the place in the line.
    ///
    /// ```
    /// use heist::sync::RwLock;
    ///
    /// # heist_executor::park::block_on(async {
    /// let lock = RwLock::new(1);
    /// let guard = lock.read().await;
    /// assert_eq!(*guard, 1);
    /// # });
    /// ```
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        RwLockReadGuard::new(guarded::share(self).await)
    }

    /// Locks for reading from a thread outside of asynchronous code, which it blocks meanwhile.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`read`](Self::read).
    ///
    /// ```
    /// let lock = heist::sync::RwLock::new(1);
    /// assert_eq!(*lock.blocking_read(), 1);
    /// ```
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        blocking::block_on("`RwLock::blocking_read`", self.read())
    }

    /// [`read`](Self::read) with a guard that keeps its share of the lock alive, so it can move to another task.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait gives up the place in the line.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use heist::sync::RwLock;
    ///
    /// # heist_executor::park::block_on(async {
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = lock.clone().read_owned().await;
    /// std::thread::spawn(move || assert_eq!(*guard, 1)).join().unwrap();
    /// # });
    /// ```
    pub async fn read_owned(self: Arc<Self>) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard::new(guarded::share(self).await)
    }

    /// Locks for reading if that is possible now and nobody waits.
    ///
    /// # Errors
    ///
    /// If it is locked for writing, by as many readers as there may be, or wanted by a writer.
    ///
    /// ```
    /// let lock = heist::sync::RwLock::new(1);
    /// let guard = lock.try_read().unwrap();
    /// assert!(lock.try_read().is_ok());
    /// assert!(lock.try_write().is_err());
    /// # drop(guard);
    /// ```
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        let held = guarded::try_share(self).ok_or(TryLockError(()))?;
        Ok(RwLockReadGuard::new(held))
    }

    /// [`try_read`](Self::try_read) with a guard that keeps its share of the lock alive.
    ///
    /// # Errors
    ///
    /// As for [`try_read`](Self::try_read).
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        let held = guarded::try_share(self).ok_or(TryLockError(()))?;
        Ok(OwnedRwLockReadGuard::new(held))
    }

    /// Locks for writing, waiting in line for it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait gives up the place in the line; readers that waited behind it go on.
    ///
    /// ```
    /// use heist::sync::RwLock;
    ///
    /// # heist_executor::park::block_on(async {
    /// let lock = RwLock::new(1);
    /// *lock.write().await = 2;
    /// assert_eq!(lock.into_inner(), 2);
    /// # });
    /// ```
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        RwLockWriteGuard::new(guarded::lock(self).await)
    }

    /// Locks for writing from a thread outside of asynchronous code, which it blocks meanwhile.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`write`](Self::write).
    ///
    /// ```
    /// let lock = heist::sync::RwLock::new(1);
    /// *lock.blocking_write() += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        blocking::block_on("`RwLock::blocking_write`", self.write())
    }

    /// [`write`](Self::write) with a guard that keeps its share of the lock alive, so it can move to another task.
    ///
    /// # Cancel safety
    ///
    /// As for [`write`](Self::write).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use heist::sync::RwLock;
    ///
    /// # heist_executor::park::block_on(async {
    /// let lock = Arc::new(RwLock::new(1));
    /// let mut guard = lock.clone().write_owned().await;
    /// std::thread::spawn(move || *guard = 2).join().unwrap();
    /// assert_eq!(*lock.read().await, 2);
    /// # });
    /// ```
    pub async fn write_owned(self: Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        OwnedRwLockWriteGuard::new(guarded::lock(self).await)
    }

    /// Locks for writing if the lock is free now.
    ///
    /// # Errors
    ///
    /// If it is locked.
    ///
    /// ```
    /// let lock = heist::sync::RwLock::new(1);
    /// let guard = lock.try_write().unwrap();
    /// assert!(lock.try_write().is_err());
    /// # drop(guard);
    /// ```
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        match guarded::try_lock(self) {
            Ok(held) => Ok(RwLockWriteGuard::new(held)),
            Err(_) => Err(TryLockError(())),
        }
    }

    /// [`try_write`](Self::try_write) with a guard that keeps its share of the lock alive.
    ///
    /// # Errors
    ///
    /// If it is locked.
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        match guarded::try_lock(self) {
            Ok(held) => Ok(OwnedRwLockWriteGuard::new(held)),
            Err(_) => Err(TryLockError(())),
        }
    }

    /// The value, through an exclusive borrow: no locking needed.
    ///
    /// ```
    /// let mut lock = heist::sync::RwLock::new(1);
    /// *lock.get_mut() = 10;
    /// assert_eq!(lock.into_inner(), 10);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Unwraps the value.
    pub fn into_inner(self) -> T
    where
        T: Sized,
    {
        self.value.into_inner()
    }
}

/// For statics. loom's primitives have no constant constructors.
#[cfg(not(heist_loom))]
impl<T> RwLock<T> {
    /// [`new`](Self::new) in a constant or a static.
    ///
    /// ```
    /// use heist::sync::RwLock;
    ///
    /// static NAMES: RwLock<Vec<String>> = RwLock::const_new(Vec::new());
    /// NAMES.try_write().unwrap().push("heist".to_owned());
    /// ```
    pub const fn const_new(value: T) -> Self {
        Self::const_with_max_readers(value, MAX_READERS)
    }

    /// [`with_max_readers`](Self::with_max_readers) in a constant or a static.
    ///
    /// # Panics
    ///
    /// As for [`with_max_readers`](Self::with_max_readers).
    ///
    /// ```
    /// use heist::sync::RwLock;
    ///
    /// static LOCK: RwLock<i32> = RwLock::const_with_max_readers(5, 1024);
    /// ```
    #[track_caller]
    pub const fn const_with_max_readers(value: T, max_reads: u32) -> Self {
        assert!(
            max_reads != 0,
            "a RwLock may not be created with 0 readers: allow at least 1"
        );
        assert!(
            max_reads <= MAX_READERS,
            "a RwLock may not be created with more than 2^29 - 1 readers"
        );
        let permits = max_reads as usize;
        Self {
            value: Shareable::new(Batch::const_new(permits), permits, UnsafeCell::new(value)),
        }
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => out.field("data", &&*guard),
            Err(_) => out.field("data", &format_args!("<locked>")),
        };
        out.finish()
    }
}

/// A guard is read as the value it guards.
macro_rules! reads_as_value {
    ($guard:ty, $value:ident, $($generics:tt)*) => {
        impl<$($generics)*> std::ops::Deref for $guard {
            type Target = $value;
            #[inline]
            fn deref(&self) -> &$value {
                &self.held
            }
        }

        impl<$($generics)*> std::fmt::Debug for $guard
        where
            $value: std::fmt::Debug,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($generics)*> std::fmt::Display for $guard
        where
            $value: std::fmt::Display,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}
use reads_as_value;
