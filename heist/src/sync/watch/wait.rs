//! A wait for a change of a watched value, whoever keeps the channel.
//!
//! ```text
//!   receiver, under its shard's lock:  WAITING(shard) into the state ──► same version? ──► into the list
//!   sender:                            version + 1, which tells who WAITs ──► each of those locks: WAITING off, list emptied
//! ```
//!
//! Of the two changes of the state one comes first: if it is the receiver's, the sender sees WAITING and, since the
//! receiver still has the lock or has let go of it, finds it in the list; if it is the sender's, the receiver sees
//! the version. That needs no ordering but that of one word, and with nobody waiting a sender takes no lock of these.
//!
//! Deliberately absent: taking WAITING back when a wait is given up. The next sender does, once.

use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use heist_primitive::sync::atomic::Ordering;
use pin_project_lite::pin_project;

use super::error::RecvError;
use super::{CLOSED, SHARDS, Shared, WAITING, version_of};
use crate::sync::guarded::Waiter;
use crate::sync::wakers::Wakers;

pin_project! {
    /// A place among those who wait, which is left when this is dropped.
    pub(super) struct Wait<T, S>
    where
        S: Deref<Target = Shared<T>>,
    {
        shared: S,
        shard: usize,
        // Whether it has joined those who wait; it may have been taken off since.
        joined: bool,
        #[pin]
        waiter: Waiter<()>,
        value: PhantomData<fn(T)>,
    }

    impl<T, S> PinnedDrop for Wait<T, S>
    where
        S: Deref<Target = Shared<T>>,
    {
        fn drop(this: Pin<&mut Self>) {
            this.leave();
        }
    }
}

impl<T, S: Deref<Target = Shared<T>>> Wait<T, S> {
    pub(super) fn new(shared: S, shard: usize) -> Self {
        Self {
            shared,
            shard,
            joined: false,
            waiter: Waiter::new(),
            value: PhantomData,
        }
    }

    /// Waits for another version than `seen`, which becomes that one.
    pub(super) fn poll_changed(
        self: Pin<&mut Self>,
        seen: &mut usize,
        cx: &Context<'_>,
    ) -> Poll<Result<(), RecvError>> {
        let mut me = self.project();
        loop {
            let state = me.shared.state();
            if version_of(state) != *seen {
                *seen = version_of(state);
                return Poll::Ready(Ok(()));
            }
            if state & CLOSED != 0 {
                return Poll::Ready(Err(RecvError(())));
            }
            if *me.joined && me.waiter.as_mut().leave().is_none() {
                if me.shared.is_still_waiting(*me.shard, me.waiter.as_mut(), cx) {
                    return Poll::Pending;
                }
            } else {
                *me.joined = me.shared.join(*me.shard, *seen, me.waiter.as_mut(), cx);
                if *me.joined {
                    return Poll::Pending;
                }
            }
        }
    }

    /// Gives the place up, if there is one.
    pub(super) fn leave(self: Pin<&mut Self>) {
        let mut me = self.project();
        if !std::mem::take(me.joined) || me.waiter.as_mut().leave().is_some() {
            return;
        }
        let mut waiters = me.shared.waiting[*me.shard].lock();
        let (_, waker) = waiters.remove(me.waiter);
        drop(waiters);
        drop(waker);
    }
}

impl<T> Shared<T> {
    /// Joins those who wait for another version than `seen`; false if it is there, or the channel closed.
    fn join(&self, shard: usize, seen: usize, waiter: Pin<&mut Waiter<()>>, cx: &Context<'_>) -> bool {
        // Cloned before the lock and, if not needed, dropped after it.
        let waker = cx.waker().clone();
        let mut waiters = self.waiting[shard].lock();
        let flag = WAITING << shard;
        let mut state = self.state.load(Ordering::Relaxed);
        if state & flag == 0 {
            state = self.state.fetch_or(flag, Ordering::Relaxed);
        }
        if version_of(state) != seen || state & CLOSED != 0 {
            drop(waiters);
            return false;
        }
        waiters.push(waiter, (), Some(waker));
        true
    }

    /// Whether a waiter is still in the list, with the waker of `cx` then.
    fn is_still_waiting(&self, shard: usize, mut waiter: Pin<&mut Waiter<()>>, cx: &Context<'_>) -> bool {
        let mut fresh = None;
        loop {
            let mut waiters = self.waiting[shard].lock();
            if !waiters.is_queued(waiter.as_mut()) {
                return false;
            }
            if waiters.will_wake(waiter.as_mut(), cx) {
                return true;
            }
            if let Some(waker) = fresh.take() {
                let old = waiters.replace_waker(waiter, waker);
                drop(waiters);
                drop(old);
                return true;
            }
            drop(waiters);
            fresh = Some(cx.waker().clone());
        }
    }

    /// Wakes those who waited when the state was `before`.
    pub(super) fn wake_waiting(&self, before: usize) {
        for shard in 0..SHARDS {
            let flag = WAITING << shard;
            if before & flag == 0 {
                continue;
            }
            let mut wakers = Wakers::new();
            let mut waiters = self.waiting[shard].lock();
            self.state.fetch_and(!flag, Ordering::Relaxed);
            while let Some(waker) = waiters.pop_front(|()| ()) {
                wakers.push(waker);
            }
            drop(waiters);
            wakers.wake_all();
        }
    }
}
