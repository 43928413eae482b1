//! The sentinel: sees to it that no task waits at a stuck worker while another worker sleeps.
//!
//! Putting a task into a next-slot wakes nobody, because its owner comes to it next; that is what makes a pair of tasks
//! that wake each other fast. But the owner may not come for a long time. So when a next-slot becomes occupied while
//! somebody sleeps, or somebody goes to sleep while one is occupied, the reactor thread is asked to look every
//! [`LOOK_EVERY_NS`]; a next-slot that is occupied at two looks, its owner in the same poll, wakes a sleeper, which takes
//! the task (`Worker::rob`). While it looks, it looks at the deques as well. When no task waits in either, the reactor thread
//! goes back to sleep.
//!
//! ```text
//!              a next-slot is occupied and somebody sleeps                 occupied, and the same poll as before
//!   not asked ───────────────────────────────────────────► looking ──────────────────────────────────────────► wake one
//!       ▲                                                     │  ▲                                                │
//!       └──────────────── no task waits ──────────────────────┘  └────────────────────────────────────────────────┘
//! ```
//!
//! Invariants
//!
//! - Z1: if a next-slot is occupied and a worker is parked, the reactor thread has been asked to look.
//! - Z2: it takes two looks, at least [`LOOK_EVERY_NS`] apart, to call an owner stuck: stealing from one that is merely busy
//!   cost tokio up to 30 % of throughput (tokio#8065).
//! - Z3: what a put displaces from a next-slot is pushed without a fence. A worker that goes to sleep, or stops to search, at
//!   that moment may miss it and be missed, but Z1 holds, for the slot was occupied before the put and is so after it. So the
//!   owner comes to both, or the sleeper is woken for the slot and finds the deque as well.
//! - Z4: who robs a next-slot while somebody sleeps asks for a look: the slot no longer stands for what its owner has just
//!   pushed.
//!
//! Ordering pairs
//!
//! - put into the slot; fence(SeqCst); read who is parked ↔ count as parked; fence(SeqCst); look at the slots.
//! - put into the slot; fence(SeqCst); read `watching` ↔ clear `watching`; fence(SeqCst); look at the slots. Both pairs:
//!   loom-tests/tests/sentinel.rs, and Z3 there.
//!
//! Deliberately absent: a thread of its own, and preemption of the stuck task.

use heist_primitive::sync::Arc;

use super::shared::Shared;

/// Nanoseconds between two looks.
#[cfg(not(heist_loom))]
const LOOK_EVERY_NS: u64 = 1_000_000;
#[cfg(heist_loom)]
const LOOK_EVERY_NS: u64 = 0;

/// What the reactor thread remembers from look to look.
pub(super) struct Sentinel {
    shared: Arc<Shared>,
    last_look_ns: u64,
    /// The polls of each owner for whom a task waited.
    waited: Vec<Option<u64>>,
}

impl Sentinel {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let waited = vec![None; shared.owners().count()];
        Self {
            shared,
            last_look_ns: 0,
            waited,
        }
    }

    /// Whether a task waits. If it is time for a look, wakes a sleeper for one whose owner is stuck.
    pub(super) fn look(&mut self) -> bool {
        let now = (self.shared.clock)();
        if self.last_look_ns.saturating_add(LOOK_EVERY_NS) > now {
            return self.shared.owners().any(|(waits, _)| waits);
        }
        self.last_look_ns = now;
        let mut any = false;
        let mut stuck = false;
        for ((waits, polls), before) in self.shared.owners().zip(&mut self.waited) {
            let polls = waits.then_some(polls);
            any |= polls.is_some();
            stuck |= polls.is_some() && polls == *before;
            *before = polls;
        }
        if stuck {
            self.shared.notify();
        }
        any
    }
}
