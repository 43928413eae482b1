//! New first timers against a driver that looks and sleeps: the driver never sleeps through a timer.
//!
//! The real `Horizon` stands between shards and a parker. A shard is a lock, a list of deadlines, and a `next`; it does
//! what heist's own does. The parker has no time limit, so a driver that misses its unpark is a deadlock, which loom
//! reports. The driver stops when it sees the earliest of all deadlines, so sleeping past any of the inserted ones is
//! noticed.
//!
//! The real timers are in timers_fire.rs.
#![cfg(heist_loom)]

use std::sync::Arc;

use heist::time::horizon::{Horizon, NEVER};
use heist_loom_tests::model;
use heist_primitive::sync::atomic::{AtomicU64, Ordering::Relaxed};
use heist_primitive::sync::{Condvar, Mutex};
use heist_primitive::thread;

/// The deadline that the driver must come to see.
const EARLIEST: u64 = 10;

struct Shard {
    deadlines: Mutex<Vec<u64>>,
    next: AtomicU64,
}

impl Shard {
    fn new() -> Self {
        Self {
            deadlines: Mutex::new(Vec::new()),
            next: AtomicU64::new(NEVER),
        }
    }

    /// The driver's visit.
    fn advance_to(&self, tick: u64) -> u64 {
        let mut deadlines = self.deadlines.lock();
        deadlines.retain(|deadline| *deadline > tick);
        let next = deadlines.iter().copied().min().unwrap_or(NEVER);
        self.next.store(next, Relaxed);
        next
    }
}

struct Timers {
    shards: [Shard; 2],
    horizon: Horizon,
    unparked: Mutex<bool>,
    parker: Condvar,
}

impl Timers {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            shards: [Shard::new(), Shard::new()],
            horizon: Horizon::new(),
            unparked: Mutex::new(false),
            parker: Condvar::new(),
        })
    }

    fn insert(&self, shard: usize, deadline: u64) {
        let shard = &self.shards[shard];
        let mut deadlines = shard.deadlines.lock();
        deadlines.push(deadline);
        let is_first = deadline < shard.next.load(Relaxed);
        if is_first {
            shard.next.store(deadline, Relaxed);
        }
        drop(deadlines);
        if is_first && self.horizon.lower(deadline) {
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

    /// Looks at the shards as it does when `tick` is over.
    fn advance_to(&self, tick: u64) {
        self.horizon.awake();
        if tick < self.horizon.tick() {
            return;
        }
        self.horizon.forget();
        let next = self.shards.iter().map(|shard| match shard.next.load(Relaxed) {
            next if next > tick => next,
            _ => shard.advance_to(tick),
        });
        let must_unpark = next.min().is_some_and(|tick| self.horizon.lower(tick));
        assert!(!must_unpark);
    }

    /// Until it is told of the earliest.
    fn drive(&self) {
        while self.horizon.sleep() != EARLIEST {
            self.turn();
            self.advance_to(1);
        }
    }
}

fn inserting(timers: &Arc<Timers>, shard: usize, deadline: u64) -> thread::JoinHandle<()> {
    let timers = timers.clone();
    thread::spawn(move || timers.insert(shard, deadline))
}

#[test]
fn an_earlier_timer_reaches_a_driver_that_is_about_to_sleep() {
    model(3, || {
        let timers = Timers::new();
        timers.insert(0, 100);
        let inserter = inserting(&timers, 1, EARLIEST);
        timers.drive();
        inserter.join().unwrap();
    });
}

#[test]
fn the_first_timer_reaches_a_driver_that_sleeps_for_ever() {
    model(3, || {
        let timers = Timers::new();
        let inserter = inserting(&timers, 0, EARLIEST);
        timers.drive();
        inserter.join().unwrap();
    });
}

#[test]
fn the_second_of_two_may_rely_on_the_unpark_of_the_first() {
    model(3, || {
        let timers = Timers::new();
        timers.insert(0, 100);
        let inserters = [inserting(&timers, 0, 20), inserting(&timers, 1, EARLIEST)];
        timers.drive();
        for inserter in inserters {
            inserter.join().unwrap();
        }
    });
}

/// What is due is taken out, and the shards are looked at, while timers come into the shard that is visited and into the
/// one that is not.
#[test]
fn a_look_at_the_shards_that_meets_an_insertion() {
    model(3, || {
        let timers = Timers::new();
        timers.insert(0, 5);
        let inserters = [inserting(&timers, 0, 100), inserting(&timers, 1, EARLIEST)];
        timers.advance_to(5);
        timers.drive();
        for inserter in inserters {
            inserter.join().unwrap();
        }
        assert_eq!(*timers.shards[0].deadlines.lock(), [100]);
    });
}

/// The second timer of a shard says nothing to anybody. It relies on the first one's `next`.
#[test]
fn a_look_that_meets_two_insertions_into_one_shard() {
    model(3, || {
        let timers = Timers::new();
        timers.insert(1, 5);
        let inserter = {
            let timers = timers.clone();
            thread::spawn(move || {
                timers.insert(0, EARLIEST);
                timers.insert(0, 20);
            })
        };
        timers.advance_to(5);
        timers.drive();
        inserter.join().unwrap();
        timers.advance_to(EARLIEST);
        assert_eq!(timers.horizon.sleep(), 20);
    });
}

#[test]
fn an_unpark_by_somebody_else_between_two_insertions_loses_nothing() {
    model(3, || {
        let timers = Timers::new();
        let inserter = inserting(&timers, 0, 20);
        let second = {
            let timers = timers.clone();
            thread::spawn(move || {
                timers.unpark();
                timers.insert(1, EARLIEST);
            })
        };
        timers.drive();
        inserter.join().unwrap();
        second.join().unwrap();
    });
}

/// The models have teeth: a driver that reads the tick and says in another step that it sleeps, sleeps through a timer.
#[test]
#[should_panic(expected = "deadlock")]
fn a_tick_that_was_read_before_the_sleep_loses_a_timer() {
    model(3, || {
        let timers = Timers::new();
        let inserter = inserting(&timers, 0, EARLIEST);
        loop {
            let next = timers.horizon.tick();
            let _ = timers.horizon.sleep();
            if next == EARLIEST {
                break;
            }
            timers.turn();
            timers.advance_to(1);
        }
        inserter.join().unwrap();
    });
}
