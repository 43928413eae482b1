//! [`Event`]: a flag that tasks wait for.
//!
//! Invariants
//!
//! - I1: a [`set`](Event::set) lets go everyone who waits at that moment, also if [`clear`](Event::clear) follows at once.
//!   A wait asks for the notification before it looks at the flag, and `set` notifies after it has written it, so
//!   either sees the other.
//!
//! Ordering pairs: the flag's store (Release) in `set` ↔ its load (Acquire) in `wait` and `is_set`: what was done
//! before `set` is seen after it. Model: `set_is_not_missed` in loom-tests/tests/aio_event.rs.
//!
//! Deliberately absent: a count. Sets are not added up.

use std::fmt;

use heist_primitive::sync::atomic::{AtomicBool, Ordering};

use crate::sync::Notify;

/// A flag that is set or clear, and on which any number of tasks wait until it is set. `asyncio.Event`.
///
/// ```
/// use std::sync::Arc;
/// use heist::aio::Event;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let ready = Arc::new(Event::new());
/// let waiter = heist::spawn({
///     let ready = ready.clone();
///     async move { ready.wait().await }
/// });
/// ready.set();
/// waiter.await.unwrap();
/// # });
/// ```
pub struct Event {
    flag: AtomicBool,
    changed: Notify,
}

impl Event {
    /// Makes an event that is clear.
    pub fn new() -> Self {
        Self {
            flag: AtomicBool::new(false),
            changed: Notify::new(),
        }
    }

    /// Sets the flag and wakes all who wait. Those who come later do not wait, until it is [cleared](Self::clear).
    pub fn set(&self) {
        self.flag.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Clears the flag: those who come now wait for the next [`set`](Self::set). Those who have been woken go on all
    /// the same.
    pub fn clear(&self) {
        self.flag.store(false, Ordering::Relaxed);
    }

    /// Whether the flag is set.
    pub fn is_set(&self) -> bool {
        self.flag.load(Ordering::Acquire)
    }

    /// Waits until the flag is set; not at all if it is.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing.
    pub async fn wait(&self) {
        let changed = self.changed.notified();
        if !self.is_set() {
            changed.await;
        }
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("set", &self.is_set())
            .finish_non_exhaustive()
    }
}
