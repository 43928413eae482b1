//! The sentinel's two handshakes: becoming occupied against going to sleep, and becoming occupied against the end of
//! watching.
//!
//! Property: with a next-slot occupied and a worker asleep, the reactor thread is looking. The worker here is stuck for good
//! after it has filled its slot, so without a look the sleeper never wakes and loom reports a deadlock.
#![cfg(heist_loom)]

use std::task::{Wake, Waker};
use std::time::Duration;

use heist_executor::Driver;
use heist_executor::loan::Loan;
use heist_executor::model::watch;
use heist_executor::multi_thread::Sleepers;
use heist_executor::park::Parker;
use heist_loom_tests::model;
use heist_primitive::sync::atomic::{AtomicBool, Ordering};
use heist_primitive::sync::{Arc, Condvar, Mutex, StdArc};
use heist_primitive::thread;

/// A driver with nothing to wait for.
#[derive(Default)]
struct Nothing {
    interrupted: Mutex<bool>,
    changed: Condvar,
}

struct FakeDriver(StdArc<Nothing>);

impl Wake for Nothing {
    fn wake(self: StdArc<Self>) {
        *self.interrupted.lock() = true;
        self.changed.notify_all();
    }
}

impl Driver for FakeDriver {
    fn park(&mut self, timeout: Option<Duration>) {
        let mut interrupted = self.0.interrupted.lock();
        if timeout.is_some() {
            // The time passes in which the others go on.
            drop(interrupted);
            thread::yield_now();
            interrupted = self.0.interrupted.lock();
        } else {
            self.0
                .changed
                .wait_while(&mut interrupted, |interrupted| !*interrupted);
        }
        *interrupted = false;
    }

    fn unparker(&self) -> Waker {
        Waker::from(self.0.clone())
    }
}

struct Pool {
    loan: Loan,
    sleepers: Sleepers,
    parker: Parker,
    /// A next-slot, read as relaxed as the real one.
    slot: AtomicBool,
}

impl Pool {
    fn new() -> Arc<Self> {
        let driver = FakeDriver(StdArc::default());
        Arc::new(Self {
            loan: Loan::new(Box::new(driver), false),
            sleepers: Sleepers::new(2),
            parker: Parker::new(),
            slot: AtomicBool::new(false),
        })
    }

    /// What a worker does that fills its next-slot.
    fn fill(&self) {
        self.slot.swap(true, Ordering::AcqRel);
        if self.sleepers.is_anybody_parked() {
            watch(&self.loan);
        }
    }

    /// What a worker does that finds nothing to do, until it has been told to rob.
    fn sleep_and_rob(&self) {
        self.sleepers.begin_park(1, false);
        if self.slot.load(Ordering::Relaxed) {
            watch(&self.loan);
        }
        self.parker.park();
        self.sleepers.cancel_park(1);
        assert!(self.slot.swap(false, Ordering::AcqRel), "woken for nothing");
    }

    fn attend(&self) {
        let look = || {
            let occupied = self.slot.load(Ordering::Relaxed);
            if occupied && self.sleepers.wake_one().is_some() {
                self.parker.unpark();
            }
            occupied
        };
        drop(self.loan.attend(|turn| turn(), look));
    }
}

#[test]
fn a_sleeper_is_woken_for_an_occupied_next_slot() {
    model(2, || {
        let pool = Pool::new();
        let reactor = {
            let pool = pool.clone();
            thread::spawn(move || pool.attend())
        };
        let sleeper = {
            let pool = pool.clone();
            thread::spawn(move || pool.sleep_and_rob())
        };
        pool.fill();
        sleeper.join().unwrap();
        pool.loan.stop();
        reactor.join().unwrap();
    });
}

#[test]
fn a_slot_that_is_filled_while_the_watch_ends_is_watched() {
    model(2, || {
        let pool = Pool::new();
        pool.sleepers.begin_park(1, false);
        // Asked for by an earlier slot that is empty by now.
        watch(&pool.loan);
        let reactor = {
            let pool = pool.clone();
            thread::spawn(move || pool.attend())
        };
        pool.fill();
        pool.parker.park();
        pool.loan.stop();
        reactor.join().unwrap();
    });
}
