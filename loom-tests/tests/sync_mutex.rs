//! Mutex: the value behind the semaphore.
//!
//! Properties: one guard at a time, and what it wrote is seen by the next (loom's cell reports a race at each locking);
//! a wait that is given up does not take the lock with it.
#![cfg(heist_loom)]

mod sync_kit;

use std::pin::pin;

use heist::sync::{Mutex, MutexGuard};
use heist_loom_tests::model;
use heist_primitive::sync::{Arc, StdArc};
use heist_primitive::thread;
use sync_kit::{block_on, poll_once};

#[test]
fn guards_exclude_each_other() {
    model(3, || {
        let mutex = Arc::new(Mutex::new(0));
        let theirs = mutex.clone();
        let adds = thread::spawn(move || *block_on(theirs.lock()) += 1);
        *block_on(mutex.lock()) += 1;
        adds.join().unwrap();
        assert_eq!(*mutex.try_lock().unwrap(), 2);
    });
}

#[test]
fn try_lock_sees_what_was_written() {
    model(3, || {
        let mutex = Arc::new(Mutex::new((0, 0)));
        let theirs = mutex.clone();
        let writes = thread::spawn(move || {
            if let Ok(mut guard) = theirs.try_lock() {
                *guard = (1, 1);
            }
        });
        if let Ok(guard) = mutex.try_lock() {
            assert_eq!(guard.0, guard.1);
        }
        writes.join().unwrap();
    });
}

#[test]
fn a_wait_that_is_given_up_leaves_the_lock() {
    model(2, || {
        let mutex = StdArc::new(Mutex::new(()));
        let guard = mutex.clone().try_lock_owned().unwrap();
        let mut first = Box::pin(mutex.clone().lock_owned());
        assert!(poll_once(first.as_mut()).is_pending());
        let mut second = pin!(mutex.lock());
        assert!(poll_once(second.as_mut()).is_pending());
        let unlocks = thread::spawn(move || drop(guard));
        let gives_up = thread::spawn(move || drop(first));
        drop(block_on(second));
        unlocks.join().unwrap();
        gives_up.join().unwrap();
        assert!(mutex.try_lock().is_ok());
    });
}

#[test]
fn a_mapped_guard_holds_the_lock() {
    model(3, || {
        let mutex = Arc::new(Mutex::new((0, 0)));
        let theirs = mutex.clone();
        let adds = thread::spawn(move || *MutexGuard::map(block_on(theirs.lock()), |pair| &mut pair.0) += 1);
        *MutexGuard::map(block_on(mutex.lock()), |pair| &mut pair.1) += 1;
        adds.join().unwrap();
        assert_eq!(*mutex.try_lock().unwrap(), (1, 1));
    });
}
