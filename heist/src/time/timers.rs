//! All timers of one runtime, as its driver sees them: shards, and the horizon over them.
//!
//! ```text
//!   worker 0 ──► shard 0 ─┐
//!   worker 1 ──► shard 1 ─┼── next, next, next ──► horizon ◄── driver: next_timeout, (turn), advance
//!   the others ► shard 2 ─┘    (when it is due)
//! ```
//!
//! The driver's loop is `next_timeout`, `turn`, `advance`, then waking what `advance` collected. See
//! `horizon.rs` for why no insertion is slept through, and `shard.rs` for what the tasks do.
//!
//! Invariants
//!
//! - D1: a turn before the horizon's tick looks at no shard.
//! - D2: at a turn after it, the shards whose `next` is over are locked, one after the other; of the others one word is read.
//! - D3: with one shard, as in a current-thread runtime, timers fire in the order of their deadlines.
//!
//! Ordering: `horizon.rs`. Models: loom-tests/tests/timers_fire.rs.
//!
//! Absent on purpose: waking. `advance` and `shutdown` hand the wakers to the driver, which wakes them with no
//! lock held.

use std::fmt;
use std::task::Waker;
use std::time::Duration;

use heist_primitive::CachePadded;
use heist_primitive::sync::Arc;

use super::Clock;
use super::horizon::{Horizon, NEVER};
use super::shard::Shard;
use super::ticks::Ticks;

/// The timers of one runtime.
pub(crate) struct Timers {
    shards: Box<[Arc<CachePadded<Shard>>]>,
    horizon: Arc<CachePadded<Horizon>>,
    ticks: Ticks,
    clock: Clock,
}

impl Timers {
    /// No timers yet, in so many shards. `unparker` must make the driver's current or next turn return at once.
    pub(crate) fn new(clock: Clock, unparker: &Waker, shards: usize) -> Self {
        let horizon = Arc::new(CachePadded::new(Horizon::new()));
        let shard = |_| Arc::new(CachePadded::new(Shard::new(&clock, &horizon, unparker)));
        Self {
            shards: (0..shards).map(shard).collect(),
            horizon,
            ticks: Ticks::of(&clock),
            clock,
        }
    }

    /// The clock these timers run on.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The shard for a thread with this number, counted from the end if it is negative.
    #[inline]
    pub(crate) fn shard(&self, thread: isize) -> &Arc<CachePadded<Shard>> {
        match (&*self.shards, self.shards.get(thread as usize)) {
            ([only], _) => only,
            (_, Some(shard)) => shard,
            (shards, None) => &shards[thread.rem_euclid(shards.len() as isize) as usize],
        }
    }
}

/// For the driver.
impl Timers {
    /// How long the driver may sleep: until the next timer, or for ever (`None`) if there is none.
    ///
    /// The driver must call this before each turn that may sleep, with nothing but the turn in between:
    /// timers inserted from now on unpark it if they are due earlier.
    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        if self.clock.is_stopped() {
            // It is about to be set to the next deadline, and not to that of a timer which is gone.
            self.survey(Shard::look);
        }
        let next = self.publish();
        next.map(|tick| self.ticks.time_until(tick, self.clock.now_ns()))
    }

    /// Collects the wakers of all timers that are due. Wakes nobody.
    ///
    /// The driver calls this after each turn.
    pub(crate) fn advance(&self, wakers: &mut Vec<Waker>) {
        if self.horizon.tick() == NEVER {
            self.horizon.awake();
        } else {
            self.advance_to(self.ticks.at_or_before(self.clock.now_ns()), wakers);
        }
    }

    /// Collects the wakers of all timers, whose next poll will panic. Timers registered later panic too.
    pub(crate) fn shutdown(&self, wakers: &mut Vec<Waker>) {
        for shard in &self.shards {
            shard.shutdown(wakers);
        }
        self.horizon.forget();
    }

    pub(super) fn publish(&self) -> Option<u64> {
        Some(self.horizon.sleep()).filter(|tick| *tick != NEVER)
    }

    pub(super) fn advance_to(&self, tick: u64, wakers: &mut Vec<Waker>) {
        self.horizon.awake();
        if tick < self.horizon.tick() {
            return; // D1
        }
        // D2.
        self.survey(|shard| match shard.next() {
            next if next > tick => next,
            _ => shard.advance_to(tick, wakers),
        });
    }

    /// Asks every shard for its next tick, and sets the horizon to the earliest.
    fn survey(&self, mut next_of: impl FnMut(&Shard) -> u64) {
        self.horizon.forget();
        let next = self.shards.iter().map(|shard| next_of(shard)).min();
        let must_unpark = next.is_some_and(|tick| self.horizon.lower(tick));
        debug_assert!(!must_unpark, "only the driver sleeps, and it is here");
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
