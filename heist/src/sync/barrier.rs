//! [`Barrier`]: tasks wait for each other, and go on together.
//!
//! ```text
//!   generation g:  arrived 0 ──► 1 ──► … ──► n − 1 ──► (the nth: the leader) generation g + 1, arrived 0
//! ```
//!
//! Invariants
//!
//! - I1: `arrived` is below n whenever the lock is free; the one who would make it n opens the next generation.
//! - I2: a waiter of generation g goes on exactly when it sees another generation. It asks for the notification before
//!   it looks, and the leader notifies after it has opened, so none is missed.
//!
//! Ordering pairs: the lock. Models: `all_cross_together` and, for I2 from three preemptions on, `rounds_do_not_mix` in
//! loom-tests/tests/sync_barrier.rs.
//!
//! Deliberately absent: taking an arrival back. A wait that is given up has arrived all the same.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use heist_primitive::sync::Mutex;

use super::budget::within_budget;
use super::notify::Notify;

/// A line that a number of tasks cross together.
///
/// ```
/// use std::sync::Arc;
/// use heist::sync::Barrier;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let barrier = Arc::new(Barrier::new(3));
/// let mut tasks = Vec::new();
/// for _ in 0..3 {
///     let barrier = barrier.clone();
///     tasks.push(heist::spawn(async move { barrier.wait().await.is_leader() }));
/// }
/// let mut leaders = 0;
/// for task in tasks {
///     leaders += usize::from(task.await.unwrap());
/// }
/// assert_eq!(leaders, 1);
/// # });
/// ```
pub struct Barrier {
    state: Mutex<State>,
    opened: Notify,
    n: usize,
}

impl UnwindSafe for Barrier {}
impl RefUnwindSafe for Barrier {}

struct State {
    arrived: usize,
    generation: usize,
}

impl Barrier {
    /// Makes a barrier that lets tasks through by `n`. With `n` 0 or 1, nobody waits.
    #[track_caller]
    pub fn new(n: usize) -> Self {
        Self {
            state: Mutex::new(State {
                arrived: 0,
                generation: 0,
            }),
            opened: Notify::new(),
            n: n.max(1),
        }
    }

    /// Waits until `n` tasks wait here. One of them, the last to arrive, is told that it is the
    /// [leader](BarrierWaitResult::is_leader). After that the barrier is as new.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a task whose wait was polled and dropped counts as having arrived.
    pub async fn wait(&self) -> BarrierWaitResult {
        match self.arrive() {
            None => BarrierWaitResult(true),
            Some(generation) => {
                within_budget(self.wait_beyond(generation)).await;
                BarrierWaitResult(false)
            }
        }
    }

    /// The generation to wait for the end of; none for the leader.
    fn arrive(&self) -> Option<usize> {
        let mut state = self.state.lock();
        state.arrived += 1;
        if state.arrived < self.n {
            return Some(state.generation);
        }
        state.arrived = 0;
        state.generation = state.generation.wrapping_add(1);
        drop(state);
        self.opened.notify_waiters();
        None
    }

    async fn wait_beyond(&self, generation: usize) {
        loop {
            let opened = self.opened.notified();
            if self.state.lock().generation != generation {
                return;
            }
            opened.await;
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("n", &self.n)
            .finish_non_exhaustive()
    }
}

/// What [`Barrier::wait`] tells the task that has crossed.
#[derive(Debug, Clone)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this is the one task of all that crossed together which arrived last.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}
