//! The semaphore: the word against the queue.
//!
//! Properties: what is done under the only permit is done by one thread at a time and seen by the next; a release is
//! never lost, whether it finds a waiter, races with one that queues, or with one that gives up; a close ends
//! every wait. A lost permit is a deadlock here.
#![cfg(heist_loom)]

mod sync_kit;

use std::pin::pin;

use heist::sync::Semaphore;
use heist_loom_tests::model;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use heist_primitive::sync::{Arc, StdArc};
use heist_primitive::thread;
use sync_kit::{block_on, poll_once};

#[test]
fn a_permit_orders_what_is_done_under_it() {
    model(3, || {
        let shared = Arc::new((Semaphore::new(1), AtomicUsize::new(0)));
        let add = |shared: &(Semaphore, AtomicUsize)| {
            let _permit = block_on(shared.0.acquire()).unwrap();
            // Not an atomic increment: two at a time, or a stale value, would lose one.
            shared.1.store(shared.1.load(Relaxed) + 1, Relaxed);
        };
        let theirs = shared.clone();
        let adds = thread::spawn(move || add(&theirs));
        add(&shared);
        adds.join().unwrap();
        assert_eq!((shared.1.load(Relaxed), shared.0.available_permits()), (2, 1));
    });
}

#[test]
fn a_release_meets_one_that_queues() {
    model(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let theirs = semaphore.clone();
        let adds = thread::spawn(move || {
            theirs.add_permits(1);
            theirs.add_permits(1);
        });
        block_on(semaphore.acquire_many(2)).unwrap().forget();
        adds.join().unwrap();
        assert_eq!(semaphore.available_permits(), 0);
    });
}

#[test]
fn a_cancelled_acquire_passes_its_permits_on() {
    model(2, || {
        let semaphore = StdArc::new(Semaphore::new(0));
        let mut first = Box::pin(semaphore.clone().acquire_many_owned(2));
        assert!(poll_once(first.as_mut()).is_pending());
        let mut second = pin!(semaphore.acquire());
        assert!(poll_once(second.as_mut()).is_pending());
        let theirs = semaphore.clone();
        let adds = thread::spawn(move || theirs.add_permits(1));
        let gives_up = thread::spawn(move || drop(first));
        block_on(second).unwrap().forget();
        adds.join().unwrap();
        gives_up.join().unwrap();
        assert_eq!(semaphore.available_permits(), 0);
    });
}

#[test]
fn a_waiter_is_passed_over_by_nobody() {
    model(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let mut waits = pin!(semaphore.acquire());
        assert!(poll_once(waits.as_mut()).is_pending());
        let theirs = semaphore.clone();
        let races = thread::spawn(move || {
            theirs.add_permits(1);
            assert!(theirs.try_acquire().is_err(), "the permit was the waiter's");
        });
        block_on(waits).unwrap().forget();
        races.join().unwrap();
    });
}

#[test]
fn a_close_ends_every_wait() {
    model(2, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let theirs = semaphore.clone();
        let waits = thread::spawn(move || drop(block_on(theirs.acquire_many(2))));
        semaphore.close();
        assert!(block_on(semaphore.acquire()).is_err());
        waits.join().unwrap();
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn forgetting_races_a_release() {
    model(3, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let theirs = semaphore.clone();
        let adds = thread::spawn(move || theirs.add_permits(1));
        let forgotten = semaphore.forget_permits(2);
        adds.join().unwrap();
        assert_eq!(semaphore.available_permits() + forgotten, 2);
    });
}

#[test]
fn who_sees_the_close_sees_what_was_done_before() {
    model(3, || {
        let shared = Arc::new((Semaphore::new(0), AtomicUsize::new(0)));
        let theirs = shared.clone();
        let looks = thread::spawn(move || {
            if theirs.0.is_closed() {
                assert_eq!(theirs.1.load(Relaxed), 1);
            }
        });
        shared.1.store(1, Relaxed);
        shared.0.close();
        looks.join().unwrap();
    });
}
