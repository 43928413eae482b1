//! The channel: block queue, waker, senders' count and bound together.
//!
//! Properties: every value is received once, or dropped once, in its sender's order; a receiver that waits is woken by
//! a value, by the last sender's drop and by the last permit of a closed channel; a sender that waits for room is
//! woken by it. A block has two slots here, so three values cross into a second one.
#![cfg(heist_loom)]

mod sync_kit;

use std::pin::pin;

use heist::sync::mpsc::{self, UnboundedReceiver};
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use heist_primitive::thread;
use sync_kit::{block_on, poll_once};

fn all<T>(rx: &mut UnboundedReceiver<T>) -> Vec<T> {
    let mut values = Vec::new();
    while let Some(value) = block_on(rx.recv()) {
        values.push(value);
    }
    values
}

#[test]
fn a_value_is_published_with_its_slot() {
    model(3, || {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let sends = thread::spawn(move || tx.send(Box::new(7)).unwrap());
        assert_eq!(all(&mut rx), [Box::new(7)]);
        sends.join().unwrap();
    });
}

#[test]
fn a_waiting_receiver_is_woken() {
    model(3, || {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let keeps_open = tx.clone();
        assert!(poll_once(pin!(rx.recv())).is_pending());
        let sends = thread::spawn(move || tx.send(7).unwrap());
        assert_eq!(block_on(rx.recv()), Some(7));
        sends.join().unwrap();
        drop(keeps_open);
    });
}

#[test]
fn blocks_are_linked() {
    model(2, || {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let other = tx.clone();
        let sends = thread::spawn(move || other.send(10).unwrap());
        tx.send(20).unwrap();
        tx.send(21).unwrap();
        drop(tx);
        sends.join().unwrap();
        let mut values = all(&mut rx);
        values.retain(|value| *value != 10);
        assert_eq!(values, [20, 21]);
        assert_eq!(rx.len(), 0);
    });
}

#[test]
fn blocks_are_recycled() {
    model(2, || {
        let (tx, mut rx) = mpsc::unbounded_channel();
        tx.send(0).unwrap();
        tx.send(1).unwrap();
        // The receiver retires the first block while the sender wants a third one.
        let sends = thread::spawn(move || (2..5).for_each(|value| tx.send(value).unwrap()));
        assert_eq!((block_on(rx.recv()), block_on(rx.recv())), (Some(0), Some(1)));
        sends.join().unwrap();
        assert_eq!(all(&mut rx), [2, 3, 4]);
    });
}

#[test]
fn two_senders_share_a_block() {
    model(2, || {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let other = tx.clone();
        let sends = [(other, 1), (tx, 2)].map(|(tx, value)| thread::spawn(move || tx.send(value).unwrap()));
        let mut values = all(&mut rx);
        values.sort_unstable();
        assert_eq!(values, [1, 2]);
        for thread in sends {
            thread.join().unwrap();
        }
    });
}

/// Who needs a slot first makes the block.
#[test]
fn two_senders_begin() {
    model(2, || {
        let value = Arc::new(());
        let (tx, mut rx) = mpsc::unbounded_channel();
        let other = (tx.clone(), value.clone());
        let sends = thread::spawn(move || other.0.send(other.1).unwrap());
        tx.send(value.clone()).unwrap();
        sends.join().unwrap();
        assert_eq!(rx.len(), 2);
        drop(rx.try_recv());
        drop((tx, rx));
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn a_receiver_waits_for_the_first_value() {
    model(3, || {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let sends = thread::spawn(move || {
            tx.send(Box::new(7)).unwrap();
            tx
        });
        assert_eq!(block_on(rx.recv()), Some(Box::new(7)));
        drop(sends.join().unwrap());
        assert_eq!(block_on(rx.recv()), None);
    });
}

/// The consumer has passed the first block, and it has been used again, before a slow second sender comes.
#[test]
fn a_sender_comes_late() {
    model(2, || {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let late = tx.clone();
        let sends = thread::spawn(move || late.send(9).unwrap());
        for value in 0..3 {
            tx.send(value).unwrap();
        }
        drop(tx);
        let mut values = all(&mut rx);
        values.retain(|value| *value != 9);
        assert_eq!(values, [0, 1, 2]);
        sends.join().unwrap();
    });
}

/// A receiver that has waited in vain leaves the block to nobody.
#[test]
fn nothing_was_sent() {
    model(3, || {
        let (tx, mut rx) = mpsc::unbounded_channel::<u8>();
        let drops = thread::spawn(move || drop(tx));
        assert_eq!(block_on(rx.recv()), None);
        drops.join().unwrap();
    });
}

#[test]
fn the_last_sender_ends_the_channel() {
    model(2, || {
        let (tx, mut rx) = mpsc::unbounded_channel::<u8>();
        let other = tx.clone();
        let drops = thread::spawn(move || drop(other));
        let sends = thread::spawn(move || tx.send(1).unwrap());
        assert_eq!(all(&mut rx), [1]);
        drops.join().unwrap();
        sends.join().unwrap();
    });
}

#[test]
fn the_end_comes_after_what_the_senders_did() {
    model(2, || {
        let did = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let (tx, mut rx) = mpsc::unbounded_channel::<u8>();
        let other = tx.clone();
        let drops = [(tx, 0), (other, 1)].map(|(tx, sender)| {
            let did = did.clone();
            thread::spawn(move || {
                did[sender].store(1, Relaxed);
                drop(tx);
            })
        });
        assert_eq!(block_on(rx.recv()), None);
        assert_eq!((did[0].load(Relaxed), did[1].load(Relaxed)), (1, 1));
        for thread in drops {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_close_races_a_send() {
    model(3, || {
        let value = Arc::new(());
        let sent = value.clone();
        let (tx, mut rx) = mpsc::unbounded_channel();
        let sends = thread::spawn(move || tx.send(sent).is_ok());
        rx.close();
        let received = all(&mut rx).len();
        assert_eq!(usize::from(sends.join().unwrap()), received);
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn a_dropped_receiver_drops_what_was_sent() {
    model(3, || {
        let value = Arc::new(());
        let sent = value.clone();
        let (tx, rx) = mpsc::unbounded_channel();
        let sends = thread::spawn(move || drop(tx.send(sent)));
        drop(rx);
        sends.join().unwrap();
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn room_wakes_a_sender() {
    model(2, || {
        let (tx, mut rx) = mpsc::channel(1);
        let sends = thread::spawn(move || {
            block_on(tx.send(1)).unwrap();
            block_on(tx.send(2)).unwrap();
        });
        assert_eq!(block_on(rx.recv()), Some(1));
        assert_eq!(block_on(rx.recv()), Some(2));
        assert_eq!(block_on(rx.recv()), None);
        sends.join().unwrap();
    });
}

#[test]
fn the_last_permit_of_a_closed_channel_ends_it() {
    model(3, || {
        let (tx, mut rx) = mpsc::channel::<u8>(1);
        let keeps_open = tx.clone();
        let permit = tx.try_reserve_owned().unwrap();
        let did = Arc::new(AtomicUsize::new(0));
        let drops = {
            let did = did.clone();
            thread::spawn(move || {
                did.store(1, Relaxed);
                drop(permit);
            })
        };
        rx.close();
        assert_eq!(block_on(rx.recv()), None);
        assert_eq!(did.load(Relaxed), 1);
        drops.join().unwrap();
        drop(keeps_open);
    });
}

#[test]
fn closed_resolves() {
    model(3, || {
        let (tx, rx) = mpsc::channel::<u8>(1);
        let drops = thread::spawn(move || drop(rx));
        block_on(tx.closed());
        assert!(tx.try_send(1).is_err());
        drops.join().unwrap();
    });
}

#[test]
fn who_sees_the_close_sees_what_was_done_before() {
    model(3, || {
        let did = Arc::new(AtomicUsize::new(0));
        let (tx, mut rx) = mpsc::unbounded_channel::<u8>();
        let closes = {
            let did = did.clone();
            thread::spawn(move || {
                did.store(1, Relaxed);
                rx.close();
            })
        };
        if tx.is_closed() {
            assert_eq!(did.load(Relaxed), 1);
        }
        closes.join().unwrap();
    });
}

#[test]
fn a_weak_sender_that_comes_too_late_sees_what_the_senders_did() {
    model(3, || {
        let did = Arc::new(AtomicUsize::new(0));
        let (tx, mut rx) = mpsc::unbounded_channel();
        let weak = tx.downgrade();
        let drops = {
            let did = did.clone();
            thread::spawn(move || {
                did.store(1, Relaxed);
                drop(tx);
            })
        };
        if weak.strong_count() == 0 {
            assert_eq!(did.load(Relaxed), 1);
        }
        match weak.upgrade() {
            Some(tx) => tx.send(7).unwrap(),
            None => {
                assert_eq!(did.load(Relaxed), 1);
                assert_eq!(block_on(rx.recv()), None);
                return drops.join().unwrap();
            }
        }
        assert_eq!(all(&mut rx), [7]);
        drops.join().unwrap();
    });
}

/// A place that was reserved and is not used goes to a sender that waits for room.
#[test]
fn a_permit_that_is_dropped_makes_room() {
    model(3, || {
        let (tx, mut rx) = mpsc::channel(1);
        let permit = tx.clone().try_reserve_owned().unwrap();
        let drops = thread::spawn(move || drop(permit));
        block_on(tx.send(7)).unwrap();
        drops.join().unwrap();
        drop(tx);
        assert_eq!(block_on(rx.recv()), Some(7));
        assert_eq!(block_on(rx.recv()), None);
    });
}

/// A wait for room that ends while room is being made passes it on to the next in line.
#[test]
fn a_wait_for_room_that_is_given_up_passes_it_on() {
    model(2, || {
        let (tx, mut rx) = mpsc::channel(1);
        tx.try_send(1).unwrap();
        let mut first = Box::pin(tx.clone().reserve_owned());
        assert!(poll_once(first.as_mut()).is_pending());
        let mut second = pin!(tx.send(2));
        assert!(poll_once(second.as_mut()).is_pending());
        let receives = thread::spawn(move || {
            assert_eq!(block_on(rx.recv()), Some(1));
            rx
        });
        let gives_up = thread::spawn(move || drop(first));
        block_on(second).unwrap();
        gives_up.join().unwrap();
        assert_eq!(block_on(receives.join().unwrap().recv()), Some(2));
    });
}

/// A sender that waits for room when the channel is closed is refused, or has got its place before.
#[test]
fn a_close_meets_a_sender_that_waits_for_room() {
    model(2, || {
        let (tx, mut rx) = mpsc::channel(1);
        tx.try_send(1).unwrap();
        let sends = thread::spawn(move || block_on(tx.send(2)).is_ok());
        assert_eq!(block_on(rx.recv()), Some(1));
        rx.close();
        let mut values = Vec::new();
        while let Some(value) = block_on(rx.recv()) {
            values.push(value);
        }
        let sent = sends.join().unwrap();
        assert_eq!(values, if sent { vec![2] } else { vec![] });
    });
}
