//! One timer as its owner sees it: what `Sleep` and `Interval` are made of.
//!
//! ```text
//!            1                            2
//!   Idle -----------------> Waiting ---------------> Fired
//!    │ ▲                       │  ▲__________│         │ ▲
//!    │ │                       │       4               │ │
//!    │ '-----------------------'-----------------------' │
//!    │                4                                  │
//!    '---------------------------------------------------'
//!                     3
//! ```
//!
//! 1. `poll`: the deadline is ahead, so a waker goes into the wheel. Before this there is nothing in the wheel
//!    and dropping costs nothing.
//! 2. `poll`: the driver has fired it.
//! 3. `poll`: the deadline had passed before anything was registered.
//! 4. `reset`: a waiting entry is moved under its waker; to `Idle` if it had fired; to `Fired` if the new
//!    deadline has passed.
//!
//! Invariants
//!
//! - E1: an entry of the wheel belongs to exactly one `Entry` in `Waiting`, whose drop cancels it.
//! - E2: `task` names the waker in the wheel by address. The wheel keeps that waker alive, so no other waker can
//!   have its address while the entry waits; and once it has fired, whoever re-uses the address has seen
//!   `fired_through`, since the waker was dropped after the store.
//! - E3: the clock is asked whether the deadline is over when it is set, and again at the first poll. The second is left
//!   out, for it would be a sixth of the cost of a timeout, where the deadline was ahead and the shard `covers` it: then the
//!   driver fires it no later than it fires the shard's first.
//!
//! Absent on purpose: an allocation, and a clone of the waker beside the one in the wheel.

use std::task::{Context, Poll, Waker, ready};

use heist_executor::coop;

use super::Instant;
use super::shard::{Key, Outcome};
use crate::runtime::context::{self, ShardRef};

/// Identity of a waker: two wakers that are equal in this wake the same task.
#[derive(Clone, Copy, PartialEq, Eq)]
struct TaskAddress {
    data: usize,
    vtable: usize,
}

impl TaskAddress {
    fn of(waker: &Waker) -> Self {
        Self {
            data: waker.data().addr(),
            vtable: std::ptr::from_ref(waker.vtable()).addr(),
        }
    }
}

enum State {
    /// `ahead`: the deadline was ahead when it was set.
    Idle {
        ahead: bool,
    },
    Waiting {
        key: Key,
        tick: u64,
        task: TaskAddress,
    },
    Fired,
}

/// A timer that waits for one deadline at a time.
pub(super) struct Entry {
    shard: ShardRef,
    deadline: Instant,
    state: State,
}

impl Entry {
    /// A timer of the current runtime. `ahead`: whether the clock was just seen to be before the deadline.
    #[inline(always)]
    #[track_caller]
    pub(super) fn new(deadline: Instant, ahead: bool) -> Self {
        Self {
            shard: context::timers(),
            deadline,
            state: State::Idle { ahead },
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The current time of the clock that this timer runs on.
    pub(super) fn now(&self) -> Instant {
        self.shard.now()
    }

    pub(super) fn is_elapsed(&self) -> bool {
        match self.state {
            State::Idle { .. } => false,
            State::Waiting { tick, .. } => self.shard.has_fired(tick),
            State::Fired => true,
        }
    }

    /// Waits for another deadline from now on.
    pub(super) fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        self.state = match self.state {
            State::Idle { .. } | State::Fired => State::Idle { ahead: false },
            State::Waiting { key, task, .. } => {
                let tick = self.shard.tick_of(deadline);
                let has_passed = !self.shard.covers(tick) && deadline <= self.now();
                match self.shard.reset(key, tick, has_passed) {
                    Outcome::Waits(key) => State::Waiting { key, tick, task },
                    Outcome::Due => State::Fired,
                    Outcome::Gone | Outcome::ShutDown => State::Idle { ahead: false },
                }
            }
        };
    }

    /// Completes when the deadline has passed; again and again until it is reset.
    pub(super) fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        if self.shard.is_shut_down() {
            shut_down();
        }
        ready!(self.poll_state(cx.waker()));
        unit.made_progress();
        Poll::Ready(())
    }

    fn poll_state(&mut self, waker: &Waker) -> Poll<()> {
        let outcome = match self.state {
            State::Fired => return Poll::Ready(()),
            State::Idle { ahead } => return self.poll_idle(waker, ahead),
            State::Waiting { tick, .. } if self.shard.has_fired(tick) => Outcome::Gone,
            State::Waiting { task, .. } if task == TaskAddress::of(waker) => return Poll::Pending,
            State::Waiting {
                key, ref mut task, ..
            } => {
                let outcome = self.shard.update(key, waker);
                *task = TaskAddress::of(waker);
                outcome
            }
        };
        self.settle(outcome)
    }

    fn poll_idle(&mut self, waker: &Waker, ahead: bool) -> Poll<()> {
        let tick = self.shard.tick_of(self.deadline);
        if !(ahead && self.shard.covers(tick)) && self.deadline <= self.now() {
            return self.settle(Outcome::Due);
        }
        let outcome = self.shard.register(tick, waker);
        if let Outcome::Waits(key) = outcome {
            self.state = State::Waiting {
                key,
                tick,
                task: TaskAddress::of(waker),
            };
        }
        self.settle(outcome)
    }

    fn settle(&mut self, outcome: Outcome) -> Poll<()> {
        match outcome {
            Outcome::Waits(_) => Poll::Pending,
            Outcome::Due | Outcome::Gone => {
                self.state = State::Fired;
                Poll::Ready(())
            }
            Outcome::ShutDown => shut_down(),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let State::Waiting { key, tick, .. } = self.state {
            if !self.shard.has_fired(tick) {
                self.shard.cancel(key);
            }
        }
    }
}

#[cold]
fn shut_down() -> ! {
    panic!(
        "a heist timer was polled after its runtime had shut down: poll a sleep, timeout or interval only while \
         the runtime in which it was made is alive"
    );
}
