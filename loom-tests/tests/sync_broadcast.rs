//! broadcast: a ring of locked slots and a tail.
//!
//! Properties: nobody sleeps through a value or the close; each value is read, or accounted for, once by each receiver;
//! a value is never cloned by two threads at a time (loom's cell would report it).
#![cfg(heist_loom)]

mod sync_kit;

use std::future::poll_fn;
use std::pin::{Pin, pin};

use heist::stream::{BroadcastStream, Stream};
use heist::sync::broadcast;
use heist::sync::broadcast::error::RecvError;
use heist_loom_tests::model;
use heist_primitive::cell::UnsafeCell;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use heist_primitive::sync::{Arc, StdArc};
use heist_primitive::thread;
use sync_kit::{block_on, next, poll_once};

#[test]
fn every_receiver_gets_the_value() {
    model(2, || {
        let (sender, mut first) = broadcast::channel(2);
        let mut second = sender.subscribe();
        let receives = thread::spawn(move || assert_eq!(block_on(second.recv()), Ok(1)));
        let sends = thread::spawn(move || assert!(sender.send(1).is_ok()));
        assert_eq!(block_on(first.recv()), Ok(1));
        receives.join().unwrap();
        sends.join().unwrap();
    });
}

#[test]
fn a_close_is_seen_after_the_last_value() {
    model(2, || {
        let (sender, mut receiver) = broadcast::channel(2);
        let other = sender.clone();
        let sends = thread::spawn(move || assert!(sender.send(1).is_ok()));
        let closes = thread::spawn(move || drop(other));
        assert_eq!(block_on(receiver.recv()), Ok(1));
        assert_eq!(block_on(receiver.recv()), Err(RecvError::Closed));
        sends.join().unwrap();
        closes.join().unwrap();
    });
}

#[test]
fn a_lagging_reader_meets_the_writer() {
    model(2, || {
        let (sender, mut receiver) = broadcast::channel(1);
        let sends = thread::spawn(move || {
            for value in 0..3 {
                assert!(sender.send(value).is_ok());
            }
        });
        let mut next = 0;
        loop {
            match block_on(receiver.recv()) {
                Ok(value) => {
                    assert_eq!(value, next);
                    next += 1;
                }
                Err(RecvError::Lagged(missed)) => next += missed,
                Err(RecvError::Closed) => break,
            }
        }
        assert_eq!(next, 3);
        sends.join().unwrap();
    });
}

#[test]
fn a_receiver_that_goes_gives_up_its_share() {
    model(2, || {
        let counted = StdArc::new(());
        let (sender, mut first) = broadcast::channel(1);
        let second = sender.subscribe();
        let value = counted.clone();
        let sends = thread::spawn(move || {
            assert!(sender.send(value).is_ok());
            sender
        });
        let goes = thread::spawn(move || drop(second));
        assert!(block_on(first.recv()).is_ok());
        let sender = sends.join().unwrap();
        goes.join().unwrap();
        assert!(sender.is_empty());
        assert_eq!(StdArc::strong_count(&counted), 1);
    });
}

#[test]
fn a_wait_that_is_given_up_loses_nothing() {
    model(2, || {
        let (sender, mut receiver) = broadcast::channel(1);
        let sends = thread::spawn(move || assert!(sender.send(1).is_ok()));
        let got = {
            let mut recv = Box::pin(receiver.recv());
            poll_once(recv.as_mut()).is_ready()
        };
        if !got {
            assert_eq!(block_on(receiver.recv()), Ok(1));
        }
        sends.join().unwrap();
    });
}

/// `Send` and not `Sync`: its clone writes to the original.
struct Alone(UnsafeCell<u32>);

impl Clone for Alone {
    fn clone(&self) -> Self {
        self.0.with_mut(|_| ());
        Self(UnsafeCell::new(0))
    }
}

#[test]
fn clones_do_not_overlap() {
    model(2, || {
        let (sender, mut first) = broadcast::channel(1);
        let mut second = sender.subscribe();
        let _third = sender.subscribe();
        assert!(sender.send(Alone(UnsafeCell::new(0))).is_ok());
        let receives = thread::spawn(move || assert!(second.try_recv().is_ok()));
        assert!(first.try_recv().is_ok());
        receives.join().unwrap();
    });
}

#[test]
fn streams_get_each_value_and_leave_in_good_order() {
    model(2, || {
        let (sender, receiver) = broadcast::channel(2);
        let mut first = BroadcastStream::new(receiver);
        let mut second = BroadcastStream::new(sender.subscribe());
        // Its place among the waiters is left while the sender takes the waiters off.
        let leaves = thread::spawn(move || {
            let _ = poll_once(pin!(poll_fn(|cx| Pin::new(&mut second).poll_next(cx))));
        });
        let sends = thread::spawn(move || assert!(sender.send(1).is_ok()));
        assert_eq!(next(&mut first), Some(Ok(1)));
        assert_eq!(next(&mut first), None);
        leaves.join().unwrap();
        sends.join().unwrap();
    });
}

#[test]
fn the_end_comes_after_what_the_senders_did() {
    model(2, || {
        let did = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let (sender, mut receiver) = broadcast::channel::<u8>(2);
        let other = sender.clone();
        let drops = [(sender, 0), (other, 1)].map(|(sender, n)| {
            let did = did.clone();
            thread::spawn(move || {
                did[n].store(1, Relaxed);
                drop(sender);
            })
        });
        assert_eq!(block_on(receiver.recv()), Err(RecvError::Closed));
        assert_eq!((did[0].load(Relaxed), did[1].load(Relaxed)), (1, 1));
        drops.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_weak_sender_that_comes_too_late_sees_what_the_senders_did() {
    model(3, || {
        let did = Arc::new(AtomicUsize::new(0));
        let (sender, mut receiver) = broadcast::channel(2);
        let weak = sender.downgrade();
        let drops = {
            let did = did.clone();
            thread::spawn(move || {
                did.store(1, Relaxed);
                drop(sender);
            })
        };
        if weak.strong_count() == 0 {
            assert_eq!(did.load(Relaxed), 1);
        }
        match weak.upgrade() {
            Some(sender) => assert!(sender.send(7).is_ok()),
            None => {
                assert_eq!(did.load(Relaxed), 1);
                drops.join().unwrap();
                return assert_eq!(block_on(receiver.recv()), Err(RecvError::Closed));
            }
        }
        drops.join().unwrap();
        assert_eq!(block_on(receiver.recv()), Ok(7));
        assert_eq!(block_on(receiver.recv()), Err(RecvError::Closed));
    });
}
