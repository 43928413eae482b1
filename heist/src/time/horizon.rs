//! The horizon: how far the driver means to sleep, so that an inserted timer knows whether to wake it.
//!
//! Internal to heist, public only for its loom model.
//!
//! ```text
//!              1 publish(next)
//!   Awake  ----------------------->  Asleep until `next`
//!          <-----------------------
//!              2 awake (by the driver, when its turn has returned)
//!              3 inserted(earlier)  (by anyone: true, the caller must unpark)
//! ```
//!
//! The horizon lies in the same lock as the wheel. The driver reads the next deadline and publishes it in one
//! critical section; inserting a timer and asking the horizon is one critical section too. So either the
//! insertion comes first and the driver reads its deadline, or the publication comes first and the insertion
//! sees it. That is the whole proof that no timer is slept through, and why there is no atomic here.
//!
//! Invariants
//!
//! - H1: when the state is `Asleep until t`, every waiting timer is due at `t` or later.
//! - H2: who is told `true` must unpark the driver after releasing the lock. From then on the state is `Awake`,
//!   though the driver may still sleep: its unpark is on the way, and whoever is told `false` relies on it.
//!   This is the deduplication: one unpark for each time the driver goes to sleep.
//! - H3: the driver publishes before every turn that may sleep, and an unpark that comes between the
//!   publication and the turn makes that turn return at once (the reactor's promise).
//!
//! Ordering pairs: none beside the lock's. Model: loom-tests/tests/timers.rs.

/// Awake: earlier than any deadline, so that no insertion is below it.
const AWAKE: u64 = 0;
/// Asleep with no timer to wait for.
const FOR_EVER: u64 = u64::MAX;

/// Until which tick the driver sleeps. Lives in the lock that guards the timers.
#[derive(Debug)]
pub struct Horizon {
    asleep_until: u64,
}

impl Horizon {
    /// The driver is awake.
    #[allow(clippy::new_without_default, reason = "only the timers make one")]
    pub fn new() -> Self {
        Self { asleep_until: AWAKE }
    }

    /// The driver will now sleep until the earliest timer, or for ever if there is none.
    pub fn publish(&mut self, next_deadline: Option<u64>) {
        self.asleep_until = next_deadline.unwrap_or(FOR_EVER);
    }

    /// The driver is back.
    pub fn awake(&mut self) {
        self.asleep_until = AWAKE;
    }

    /// A timer due at `deadline` was inserted: whether the caller must unpark the driver.
    #[must_use = "the driver sleeps past this timer unless unparked"]
    pub fn inserted(&mut self, deadline: u64) -> bool {
        let must_unpark = deadline < self.asleep_until;
        if must_unpark {
            self.asleep_until = AWAKE;
        }
        must_unpark
    }
}
