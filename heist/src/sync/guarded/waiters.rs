//! Who waits, in which order: a doubly linked list that runs through the waiting futures themselves, so a wait
//! allocates nothing.
//!
//! ```text
//!   Waiters { first, last }, under a lock            IDLE ───(1)──► QUEUED ───(2)──► LEFT
//!              │      │                               ▲ ▲              │               │
//!              ▼      ▼                               │ └─────(3)──────┘               │
//!         Waiter ◄──► Waiter                          └──────────────(4)───────────────┘
//!         (in its    (in its
//!         future)    future)                         (1) push, (3) remove: the owner, with the list
//!                                                    (2) pop: whoever has the list   (4) leave: the owner, without
//! ```
//!
//! The owner of a [`Waiter`] is the future it is part of; whoever has `&mut` [`Waiters`], by its lock, has the list.
//!
//! Invariants
//!
//! - W1: the links of a waiter belong to whoever has the list while the waiter is QUEUED, else to its owner. They are
//!   initialised from the first `push` on.
//! - W2: a waiter is QUEUED exactly while it is in the list whose address is in `list`, and that list stays in its
//!   place meanwhile: the owner keeps alive, by a borrow or a count, the lock that the list is in.
//! - W3: the store of LEFT is the last that anybody but the owner does to a waiter, which may be gone from then on.
//! - W4: a queued waiter is there: it is pinned, and its owner removes it before it drops it. If one did not, the process
//!   would be aborted.
//! - W5: only a queued waiter has a waker. So the links need no drop.
//!
//! Ordering pairs: the store of LEFT in `pop` (Release) ↔ its load in `leave` (Acquire): the state, and what was done
//! before the pop. Models: `a_permit_orders_what_is_done_under_it` in loom-tests/tests/sync_semaphore.rs,
//! `a_notified_task_sees_what_was_done_before` in loom-tests/tests/sync_notify.rs. The rest is ordered by the lock.
//!
//! Deliberately absent: a lock of its own (the owner of the list wraps it in one), wakes (wakers.rs, after the lock).
#![allow(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Waker};

use heist_primitive::cell::UnsafeCell;
use heist_primitive::sync::atomic::{AtomicU8, Ordering};

const IDLE: u8 = 0;
const QUEUED: u8 = 1;
const LEFT: u8 = 2;

/// The list; `S` is what its owner needs to know of each waiter.
pub(crate) struct Waiters<S> {
    first: Option<NonNull<Waiter<S>>>,
    last: Option<NonNull<Waiter<S>>>,
}

/// A place in one [`Waiters`] at a time.
pub(crate) struct Waiter<S> {
    stage: AtomicU8,
    /// The list it was pushed to last. The owner's.
    list: Cell<*const ()>,
    links: UnsafeCell<MaybeUninit<Links<S>>>,
    _pinned: PhantomPinned,
}

struct Links<S> {
    state: S,
    waker: Option<Waker>,
    previous: Option<NonNull<Waiter<S>>>,
    next: Option<NonNull<Waiter<S>>>,
}

// SAFETY: the pointers are followed only by whoever has the list, and what they lead to may move between threads.
unsafe impl<S: Send> Send for Waiters<S> {}
// SAFETY: a shared list tells whether it is empty.
unsafe impl<S: Send> Sync for Waiters<S> {}
// SAFETY: the links move along with their owner, or are used by whoever has the list (W1); wakers are `Send`.
unsafe impl<S: Send> Send for Waiter<S> {}
// SAFETY: a shared waiter gives access to nothing: its methods ask for a pinned `&mut`.
unsafe impl<S: Send> Sync for Waiter<S> {}

// No step can panic halfway.
impl<S> UnwindSafe for Waiters<S> {}
impl<S> RefUnwindSafe for Waiters<S> {}
impl<S> UnwindSafe for Waiter<S> {}
impl<S> RefUnwindSafe for Waiter<S> {}

/// Calls `f` on the links of `waiter`.
///
/// # Safety
///
/// The waiter exists, has been pushed once, and its links are the caller's by W1.
#[inline]
unsafe fn links<S, R>(waiter: NonNull<Waiter<S>>, f: impl FnOnce(&mut Links<S>) -> R) -> R {
    // SAFETY: the caller's promise: it exists.
    let waiter = unsafe { waiter.as_ref() };
    waiter.links.with_mut(|links| {
        // SAFETY: the caller's promise: nobody else has access meanwhile.
        let links = unsafe { &mut *links };
        // SAFETY: the caller's promise: pushed, and so initialised.
        f(unsafe { links.assume_init_mut() })
    })
}

impl<S> Waiter<S> {
    /// A waiter that is in no list.
    #[inline]
    pub(crate) fn new() -> Self {
        Self {
            stage: AtomicU8::new(IDLE),
            list: Cell::new(ptr::null()),
            links: UnsafeCell::new(MaybeUninit::uninit()),
            _pinned: PhantomPinned,
        }
    }
}

impl<S: Copy> Waiter<S> {
    /// If somebody has taken this waiter off its list: with which state. It can be pushed again then.
    #[inline]
    pub(crate) fn leave(self: Pin<&mut Self>) -> Option<S> {
        if self.stage.load(Ordering::Acquire) != LEFT {
            return None;
        }
        self.stage.store(IDLE, Ordering::Relaxed);
        // SAFETY: W1: the owner's, in LEFT and after it.
        Some(unsafe { links(NonNull::from(&*self), |links| links.state) })
    }
}

impl<S: Copy> Waiters<S> {
    pub(crate) const fn new() -> Self {
        Self {
            first: None,
            last: None,
        }
    }

    /// Whether nobody waits.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// What tells this list from others that exist at the same time.
    fn address(&self) -> *const () {
        ptr::from_ref(self).cast()
    }

    /// Puts an idle waiter at the end.
    #[inline]
    pub(crate) fn push(&mut self, waiter: Pin<&mut Waiter<S>>, state: S, waker: Option<Waker>) {
        assert!(
            waiter.stage.load(Ordering::Relaxed) == IDLE,
            "a waiter is in one list at a time"
        );
        let fresh = Links {
            state,
            waker,
            previous: self.last,
            next: None,
        };
        waiter.links.with_mut(|links| {
            // SAFETY: W1: an idle waiter's links are its owner's, who lends them by the `&mut`. By W5 nothing is
            // there to be dropped.
            unsafe { (*links).write(fresh) };
        });
        waiter.list.set(self.address());
        waiter.stage.store(QUEUED, Ordering::Relaxed);
        let place = Some(NonNull::from(&*waiter));
        self.set_next(self.last, place);
        self.last = place;
    }

    /// Calls `f` on what the owner of the list knows of the one who waits longest.
    #[inline]
    pub(crate) fn with_front<R>(&mut self, f: impl FnOnce(&mut S) -> R) -> Option<R> {
        let first = self.first?;
        // SAFETY: W4 and W1: in the list, so it exists and is QUEUED.
        Some(unsafe { links(first, |links| f(&mut links.state)) })
    }

    /// Takes the one who waits longest off the list, for its owner to find it with this state.
    #[inline]
    pub(crate) fn pop_front(&mut self, state: impl FnOnce(S) -> S) -> Option<Option<Waker>> {
        Some(self.pop(self.first?, state))
    }

    /// Takes the one who came last off the list, for its owner to find it with this state.
    pub(crate) fn pop_back(&mut self, state: impl FnOnce(S) -> S) -> Option<Option<Waker>> {
        Some(self.pop(self.last?, state))
    }

    /// `waiter` is in the list.
    #[inline]
    fn pop(&mut self, waiter: NonNull<Waiter<S>>, state: impl FnOnce(S) -> S) -> Option<Waker> {
        self.unlink(waiter);
        let change = |links: &mut Links<S>| {
            links.state = state(links.state);
            links.waker.take()
        };
        // SAFETY: W4 and W1: it exists and is still QUEUED.
        let waker = unsafe { links(waiter, change) };
        // SAFETY: W4: it exists until this store (W3).
        unsafe { waiter.as_ref() }.stage.store(LEFT, Ordering::Release);
        waker
    }

    /// Whether this waiter is on the list. If not, it has [left](Waiter::leave).
    #[inline]
    pub(crate) fn is_queued(&self, waiter: Pin<&mut Waiter<S>>) -> bool {
        // Relaxed: who changes it has the list.
        waiter.stage.load(Ordering::Relaxed) == QUEUED
    }

    /// Whether waking this waiter wakes the task of `cx`.
    #[inline]
    pub(crate) fn will_wake(&self, waiter: Pin<&mut Waiter<S>>, cx: &Context<'_>) -> bool {
        let same = |links: &mut Links<S>| {
            let waker = links.waker.as_ref();
            waker.is_some_and(|waker| waker.will_wake(cx.waker()))
        };
        // SAFETY: W1: by the list or by its owner, who lends both.
        unsafe { links(self.own(&waiter), same) }
    }

    /// Gives a waiter on the list another waker and returns the one it had, to be dropped after the lock.
    pub(crate) fn replace_waker(&mut self, mut waiter: Pin<&mut Waiter<S>>, waker: Waker) -> Option<Waker> {
        assert!(
            self.is_queued(waiter.as_mut()),
            "a waiter that has left needs no waker"
        );
        // SAFETY: W1: it is QUEUED in this list.
        unsafe { links(self.own(&waiter), |links| links.waker.replace(waker)) }
    }

    /// Makes a waiter idle that is on the list or has left it. The waker is to be dropped after the lock.
    pub(crate) fn remove(&mut self, waiter: Pin<&mut Waiter<S>>) -> (S, Option<Waker>) {
        let place = self.own(&waiter);
        if waiter.stage.load(Ordering::Relaxed) == QUEUED {
            self.unlink(place);
        }
        waiter.stage.store(IDLE, Ordering::Relaxed);
        // SAFETY: W1: the owner's, who lends it.
        unsafe { links(place, |links| (links.state, links.waker.take())) }
    }

    /// Where `waiter` is, which was pushed to this list and to no other since.
    #[inline]
    fn own(&self, waiter: &Waiter<S>) -> NonNull<Waiter<S>> {
        assert!(
            waiter.list.get() == self.address(),
            "a waiter was asked for in another list than its own"
        );
        NonNull::from(waiter)
    }

    fn unlink(&mut self, waiter: NonNull<Waiter<S>>) {
        // SAFETY: W4 and W1: the caller says that it is in the list.
        let (previous, next) = unsafe { links(waiter, |links| (links.previous, links.next)) };
        self.set_next(previous, next);
        match next {
            // SAFETY: W2, W4 and W1: a neighbour is in the list as well.
            Some(next) => unsafe { links(next, |links| links.previous = previous) },
            None => self.last = previous,
        }
    }

    /// Lets `next` follow after `waiter`, which is in the list, or come first.
    #[inline]
    fn set_next(&mut self, waiter: Option<NonNull<Waiter<S>>>, next: Option<NonNull<Waiter<S>>>) {
        match waiter {
            // SAFETY: W2, W4 and W1: in the list.
            Some(waiter) => unsafe { links(waiter, |links| links.next = next) },
            None => self.first = next,
        }
    }
}

impl<S> Drop for Waiter<S> {
    #[inline]
    fn drop(&mut self) {
        if self.stage.load(Ordering::Relaxed) == QUEUED {
            // W4: the list would lead to memory that is gone.
            std::process::abort();
        }
    }
}

impl<S> fmt::Debug for Waiter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for Waiters<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiters").finish_non_exhaustive()
    }
}
