//! [`Condition`]: a lock, and a line of those who wait for what it guards to change.
//!
//! ```text
//!   acquire ──► guard ──(1) wait: joins the line, then lets the lock go──► in line
//!                 ▲                                                          │ (2) notify, by who has the lock
//!                 └──(4) guard again ◄── waits for the lock ◄── notified ◄───┘
//!                                             │  (3) dropped here: the notification goes to the next in line
//! ```
//!
//! Invariants
//!
//! - I1: a wait joins the line while it holds the lock. Whoever changes the value holds the lock too, so between the
//!   look at the value and the wait no notification is missed.
//! - I2: a notification is used up by a wait that ends with the lock in its hands. One that is dropped before,
//!   notified already, passes it on.
//! - I3: a notification that finds nobody in line is gone: nothing is kept for later.
//!
//! Ordering pairs: the locks. Models: loom-tests/tests/aio_condition.rs.
//!
//! Deliberately absent: notifying without the lock. In asyncio that is an error when it happens; here `notify` is a
//! method of the guard, so it does not compile.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::pin::pin;

use heist_primitive::sync::StdArc as Arc;

use super::line::{Line, Locked, State};
use crate::sync::wakers::Wakers;
use crate::sync::{Mutex, MutexGuard};

/// A value behind a lock, whose holder can wait until somebody else has changed it. `asyncio.Condition`.
///
/// ```
/// use std::sync::Arc;
/// use heist::aio::Condition;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let basket = Arc::new(Condition::new(Vec::new()));
/// let eater = heist::spawn({
///     let basket = basket.clone();
///     async move {
///         let guard = basket.acquire().await;
///         let mut guard = guard.wait_for(|basket| !basket.is_empty()).await;
///         guard.pop()
///     }
/// });
///
/// let mut guard = basket.acquire().await;
/// guard.push("apple");
/// guard.notify(1);
/// drop(guard);
/// assert_eq!(eater.await.unwrap(), Some("apple"));
/// # });
/// ```
pub struct Condition<T: ?Sized> {
    line: Line<Called>,
    lock: Arc<Mutex<T>>,
}

/// The state of the line: none beside the line itself. The answer says "notified".
struct Called;

impl State for Called {
    type Answer = ();

    fn left(locked: &mut Locked<Self>, unseen: Option<()>, wakers: &mut Wakers) {
        if unseen.is_some() {
            locked.answer_first((), wakers);
        }
    }
}

impl<T> Condition<T> {
    /// Makes a condition with a lock of its own around `value`.
    pub fn new(value: T) -> Self {
        Self::with_lock(Arc::new(Mutex::new(value)))
    }
}

impl<T: ?Sized> Condition<T> {
    /// Makes a condition on a lock that others use too: several conditions on one value, such as "not empty"
    /// and "not full".
    pub fn with_lock(lock: Arc<Mutex<T>>) -> Self {
        Self {
            line: Line::new(Called),
            lock,
        }
    }

    /// Takes the lock, waiting for it in line.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait gives up the place in the line for the lock and loses nothing else.
    pub async fn acquire(&self) -> ConditionGuard<'_, T> {
        ConditionGuard {
            value: self.lock.lock().await,
            condition: self,
        }
    }

    /// Whether somebody holds the lock.
    pub fn locked(&self) -> bool {
        self.lock.try_lock().is_err()
    }

    /// Notifies up to `n` of those in line.
    fn notify(&self, n: usize) {
        self.line
            .change(|locked, wakers| (0..n).take_while(|_| locked.answer_first((), wakers)).count());
    }
}

impl<T: fmt::Debug + ?Sized> fmt::Debug for Condition<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("lock", &self.lock)
            .finish_non_exhaustive()
    }
}

/// The lock of a [`Condition`], held; the value is behind it. Dropping it lets the lock go.
#[must_use = "if unused the lock is let go at once"]
pub struct ConditionGuard<'a, T: ?Sized> {
    value: MutexGuard<'a, T>,
    condition: &'a Condition<T>,
}

impl<'a, T: ?Sized> ConditionGuard<'a, T> {
    /// Lets the lock go, waits to be notified, and takes the lock again.
    ///
    /// Look at the value again after it: between the notification and this one's turn at the lock somebody else may
    /// have had it. [`wait_for`](Self::wait_for) does that.
    ///
    /// # Cancel safety
    ///
    /// A dropped wait does not hold the lock. A notification that it had been given, and with which it did not come as
    /// far as the lock, goes to the next in line.
    pub async fn wait(self) -> ConditionGuard<'a, T> {
        let Self { value, condition } = self;
        // I1: in line first, then without the lock.
        let mut place = pin!(condition.line.place());
        place.as_mut().join(&mut condition.line.lock());
        drop(value);
        place.await;
        let owed = Owed { condition };
        let value = condition.lock.lock().await;
        std::mem::forget(owed);
        ConditionGuard { value, condition }
    }

    /// Waits until `holds` says true of the value; not at all if it does now.
    ///
    /// `holds` is called with the lock held, now and after each notification.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait`](Self::wait).
    pub async fn wait_for(self, mut holds: impl FnMut(&mut T) -> bool) -> ConditionGuard<'a, T> {
        let mut guard = self;
        while !holds(&mut guard) {
            guard = guard.wait().await;
        }
        guard
    }

    /// Notifies up to `n` of those who wait, longest first. They go on when this guard is gone, one after the other.
    ///
    /// If nobody waits, nothing is kept for those who come later.
    pub fn notify(&self, n: usize) {
        self.condition.notify(n);
    }

    /// Notifies all who wait.
    pub fn notify_all(&self) {
        self.condition.notify(usize::MAX);
    }
}

impl<T: ?Sized> Deref for ConditionGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> DerefMut for ConditionGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug + ?Sized> fmt::Debug for ConditionGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// A notification of which no use was made yet: passed on when dropped (I2).
struct Owed<'a, T: ?Sized> {
    condition: &'a Condition<T>,
}

impl<T: ?Sized> Drop for Owed<'_, T> {
    fn drop(&mut self) {
        self.condition.notify(1);
    }
}
