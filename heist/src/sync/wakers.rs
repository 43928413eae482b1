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

/// Wakers after the first that have room without an allocation.
const FEW: usize = 7;

/// Wakers for which room is made when that is not enough.
const MANY: usize = 56;

/// A list of wakers that allocates from the ninth one on.
#[derive(Debug)]
#[must_use = "wake_all wakes them"]
pub(crate) struct Wakers {
    first: Option<Waker>,
    /// Made for the second one.
    few: Option<[Option<Waker>; FEW]>,
    /// How many are in `few`.
    count: usize,
    rest: Vec<Waker>,
}

impl Wakers {
    #[inline]
    pub(crate) fn new() -> Self {
        Self {
            first: None,
            few: None,
            count: 0,
            rest: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, waker: Option<Waker>) {
        match (waker, &mut self.first) {
            (None, _) => {}
            (Some(waker), first @ None) => *first = Some(waker),
            (Some(waker), Some(_)) => self.push_another(waker),
        }
    }

    #[cold]
    fn push_another(&mut self, waker: Waker) {
        let few = self.few.get_or_insert([const { None }; FEW]);
        match few.get_mut(self.count) {
            Some(place) => {
                *place = Some(waker);
                self.count += 1;
            }
            None => {
                if self.rest.capacity() == 0 {
                    self.rest.reserve(MANY);
                }
                self.rest.push(waker);
            }
        }
    }

    /// Wakes them in the order in which they came.
    #[inline]
    pub(crate) fn wake_all(mut self) {
        let Some(first) = self.first.take() else { return };
        if self.count == 0 {
            return first.wake();
        }
        self.wake_many(first);
    }

    fn wake_many(self, first: Waker) {
        let mut panicked: Option<Box<dyn Any + Send>> = None;
        let few = self.few.into_iter().flatten().flatten();
        for waker in std::iter::once(first).chain(few).chain(self.rest) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                panicked.get_or_insert(panic);
            }
        }
        if let Some(panic) = panicked {
            resume_unwind(panic);
        }
    }
}
