//! What the models in loom-tests need of the timers: the real ones, with ticks for the time. Exists under `--cfg
//! heist_loom` only.

use std::task::Waker;

use heist_primitive::CachePadded;
use heist_primitive::sync::Arc;

use super::Clock;
use super::shard::{self, Outcome};
use super::timers;

/// Names a timer.
#[derive(Clone, Copy, Debug)]
pub struct Key(shard::Key);

/// What became of a timer.
#[derive(Debug)]
pub enum Fate {
    /// It waits.
    Waits(Key),
    /// Its tick is over. If it was in the wheel, its waker was woken.
    Due,
    /// It had left the wheel: whoever advances it wakes its waker.
    Gone,
    /// The runtime has shut down.
    ShutDown,
}

impl From<Outcome> for Fate {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Waits(key) => Self::Waits(Key(key)),
            Outcome::Due => Self::Due,
            Outcome::Gone => Self::Gone,
            Outcome::ShutDown => Self::ShutDown,
        }
    }
}

/// The timers of a runtime, whose time stands still but for [`advance_to`](Self::advance_to).
#[derive(Clone, Debug)]
pub struct Timers(Arc<timers::Timers>);

impl Timers {
    /// No timers in `shards` shards; `unparker` ends the driver's sleep.
    pub fn new(unparker: &Waker, shards: usize) -> Self {
        Self(Arc::new(timers::Timers::new(Clock::new(), unparker, shards)))
    }

    /// One of the shards.
    pub fn shard(&self, number: isize) -> Shard {
        Shard(self.0.shard(number).clone())
    }

    /// What the driver does before it sleeps: the next tick.
    pub fn publish(&self) -> Option<u64> {
        self.0.publish()
    }

    /// What the driver does after it has slept: takes out who is due.
    pub fn advance_to(&self, tick: u64) -> Vec<Waker> {
        let mut wakers = Vec::new();
        self.0.advance_to(tick, &mut wakers);
        wakers
    }

    /// Takes out everybody.
    pub fn shutdown(&self) -> Vec<Waker> {
        let mut wakers = Vec::new();
        self.0.shutdown(&mut wakers);
        wakers
    }
}

/// The timers of one worker.
#[derive(Clone, Debug)]
pub struct Shard(Arc<CachePadded<shard::Shard>>);

impl Shard {
    /// A new timer.
    pub fn register(&self, tick: u64, waker: &Waker) -> Fate {
        self.0.register(tick, waker).into()
    }

    /// Another waker.
    pub fn update(&self, key: Key, waker: &Waker) -> Fate {
        self.0.update(key.0, waker).into()
    }

    /// Another tick, which is not over.
    pub fn reset(&self, key: Key, tick: u64) -> Fate {
        self.0.reset(key.0, tick, false).into()
    }

    /// Another tick, which is over.
    pub fn reset_into_the_past(&self, key: Key) -> Fate {
        self.0.reset(key.0, 0, true).into()
    }

    /// No timer any more.
    pub fn cancel(&self, key: Key) {
        self.0.cancel(key.0);
    }
}
