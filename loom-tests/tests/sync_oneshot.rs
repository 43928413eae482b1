//! The oneshot channel: one send, one receive, close and drop, in every order.
//!
//! Properties: a sent value is received once or given back to the sender, never both and never neither; the side
//! that waits is woken by what the other does; no access to a slot races with another (loom's cells report that);
//! whoever sees the value or the close sees what was done before it.
#![cfg(heist_loom)]

mod sync_kit;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use heist::sync::oneshot::{self, error::TryRecvError};
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use heist_primitive::thread;
use sync_kit::{block_on, poll_once};

#[test]
fn a_value_arrives_once() {
    model(3, || {
        let (tx, rx) = oneshot::channel();
        let sends = thread::spawn(move || tx.send(Box::new(7)));
        assert_eq!(block_on(rx), Ok(Box::new(7)));
        assert_eq!(sends.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_dropped_sender_ends_the_wait() {
    model(3, || {
        let (tx, rx) = oneshot::channel::<u8>();
        let drops = thread::spawn(move || drop(tx));
        assert!(block_on(rx).is_err());
        drops.join().unwrap();
    });
}

#[test]
fn a_refused_value_comes_back() {
    model(3, || {
        // loom's Arc reports it if one is leaked.
        let value = Arc::new(());
        let sent = value.clone();
        let (tx, mut rx) = oneshot::channel();
        let sends = thread::spawn(move || tx.send(sent).is_ok());
        rx.close();
        let received = match rx.try_recv() {
            Ok(_) => true,
            Err(TryRecvError::Closed) => false,
            Err(TryRecvError::Empty) => panic!("closed, and still waiting"),
        };
        assert_eq!(sends.join().unwrap(), received);
        drop(rx);
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn a_dropped_receiver_drops_the_value() {
    model(3, || {
        let value = Arc::new(());
        let sent = value.clone();
        let (tx, mut rx) = oneshot::channel();
        assert!(poll_once(pin!(&mut rx)).is_pending());
        let sends = thread::spawn(move || drop(tx.send(sent)));
        drop(rx);
        sends.join().unwrap();
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn a_waker_that_changes_is_not_lost() {
    model(3, || {
        let (tx, mut rx) = oneshot::channel();
        let nobody = &mut Context::from_waker(Waker::noop());
        assert!(std::future::Future::poll(pin!(&mut rx), nobody).is_pending());
        let sends = thread::spawn(move || tx.send(7));
        assert_eq!(block_on(rx), Ok(7));
        assert_eq!(sends.join().unwrap(), Ok(()));
    });
}

#[test]
fn closing_wakes_the_sender() {
    model(3, || {
        let (mut tx, rx) = oneshot::channel::<u8>();
        let waits = thread::spawn(move || {
            block_on(tx.closed());
            assert!(tx.send(1).is_err());
        });
        drop(rx);
        waits.join().unwrap();
    });
}

#[test]
fn a_sender_that_waits_twice_is_woken() {
    model(3, || {
        let (mut tx, mut rx) = oneshot::channel::<u8>();
        assert_eq!(
            tx.poll_closed(&mut Context::from_waker(Waker::noop())),
            Poll::Pending
        );
        let closes = thread::spawn(move || rx.close());
        block_on(tx.closed());
        closes.join().unwrap();
    });
}

#[test]
fn a_sender_that_has_waited_sends_or_gets_its_value_back() {
    model(3, || {
        let (mut tx, mut rx) = oneshot::channel();
        assert!(poll_once(pin!(tx.closed())).is_pending());
        let closes = thread::spawn(move || {
            rx.close();
            rx.try_recv().ok()
        });
        let refused = tx.send(Box::new(7)).err();
        let received = closes.join().unwrap();
        assert!(refused.is_some() != received.is_some());
    });
}

/// What a receiver does before it closes. Says when.
fn close_after(did: &Arc<AtomicUsize>, mut rx: oneshot::Receiver<u8>) -> thread::JoinHandle<()> {
    let did = did.clone();
    thread::spawn(move || {
        did.store(1, Relaxed);
        rx.close();
    })
}

#[test]
fn who_sees_the_close_sees_what_was_done_before() {
    model(3, || {
        let did = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = oneshot::channel::<u8>();
        let closes = close_after(&did, rx);
        if tx.is_closed() {
            assert_eq!(did.load(Relaxed), 1);
        }
        closes.join().unwrap();
    });
}

#[test]
fn who_waits_for_the_close_sees_what_was_done_before() {
    model(3, || {
        let did = Arc::new(AtomicUsize::new(0));
        let (mut tx, rx) = oneshot::channel::<u8>();
        let closes = close_after(&did, rx);
        // Parked or told so, with a waker that is not the next one's.
        let mut cx = Context::from_waker(Waker::noop());
        if tx.poll_closed(&mut cx).is_pending() {
            block_on(tx.closed());
        }
        assert_eq!(did.load(Relaxed), 1);
        closes.join().unwrap();
    });
}

#[test]
fn who_sees_that_a_value_is_there_sees_what_was_done_before() {
    model(3, || {
        let did = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = oneshot::channel();
        let looks = {
            let did = did.clone();
            thread::spawn(move || {
                if !rx.is_empty() {
                    assert_eq!(did.load(Relaxed), 1);
                }
                rx
            })
        };
        did.store(1, Relaxed);
        tx.send(7).unwrap();
        assert_eq!(block_on(looks.join().unwrap()), Ok(7));
    });
}
