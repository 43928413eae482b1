//! Inserting a timer against a driver about to sleep: the driver never sleeps through a timer.
//!
//! The real `Horizon` stands between a list of deadlines and a parker. The parker has no time limit, so a
//! driver that misses its unpark is a deadlock, which loom reports. The driver stops when it sees the earliest
//! of all deadlines, so sleeping past any of the inserted ones is noticed.
//!
//! The real timers are in timers_fire.rs.
#![cfg(heist_loom)]

use std::sync::Arc;

use heist::time::horizon::Horizon;
use heist_primitive::sync::{Condvar, Mutex};
use heist_primitive::thread;

/// The deadline that the driver must come to see.
const EARLIEST: u64 = 10;

struct Timers {
    locked: Mutex<(Vec<u64>, Horizon)>,
    unparked: Mutex<bool>,
    parker: Condvar,
}

impl Timers {
    fn new(deadlines: &[u64]) -> Arc<Self> {
        Arc::new(Self {
            locked: Mutex::new((deadlines.to_vec(), Horizon::new())),
            unparked: Mutex::new(false),
            parker: Condvar::new(),
        })
    }

    fn insert(&self, deadline: u64) {
        let mut locked = self.locked.lock();
        locked.0.push(deadline);
        let must_unpark = locked.1.inserted(deadline);
        drop(locked);
        if must_unpark {
            self.unpark();
        }
    }

    fn unpark(&self) {
        *self.unparked.lock() = true;
        self.parker.notify_one();
    }

    /// A turn without a time limit.
    fn turn(&self) {
        let mut unparked = self.unparked.lock();
        while !*unparked {
            self.parker.wait(&mut unparked);
        }
        *unparked = false;
    }

    fn publish(&self) -> Option<u64> {
        let mut locked = self.locked.lock();
        let next = locked.0.iter().copied().min();
        locked.1.publish(next);
        next
    }

    fn drive(&self) {
        while self.publish() != Some(EARLIEST) {
            self.turn();
            self.locked.lock().1.awake();
        }
    }
}

fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

fn insert_from(timers: &Arc<Timers>, deadline: u64) -> thread::JoinHandle<()> {
    let timers = timers.clone();
    thread::spawn(move || timers.insert(deadline))
}

#[test]
fn an_earlier_timer_reaches_a_driver_that_is_about_to_sleep() {
    check(|| {
        let timers = Timers::new(&[100]);
        let inserter = insert_from(&timers, EARLIEST);
        timers.drive();
        inserter.join().unwrap();
    });
}

#[test]
fn the_first_timer_reaches_a_driver_that_sleeps_for_ever() {
    check(|| {
        let timers = Timers::new(&[]);
        let inserter = insert_from(&timers, EARLIEST);
        timers.drive();
        inserter.join().unwrap();
    });
}

#[test]
fn the_second_of_two_insertions_may_rely_on_the_unpark_of_the_first() {
    check(|| {
        let timers = Timers::new(&[100]);
        let inserters = [insert_from(&timers, 20), insert_from(&timers, EARLIEST)];
        timers.drive();
        for inserter in inserters {
            inserter.join().unwrap();
        }
    });
}

#[test]
fn an_unpark_by_somebody_else_between_two_insertions_loses_nothing() {
    check(|| {
        let timers = Timers::new(&[]);
        let inserter = insert_from(&timers, 20);
        let second = {
            let timers = timers.clone();
            thread::spawn(move || {
                timers.unpark();
                timers.insert(EARLIEST);
            })
        };
        timers.drive();
        inserter.join().unwrap();
        second.join().unwrap();
    });
}

/// The models have teeth: a driver that reads the next deadline in one critical section and publishes it in
/// another sleeps through a timer.
#[test]
#[should_panic(expected = "deadlock")]
fn publishing_after_the_lock_was_released_loses_a_timer() {
    check(|| {
        let timers = Timers::new(&[]);
        let inserter = insert_from(&timers, EARLIEST);
        loop {
            let next = timers.locked.lock().0.iter().copied().min();
            timers.locked.lock().1.publish(next);
            if next == Some(EARLIEST) {
                break;
            }
            timers.turn();
            timers.locked.lock().1.awake();
        }
        inserter.join().unwrap();
    });
}
