//! One shard of a runtime's timers: the wheel that one worker's timers go into, behind a lock that others seldom take.
//!
//! ```text
//!  tasks of one worker:  register, update, reset, cancel ──┐        ┌── the driver, if `next` is due: advance_to
//!                                                          ▼        ▼
//!                                                   lock { wheel of wakers }
//!                                                          │        │
//!                                 a new first timer: next ◄┘        └► fired_through, next
//!                                         └─► horizon.lower ─► unpark the driver
//! ```
//!
//! A timer stays in the shard of the thread that made it. It is made, reset and dropped without a word to other threads
//! unless it is the first of its shard; the driver comes only when the shard's first tick is over. So a `timeout` that does
//! not fire touches no line that other workers write, and the driver's look at n shards is paid once for each tick at which
//! something is due, not once a turn.
//!
//! Invariants
//!
//! - T1: while the lock is held no waker is cloned, woken or dropped: each of these may run user code, and
//!   that may come back here. Wakers are cloned before and dropped or woken after.
//! - T2: every entry in the wheel has a tick after `wheel.now()`; `register` and `reset` treat the others as
//!   due at once. So an entry is in the wheel only as long as its tick is after `fired_through`.
//! - T3: `fired_through` is `wheel.now()`, stored under the lock and read without it. At [`SHUT_DOWN`], the last
//!   tick there is, the wheel is empty for good. A shard that has nothing due is not visited, so it may lie
//!   far behind the time.
//! - T4: `next` is not later than any entry's tick. It changes under the lock only: down when a timer comes in that is
//!   earlier, up when the driver has been here. A cancel leaves it as it is, and so does a reset to a later tick, however
//!   often: it costs one visit in vain at the most.
//! - T5: who has lowered `next` lowers the horizon too, after the lock. Who finds it low enough relies on that.
//!
//! Ordering: `fired_through` and `next` are relaxed; what is after `next`'s store is `horizon.rs`'s; all else is under the
//! lock. Models: loom-tests/tests/timers_fire.rs. A reader that sees an old `fired_through` takes the lock for nothing, or
//! returns `Pending` to a task whose waker has been taken out to be woken; that wake orders the next poll after
//! the store.
//!
//! Absent on purpose: waking. `advance_to` and `shutdown` hand the wakers to the driver, which wakes them with no
//! lock held.

use std::task::Waker;

use heist_primitive::CachePadded;
use heist_primitive::sync::atomic::{AtomicU64, Ordering::Relaxed};
use heist_primitive::sync::{Arc, Mutex};
pub(crate) use heist_timer::Key;
use heist_timer::Wheel;

use super::horizon::{Horizon, NEVER};
use super::ticks::Ticks;
use super::{Clock, Instant};

/// The tick to which shutdown advances the wheel, never to leave it. No deadline has a tick this late.
const SHUT_DOWN: u64 = u64::MAX;

/// What became of a timer that was to be registered, updated or reset.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It waits in the wheel under this key.
    Waits(Key),
    /// Its deadline has passed.
    Due,
    /// It had left the wheel before, so its waker is woken or about to be.
    Gone,
    /// The runtime has shut down.
    ShutDown,
}

/// Some of the timers of one runtime.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(super) wheel: Mutex<Wheel<Waker>>,
    next: AtomicU64,
    fired_through: AtomicU64,
    ticks: Ticks,
    clock: Clock,
    horizon: Arc<CachePadded<Horizon>>,
    unparker: Waker,
}

/// For the entries.
impl Shard {
    pub(super) fn new(clock: &Clock, horizon: &Arc<CachePadded<Horizon>>, unparker: &Waker) -> Self {
        Self {
            wheel: Mutex::new(Wheel::new()),
            next: AtomicU64::new(NEVER),
            fired_through: AtomicU64::new(0),
            ticks: Ticks::of(clock),
            clock: clock.clone(),
            horizon: horizon.clone(),
            unparker: unparker.clone(),
        }
    }

    /// The current time of the clock that these timers run on.
    #[inline]
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The tick in which a timer with this deadline fires.
    #[inline]
    pub(crate) fn tick_of(&self, deadline: Instant) -> u64 {
        self.ticks.at_or_after(self.clock.ns_of(deadline))
    }

    /// Whether a timer of this tick has left the wheel, as far as can be told without the lock.
    #[inline]
    pub(super) fn has_fired(&self, tick: u64) -> bool {
        tick <= self.fired_through.load(Relaxed)
    }

    /// Whether the runtime has shut down.
    #[inline]
    pub(super) fn is_shut_down(&self) -> bool {
        self.fired_through.load(Relaxed) == SHUT_DOWN
    }

    /// Whether the driver comes here at `tick` or earlier, as things stand. If it does, a timer of this tick whose
    /// deadline is over is as good as fired: the driver is on its way. So the clock need not be asked whether it is over.
    ///
    /// With a clock that can be stopped the answer is no: its timers are exact.
    #[inline]
    pub(super) fn covers(&self, tick: u64) -> bool {
        self.next.load(Relaxed) <= tick && self.clock.hands().is_none()
    }

    /// Adds a timer that wakes `waker`.
    pub(crate) fn register(&self, tick: u64, waker: &Waker) -> Outcome {
        let waker = waker.clone();
        let mut wheel = self.wheel.lock();
        let now = wheel.now();
        if tick <= now {
            drop(wheel);
            drop(waker);
            return if now == SHUT_DOWN {
                Outcome::ShutDown
            } else {
                Outcome::Due
            };
        }
        let key = wheel.insert(tick, waker);
        let is_first = self.note_first(tick);
        drop(wheel);
        self.announce_if(is_first, tick);
        Outcome::Waits(key)
    }

    /// Lets a waiting timer wake `waker` instead.
    pub(super) fn update(&self, key: Key, waker: &Waker) -> Outcome {
        let mut waker = waker.clone();
        let mut wheel = self.wheel.lock();
        let is_shut_down = wheel.now() == SHUT_DOWN;
        let outcome = match wheel.get_mut(key) {
            Some(registered) => {
                std::mem::swap(registered, &mut waker);
                Outcome::Waits(key)
            }
            None if is_shut_down => Outcome::ShutDown,
            None => Outcome::Gone,
        };
        drop(wheel);
        outcome
    }

    /// Gives a waiting timer another deadline. If that has passed already, its waker is woken now.
    pub(super) fn reset(&self, key: Key, tick: u64, has_passed: bool) -> Outcome {
        let mut wheel = self.wheel.lock();
        if has_passed || tick <= wheel.now() {
            let waker = wheel.cancel(key);
            drop(wheel);
            return waker.map_or(Outcome::Gone, |waker| {
                waker.wake();
                Outcome::Due
            });
        }
        let was_there = if self.clock.hands().is_none() {
            wheel.postpone(key, tick)
        } else {
            // Exact to the tick, and to the order of entries.
            wheel.reschedule(key, tick)
        };
        let is_first = was_there && self.note_first(tick);
        drop(wheel);
        self.announce_if(is_first, tick);
        if was_there {
            Outcome::Waits(key)
        } else {
            Outcome::Gone
        }
    }

    /// Removes a timer.
    pub(crate) fn cancel(&self, key: Key) {
        let mut wheel = self.wheel.lock();
        let waker = wheel.cancel(key);
        drop(wheel);
        drop(waker);
    }

    /// T4, with the lock held: whether `tick` is the new first.
    #[inline]
    fn note_first(&self, tick: u64) -> bool {
        let is_first = tick < self.next.load(Relaxed);
        if is_first {
            self.next.store(tick, Relaxed);
        }
        is_first
    }

    /// T5.
    #[inline]
    fn announce_if(&self, is_first: bool, tick: u64) {
        if is_first {
            self.announce(tick);
        }
    }

    #[cold]
    fn announce(&self, tick: u64) {
        if self.horizon.lower(tick) {
            self.unparker.wake_by_ref();
        }
    }
}

/// For the driver.
impl Shard {
    /// The tick before which nothing is due here.
    pub(super) fn next(&self) -> u64 {
        self.next.load(Relaxed)
    }

    /// Makes [`next`](Self::next) as exact as the wheel knows it, and returns it.
    pub(super) fn look(&self) -> u64 {
        self.note_next(&self.wheel.lock())
    }

    /// Collects the wakers of all timers that are due by `tick`. Returns the next tick.
    pub(super) fn advance_to(&self, tick: u64, wakers: &mut Vec<Waker>) -> u64 {
        let mut wheel = self.wheel.lock();
        wheel.advance(tick, wakers);
        self.fired_through.store(wheel.now(), Relaxed);
        self.note_next(&wheel)
    }

    /// Collects the wakers of all timers, whose next poll will panic. Timers registered later panic too.
    pub(super) fn shutdown(&self, wakers: &mut Vec<Waker>) {
        self.advance_to(SHUT_DOWN, wakers);
    }

    /// T4, with the lock held.
    fn note_next(&self, wheel: &Wheel<Waker>) -> u64 {
        let next = wheel.next_deadline().unwrap_or(NEVER);
        self.next.store(next, Relaxed);
        next
    }
}
