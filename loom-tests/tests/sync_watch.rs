//! watch: a version, a value, and notifications after both.
//!
//! Properties: nobody sleeps through a change, the close, or the departure of the last receiver; the version that
//! is seen belongs to the value that is seen; whoever sees a change, the close or the departure sees what was done before.
#![cfg(heist_loom)]

mod sync_kit;

use std::pin::pin;

use heist::stream::WatchStream;
use heist::sync::watch;
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use heist_primitive::thread;
use sync_kit::{block_on, next, poll_once};

#[test]
fn a_change_is_not_missed() {
    model(2, || {
        let (sender, mut receiver) = watch::channel(0);
        let sends = thread::spawn(move || {
            sender.send(1).unwrap();
            sender
        });
        block_on(receiver.changed()).unwrap();
        assert_eq!(*receiver.borrow_and_update(), 1);
        drop(sends.join().unwrap());
        assert!(block_on(receiver.changed()).is_err());
    });
}

#[test]
fn the_last_change_and_the_close_are_seen() {
    model(2, || {
        let (sender, mut receiver) = watch::channel(0);
        let sends = thread::spawn(move || sender.send(1).unwrap());
        assert_eq!(*block_on(receiver.wait_for(|value| *value == 1)).unwrap(), 1);
        assert!(block_on(receiver.changed()).is_err());
        sends.join().unwrap();
    });
}

#[test]
fn a_change_finds_two_who_wait() {
    model(2, || {
        let (sender, mut first) = watch::channel(0);
        let mut second = first.clone();
        let waits = thread::spawn(move || block_on(first.changed()).unwrap());
        let also = thread::spawn(move || block_on(second.changed()).unwrap());
        sender.send(1).unwrap();
        waits.join().unwrap();
        also.join().unwrap();
    });
}

#[test]
fn a_wait_after_one_that_was_given_up_is_found() {
    model(3, || {
        let (sender, mut receiver) = watch::channel(0);
        assert!(poll_once(pin!(receiver.changed())).is_pending());
        let sends = thread::spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        while block_on(receiver.changed()).is_ok() {
            receiver.borrow_and_update();
        }
        assert_eq!(*receiver.borrow(), 2);
        sends.join().unwrap();
    });
}

#[test]
fn the_last_receiver_is_missed() {
    model(2, || {
        let (sender, first) = watch::channel(());
        let second = first.clone();
        let drops = thread::spawn(move || drop(first));
        let also = thread::spawn(move || drop(second));
        block_on(sender.closed());
        assert_eq!(sender.receiver_count(), 0);
        drops.join().unwrap();
        also.join().unwrap();
    });
}

#[test]
fn a_version_belongs_to_its_value() {
    model(2, || {
        let (sender, mut receiver) = watch::channel(0);
        let other = sender.clone();
        let sends = thread::spawn(move || other.send_modify(|value| *value += 1));
        sender.send_modify(|value| *value += 1);
        let seen = *receiver.borrow_and_update();
        sends.join().unwrap();
        assert_eq!(receiver.has_changed().unwrap(), seen < 2);
    });
}

#[test]
fn a_wait_that_is_given_up_takes_nothing() {
    model(2, || {
        let (sender, mut receiver) = watch::channel(0);
        let sends = thread::spawn(move || sender.send(1).unwrap());
        let seen = {
            let mut changed = Box::pin(receiver.changed());
            poll_once(changed.as_mut()).is_ready()
        };
        if !seen {
            block_on(receiver.changed()).unwrap();
        }
        assert_eq!(*receiver.borrow(), 1);
        sends.join().unwrap();
    });
}

#[test]
fn a_stream_ends_with_the_last_change() {
    model(2, || {
        let (sender, receiver) = watch::channel(0);
        let mut changes = WatchStream::from_changes(receiver);
        let sends = thread::spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        let mut last = 0;
        while let Some(value) = next(&mut changes) {
            assert!(value > last, "{value} after {last}");
            last = value;
        }
        assert_eq!(last, 2);
        sends.join().unwrap();
    });
}

/// Nobody waits here: the look alone publishes.
#[test]
fn who_sees_a_change_sees_what_was_done_before() {
    model(3, || {
        let did = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = watch::channel(0);
        let sends = {
            let did = did.clone();
            thread::spawn(move || {
                did.store(1, Relaxed);
                sender.send(1).unwrap();
                sender
            })
        };
        if receiver.has_changed().unwrap() {
            assert_eq!(did.load(Relaxed), 1);
        }
        drop(sends.join().unwrap());
    });
}

#[test]
fn who_sees_the_close_sees_what_the_senders_did() {
    model(2, || {
        let did = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let (sender, receiver) = watch::channel(0);
        let other = sender.clone();
        let drops = [(sender, 0), (other, 1)].map(|(sender, n)| {
            let did = did.clone();
            thread::spawn(move || {
                did[n].store(1, Relaxed);
                drop(sender);
            })
        });
        if receiver.has_changed().is_err() {
            assert_eq!((did[0].load(Relaxed), did[1].load(Relaxed)), (1, 1));
        }
        drops.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn who_misses_the_receivers_sees_what_they_did() {
    model(2, || {
        let did = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let (sender, receiver) = watch::channel(0);
        let other = receiver.clone();
        let drops = [(receiver, 0), (other, 1)].map(|(receiver, n)| {
            let did = did.clone();
            thread::spawn(move || {
                did[n].store(1, Relaxed);
                drop(receiver);
            })
        });
        if sender.is_closed() {
            assert_eq!((did[0].load(Relaxed), did[1].load(Relaxed)), (1, 1));
        }
        drops.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
