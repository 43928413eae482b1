//! The sentinel: sees to it that no task waits in the next-slot of a stuck worker while another worker sleeps.
//!
//! Putting a task into a next-slot wakes nobody, because its owner comes to it next; that is what makes a pair of tasks
//! that wake each other fast. But the owner may not come for a long time. So when a next-slot becomes occupied while
//! somebody sleeps, or somebody goes to sleep while one is occupied, the reactor thread is asked to look every
//! [`LOOK_EVERY_NS`]; a next-slot that is occupied at two looks, its owner in the same poll, wakes a sleeper, which takes
//! the task (`Worker::rob`). When no next-slot is occupied the reactor thread goes back to sleep.
//!
//! ```text
//!              a next-slot is occupied and somebody sleeps                 occupied, and the same poll as before
//!   not asked ───────────────────────────────────────────► looking ──────────────────────────────────────────► wake one
//!       ▲                                                     │  ▲                                                │
//!       └───────────── no next-slot is occupied ──────────────┘  └────────────────────────────────────────────────┘
//! ```
//!
//! Invariants
//!
//! - Z1: if a next-slot is occupied and a worker is parked, the reactor thread has been asked to look.
//! - Z2: it takes two looks, at least [`LOOK_EVERY_NS`] apart, to call an owner stuck: stealing from one that is merely busy
//!   cost tokio up to 30 % of throughput (tokio#8065).
//!
//! Ordering pairs
//!
//! - put into the slot; fence(SeqCst); read who is parked ↔ count as parked; fence(SeqCst); look at the slots.
//! - put into the slot; fence(SeqCst); read `watching` ↔ clear `watching`; fence(SeqCst); look at the slots. Both pairs:
//!   loom-tests/tests/sentinel.rs.
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
    /// The polls of each owner of a next-slot that was occupied.
    occupied: Vec<Option<u64>>,
}

impl Sentinel {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let occupied = vec![None; shared.next_slots().count()];
        Self {
            shared,
            last_look_ns: 0,
            occupied,
        }
    }

    /// Whether a next-slot is occupied. If it is time for a look, wakes a sleeper for one whose owner is stuck.
    pub(super) fn look(&mut self) -> bool {
        let now = (self.shared.clock)();
        if self.last_look_ns.saturating_add(LOOK_EVERY_NS) > now {
            return self.shared.has_occupied_next_slot();
        }
        self.last_look_ns = now;
        let mut any = false;
        let mut stuck = false;
        for ((slot, polls), before) in self.shared.next_slots().zip(&mut self.occupied) {
            let polls = slot.is_occupied().then(|| polls.get());
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
