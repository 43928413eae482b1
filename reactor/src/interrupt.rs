//! The unparker: makes a `turn` that waits return, or the next one return at once.
//!
//! ```text
//!             (1) raise: the first one signals the poll
//!   ┌───────┐ ─────────────────────────────────────────► ┌─────────┐ ──┐ (2) raise: nothing to do
//!   │ quiet │                                            │ raised  │ ◄─┘
//!   └───────┘ ◄───────────────────────────────────────── └─────────┘
//!             (3) consume: a turn has seen the signal
//! ```
//!
//! Invariants
//!
//! - I1: from the raise that leaves `quiet` until its signal is consumed, the signal is in the poll or about
//!   to be put there. So whoever finds `raised` may rely on a turn that returns after its raise.
//! - I2: a turn consumes before it returns, and its caller looks for work after it has returned.
//!
//! Ordering: raise (release) ↔ consume (acquire), publishes what the unparking thread did before, also for
//! the threads that found `raised` and made no system call. Model: loom-tests/tests/reactor_readiness.rs,
//! `no_unpark_is_lost_between_two_turns`.

use heist_primitive::sync::StdArc;
use heist_primitive::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};
use std::io;
use std::task::Wake;

/// Lets one of many raises through until it is consumed.
#[derive(Debug)]
pub struct Gate {
    raised: AtomicBool,
}

impl Default for Gate {
    fn default() -> Gate {
        Gate::new()
    }
}

impl Gate {
    /// Quiet.
    pub fn new() -> Gate {
        Gate {
            raised: AtomicBool::new(false),
        }
    }

    /// Whether the caller is the one who has to signal.
    #[must_use = "true obliges the caller to signal"]
    pub fn raise(&self) -> bool {
        // An exchange even when it is raised already: its release publishes this thread's work.
        !self.raised.swap(true, Release)
    }

    /// The signal has been seen: the next raise has to signal again.
    pub fn consume(&self) {
        self.raised.swap(false, Acquire);
    }
}

/// What the unparker's `Waker` points to.
#[derive(Debug)]
pub(crate) struct Interrupt {
    gate: Gate,
    signal: mio::Waker,
}

impl Interrupt {
    pub(crate) fn new(registry: &mio::Registry, token: mio::Token) -> io::Result<Interrupt> {
        Ok(Interrupt {
            gate: Gate::new(),
            signal: mio::Waker::new(registry, token)?,
        })
    }

    pub(crate) fn consume(&self) {
        self.gate.consume();
    }
}

impl Wake for Interrupt {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        if self.gate.raise() && self.signal.wake().is_err() {
            // The signal did not get through: let the next unpark try again.
            self.gate.consume();
        }
    }
}
