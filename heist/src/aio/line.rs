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
//! Ordering pairs: the lock. Models: `a_notification_to_one_who_left_goes_to_the_next` in
//! loom-tests/tests/aio_condition.rs.
//!
//! Deliberately absent: what a state and an answer mean; that is condition.rs's and barrier.rs's.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use heist_primitive::sync::{Mutex, MutexGuard};

use crate::sync::waiters::{Ticket, Waiters};
use crate::sync::wakers::Wakers;

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

    /// Takes the last place in the line.
    pub(super) fn join<'a>(&'a self, locked: &mut Locked<T>) -> Place<'a, T> {
        Place {
            line: self,
            ticket: Some(locked.waiters.push(None, None)),
        }
    }
}

/// A place in line, and the wait for its answer.
#[must_use = "dropping it gives the place up"]
pub(super) struct Place<'a, T: State> {
    line: &'a Line<T>,
    /// `None` once the answer was seen.
    ticket: Option<Ticket>,
}

impl<T: State> Place<'_, T> {
    /// The answer if it is there; otherwise the waker that was in the place, with `fresh` in its stead.
    fn look(&mut self, fresh: &mut Option<Waker>, cx: &Context<'_>) -> Look<T::Answer> {
        let Some(ticket) = &self.ticket else {
            panic!("a wait was polled after it had ended");
        };
        let mut locked = self.line.lock();
        if let Some(answer) = locked.waiters.state(ticket) {
            let (_, waker) = self
                .ticket
                .take()
                .map(|ticket| locked.waiters.remove(ticket))
                .unzip();
            drop(locked);
            drop(waker);
            return Look::Answered(answer);
        }
        if locked.waiters.will_wake(ticket, cx) {
            return Look::Waits;
        }
        let Some(fresh) = fresh.take() else {
            return Look::NeedsWaker;
        };
        let old = locked.waiters.replace_waker(ticket, fresh);
        drop(locked);
        drop(old);
        Look::Waits
    }
}

enum Look<A> {
    Answered(A),
    Waits,
    NeedsWaker,
}

impl<T: State> Future for Place<'_, T> {
    type Output = T::Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T::Answer> {
        let mut fresh = None;
        loop {
            match self.look(&mut fresh, cx) {
                Look::Answered(answer) => return Poll::Ready(answer),
                Look::Waits => return Poll::Pending,
                Look::NeedsWaker => fresh = Some(cx.waker().clone()),
            }
        }
    }
}

impl<T: State> Drop for Place<'_, T> {
    fn drop(&mut self) {
        let Some(ticket) = mem::take(&mut self.ticket) else {
            return;
        };
        let waker = self.line.change(|locked, wakers| {
            let (answer, waker) = locked.waiters.remove(ticket);
            T::left(locked, answer, wakers);
            waker
        });
        drop(waker);
    }
}
