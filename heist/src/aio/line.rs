//! A state and those who wait in line for an answer about it, under one lock.
//!
//! ```text
//!   (1) join         ┌─────────┐ (2) answer, taken off the list  ┌──────────┐ (3) poll sees it   gone
//!   ────────────────►│ in line │────────────────────────────────►│ answered │──────────────────►
//!                    └─────────┘                                 └──────────┘
//!                         │ (4) the place is dropped                  │ (5) dropped before it saw the answer
//!                         └────────────────► State::left ◄────────────┘
//! ```
//!
//! Invariants
//!
//! - I1: each place gets one answer at the most, and either sees it or gives it to [`State::left`]: none is lost.
//! - I2: answers go out in the order of joining.
//! - I3: no waker is cloned, woken or dropped under the lock.
//!
//! Ordering pairs: the lock, and those of sync/guarded/waiters.rs. Models: `a_notification_to_one_who_left_goes_to_the_next` in
//! loom-tests/tests/aio_condition.rs.
//!
//! Deliberately absent: what a state and an answer mean; that is condition.rs's and barrier.rs's.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use heist_primitive::sync::{Mutex, MutexGuard};
use pin_project_lite::pin_project;

use crate::sync::wakers::Wakers;
use crate::sync::{Waiter, Waiters};

/// What a line is about.
pub(super) trait State: Sized {
    /// What is answered to those who wait.
    type Answer: Copy;

    /// A place is given up: still in line (`None`), or with an answer that it has not seen.
    fn left(locked: &mut Locked<Self>, unseen: Option<Self::Answer>, wakers: &mut Wakers);
}

/// See the module.
pub(super) struct Line<T: State> {
    locked: Mutex<Locked<T>>,
}

/// The state and the list, while the lock is held.
pub(super) struct Locked<T: State> {
    pub(super) state: T,
    waiters: Waiters<Option<T::Answer>>,
}

impl<T: State> Locked<T> {
    /// Answers the one who waits longest. Whether there was one.
    pub(super) fn answer_first(&mut self, answer: T::Answer, wakers: &mut Wakers) -> bool {
        let waker = self.waiters.pop_front(|_| Some(answer));
        let found = waker.is_some();
        wakers.push(waker.flatten());
        found
    }
}

impl<T: State> Line<T> {
    pub(super) fn new(state: T) -> Self {
        Self {
            locked: Mutex::new(Locked {
                state,
                waiters: Waiters::new(),
            }),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Locked<T>> {
        self.locked.lock()
    }

    /// Calls `change` under the lock and wakes whom it has answered, after the lock.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut Locked<T>, &mut Wakers) -> R) -> R {
        let mut wakers = Wakers::new();
        let result = change(&mut self.lock(), &mut wakers);
        wakers.wake_all();
        result
    }

    /// A place that is not in the line yet.
    pub(super) fn place(&self) -> Place<'_, T> {
        Place {
            line: self,
            joined: false,
            waiter: Waiter::new(),
        }
    }
}

pin_project! {
    /// A place in line, and the wait for its answer.
    #[must_use = "dropping it gives the place up"]
    pub(super) struct Place<'a, T>
    where
        T: State,
    {
        line: &'a Line<T>,
        // False once the answer was seen.
        joined: bool,
        #[pin]
        waiter: Waiter<Option<T::Answer>>,
    }

    impl<T> PinnedDrop for Place<'_, T>
    where
        T: State,
    {
        fn drop(this: Pin<&mut Self>) {
            if this.joined {
                this.leave();
            }
        }
    }
}

impl<T: State> Place<'_, T> {
    /// Takes the last place in the line, which `locked` belongs to.
    pub(super) fn join(self: Pin<&mut Self>, locked: &mut Locked<T>) {
        let me = self.project();
        locked.waiters.push(me.waiter, None, None);
        *me.joined = true;
    }

    /// The answer if it is there; otherwise the waker that was in the place, with `fresh` in its stead.
    fn look(self: Pin<&mut Self>, fresh: &mut Option<Waker>, cx: &Context<'_>) -> Look<T::Answer> {
        let mut me = self.project();
        assert!(*me.joined, "a wait was polled after it had ended");
        if let Some(answer) = me.waiter.as_mut().leave().flatten() {
            *me.joined = false;
            return Look::Answered(answer);
        }
        let mut locked = me.line.lock();
        if !locked.waiters.is_queued(me.waiter.as_mut()) {
            // Answered since the look above, so there is nothing to wait for at the next.
            return Look::Again;
        }
        if locked.waiters.will_wake(me.waiter.as_mut(), cx) {
            return Look::Waits;
        }
        let Some(fresh) = fresh.take() else {
            return Look::NeedsWaker;
        };
        let old = locked.waiters.replace_waker(me.waiter, fresh);
        drop(locked);
        drop(old);
        Look::Waits
    }

    fn leave(self: Pin<&mut Self>) {
        let me = self.project();
        *me.joined = false;
        let waker = me.line.change(|locked, wakers| {
            let (answer, waker) = locked.waiters.remove(me.waiter);
            T::left(locked, answer, wakers);
            waker
        });
        drop(waker);
    }
}

enum Look<A> {
    Answered(A),
    Again,
    Waits,
    NeedsWaker,
}

impl<T: State> Future for Place<'_, T> {
    type Output = T::Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T::Answer> {
        let mut fresh = None;
        loop {
            match self.as_mut().look(&mut fresh, cx) {
                Look::Answered(answer) => return Poll::Ready(answer),
                Look::Again => {}
                Look::Waits => return Poll::Pending,
                Look::NeedsWaker => fresh = Some(cx.waker().clone()),
            }
        }
    }
}
