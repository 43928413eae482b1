//! Wakers collected under a lock, to be woken after it.
//!
//! Invariants
//!
//! - I1: no waker is woken or dropped while a lock of sync's is held: both run foreign code, which may come
//!   back and take the lock. The list is filled under the lock and emptied after it.
//! - I2: each waker is woken, also when one before it panics; the first panic goes on afterwards.
//!
//! Deliberately absent: a limit. All who are woken by one call are collected under one hold of the lock, so what
//! the call means is decided at one moment.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// A list of wakers that allocates from the second one on.
#[derive(Debug, Default)]
#[must_use = "wake_all wakes them"]
pub(crate) struct Wakers {
    first: Option<Waker>,
    rest: Vec<Waker>,
}

impl Wakers {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(&mut self, waker: Option<Waker>) {
        match (waker, &mut self.first) {
            (None, _) => {}
            (Some(waker), first @ None) => *first = Some(waker),
            (Some(waker), Some(_)) => self.rest.push(waker),
        }
    }

    /// Wakes them in the order in which they came.
    pub(crate) fn wake_all(self) {
        let Some(first) = self.first else { return };
        if self.rest.is_empty() {
            return first.wake();
        }
        let mut panicked: Option<Box<dyn Any + Send>> = None;
        for waker in std::iter::once(first).chain(self.rest) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                panicked.get_or_insert(panic);
            }
        }
        if let Some(panic) = panicked {
            resume_unwind(panic);
        }
    }
}
