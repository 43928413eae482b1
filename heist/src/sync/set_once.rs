//! [`SetOnce`]: a value that is set once, and that others may wait for.
//!
//! Invariants
//!
//! - I1: the notification comes after the value is set, and whoever waits asks for it before looking for the value: so
//!   nobody sleeps through it.
//!
//! The value itself is a `Once` of guarded/once.rs. Model: `a_waiter_gets_the_value` in
//! loom-tests/tests/sync_set_once.rs.

use std::error::Error;
use std::fmt;

use super::budget::within_budget;
use super::guarded::Once;
use super::notify::Notify;

/// A value that is set once, by whoever comes first; others may wait for it.
///
/// Unlike an [`OnceCell`](super::OnceCell) it is not the ones who need the value that make it.
///
/// ```
/// use std::sync::Arc;
/// use heist::sync::SetOnce;
///
/// # heist_executor::park::block_on(async {
/// let port = Arc::new(SetOnce::new());
/// let theirs = port.clone();
/// std::thread::spawn(move || theirs.set(8080).unwrap());
/// assert_eq!(*port.wait().await, 8080);
/// assert!(port.set(80).is_err());
/// # });
/// ```
pub struct SetOnce<T> {
    value: Once<T>,
    set: Notify,
}

/// The error of [`SetOnce::set`]: there is a value already. The new one comes back.
#[derive(Debug, PartialEq, Eq)]
pub struct SetOnceError<T>(pub T);

impl<T> SetOnce<T> {
    /// Makes one without a value.
    pub fn new() -> Self {
        Self::new_with(None)
    }

    /// Makes one that has the value, if there is one.
    ///
    /// ```
    /// let set = heist::sync::SetOnce::new_with(Some(1));
    /// assert_eq!(set.get(), Some(&1));
    /// ```
    pub fn new_with(value: Option<T>) -> Self {
        Self {
            value: Once::new(value),
            set: Notify::new(),
        }
    }

    /// Whether there is a value.
    pub fn initialized(&self) -> bool {
        self.value.is_set()
    }

    /// The value, if it is set.
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// Sets the value and wakes all who wait for it.
    ///
    /// # Errors
    ///
    /// If there is a value; also if another thread sets one at the same time and is first.
    pub fn set(&self, value: T) -> Result<(), SetOnceError<T>> {
        self.value.set(value).map_err(SetOnceError)?;
        self.set.notify_waiters();
        Ok(())
    }

    /// The value, if it was set.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Waits until the value is set.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing.
    pub async fn wait(&self) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        within_budget(async {
            loop {
                let set = self.set.notified();
                if let Some(value) = self.get() {
                    return value;
                }
                set.await;
            }
        })
        .await
    }
}

/// For statics. loom's primitives have no constant constructors.
#[cfg(not(heist_loom))]
impl<T> SetOnce<T> {
    /// [`new`](Self::new) in a constant or a static.
    ///
    /// ```
    /// use heist::sync::SetOnce;
    ///
    /// static PORT: SetOnce<u16> = SetOnce::const_new();
    /// PORT.set(8080).unwrap();
    /// ```
    pub const fn const_new() -> Self {
        Self {
            value: Once::const_new(None),
            set: Notify::const_new(),
        }
    }

    /// One with a value, in a constant or a static.
    ///
    /// ```
    /// use heist::sync::SetOnce;
    ///
    /// static PORT: SetOnce<u16> = SetOnce::const_new_with(8080);
    /// assert_eq!(PORT.get(), Some(&8080));
    /// ```
    pub const fn const_new_with(value: T) -> Self {
        Self {
            value: Once::const_new(Some(value)),
            set: Notify::const_new(),
        }
    }
}

impl<T> Default for SetOnce<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for SetOnce<T> {
    fn from(value: T) -> Self {
        Self::new_with(Some(value))
    }
}

impl<T: Clone> Clone for SetOnce<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for SetOnce<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for SetOnce<T> {}

impl<T: fmt::Debug> fmt::Debug for SetOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetOnce").field("value", &self.get()).finish()
    }
}

impl<T> fmt::Display for SetOnceError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetOnceError")
    }
}

impl<T: fmt::Debug> Error for SetOnceError<T> {}
