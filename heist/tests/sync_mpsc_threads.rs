//! The channel between threads: nothing is lost, doubled or out of its sender's order, however they race.

mod sync_kit;

use std::thread;

use heist::sync::mpsc::{self, error::TryRecvError};
use sync_kit::Drops;

const SENDERS: usize = 4;
const VALUES: usize = 5_000;

/// Checks that each sender's values come in order; returns how many came.
fn check_order(values: impl IntoIterator<Item = (usize, usize)>) -> usize {
    let mut next = [0; SENDERS];
    for (sender, value) in values {
        assert_eq!(value, next[sender], "sender {sender}");
        next[sender] += 1;
    }
    next.iter().sum()
}

#[test]
fn many_senders_over_an_unbounded_channel() {
    let (tx, mut rx) = mpsc::unbounded_channel();
    for sender in 0..SENDERS {
        let tx = tx.clone();
        thread::spawn(move || (0..VALUES).for_each(|value| tx.send((sender, value)).unwrap()));
    }
    drop(tx);
    assert_eq!(
        check_order(std::iter::from_fn(|| rx.blocking_recv())),
        SENDERS * VALUES
    );
}

#[test]
fn many_senders_over_a_channel_of_one() {
    let (tx, mut rx) = mpsc::channel(1);
    for sender in 0..SENDERS {
        let tx = tx.clone();
        thread::spawn(move || (0..500).for_each(|value| tx.blocking_send((sender, value)).unwrap()));
    }
    drop(tx);
    assert_eq!(
        check_order(std::iter::from_fn(|| rx.blocking_recv())),
        SENDERS * 500
    );
    assert_eq!(rx.capacity(), 1);
}

#[test]
fn try_recv_sees_every_finished_send() {
    let (tx, mut rx) = mpsc::unbounded_channel();
    let (ask, asked) = std::sync::mpsc::channel();
    let noise: Vec<_> = (0..2)
        .map(|_| {
            let tx = tx.clone();
            thread::spawn(move || (0..VALUES).for_each(|_| tx.send(false).unwrap()))
        })
        .collect();
    let sends = thread::spawn(move || {
        for _ in 0..500 {
            tx.send(true).unwrap();
            ask.send(()).unwrap();
        }
    });
    for () in asked {
        // The send has returned, so no push that is under way in front of it may hide its value.
        while !rx.try_recv().expect("a value that was sent is not seen") {}
    }
    sends.join().unwrap();
    noise.into_iter().for_each(|thread| thread.join().unwrap());
    while rx.try_recv() == Ok(false) {}
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn a_receiver_that_goes_away_leaves_no_value_behind() {
    for _ in 0..200 {
        let drops = Drops::default();
        let (tx, mut rx) = mpsc::channel(3);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (tx, drops) = (tx.clone(), drops.clone());
                thread::spawn(move || (1..).find(|_| tx.blocking_send(drops.value()).is_err()).unwrap())
            })
            .collect();
        for _ in 0..5 {
            assert!(rx.blocking_recv().is_some());
        }
        drop(rx);
        let made: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        drop(tx);
        assert_eq!(drops.count(), made);
    }
}

#[test]
fn a_close_lets_no_value_through_after_the_end() {
    for _ in 0..500 {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let tx = tx.clone();
                thread::spawn(move || (0..).take_while(|value| tx.send(*value).is_ok()).count())
            })
            .collect();
        let first = rx.blocking_recv();
        rx.close();
        let received = usize::from(first.is_some()) + std::iter::from_fn(|| rx.blocking_recv()).count();
        let sent: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(received, sent);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    }
}
