//! The horizon: the earliest tick of all shards, and whether the driver sleeps until it, in one word.
//!
//! Internal to heist, public only for its loom model.
//!
//! ```text
//!                         63 bits                      1 bit
//!   word      tick at which the driver looks next   │ asleep
//!
//!              1 sleep()
//!   awake, t  ───────────────────────►  asleep, t
//!      │ ▲    ◄───────────────────────     │
//!      │ │     2 awake()                   │
//!      │ '---------------------------------'
//!      │       3 lower(t') by anyone, t' < t: awake, t'; the caller unparks
//!      │ 4 forget() ─► awake, NEVER ─► the driver reads each shard's next ─► 5 lower(earliest)
//! ```
//!
//! A shard's `next` is never later than its first timer, and the horizon is never later than any `next`. Who inserts a
//! timer that is not the first of its shard has nothing to do here: the first one's tick is in `next`, and whoever put it
//! there has lowered the horizon, or is about to. Only a new first timer comes here, with a store to `next` before. The
//! driver comes here once a turn, and looks at the shards only when the horizon's tick is reached.
//!
//! Invariants
//!
//! - H1: the tick is never later than any shard's `next`, but for those whose owner is between its store to `next` and
//!   its `lower`, and while the driver is between `forget` and its own `lower`.
//! - H2: who is told `true` must unpark the driver. From then on the word says awake, though the driver may still
//!   sleep: its unpark is on the way, and whoever is told `false` relies on it. One unpark for each time the driver
//!   goes to sleep.
//! - H3: the driver calls `sleep` before every turn that may sleep, and sleeps no longer than until the tick it returns;
//!   an unpark that comes between makes that turn return at once (the reactor's promise).
//!
//! Ordering pairs: all accesses are relaxed.
//!
//! - `sleep` against `lower`: both change the one word, so one of them comes first. Either the driver is told the lower
//!   tick, or the inserter is told to unpark. Model: `the_second_of_two_may_rely_on_the_unpark_of_the_first`.
//! - fence in `lower` (after the store to `next`) ↔ fence in `forget` (before the loads of `next`): whichever comes first,
//!   either the driver reads the new `next`, or the inserter reads a word from after `forget` and lowers that. Model:
//!   `a_look_at_the_shards_that_meets_an_insertion`, both in loom-tests/tests/timers.rs.
//!
//! Absent on purpose: the shards. A `next` is its shard's.

use heist_primitive::sync::atomic::{
    AtomicU64,
    Ordering::{Relaxed, SeqCst},
    fence,
};

/// The tick of no timer: later than any there is.
pub const NEVER: u64 = u64::MAX >> 1;

const ASLEEP: u64 = 1;

/// How far the driver need not look.
#[derive(Debug)]
pub struct Horizon {
    word: AtomicU64,
}

impl Horizon {
    /// The driver is awake, and there is no timer.
    #[allow(clippy::new_without_default, reason = "only the timers make one")]
    pub fn new() -> Self {
        Self {
            word: AtomicU64::new(NEVER << 1),
        }
    }

    /// The driver will now sleep until the tick that is returned, [`NEVER`] for ever.
    #[must_use = "the driver must not sleep longer"]
    pub fn sleep(&self) -> u64 {
        self.word.fetch_or(ASLEEP, Relaxed) >> 1
    }

    /// The driver is back.
    pub fn awake(&self) {
        self.word.fetch_and(!ASLEEP, Relaxed);
    }

    /// The tick before which no timer is due.
    pub fn tick(&self) -> u64 {
        self.word.load(Relaxed) >> 1
    }

    /// The driver is awake and will now look at the shards: after this at their `next`s, and then [`lower`](Self::lower)
    /// to the earliest.
    pub fn forget(&self) {
        self.word.store(NEVER << 1, Relaxed);
        fence(SeqCst);
    }

    /// A shard's `next` was lowered to `tick` (before this call): whether the caller must unpark the driver.
    #[must_use = "the driver sleeps past this timer unless unparked"]
    pub fn lower(&self, tick: u64) -> bool {
        fence(SeqCst);
        let mut word = self.word.load(Relaxed);
        while tick < word >> 1 {
            match self.word.compare_exchange_weak(word, tick << 1, Relaxed, Relaxed) {
                Ok(_) => return word & ASLEEP != 0,
                Err(newer) => word = newer,
            }
        }
        false
    }
}
