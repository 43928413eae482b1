//! [`Barrier`]: so many tasks wait for each other, and the wait can be broken off.
//!
//! ```text
//!                  (1) wait: one more           (2) wait of the last: each is told its position
//!   ┌─► filling ──────────────► filling … ──────────────────────────────────────────────────────┐
//!   │      │ (3) abort                                                                           │
//!   │      ▼                                                                                     │
//!   │   broken: every wait fails, those in line and those who come                               │
//!   │      │ (4) reset: the same for those in line                                               │
//!   └──────┴─────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Invariants
//!
//! - I1: `waiting` is the number in line, below `parties` whenever the lock is free. One who gives up is not counted
//!   any more.
//! - I2: those who pass together have positions from 0, the one who came first, to `parties` − 1.
//!
//! Ordering pairs: the line's lock.
//!
//! Deliberately absent: a draining state. Each has its answer from the moment the last has come, so the next round can
//! begin while some of this one have not run yet.

use std::error::Error;
use std::fmt;
use std::pin::pin;

use super::line::{Line, Locked, State};
use crate::sync::wakers::Wakers;

/// Where tasks wait until there are as many of them as it takes. `asyncio.Barrier`.
///
/// Unlike [`sync::Barrier`](crate::sync::Barrier) it can be [aborted](Self::abort) and [reset](Self::reset), counts
/// nobody who gave up, and tells each its position.
///
/// ```
/// use std::sync::Arc;
/// use heist::aio::Barrier;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let barrier = Arc::new(Barrier::new(3));
/// let tasks: Vec<_> = (0..3)
///     .map(|_| {
///         let barrier = barrier.clone();
///         heist::spawn(async move { barrier.wait().await })
///     })
///     .collect();
/// let mut positions = Vec::new();
/// for task in tasks {
///     positions.push(task.await.unwrap().unwrap());
/// }
/// positions.sort();
/// assert_eq!(positions, [0, 1, 2]);
/// # });
/// ```
pub struct Barrier {
    line: Line<Filling>,
    parties: usize,
}

struct Filling {
    waiting: usize,
    broken: bool,
}

impl State for Filling {
    type Answer = Result<usize, BrokenBarrierError>;

    fn left(locked: &mut Locked<Self>, unseen: Option<Self::Answer>, _: &mut Wakers) {
        if unseen.is_none() {
            locked.state.waiting -= 1;
        }
    }
}

/// The error of [`Barrier::wait`]: the barrier was [aborted](Barrier::abort), or [reset](Barrier::reset) during the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenBarrierError(());

impl fmt::Display for BrokenBarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier was aborted, or reset during the wait")
    }
}

impl Error for BrokenBarrierError {}

impl Barrier {
    /// Makes a barrier for this many tasks.
    ///
    /// # Panics
    ///
    /// If `parties` is 0: nobody could pass.
    #[track_caller]
    pub fn new(parties: usize) -> Self {
        assert!(parties > 0, "a barrier needs at least one party");
        Self {
            line: Line::new(Filling {
                waiting: 0,
                broken: false,
            }),
            parties,
        }
    }

    /// Waits until [`parties`](Self::parties) tasks wait here, and passes together with them.
    ///
    /// Returns the position in this round, from 0 for the one who came first: each has another, so one of them can
    /// be chosen for what is to be done once.
    ///
    /// # Errors
    ///
    /// If the barrier is [broken](Self::broken), or is [aborted](Self::abort) or [reset](Self::reset) during the wait.
    ///
    /// # Cancel safety
    ///
    /// One who gives up is not counted: the others wait for somebody else. If the last has come already, the others
    /// pass all the same.
    pub async fn wait(&self) -> Result<usize, BrokenBarrierError> {
        let mut place = pin!(self.line.place());
        {
            let mut wakers = Wakers::new();
            let mut locked = self.line.lock();
            if locked.state.broken {
                return Err(BrokenBarrierError(()));
            }
            if locked.state.waiting + 1 == self.parties {
                locked.state.waiting = 0;
                let mut position = 0;
                while locked.answer_first(Ok(position), &mut wakers) {
                    position += 1;
                }
                drop(locked);
                wakers.wake_all();
                return Ok(position);
            }
            locked.state.waiting += 1;
            place.as_mut().join(&mut locked);
        }
        place.await
    }

    /// Breaks the barrier: all who wait and all who come get an error, until it is [reset](Self::reset).
    pub fn abort(&self) {
        self.break_off(true);
    }

    /// Makes the barrier as new. Those who wait get an error.
    pub fn reset(&self) {
        self.break_off(false);
    }

    fn break_off(&self, broken: bool) {
        self.line.change(|locked, wakers| {
            locked.state = Filling { waiting: 0, broken };
            while locked.answer_first(Err(BrokenBarrierError(())), wakers) {}
        });
    }

    /// How many tasks it takes.
    pub fn parties(&self) -> usize {
        self.parties
    }

    /// How many tasks wait now.
    pub fn n_waiting(&self) -> usize {
        self.line.lock().state.waiting
    }

    /// Whether it is broken: [aborted](Self::abort) and not [reset](Self::reset) since.
    pub fn broken(&self) -> bool {
        self.line.lock().state.broken
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("n_waiting", &self.n_waiting())
            .field("broken", &self.broken())
            .finish()
    }
}
