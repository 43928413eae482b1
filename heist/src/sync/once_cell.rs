//! [`OnceCell`]: a value that the first task which needs it makes, while the others wait.
//!
//! ```text
//!           (1) the one permit               (2) set, and the semaphore is closed
//!   empty ──────────────────────► making ─────────────────────────────────────► set
//!     ▲                             │
//!     └─────────────────────────────┘ (3) the maker fails, panics or is dropped: the next one makes it
//! ```
//!
//! Invariants
//!
//! - I1: only the holder of the one permit sets the value, and then closes the semaphore without giving it back.
//! - I2: so whoever is refused a permit finds the value.
//!
//! The value itself is a `Once` of guarded/once.rs. Model: `one_makes_it_and_all_see_it` in
//! loom-tests/tests/sync_once_cell.rs.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;

use super::batch::{Batch, TryAcquireError};
use super::guarded::Once;

/// A value that is made once, asynchronously, by the first task that needs it.
///
/// ```
/// use heist::sync::OnceCell;
///
/// static ANSWER: OnceCell<u32> = OnceCell::const_new();
///
/// async fn answer() -> &'static u32 {
///     ANSWER.get_or_init(|| async { 42 }).await
/// }
///
/// # heist_executor::park::block_on(async {
/// assert_eq!(*answer().await, 42);
/// assert_eq!(*answer().await, 42);
/// # });
/// ```
pub struct OnceCell<T> {
    value: Once<T>,
    making: Batch,
}

/// The error of [`OnceCell::set`]. The value comes back.
#[derive(Debug, PartialEq, Eq)]
pub enum SetError<T> {
    /// The cell has a value.
    AlreadyInitializedError(T),
    /// A task is making the value.
    InitializingError(T),
}

/// The permit to make the value; gives it back when dropped.
struct Maker<'a, T> {
    cell: &'a OnceCell<T>,
}

impl<'a, T> Maker<'a, T> {
    /// Sets the value (I1).
    fn set(self, value: T) -> &'a T {
        let cell = self.cell;
        if cell.value.set(value).is_err() {
            unreachable!("I1: only one sets the value");
        }
        std::mem::forget(self);
        cell.making.close();
        cell.made()
    }
}

impl<T> Drop for Maker<'_, T> {
    fn drop(&mut self) {
        self.cell.making.release(1);
    }
}

impl<T> OnceCell<T> {
    /// Makes a cell without a value.
    pub fn new() -> Self {
        Self::new_with(None)
    }

    /// Makes a cell that has the value, if there is one.
    ///
    /// ```
    /// let cell = heist::sync::OnceCell::new_with(Some(1));
    /// assert_eq!(cell.get(), Some(&1));
    /// ```
    pub fn new_with(value: Option<T>) -> Self {
        Self {
            value: Once::new(value),
            making: Batch::new(1),
        }
    }

    /// Whether the cell has a value.
    pub fn initialized(&self) -> bool {
        self.value.is_set()
    }

    /// The value, if there is one.
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value, if there is one, through an exclusive borrow.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Sets the value of an empty cell.
    ///
    /// # Errors
    ///
    /// If there is a value, or a task is making one.
    ///
    /// ```
    /// use heist::sync::{OnceCell, SetError};
    ///
    /// let cell = OnceCell::new();
    /// assert_eq!(cell.set(1), Ok(()));
    /// assert_eq!(cell.set(2), Err(SetError::AlreadyInitializedError(2)));
    /// ```
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        if self.initialized() {
            return Err(SetError::AlreadyInitializedError(value));
        }
        match self.making.try_acquire(1) {
            Ok(()) => {
                Maker { cell: self }.set(value);
                Ok(())
            }
            Err(TryAcquireError::NoPermits) => Err(SetError::InitializingError(value)),
            Err(TryAcquireError::Closed) => Err(SetError::AlreadyInitializedError(value)),
        }
    }

    /// The value; if there is none, makes it by `f`, or waits for the task that is making it.
    ///
    /// A task that gives up making it, by panicking or being dropped, lets the next one run its own `f`. An `f` that
    /// asks for the value of the same cell waits forever.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing but what `f` had done.
    pub async fn get_or_init<F, Fut>(&self, f: F) -> &T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let made = self
            .get_or_try_init(|| async { Ok::<T, Infallible>(f().await) })
            .await;
        match made {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// [`get_or_init`](Self::get_or_init) with an `f` that may fail, which leaves the cell empty for the next one.
    ///
    /// # Errors
    ///
    /// What `f` returns.
    ///
    /// # Cancel safety
    ///
    /// As for [`get_or_init`](Self::get_or_init).
    ///
    /// ```
    /// use heist::sync::OnceCell;
    ///
    /// # heist_executor::park::block_on(async {
    /// let cell = OnceCell::new();
    /// let failed = cell.get_or_try_init(|| async { "x".parse::<u32>() }).await;
    /// assert!(failed.is_err());
    /// let made = cell.get_or_try_init(|| async { "7".parse::<u32>() }).await;
    /// assert_eq!(made, Ok(&7));
    /// # });
    /// ```
    pub async fn get_or_try_init<E, F, Fut>(&self, f: F) -> Result<&T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        match self.making.acquire(1).await {
            Ok(()) => {
                let maker = Maker { cell: self };
                let value = f().await?;
                Ok(maker.set(value))
            }
            Err(_) => Ok(self.made()),
        }
    }

    /// The value, if there is one.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Takes the value out and leaves the cell empty.
    ///
    /// ```
    /// let mut cell = heist::sync::OnceCell::new_with(Some(1));
    /// assert_eq!(cell.take(), Some(1));
    /// assert!(!cell.initialized());
    /// ```
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }

    /// The value of a cell whose semaphore is closed (I2).
    fn made(&self) -> &T {
        match self.get() {
            Some(value) => value,
            None => unreachable!("I2: the semaphore is closed after the value is set"),
        }
    }
}

/// For statics. loom's primitives have no constant constructors.
#[cfg(not(heist_loom))]
impl<T> OnceCell<T> {
    /// [`new`](Self::new) in a constant or a static.
    pub const fn const_new() -> Self {
        Self {
            value: Once::const_new(None),
            making: Batch::const_new(1),
        }
    }

    /// A cell with a value, in a constant or a static.
    ///
    /// ```
    /// use heist::sync::OnceCell;
    ///
    /// static ONE: OnceCell<u32> = OnceCell::const_new_with(1);
    /// assert_eq!(ONE.get(), Some(&1));
    /// ```
    pub const fn const_new_with(value: T) -> Self {
        Self {
            value: Once::const_new(Some(value)),
            making: Batch::const_new(1),
        }
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        Self::new_with(Some(value))
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCell").field("value", &self.get()).finish()
    }
}

impl<T> SetError<T> {
    /// Whether the cell had a value.
    pub fn is_already_init_err(&self) -> bool {
        matches!(self, Self::AlreadyInitializedError(_))
    }

    /// Whether a task was making the value.
    pub fn is_initializing_err(&self) -> bool {
        matches!(self, Self::InitializingError(_))
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyInitializedError(_) => "AlreadyInitializedError",
            Self::InitializingError(_) => "InitializingError",
        })
    }
}

impl<T: fmt::Debug> Error for SetError<T> {}
