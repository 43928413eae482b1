//! The channel, polled by hand: who waits, who is woken, when it ends, and what becomes of the values.

mod sync_kit;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use heist::sync::Semaphore;
use heist::sync::mpsc::{
    self,
    error::{SendError, SendTimeoutError, TryRecvError, TrySendError},
};
use heist_executor::coop;
use sync_kit::{Drops, OnWake, Task, now, panic_message};

/// More than two blocks.
const MANY: usize = 100;

#[test]
fn values_arrive_in_order_over_many_blocks() {
    let (tx, mut rx) = mpsc::unbounded_channel();
    for round in 0..3 {
        (0..MANY).for_each(|value| tx.send((round, value)).unwrap());
        assert_eq!((rx.len(), rx.is_empty()), (MANY, false));
        for value in 0..MANY {
            assert_eq!(rx.len(), MANY - value);
            assert_eq!(now(rx.recv()), Some((round, value)));
        }
        assert!(rx.is_empty());
    }
    drop(tx);
    assert_eq!((rx.len(), now(rx.recv())), (0, None));
}

#[test]
fn a_receiver_that_waits_is_woken_once() {
    let (tx, mut rx) = mpsc::unbounded_channel();
    for _ in 0..MANY {
        let mut recv = Task::pending(rx.recv());
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        assert_eq!((recv.wakes(), recv.wakers_kept()), (1, 0));
        assert_eq!(recv.ready(), Some(1));
        drop(recv);
        assert_eq!(rx.try_recv(), Ok(2));
    }
}

#[test]
fn a_wait_that_is_given_up_loses_nothing() {
    let (tx, mut rx) = mpsc::channel(1);
    drop(Task::pending(rx.recv()));
    tx.try_send(1).unwrap();
    let mut buffer = vec![0];
    assert_eq!(now(rx.recv_many(&mut buffer, 5)), 1);
    drop(Task::pending(rx.recv_many(&mut buffer, 5)));
    assert_eq!(buffer, [0, 1]);
    assert_eq!(now(rx.recv_many(&mut buffer, 0)), 0);
}

#[test]
fn the_last_sender_ends_it_and_weak_ones_do_not_count() {
    let (tx, mut rx) = mpsc::channel::<u8>(1);
    let (other, weak) = (tx.clone(), tx.downgrade());
    assert!(tx.same_channel(&other));
    assert_eq!((rx.sender_strong_count(), rx.sender_weak_count()), (2, 1));
    assert_eq!((weak.strong_count(), tx.weak_count()), (2, 1));
    let weaker = weak.clone();
    assert_eq!(
        (weaker.weak_count(), weak.upgrade().unwrap().strong_count()),
        (2, 3)
    );
    drop(weaker);
    let mut recv = Task::pending(rx.recv());
    drop(tx);
    drop(weak.upgrade());
    assert_eq!(recv.wakes(), 0);
    drop(other);
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.ready(), None);
    drop(recv);
    assert!(weak.upgrade().is_none());
    assert!(rx.is_closed());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn senders_wait_for_room_in_order() {
    let (tx, mut rx) = mpsc::channel(1);
    tx.try_send(0).unwrap();
    let mut first = Task::pending(tx.send(1));
    let mut second = Task::pending(tx.send(2));
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(rx.try_recv(), Ok(0));
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert_eq!(tx.try_send(3).unwrap_err().into_inner(), 3);
    first.ready().unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    second.ready().unwrap();
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!((tx.capacity(), tx.max_capacity()), (1, 1));
    assert_eq!((rx.capacity(), rx.max_capacity()), (1, 1));
}

#[test]
fn a_send_that_is_given_up_drops_its_value_and_passes_its_room_on() {
    let drops = Drops::default();
    let (tx, mut rx) = mpsc::channel(1);
    tx.try_send(drops.value()).ok().unwrap();
    let first = Task::pending(tx.send(drops.value()));
    let mut second = Task::pending(tx.send(drops.value()));
    drop(rx.try_recv());
    drop(first);
    assert_eq!((drops.count(), second.wakes()), (2, 1));
    second.ready().ok().unwrap();
    assert_eq!(rx.len(), 1);
}

#[test]
fn a_dropped_receiver_refuses_and_drops_what_is_there() {
    let drops = Drops::default();
    let (tx, rx) = mpsc::channel(2);
    tx.try_send(drops.value()).ok().unwrap();
    let permit = tx.clone().try_reserve_owned().unwrap();
    let mut waits = Task::pending(tx.send(drops.value()));
    let mut closed = Task::pending(tx.closed());
    drop(rx);
    assert_eq!((drops.count(), waits.wakes(), closed.wakes()), (1, 1, 1));
    assert!(waits.ready().is_err());
    closed.ready();
    assert!(tx.is_closed());
    assert!(matches!(tx.try_send(drops.value()), Err(TrySendError::Closed(_))));
    assert_eq!(drops.count(), 3);
    // A permit from before can still be used. The value goes down with the channel.
    let tx2 = permit.send(drops.value());
    assert_eq!(drops.count(), 3);
    drop((waits, closed));
    drop((tx, tx2));
    assert_eq!(drops.count(), 4);
}

#[test]
fn a_closed_channel_ends_with_its_last_value_and_permit() {
    let (tx, mut rx) = mpsc::channel(4);
    tx.try_send(1).unwrap();
    let permit = tx.try_reserve().unwrap();
    let unused = tx.try_reserve_many(2).unwrap();
    rx.close();
    assert_eq!(now(tx.send(9)), Err(SendError(9)));
    assert_eq!(now(rx.recv()), Some(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    permit.send(2);
    assert_eq!(now(rx.recv()), Some(2));
    let mut recv = Task::pending(rx.recv());
    drop(unused);
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.ready(), None);
    drop(recv);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn a_reservation_given_up_ends_a_closed_channel() {
    let (tx, mut rx) = mpsc::channel::<u8>(2);
    let held = tx.try_reserve().unwrap();
    // Has one of two.
    let partly = Task::pending(tx.reserve_many(2));
    rx.close();
    let mut recv = Task::pending(rx.recv());
    drop(held);
    assert!(recv.poll().is_pending());
    drop(partly);
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.ready(), None);
}

#[test]
fn permits_count_against_the_room() {
    let (tx, mut rx) = mpsc::channel(3);
    assert!(now(tx.reserve_many(4)).is_err());
    assert_eq!(tx.try_reserve_many(4).unwrap_err(), TrySendError::Full(()));
    let mut permits = now(tx.reserve_many(3)).unwrap();
    assert_eq!((permits.len(), tx.capacity()), (3, 0));
    permits.next().unwrap().send(1);
    drop(permits.next());
    assert_eq!((permits.len(), tx.capacity()), (1, 1));
    drop(permits);
    assert_eq!(tx.capacity(), 2);
    assert_eq!(now(tx.reserve_many(0)).unwrap().count(), 0);

    let owned = now(tx.clone().reserve_owned()).unwrap();
    assert!(owned.same_channel_as_sender(&tx));
    let other = tx.clone().try_reserve_owned().unwrap();
    assert!(owned.same_channel(&other));
    assert!(
        tx.clone()
            .try_reserve_owned()
            .unwrap_err()
            .into_inner()
            .same_channel(&tx)
    );
    drop(other);
    let tx2 = owned.release();
    assert_eq!(tx2.capacity(), 2);
    assert_eq!((rx.try_recv(), rx.capacity()), (Ok(1), 3));
}

#[test]
fn recv_many_takes_what_is_there_up_to_its_limit() {
    let (tx, mut rx) = mpsc::channel(MANY);
    let mut waits = Vec::new();
    let mut recv = Task::pending(rx.recv_many(&mut waits, MANY));
    (0..MANY).for_each(|value| tx.try_send(value).unwrap());
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.ready(), MANY);
    drop(recv);
    assert_eq!((waits.len(), tx.capacity()), (MANY, MANY));
    assert!(waits.iter().copied().eq(0..MANY));
    (0..10).for_each(|value| tx.try_send(value).unwrap());
    drop(tx);
    let mut buffer = Vec::new();
    assert_eq!(now(rx.recv_many(&mut buffer, 9)), 9);
    assert_eq!(now(rx.recv_many(&mut buffer, 9)), 1);
    assert_eq!(now(rx.recv_many(&mut buffer, 9)), 0);
}

#[test]
fn an_unbounded_channel_closes() {
    let (tx, mut rx) = mpsc::unbounded_channel();
    let mut closed = Task::pending(tx.closed());
    tx.send(1).unwrap();
    rx.close();
    rx.close();
    assert_eq!(closed.wakes(), 1);
    closed.ready();
    assert_eq!(tx.send(2), Err(SendError(2)));
    assert!(tx.is_closed() && rx.is_closed());
    assert_eq!(now(rx.recv()), Some(1));
    assert_eq!(now(rx.recv()), None);
}

#[test]
fn the_task_that_polled_last_is_woken() {
    let (tx, mut rx) = mpsc::unbounded_channel();
    let first = Arc::new(AtomicUsize::new(0));
    let counts = first.clone();
    let waker = Waker::from(Arc::new(OnWake(move || {
        _ = counts.fetch_add(1, Ordering::SeqCst)
    })));
    assert!(rx.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
    let mut recv = Task::pending(rx.recv());
    assert!(recv.poll_elsewhere().is_pending());
    tx.send(1).unwrap();
    assert_eq!((first.load(Ordering::SeqCst), recv.wakes()), (0, 1));
    assert_eq!(recv.ready(), Some(1));
    drop(recv);
    assert_eq!(Arc::strong_count(&first), 1, "the first waker is still kept");
}

#[test]
fn a_waker_that_panics_or_sends_leaves_the_channel_whole() {
    let (tx, mut rx) = mpsc::unbounded_channel();
    let again = tx.clone();
    let waker = Waker::from(Arc::new(OnWake(move || {
        again.send(2).unwrap();
        panic!("in a waker");
    })));
    assert!(rx.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send(1))).is_err());
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
}

#[test]
fn a_value_whose_drop_panics_takes_no_other_with_it() {
    struct Panics(Drops, bool);
    impl Drop for Panics {
        fn drop(&mut self) {
            drop(self.0.value());
            assert!(!self.1, "in a drop");
        }
    }
    for drop_sender_first in [true, false] {
        let drops = Drops::default();
        let (tx, rx) = mpsc::channel(MANY);
        let permit = tx.clone().try_reserve_owned().unwrap();
        for value in 0..MANY - 1 {
            tx.try_send(Panics(drops.clone(), value == 40)).ok().unwrap();
        }
        if drop_sender_first {
            assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
            assert_eq!(drops.count(), MANY - 1);
            let tx = permit.send(Panics(drops.clone(), false));
            drop(tx);
        } else {
            drop(permit);
            assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
        }
        drop(tx);
        assert_eq!(drops.count(), MANY - usize::from(!drop_sender_first));
    }
}

#[test]
fn misuse_panics_and_says_what_to_do() {
    let message = panic_message(|| mpsc::channel::<u8>(0));
    assert!(message.contains("requires buffer > 0"), "{message}");
    let message = panic_message(|| mpsc::channel::<u8>(Semaphore::MAX_PERMITS + 1));
    assert!(message.contains("MAX_PERMITS"), "{message}");
}

#[test]
fn errors_say_what_happened_and_not_what_was_sent() {
    struct Silent;
    assert_eq!(
        format!("{:?}: {0}", SendError(Silent)),
        "SendError { .. }: channel closed"
    );
    assert_eq!(
        format!("{:?}: {0}", TrySendError::Full(Silent)),
        "Full(..): no available capacity"
    );
    assert_eq!(
        format!("{:?}: {0}", TrySendError::Closed(Silent)),
        "Closed(..): channel closed"
    );
    let timeout = SendTimeoutError::Timeout(Silent);
    assert_eq!(
        format!("{timeout:?}: {timeout}"),
        "Timeout(..): timed out waiting on send operation"
    );
    assert_eq!(TryRecvError::Empty.to_string(), "receiving on an empty channel");
    assert_eq!(
        TryRecvError::Disconnected.to_string(),
        "receiving on a closed channel"
    );
    assert_eq!(TrySendError::from(SendError(1)), TrySendError::Closed(1));
}

#[test]
fn a_spent_budget_makes_the_receiver_and_the_sender_yield() {
    let (tx, mut rx) = mpsc::channel(MANY * 2);
    let mut sent = 0;
    coop::budget(|| {
        while let Poll::Ready(outcome) = Task::new(tx.send(sent)).poll() {
            outcome.unwrap();
            sent += 1;
        }
    });
    assert_eq!(sent, usize::from(coop::BUDGET));
    let mut received = 0;
    let mut recv = Task::new(async {
        while rx.recv().await.is_some() {
            received += 1
        }
    });
    assert!(coop::budget(|| recv.poll()).is_pending());
    assert_eq!(recv.wakes(), 1);
    drop(recv);
    assert_eq!(received, usize::from(coop::BUDGET));
}

#[test]
fn a_block_of_huge_values_is_not_built_on_the_stack() {
    let (_tx, mut rx) = mpsc::unbounded_channel::<[u8; 80 << 10]>();
    assert_eq!(rx.try_recv().err(), Some(TryRecvError::Empty));
}

#[test]
fn values_without_size_are_counted_and_dropped() {
    let (tx, mut rx) = mpsc::unbounded_channel();
    (0..MANY).for_each(|_| tx.send(()).unwrap());
    let received = std::iter::from_fn(|| rx.try_recv().ok()).count();
    assert_eq!(received, MANY);
}
