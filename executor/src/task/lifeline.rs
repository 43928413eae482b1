//! What keeps a scheduler for tasks that point to it without counting it (L1 of `raw/lent.rs`).
//!
//! Invariants
//!
//! - K1: tied when the scheduler is made, before it has a task; cut when every task that was in its registry has been taken
//!   out of it for good. If nobody shuts the scheduler down it stays for ever.
//!
//! Ordering pairs: the lock, and the registry's.
//!
//! Deliberately absent: a count of tasks.

use heist_primitive::sync::{Arc, Mutex};

/// A scheduler's count of itself.
pub(crate) struct Lifeline<T>(Mutex<Option<Arc<T>>>);

impl<T> Lifeline<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// `whole` is what this is a part of.
    pub(crate) fn tie(&self, whole: &Arc<T>) {
        *self.0.lock() = Some(whole.clone());
    }

    /// Nobody points to it any more without a count of his own. The caller has one.
    pub(crate) fn cut(&self) {
        let whole = self.0.lock().take();
        drop(whole);
    }
}
