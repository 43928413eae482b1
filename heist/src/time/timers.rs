//! All timers of one runtime: the wheel of wakers, its clock, and the way to wake the driver.
//!
//! ```text
//!  tasks:   register, update, reset, cancel ──┐
//!                                             ▼
//!                                  lock { wheel, horizon } ──> fired_through
//!                                             ▲
//!  driver:  next_timeout, (turn), advance ────┘
//! ```
//!
//! The driver's loop is `next_timeout`, `turn`, `advance`, then waking what `advance` collected. See
//! `horizon.rs` for why no insertion is slept through.
//!
//! Invariants
//!
//! - T1: while the lock is held no waker is cloned, woken or dropped: each of these may run user code, and
//!   that may come back here. Wakers are cloned before and dropped or woken after.
//! - T2: the tick of a deadline is rounded up and the tick of the time is rounded down, so a timer whose tick
//!   is reached has its deadline behind it: never early. For a clock with hands a tick is a nanosecond, so that the
//!   clock can be set to exactly the next deadline.
//! - T3: every entry in the wheel has a tick after `wheel.now()`; `register` and `reset` treat the others as
//!   due at once. So an entry is in the wheel only as long as its tick is after `fired_through`.
//! - T4: `fired_through` is `wheel.now()`, stored under the lock and read without it. At [`SHUT_DOWN`], the last
//!   tick there is, the wheel is empty for good.
//!
//! Ordering: `fired_through` is relaxed; all else is under the lock. Models: loom-tests/tests/timers.rs. A reader that sees an old value takes the lock for nothing, or
//! returns `Pending` to a task whose waker has been taken out to be woken; that wake orders the next poll after
//! the store.
//!
//! Absent on purpose: waking. `advance` and `shutdown` hand the wakers to the driver, which wakes them with no
//! lock held.

use std::fmt;
use std::task::Waker;
use std::time::Duration;

use heist_primitive::CachePadded;
use heist_primitive::sync::Mutex;
use heist_primitive::sync::atomic::{AtomicU64, Ordering::Relaxed};
pub(crate) use heist_timer::Key;
use heist_timer::Wheel;

use super::horizon::Horizon;
use super::{Clock, Instant};

/// Length of a tick: 2^14 ns, 16.4 µs. Short against what a thread needs to wake up, and long enough to keep
/// the deadlines of one burst together.
const TICK_SHIFT: u32 = 14;

/// The tick to which shutdown advances the wheel, never to leave it. No deadline has a tick this late.
const SHUT_DOWN: u64 = u64::MAX;

/// How long a tick is: 2^shift ns.
#[derive(Clone, Copy, Debug)]
struct Ticks {
    shift: u32,
}

impl Ticks {
    fn of(clock: &Clock) -> Self {
        Self {
            shift: clock.hands().map_or(TICK_SHIFT, |_| 0),
        }
    }

    /// The tick in which a deadline is surely behind.
    fn at_or_after(self, ns: u64) -> u64 {
        ns.div_ceil(1 << self.shift).min(SHUT_DOWN - 1)
    }

    /// The tick that has begun.
    fn at_or_before(self, ns: u64) -> u64 {
        (ns >> self.shift).min(SHUT_DOWN - 1)
    }

    /// The time from `now_ns` to the beginning of `tick`.
    fn time_until(self, tick: u64, now_ns: u64) -> Duration {
        Duration::from_nanos(tick.saturating_mul(1 << self.shift).saturating_sub(now_ns))
    }
}

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

struct Locked {
    wheel: Wheel<Waker>,
    horizon: Horizon,
}

impl Locked {
    fn is_shut_down(&self) -> bool {
        self.wheel.now() == SHUT_DOWN
    }
}

/// The timers of one runtime.
pub(crate) struct Timers {
    locked: CachePadded<Mutex<Locked>>,
    fired_through: CachePadded<AtomicU64>,
    ticks: Ticks,
    clock: Clock,
    unparker: Waker,
}

/// For the driver.
impl Timers {
    /// No timers yet. `unparker` must make the driver's current or next turn return at once.
    pub(crate) fn new(clock: Clock, unparker: Waker) -> Self {
        let locked = Locked {
            wheel: Wheel::new(),
            horizon: Horizon::new(),
        };
        Self {
            locked: CachePadded::new(Mutex::new(locked)),
            fired_through: CachePadded::new(AtomicU64::new(0)),
            ticks: Ticks::of(&clock),
            clock,
            unparker,
        }
    }

    /// How long the driver may sleep: until the next timer, or for ever (`None`) if there is none.
    ///
    /// The driver must call this before each turn that may sleep, with nothing but the turn in between:
    /// timers inserted from now on unpark it if they are due earlier.
    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        let next = self.publish();
        next.map(|tick| self.ticks.time_until(tick, self.clock.now_ns()))
    }

    /// Collects the wakers of all timers that are due. Wakes nobody.
    ///
    /// The driver calls this after each turn.
    pub(crate) fn advance(&self, wakers: &mut Vec<Waker>) {
        self.advance_to(self.ticks.at_or_before(self.clock.now_ns()), wakers);
    }

    /// Collects the wakers of all timers, whose next poll will panic. Timers registered later panic too.
    pub(crate) fn shutdown(&self, wakers: &mut Vec<Waker>) {
        let mut locked = self.locked.lock();
        locked.wheel.advance(SHUT_DOWN, wakers);
        self.fired_through.store(SHUT_DOWN, Relaxed);
    }

    pub(super) fn publish(&self) -> Option<u64> {
        let mut locked = self.locked.lock();
        let next = locked.wheel.next_deadline();
        locked.horizon.publish(next);
        next
    }

    pub(super) fn advance_to(&self, tick: u64, wakers: &mut Vec<Waker>) {
        let mut locked = self.locked.lock();
        locked.horizon.awake();
        locked.wheel.advance(tick, wakers);
        self.fired_through.store(locked.wheel.now(), Relaxed);
    }
}

/// For the entries.
impl Timers {
    /// The clock these timers run on.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The tick in which a timer with this deadline fires.
    pub(crate) fn tick_of(&self, deadline: Instant) -> u64 {
        self.ticks.at_or_after(self.clock.ns_of(deadline))
    }

    /// Whether a timer of this tick has left the wheel, as far as can be told without the lock.
    pub(super) fn has_fired(&self, tick: u64) -> bool {
        tick <= self.fired_through.load(Relaxed)
    }

    /// Whether the runtime has shut down.
    pub(super) fn is_shut_down(&self) -> bool {
        self.fired_through.load(Relaxed) == SHUT_DOWN
    }

    /// Adds a timer that wakes `waker`.
    pub(crate) fn register(&self, tick: u64, waker: &Waker) -> Outcome {
        let waker = waker.clone();
        let mut locked = self.locked.lock();
        if locked.is_shut_down() {
            drop(locked);
            return Outcome::ShutDown;
        }
        if tick <= locked.wheel.now() {
            drop(locked);
            return Outcome::Due;
        }
        let key = locked.wheel.insert(tick, waker);
        let must_unpark = locked.horizon.inserted(tick);
        drop(locked);
        self.unpark_if(must_unpark);
        Outcome::Waits(key)
    }

    /// Lets a waiting timer wake `waker` instead.
    pub(super) fn update(&self, key: Key, waker: &Waker) -> Outcome {
        let mut waker = waker.clone();
        let mut locked = self.locked.lock();
        let is_shut_down = locked.is_shut_down();
        let outcome = match locked.wheel.get_mut(key) {
            Some(registered) => {
                std::mem::swap(registered, &mut waker);
                Outcome::Waits(key)
            }
            None if is_shut_down => Outcome::ShutDown,
            None => Outcome::Gone,
        };
        drop(locked);
        outcome
    }

    /// Gives a waiting timer another deadline. If that has passed already, its waker is woken now.
    pub(super) fn reset(&self, key: Key, tick: u64) -> Outcome {
        let mut locked = self.locked.lock();
        if tick <= locked.wheel.now() {
            let waker = locked.wheel.cancel(key);
            drop(locked);
            return waker.map_or(Outcome::Gone, |waker| {
                waker.wake();
                Outcome::Due
            });
        }
        let was_there = locked.wheel.reschedule(key, tick);
        let must_unpark = was_there && locked.horizon.inserted(tick);
        drop(locked);
        self.unpark_if(must_unpark);
        if was_there {
            Outcome::Waits(key)
        } else {
            Outcome::Gone
        }
    }

    /// Removes a timer.
    pub(crate) fn cancel(&self, key: Key) {
        let mut locked = self.locked.lock();
        let waker = locked.wheel.cancel(key);
        drop(locked);
        drop(waker);
    }

    fn unpark_if(&self, must_unpark: bool) {
        if must_unpark {
            self.unparker.wake_by_ref();
        }
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(heist_loom)))]
mod tests;
