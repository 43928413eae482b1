//! Putting a thread to sleep until somebody has something for it.
//!
//! ```text
//!            unpark                       park: consumed, returns at once
//!   EMPTY ───────────► NOTIFIED ─────────────────────────────► EMPTY
//!     │ park                                 ▲ ▲
//!     ├─────► PARKED ── unpark: notify ──────┘ │
//!     │ enter_driver                           │
//!     └─────► IN_DRIVER ── unpark: interrupt ──┘ leave_driver: EMPTY
//! ```
//!
//! Invariants
//!
//! - P1: an unpark is never lost: it either finds PARKED and ends that wait, or makes the next park return at
//!   once. Several unparks before one park count once.
//! - P2: only the thread that the parker belongs to parks in it.
//! - P3: who finds IN_DRIVER must interrupt the driver, for the owner waits there and not here.
//!
//! Ordering pairs: the swap in [`Parker::unpark`] (Release) ↔ the swap in [`Parker::park`] that consumes
//! NOTIFIED (Acquire): what was done before the unpark is seen after the park. The lock closes the gap between
//! PARKED and the wait. Model: loom-tests/tests/parker.rs.
//!
//! Deliberately absent: spinning before the wait.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Condvar, Mutex, StdArc};

use crate::coop;

const EMPTY: usize = 0;
const PARKED: usize = 1;
const NOTIFIED: usize = 2;
const IN_DRIVER: usize = 3;

/// One thread's place to sleep.
#[derive(Debug)]
pub struct Parker {
    state: AtomicUsize,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Default for Parker {
    fn default() -> Self {
        Self::new()
    }
}

impl Parker {
    /// A parker that nobody has unparked.
    pub fn new() -> Self {
        Self {
            state: AtomicUsize::new(EMPTY),
            lock: Mutex::new(()),
            wake: Condvar::new(),
        }
    }

    /// Sleeps until the next [`unpark`](Self::unpark); not at all if one came since the last return.
    pub fn park(&self) {
        self.park_at_most(None);
    }

    /// Sleeps as [`park`](Self::park) does, for `limit` at the most. True: it was unparked.
    pub fn park_timeout(&self, limit: Duration) -> bool {
        self.park_at_most(Some(limit))
    }

    fn park_at_most(&self, limit: Option<Duration>) -> bool {
        if self.consume() {
            return true;
        }
        if limit == Some(Duration::ZERO) {
            return false;
        }
        let mut guard = self.lock.lock();
        if self
            .state
            .compare_exchange(EMPTY, PARKED, Ordering::Relaxed, Ordering::Relaxed)
            .is_err()
        {
            // Only an unpark can have come between.
            return self.consume();
        }
        loop {
            let timed_out = match limit {
                None => {
                    self.wake.wait(&mut guard);
                    false
                }
                // A spurious wake-up starts the time anew; the wait is an upper bound for nobody.
                Some(limit) => self.wake.wait_for(&mut guard, limit).timed_out(),
            };
            if self
                .state
                .compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
            {
                return true;
            }
            if timed_out {
                return self.state.swap(EMPTY, Ordering::Acquire) == NOTIFIED;
            }
        }
    }

    /// Takes an unpark that has come already, without sleeping.
    pub(crate) fn consume(&self) -> bool {
        self.state
            .compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Ends the owner's sleep, or its next one before it begins.
    pub fn unpark(&self) {
        let in_driver = self.unpark_or_interrupt();
        debug_assert!(!in_driver, "the owner of this parker never waits in a driver");
    }

    /// As [`unpark`](Self::unpark). True: the owner waits in the driver, which the caller must interrupt (P3).
    #[must_use]
    pub(crate) fn unpark_or_interrupt(&self) -> bool {
        let before = self.state.swap(NOTIFIED, Ordering::AcqRel);
        if before == PARKED {
            // Passing through the lock waits until the owner is inside its wait.
            drop(self.lock.lock());
            self.wake.notify_one();
        }
        before == IN_DRIVER
    }

    /// The owner is about to wait in the driver. False: it has been unparked, and shall not.
    #[must_use]
    pub(crate) fn enter_driver(&self) -> bool {
        if self
            .state
            .compare_exchange(EMPTY, IN_DRIVER, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
        {
            return true;
        }
        self.consume();
        false
    }

    /// Whether nobody has unparked the owner since it entered. An RMW, so that it sees the latest.
    pub(crate) fn still_in_driver(&self) -> bool {
        self.state
            .compare_exchange(IN_DRIVER, IN_DRIVER, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// The owner is back. True: it was unparked meanwhile.
    pub(crate) fn leave_driver(&self) -> bool {
        self.state.swap(EMPTY, Ordering::AcqRel) == NOTIFIED
    }
}

impl Wake for Parker {
    fn wake(self: StdArc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.unpark();
    }
}

heist_primitive::thread_local! {
    /// The parker of this thread's outermost `block_on`, kept from call to call.
    static IDLE_PARKER: Cell<Option<StdArc<Parker>>> = const { Cell::new(None) };
}

/// Polls `future` on this thread and sleeps between the polls. Turns no driver and runs no tasks.
pub fn block_on<F: Future>(future: F) -> F::Output {
    block_on_and(future, Parker::park)
}

/// As [`block_on`], with `wait` between the polls, which returns when the parker has been unparked, or earlier.
pub(crate) fn block_on_and<F: Future>(future: F, mut wait: impl FnMut(&Parker)) -> F::Output {
    let kept = IDLE_PARKER.try_with(Cell::take).ok().flatten();
    let parker = kept.unwrap_or_else(|| StdArc::new(Parker::new()));
    let waker = Waker::from(parker.clone());
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = coop::budget(|| future.as_mut().poll(&mut cx)) {
            let _ = IDLE_PARKER.try_with(|idle| idle.set(Some(parker)));
            return output;
        }
        wait(&parker);
    }
}
