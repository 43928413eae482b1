//! One allocation with two owners, without a count of them: the state that both share says who was last.
//!
//! ```text
//!   Half ──► [ T ] ◄── Half        leave: the last access of this half; who learns that the other has left, frees
//! ```
//!
//! Invariants
//!
//! - P1: there are two halves, made together. A half that is dropped without [`Half::leave`] leaks the allocation.
//! - P2: `T`'s protocol makes one [`Alone`] a pair at the most, and makes it for the half that finds in its last access
//!   that the other has had its last.
//! - P3: that finding is ordered, Acquire, after the other half's last access, Release.
//!
//! Ordering pairs: those of the protocol (P3). Under loom the cell reports an access that races with the end, and the
//! tracker a pair that is leaked.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

use heist_primitive::cell::UnsafeCell;

use crate::sync::oneshot::LastLeft;

/// Says that the other half has left.
///
/// # Safety
///
/// P2 and P3 hold for every value of the type.
pub(crate) unsafe trait Alone {}

// SAFETY: by I5 of oneshot/state.rs.
unsafe impl Alone for LastLeft {}

/// One of two owners of a `T`; an `A` says that it is the last.
pub(crate) struct Half<T, A> {
    pair: NonNull<Pair<T>>,
    alone: PhantomData<fn(A)>,
}

struct Pair<T> {
    shared: UnsafeCell<T>,
    _tracker: Tracker,
}

/// Told by loom if it is leaked.
#[cfg(heist_loom)]
type Tracker = heist_primitive::sync::Arc<()>;
#[cfg(not(heist_loom))]
type Tracker = ();

#[cfg(heist_loom)]
fn tracker() -> Tracker {
    Tracker::new(())
}
#[cfg(not(heist_loom))]
fn tracker() -> Tracker {}

// SAFETY: both halves give out a `&T`, and either may be the one that drops it: what `Arc` asks for.
unsafe impl<T: Send + Sync, A: Alone> Send for Half<T, A> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync, A: Alone> Sync for Half<T, A> {}

impl<T, A: Alone> Half<T, A> {
    /// The two owners of `shared`.
    #[inline]
    pub(crate) fn pair(shared: T) -> (Self, Self) {
        let pair = Box::new(Pair {
            shared: UnsafeCell::new(shared),
            _tracker: tracker(),
        });
        let pair = NonNull::from(Box::leak(pair));
        let half = || Self {
            pair,
            alone: PhantomData,
        };
        (half(), half())
    }

    /// Gives this half up. `last` is its last access, and finds out whether the other half has left.
    #[inline]
    pub(crate) fn leave<R>(self, last: impl FnOnce(&T) -> (R, Option<A>)) -> R {
        let (result, alone) = last(&self);
        if alone.is_some() {
            // SAFETY: P2 and P3: both have had their last access, and nobody else frees it; made by `pair`.
            let pair = unsafe { Box::from_raw(self.pair.as_ptr()) };
            pair.shared.with_mut(|_| ());
            drop(pair);
        }
        result
    }
}

impl<T, A> Deref for Half<T, A> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: P2: this half has not left, so it is there.
        let pair = unsafe { self.pair.as_ref() };
        // SAFETY: nobody has a `&mut` to it before both halves have left.
        pair.shared.with(|shared| unsafe { &*shared })
    }
}
