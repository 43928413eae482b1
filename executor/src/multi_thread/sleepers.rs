//! Who sleeps and who searches: the one registry of idle workers.
//!
//! ```text
//!                       start_searching                       found work: stop_searching
//!    ┌─────────┐ ───────────────────────────► ┌───────────┐ ──────────────────────────► ┌─────────┐
//!    │ working │                              │ searching │                             │ working │
//!    └─────────┘ ──────┐                      └───────────┘                             └─────────┘
//!                      │ begin_park             │       ▲
//!                      ▼                        ▼       │ wake_one (by a pusher), or cancel_park (by itself)
//!                   ┌──────────────────────────────┐    │
//!                   │ parked: on the stack         │ ───┘
//!                   └──────────────────────────────┘
//! ```
//!
//! A push wakes a parked worker only if nobody is searching; a woken worker counts as searching from the moment
//! it is taken off the stack; the last one to stop searching with work in hand looks round and, if more is
//! queued, wakes the next. So a burst wakes one worker after another and a lone task wakes one.
//!
//! Invariants
//!
//! - L1: `parked` in the word equals the length of the stack, both changed under the lock.
//! - L2: if a task is queued (next-slots aside) then a worker is awake that will look at that queue after the
//!   push: its owner, a searching worker, or one that [`wake_one`](Sleepers::wake_one) has taken off the stack.
//! - L3: a worker is on the stack at most once. Who takes it off owes it an unpark; if it takes itself off, nobody does.
//! - L4: the last to park is the first to be woken, for its caches are warm. But the kernel wakes a thread where it ran last, and
//!   there it displaces who woke it, even if another processor is idle. So a worker, which goes on after its push, wakes one
//!   that ran elsewhere, if there is one. Who pushes from outside often waits for an answer next, and does not mind.
//!   A hint: which one is woken is nobody's to rely on.
//!
//! Ordering pairs
//!
//! - push; fence(SeqCst) in `wake_one`, or, where an RMW came between, `wake_one_after_rmw`; read the word ↔ change the word; fence(SeqCst) in `begin_park` or
//!   `stop_searching`; look at every queue. Of two fences one is first, so either the pusher sees the worker parked
//!   (or no longer searching), or the worker sees the task. Models: loom-tests/tests/sleepers.rs, where each
//!   fence taken out makes a model fail.
//!
//! Deliberately absent: a second registry (the driver's lender uses the parker of the worker that borrows), and
//! timeouts.

use heist_primitive::CachePadded;
use heist_primitive::sync::Mutex;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering, fence, fence_after_rmw};

/// One searching worker in the word; parked workers count in the upper half.
const SEARCHING: usize = 1;
const PARKED: usize = 1 << (usize::BITS / 2);

/// No processor's number.
const NOWHERE: u32 = u32::MAX;

/// Which processor the calling thread runs on, as a hint; always the same number if nobody knows.
pub type Processor = fn() -> u32;

/// The registry of idle workers of one pool.
#[derive(Debug)]
pub struct Sleepers {
    /// `parked << 32 | searching`
    word: CachePadded<AtomicUsize>,
    /// The parked workers, each with the processor that it ran on.
    stack: Mutex<Vec<(usize, u32)>>,
    workers: usize,
    processor: Processor,
}

fn searching(word: usize) -> usize {
    word % PARKED
}

fn parked(word: usize) -> usize {
    word / PARKED
}

impl Sleepers {
    /// All of `workers` are working, on one processor for all that is known.
    pub fn new(workers: usize) -> Self {
        Self::on_processors(workers, || 0)
    }

    /// As [`new`](Self::new), on the processors that `processor` tells.
    pub fn on_processors(workers: usize, processor: Processor) -> Self {
        Self {
            word: CachePadded::new(AtomicUsize::new(0)),
            stack: Mutex::new(Vec::with_capacity(workers)),
            workers,
            processor,
        }
    }

    /// Called after a push: a worker to unpark, or nobody. Rather one that ran on another processor than the caller (L4).
    #[must_use = "the worker was taken off the stack and must be unparked"]
    pub fn wake_one(&self) -> Option<usize> {
        fence(Ordering::SeqCst);
        if self.would_wake() {
            self.take_off(self.processor)
        } else {
            None
        }
    }

    /// As [`wake_one`](Self::wake_one), after a push that ended with a read-modify-write, or was followed by one; the last to
    /// park, whatever it ran on: most who push in this way are from outside.
    #[must_use = "the worker was taken off the stack and must be unparked"]
    pub fn wake_one_after_rmw(&self) -> Option<usize> {
        fence_after_rmw(Ordering::SeqCst);
        if self.would_wake() {
            self.take_off(|| NOWHERE)
        } else {
            None
        }
    }

    /// Takes the last to park that ran elsewhere than `here`, or the last one.
    fn take_off(&self, here: impl FnOnce() -> u32) -> Option<usize> {
        let mut stack = self.stack.lock();
        if searching(self.word.load(Ordering::Relaxed)) > 0 {
            return None;
        }
        let last = stack.len().checked_sub(1)?;
        let here = here();
        let place = stack.iter().rposition(|&(_, processor)| processor != here);
        let (worker, _) = stack.remove(place.unwrap_or(last));
        self.word
            .fetch_add(SEARCHING.wrapping_sub(PARKED), Ordering::Relaxed);
        Some(worker)
    }

    /// A working worker without work asks to search; refused while half of the workers do already.
    pub fn start_searching(&self) -> bool {
        let searching = searching(self.word.load(Ordering::Relaxed));
        if 2 * searching >= self.workers {
            return false;
        }
        self.word.fetch_add(SEARCHING, Ordering::Relaxed);
        true
    }

    /// A searching worker found work. True: it was the last; it must now look at every queue and, if there is
    /// more, call [`wake_one`](Self::wake_one).
    #[must_use]
    pub fn stop_searching(&self) -> bool {
        let before = self.word.fetch_sub(SEARCHING, Ordering::Relaxed);
        fence_after_rmw(Ordering::SeqCst);
        searching(before) == 1
    }

    /// A worker goes onto the stack. Before it sleeps it must look at every queue, and if there is something,
    /// [`cancel_park`](Self::cancel_park).
    pub fn begin_park(&self, worker: usize, was_searching: bool) {
        let mut stack = self.stack.lock();
        debug_assert!(stack.iter().all(|&(parked, _)| parked != worker));
        stack.push((worker, (self.processor)()));
        let searching = if was_searching { SEARCHING } else { 0 };
        self.word
            .fetch_add(PARKED.wrapping_sub(searching), Ordering::Relaxed);
        drop(stack);
        fence(Ordering::SeqCst);
    }

    /// A worker takes itself off the stack and is searching then. False: somebody else has, with the same
    /// effect, and owes it an unpark.
    pub fn cancel_park(&self, worker: usize) -> bool {
        let mut stack = self.stack.lock();
        let Some(place) = stack.iter().position(|&(parked, _)| parked == worker) else {
            return false;
        };
        stack.remove(place);
        self.word
            .fetch_add(SEARCHING.wrapping_sub(PARKED), Ordering::Relaxed);
        true
    }

    /// Whether [`wake_one`](Self::wake_one) would wake a worker: a hint.
    pub fn would_wake(&self) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        searching(word) == 0 && parked(word) > 0
    }

    /// Whether a worker is parked that has not seen what the caller did before, for the sentinel's first pair. That was a
    /// read-modify-write: a swap into a next-slot.
    pub fn is_anybody_parked(&self) -> bool {
        fence_after_rmw(Ordering::SeqCst);
        parked(self.word.load(Ordering::Relaxed)) > 0
    }
}
