//! The timers of a runtime: what their owners do against the driver that fires them.
//!
//! Properties: a timer that waits is fired once, by the waker it had last; one that its owner is told has gone is fired as
//! well; one that is cancelled leaks nothing; a driver that is about to sleep does not sleep through one; none is left
//! behind by a shutdown.
#![cfg(heist_loom)]

use std::task::{Wake, Waker};

use heist::time::model::{Fate, Key, Shard, Timers};
use heist_executor::park::Parker;
use heist_loom_tests::model;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Arc, StdArc};
use heist_primitive::thread;

/// Counts its wakes. loom reports the inner `Arc` if a waker is leaked.
struct Count(Arc<AtomicUsize>);

impl Wake for Count {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn counting() -> (Waker, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    (Waker::from(StdArc::new(Count(count.clone()))), count)
}

/// Timers, and the first of their two shards.
fn timers() -> (Timers, Shard) {
    let timers = Timers::new(Waker::noop(), 2);
    let shard = timers.shard(0);
    (timers, shard)
}

fn waiting(shard: &Shard, tick: u64, waker: &Waker) -> Key {
    match shard.register(tick, waker) {
        Fate::Waits(key) => key,
        fate => panic!("{fate:?}"),
    }
}

/// What the driver does: time has come to `tick`.
fn fire(timers: &Timers, tick: u64) {
    timers.publish();
    timers.advance_to(tick).into_iter().for_each(Waker::wake);
}

fn firing(timers: &Timers, tick: u64) -> thread::JoinHandle<()> {
    let timers = timers.clone();
    thread::spawn(move || fire(&timers, tick))
}

#[test]
fn a_reset_that_meets_the_fire_is_fired_once() {
    model(3, || {
        let ((timers, shard), (waker, woken)) = (timers(), counting());
        let key = waiting(&shard, 10, &waker);
        let driver = firing(&timers, 10);
        let fate = shard.reset(key, 20);
        driver.join().unwrap();
        let early = usize::from(matches!(fate, Fate::Gone));
        assert_eq!(woken.load(Ordering::Relaxed), early);
        fire(&timers, 20);
        assert_eq!(woken.load(Ordering::Relaxed), 1);
    });
}

/// The new tick is over by the time the timers get to it.
#[test]
fn a_reset_into_the_past_is_fired_once() {
    model(3, || {
        let ((timers, shard), (waker, woken)) = (timers(), counting());
        let key = waiting(&shard, 20, &waker);
        let driver = firing(&timers, 10);
        let fate = shard.reset(key, 5);
        driver.join().unwrap();
        if let Fate::Waits(_) = fate {
            // The driver has been here and gone; it is told.
            fire(&timers, 10);
        }
        assert_eq!(woken.load(Ordering::Relaxed), 1);
        assert_eq!(timers.publish(), None);
    });
}

#[test]
fn a_reset_into_what_the_owner_knows_for_the_past_is_fired_once() {
    model(3, || {
        let ((timers, shard), (waker, woken)) = (timers(), counting());
        let key = waiting(&shard, 10, &waker);
        let driver = firing(&timers, 10);
        let fate = shard.reset_into_the_past(key);
        driver.join().unwrap();
        assert!(matches!(fate, Fate::Due | Fate::Gone));
        assert_eq!(woken.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_cancelled_timer_is_fired_or_dropped() {
    model(3, || {
        let ((timers, shard), (waker, woken)) = (timers(), counting());
        let keys = [10, 20].map(|tick| waiting(&shard, tick, &waker));
        drop(waker);
        let driver = firing(&timers, 10);
        keys.into_iter().for_each(|key| shard.cancel(key));
        driver.join().unwrap();
        // The first one was due, the second was not.
        assert!(woken.load(Ordering::Relaxed) <= 1);
        assert_eq!(Arc::strong_count(&woken), 1);
        fire(&timers, 20);
        assert!(woken.load(Ordering::Relaxed) <= 1);
        assert_eq!(timers.publish(), None);
    });
}

#[test]
fn an_update_that_meets_the_fire_wakes_one_of_the_two() {
    model(3, || {
        let (timers, shard) = timers();
        let ((first, first_woken), (second, second_woken)) = (counting(), counting());
        let key = waiting(&shard, 10, &first);
        let driver = firing(&timers, 10);
        let replaced = match shard.update(key, &second) {
            Fate::Waits(_) => 1,
            Fate::Gone => 0,
            fate => panic!("{fate:?}"),
        };
        driver.join().unwrap();
        let woken = [first_woken, second_woken].map(|woken| woken.load(Ordering::Relaxed));
        assert_eq!(woken, [1 - replaced, replaced]);
    });
}

/// The key of a timer that has fired is nobody else's, also when the place it had is used again.
#[test]
fn a_late_cancel_hits_nobody_else() {
    model(3, || {
        let ((timers, shard), (waker, woken)) = (timers(), counting());
        let key = waiting(&shard, 10, &waker);
        fire(&timers, 10);
        let late = {
            let shard = shard.clone();
            thread::spawn(move || shard.cancel(key))
        };
        waiting(&shard, 20, &waker);
        late.join().unwrap();
        fire(&timers, 20);
        assert_eq!(woken.load(Ordering::Relaxed), 2);
    });
}

/// The driver sleeps without a limit; it wakes for the timer or not at all.
#[test]
fn a_driver_that_is_about_to_sleep_sees_a_new_timer() {
    model(3, || {
        let parker = StdArc::new(Parker::new());
        let timers = Timers::new(&Waker::from(parker.clone()), 2);
        let registers = {
            let shard = timers.shard(1);
            thread::spawn(move || {
                shard.register(20, Waker::noop());
                shard.register(10, Waker::noop());
            })
        };
        while timers.publish() != Some(10) {
            parker.park();
            timers.advance_to(1);
        }
        registers.join().unwrap();
    });
}

#[test]
fn a_driver_that_is_about_to_sleep_sees_an_earlier_reset() {
    model(3, || {
        let parker = StdArc::new(Parker::new());
        let timers = Timers::new(&Waker::from(parker.clone()), 2);
        let shard = timers.shard(0);
        let key = waiting(&shard, 100, Waker::noop());
        let resets = {
            let shard = shard.clone();
            thread::spawn(move || {
                shard.reset(key, 10);
            })
        };
        while timers.publish() != Some(10) {
            parker.park();
            timers.advance_to(1);
        }
        resets.join().unwrap();
    });
}

#[test]
fn no_timer_is_left_behind_by_a_shutdown() {
    model(3, || {
        let ((timers, shard), (waker, woken)) = (timers(), counting());
        let registers = {
            let shard = shard.clone();
            thread::spawn(move || matches!(shard.register(10, &waker), Fate::Waits(_)))
        };
        timers.shutdown().into_iter().for_each(Waker::wake);
        let waited = registers.join().unwrap();
        assert_eq!(woken.load(Ordering::Relaxed), usize::from(waited));
        assert_eq!(Arc::strong_count(&woken), 1);
        assert!(matches!(shard.register(10, Waker::noop()), Fate::ShutDown));
    });
}

/// One goes off while another comes into the next shard, which the driver need not visit.
#[test]
fn a_fire_that_meets_a_registration_in_another_shard() {
    model(3, || {
        let ((timers, shard), (waker, woken)) = (timers(), counting());
        waiting(&shard, 10, &waker);
        let registers = {
            let (other, waker) = (timers.shard(1), waker.clone());
            thread::spawn(move || waiting(&other, 20, &waker))
        };
        fire(&timers, 10);
        assert_eq!(woken.load(Ordering::Relaxed), 1);
        registers.join().unwrap();
        assert_eq!(timers.publish(), Some(20));
        fire(&timers, 20);
        assert_eq!(woken.load(Ordering::Relaxed), 2);
    });
}

/// A timer that is made, dropped and made again in one shard says nothing to the driver the second time, and is fired.
#[test]
fn a_fire_that_meets_a_timer_made_anew() {
    model(3, || {
        let ((timers, shard), (waker, woken)) = (timers(), counting());
        let key = waiting(&shard, 10, &waker);
        let owner = {
            let (shard, waker) = (shard.clone(), waker.clone());
            thread::spawn(move || {
                shard.cancel(key);
                waiting(&shard, 20, &waker);
            })
        };
        drop(waker);
        fire(&timers, 10);
        owner.join().unwrap();
        assert!(woken.load(Ordering::Relaxed) <= 1);
        let before = woken.swap(0, Ordering::Relaxed);
        fire(&timers, timers.publish().expect("one waits"));
        if woken.load(Ordering::Relaxed) == 0 {
            // What was published was the tick of the one that was dropped.
            assert_eq!(before, 0);
            assert_eq!(timers.publish(), Some(20));
            fire(&timers, 20);
        }
        assert_eq!(woken.load(Ordering::Relaxed), 1);
        assert_eq!(Arc::strong_count(&woken), 1);
    });
}

/// A task has gone to another worker, and drops its timer there.
#[test]
fn a_cancel_from_another_thread_meets_the_owner_and_the_fire() {
    model(3, || {
        let ((timers, shard), (waker, woken)) = (timers(), counting());
        let key = waiting(&shard, 10, &waker);
        let cancels = {
            let shard = shard.clone();
            thread::spawn(move || shard.cancel(key))
        };
        let driver = firing(&timers, 10);
        waiting(&shard, 20, &waker);
        cancels.join().unwrap();
        driver.join().unwrap();
        let early = woken.load(Ordering::Relaxed);
        assert!(early <= 1);
        fire(&timers, 20);
        assert_eq!(woken.load(Ordering::Relaxed), early + 1);
        assert_eq!(timers.publish(), None);
    });
}

/// Postponed in its place, it is found there and filed anew, while another comes into the shard.
#[test]
fn a_postponed_timer_is_fired_at_its_last_tick() {
    model(3, || {
        let ((timers, shard), (waker, woken)) = (timers(), counting());
        let key = waiting(&shard, 10, &waker);
        assert!(matches!(shard.reset(key, 30), Fate::Waits(_)));
        let owner = {
            let (shard, waker) = (shard.clone(), waker.clone());
            thread::spawn(move || waiting(&shard, 20, &waker))
        };
        fire(&timers, 10);
        assert_eq!(woken.load(Ordering::Relaxed), 0);
        owner.join().unwrap();
        let mut published = Vec::new();
        while let Some(next) = timers.publish() {
            published.push(next);
            fire(&timers, next);
        }
        assert_eq!(woken.load(Ordering::Relaxed), 2);
        assert!(matches!(published[..], [20, 30]));
    });
}
