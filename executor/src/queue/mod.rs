//! The run queues: a FIFO deque per worker that others may steal from, and one injector for all.
//!
//! In an ordinary build these are crossbeam-deque's; under `--cfg heist_loom`, which cannot look into
//! crossbeam-deque, a plain locked deque of the same interface takes their place (`model.rs`). So the deque
//! itself is trusted and all around it is model-checked.
//!
//! Invariants
//!
//! - Q1: a `Runnable` that was pushed comes out exactly once.
//! - Q2: after a push and a SeqCst fence, whoever passes a later SeqCst fence sees `is_empty() == false` until
//!   somebody takes it. `sleepers.rs` builds on this.
//! - Q3: [`Steal::Retry`] means that somebody else was busy there, not that it is empty.
//!
//! Deliberately absent: a bound, and so an overflow path. Memory is the bound.

#[cfg(not(heist_loom))]
mod deque;
#[cfg(not(heist_loom))]
pub(crate) use deque::{Fifo, Injector, Local, Remote};

#[cfg(heist_loom)]
mod model;
#[cfg(heist_loom)]
pub(crate) use model::{Fifo, Injector, Local, Remote};

use crate::task::Runnable;

/// What came of an attempt to steal.
pub(crate) enum Steal {
    /// Nothing was there.
    Empty,
    /// One to run; more may have moved to the thief's deque.
    Success(Runnable),
    /// Lost a race.
    #[cfg_attr(heist_loom, allow(dead_code))]
    Retry,
}

/// Steals until there is an answer: a lost race is not an empty queue.
pub(crate) fn retry(mut steal: impl FnMut() -> Steal) -> Option<Runnable> {
    loop {
        match steal() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            Steal::Retry => heist_primitive::hint::spin_loop(),
        }
    }
}
