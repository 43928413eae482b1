//! RwLock: shared access to the value behind one of the semaphore's permits.
//!
//! Properties: a reader sees what was written before it as a whole (loom's cell reports a race at each locking), a
//! downgrade lets readers in and no writer, and a wait that is given up leaves the lock to the others.
#![cfg(heist_loom)]

mod sync_kit;

use std::pin::pin;

use heist::sync::RwLock;
use heist_loom_tests::model;
use heist_primitive::sync::{Arc, StdArc};
use heist_primitive::thread;
use sync_kit::{block_on, poll_once};

#[test]
fn readers_see_whole_writes() {
    model(2, || {
        let lock = Arc::new(RwLock::with_max_readers((0, 0), 2));
        let theirs = lock.clone();
        let writes = thread::spawn(move || {
            let mut pair = block_on(theirs.write());
            pair.0 += 1;
            pair.1 += 1;
        });
        {
            let pair = block_on(lock.read());
            assert_eq!(pair.0, pair.1);
        }
        writes.join().unwrap();
        assert_eq!(*lock.try_read().unwrap(), (1, 1));
    });
}

#[test]
fn a_write_comes_after_the_reads() {
    model(2, || {
        let lock = Arc::new(RwLock::with_max_readers(0, 2));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let lock = lock.clone();
                thread::spawn(move || assert!(*block_on(lock.read()) <= 1))
            })
            .collect();
        *block_on(lock.write()) += 1;
        for reader in readers {
            reader.join().unwrap();
        }
        assert_eq!(*lock.try_write().unwrap(), 1);
    });
}

#[test]
fn a_downgrade_lets_no_writer_between() {
    model(2, || {
        let lock = Arc::new(RwLock::with_max_readers(0, 2));
        let theirs = lock.clone();
        let adds = thread::spawn(move || *block_on(theirs.write()) += 10);
        let mut guard = block_on(lock.write());
        *guard += 1;
        let before = *guard;
        let guard = guard.downgrade();
        // Here a writer would get in.
        thread::yield_now();
        assert_eq!(*guard, before);
        drop(guard);
        adds.join().unwrap();
        assert_eq!(*lock.try_read().unwrap(), 11);
    });
}

#[test]
fn a_wait_that_is_given_up_leaves_the_lock() {
    model(2, || {
        let lock = StdArc::new(RwLock::with_max_readers((), 2));
        let guard = lock.clone().try_read_owned().unwrap();
        let mut writes = Box::pin(lock.clone().write_owned());
        assert!(poll_once(writes.as_mut()).is_pending());
        let mut reads = pin!(lock.read());
        assert!(poll_once(reads.as_mut()).is_pending());
        let unlocks = thread::spawn(move || drop(guard));
        let gives_up = thread::spawn(move || drop(writes));
        drop(block_on(reads));
        unlocks.join().unwrap();
        gives_up.join().unwrap();
        assert!(lock.try_write().is_ok());
    });
}
