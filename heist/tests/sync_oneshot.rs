//! The oneshot channel, polled by hand: who is woken, how often, and what becomes of the value.

mod sync_kit;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use heist::sync::oneshot::{self, error::TryRecvError};
use heist_executor::coop;
use sync_kit::{Drops, OnWake, Task, panic_message};

#[test]
fn a_value_sent_first_is_received_at_once() {
    let (tx, rx) = oneshot::channel();
    tx.send(1).unwrap();
    let mut rx = Task::new(rx);
    assert_eq!(rx.ready(), Ok(1));
    assert_eq!(rx.wakes(), 0);
}

#[test]
fn a_receiver_that_waits_is_woken_once_by_a_send_and_by_a_drop() {
    let (tx, rx) = oneshot::channel();
    let mut rx = Task::pending(rx);
    tx.send(1).unwrap();
    assert_eq!(rx.wakes(), 1);
    assert_eq!(rx.ready(), Ok(1));

    let (tx, rx) = oneshot::channel::<u8>();
    let mut rx = Task::pending(rx);
    drop(tx);
    assert_eq!(rx.wakes(), 1);
    assert_eq!(rx.ready().unwrap_err().to_string(), "channel closed");
}

#[test]
fn the_last_waker_is_woken_and_none_is_kept() {
    let (tx, rx) = oneshot::channel();
    let mut rx = Task::pending(rx);
    assert!(rx.poll().is_pending());
    assert_eq!(rx.wakers_kept(), 1);
    assert!(rx.poll_elsewhere().is_pending());
    assert_eq!(rx.wakers_kept(), 1);
    tx.send(1).unwrap();
    assert_eq!((rx.wakes(), rx.wakers_kept()), (1, 0));
}

#[test]
fn a_closed_channel_refuses_and_lets_go_of_the_wakers() {
    let (mut tx, mut rx) = oneshot::channel::<u8>();
    let mut closed = Task::pending(tx.closed());
    rx.close();
    assert_eq!((closed.wakes(), closed.wakers_kept()), (1, 0));
    closed.ready();
    drop(closed);
    assert!(tx.is_closed());
    assert_eq!(tx.send(1), Err(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert!(rx.is_terminated());
}

#[test]
fn a_receiver_that_closes_drops_its_own_waker() {
    let (tx, rx) = oneshot::channel::<u8>();
    let mut rx = Task::pending(rx);
    rx.future().close();
    assert_eq!((rx.wakes(), rx.wakers_kept()), (0, 0));
    rx.future().close();
    assert!(rx.ready().is_err());
    drop(tx);
}

#[test]
fn closing_after_the_send_changes_nothing() {
    let (tx, mut rx) = oneshot::channel();
    tx.send(1).unwrap();
    rx.close();
    assert!(!rx.is_empty());
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(rx.is_empty());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_value_is_dropped_once_whoever_has_it() {
    let drops = Drops::default();
    let (tx, rx) = oneshot::channel();
    drop(rx);
    drop(tx.send(drops.value()));
    assert_eq!(drops.count(), 1);

    let (tx, rx) = oneshot::channel();
    assert!(tx.send(drops.value()).is_ok());
    assert_eq!(drops.count(), 1);
    drop(rx);
    assert_eq!(drops.count(), 2);

    let (tx, mut rx) = oneshot::channel();
    assert!(tx.send(drops.value()).is_ok());
    let value = rx.try_recv().ok();
    drop(rx);
    assert_eq!(drops.count(), 2);
    drop(value);
    assert_eq!(drops.count(), 3);
}

#[test]
fn try_recv_tells_empty_from_closed() {
    let (tx, mut rx) = oneshot::channel::<u8>();
    assert!(rx.is_empty());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    drop(tx);
    assert!(rx.is_empty());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(TryRecvError::Empty.to_string(), "channel empty");
    assert_eq!(TryRecvError::Closed.to_string(), "channel closed");
}

#[test]
fn a_receiver_polled_again_says_so() {
    let (tx, rx) = oneshot::channel();
    tx.send(1).unwrap();
    let mut rx = Task::new(rx);
    let _ = rx.ready();
    let message = panic_message(|| rx.poll());
    assert!(message.contains("is_terminated"), "{message}");
}

#[test]
fn a_waker_that_panics_leaves_the_value() {
    let (tx, mut rx) = oneshot::channel();
    let waker = Waker::from(Arc::new(OnWake(|| panic!("in a waker"))));
    let polled = std::future::Future::poll(std::pin::pin!(&mut rx), &mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send(1))).is_err());
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn a_spent_budget_is_refused_and_woken() {
    let (tx, rx) = oneshot::channel();
    tx.send(1).unwrap();
    let mut rx = Task::new(rx);
    coop::budget(|| {
        while let Poll::Ready(unit) = coop::poll_proceed(&mut Context::from_waker(Waker::noop())) {
            unit.made_progress();
        }
        assert!(rx.poll().is_pending());
    });
    assert_eq!(rx.wakes(), 1);
    assert_eq!(rx.ready(), Ok(1));
}

#[test]
fn threads_meet() {
    for round in 0..1_000 {
        let (tx, rx) = oneshot::channel();
        let receives = thread::spawn(move || rx.blocking_recv());
        tx.send(round).unwrap();
        assert_eq!(receives.join().unwrap(), Ok(round));
    }
}

#[test]
fn close_and_send_agree_on_who_has_the_value() {
    for _ in 0..1_000 {
        let drops = Drops::default();
        let value = drops.value();
        let (tx, mut rx) = oneshot::channel();
        let sends = thread::spawn(move || tx.send(value));
        rx.close();
        let received = rx.try_recv();
        let refused = sends.join().unwrap();
        assert_eq!(drops.count(), 0);
        assert_ne!(received.is_ok(), refused.is_err());
    }
}
