//! Every wait of heist::sync, given up at each of its moments: it keeps no waker, and what it had been given goes to the
//! next in line or stays where it was.

mod sync_kit;

use std::future::pending;
use std::sync::Arc;

use heist::sync::{
    Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore, SetOnce, broadcast, mpsc, oneshot, watch,
};
use sync_kit::{Drops, Task, now};

/// Gives `$wait` up before its first poll, while it waits, and after `$wake` has woken it, in this order.
///
/// `$kept` is 1 for an end of a channel that nobody else can hold, which has one place for a waker: it stays there until this
/// end waits anew, is woken, or is dropped.
macro_rules! give_up {
    ($wait:expr, $wake:expr) => {
        give_up!($wait, $wake, 0)
    };
    ($wait:expr, $wake:expr, $kept:expr) => {{
        drop($wait);
        let waits = Task::pending($wait);
        assert_eq!(waits.wakers_kept(), 1);
        let wakes = waits.cancel();
        assert_eq!((wakes.count(), wakes.kept()), (0, $kept));
        let woken = Task::pending($wait);
        $wake;
        assert_eq!(woken.wakes(), 1);
        assert_eq!((woken.cancel().kept(), wakes.kept()), (0, 0));
    }};
}

#[test]
fn of_a_semaphore_passes_its_permits_on() {
    let semaphore = Arc::new(Semaphore::new(0));
    for free in 1..=3 {
        let add = || semaphore.add_permits(free);
        match free {
            1 => give_up!(semaphore.acquire(), add()),
            2 => give_up!(semaphore.acquire_many(2), add()),
            _ => give_up!(semaphore.clone().acquire_many_owned(3), add()),
        }
        assert_eq!(semaphore.available_permits(), free);
        assert_eq!(semaphore.forget_permits(free), free);
    }
    give_up!(semaphore.clone().acquire_owned(), semaphore.add_permits(1));
    semaphore.forget_permits(1);
    // Partly served, with another behind it.
    let partly = Task::pending(semaphore.acquire_many(2));
    semaphore.add_permits(1);
    let mut next = Task::pending(semaphore.acquire());
    assert_eq!(partly.cancel().kept(), 0);
    assert_eq!(next.wakes(), 1);
    drop(next.ready());
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn of_a_mutex_leaves_it_unlocked() {
    let mutex = Arc::new(Mutex::new(0));
    let mut held = Some(now(mutex.lock()));
    give_up!(mutex.lock(), held.take());
    let mut held = Some(now(mutex.lock()));
    give_up!(mutex.clone().lock_owned(), held.take());
    *mutex.try_lock().unwrap() += 1;
}

#[test]
fn of_a_rwlock_leaves_it_unlocked() {
    let lock = Arc::new(RwLock::new(0));
    let held = || Some(now(lock.write()));
    let mut guard = held();
    give_up!(lock.read(), guard.take());
    let mut guard = held();
    give_up!(lock.write(), guard.take());
    let mut guard = held();
    give_up!(lock.clone().read_owned(), guard.take());
    let mut guard = held();
    give_up!(lock.clone().write_owned(), guard.take());
    let mut reads = Some(now(lock.read()));
    give_up!(lock.write(), reads.take());
    *lock.try_write().unwrap() += 1;
}

#[test]
fn of_a_bounded_channels_sender_leaves_the_room() {
    let drops = Drops::default();
    let (tx, mut rx) = mpsc::channel(1);
    let fill = |rx: &mut mpsc::Receiver<_>| {
        let _ = rx.try_recv();
        assert!(tx.try_send(drops.value()).is_ok());
    };
    fill(&mut rx);
    give_up!(tx.send(drops.value()), drop(rx.try_recv()));
    assert_eq!(drops.count(), 4);
    fill(&mut rx);
    give_up!(tx.reserve(), drop(rx.try_recv()));
    fill(&mut rx);
    give_up!(tx.reserve_many(1), drop(rx.try_recv()));
    fill(&mut rx);
    give_up!(tx.clone().reserve_owned(), drop(rx.try_recv()));
    assert_eq!((tx.capacity(), tx.strong_count()), (1, 1));
    give_up!(tx.closed(), rx.close());
    assert!(tx.try_send(drops.value()).is_err());
}

#[test]
fn of_a_channels_receiver_loses_no_value() {
    let (tx, mut rx) = mpsc::channel(4);
    give_up!(rx.recv(), tx.try_send(1).unwrap(), 1);
    assert_eq!(rx.try_recv(), Ok(1));
    let mut buffer = Vec::new();
    give_up!(rx.recv_many(&mut buffer, 4), tx.try_send(2).unwrap(), 1);
    assert!(buffer.is_empty());
    assert_eq!(rx.try_recv(), Ok(2));
    let (tx, mut rx) = mpsc::unbounded_channel();
    give_up!(rx.recv(), tx.send(3).unwrap(), 1);
    give_up!(tx.closed(), rx.close());
    assert_eq!(rx.try_recv(), Ok(3));
    assert_eq!(now(rx.recv()), None);
    // With the receiver goes its waker.
    let (_tx, mut rx) = mpsc::channel::<u8>(1);
    let wakes = Task::pending(rx.recv()).cancel();
    assert_eq!(wakes.kept(), 1);
    drop(rx);
    assert_eq!((wakes.count(), wakes.kept()), (0, 0));
}

#[test]
fn of_a_oneshot_loses_the_value_only_with_the_receiver() {
    let drops = Drops::default();
    let (tx, mut rx) = oneshot::channel();
    let mut tx = Some(tx);
    give_up!(
        async { (&mut rx).await },
        assert!(tx.take().unwrap().send(drops.value()).is_ok()),
        1
    );
    assert!(rx.try_recv().is_ok());
    assert_eq!(drops.count(), 1);
    let (mut tx, rx) = oneshot::channel::<u8>();
    give_up!(tx.closed(), drop(rx), 1);
    assert!(tx.is_closed());
    let (tx, rx) = oneshot::channel();
    let waits = Task::pending(rx);
    assert!(tx.send(drops.value()).is_ok());
    assert_eq!(waits.cancel().kept(), 0);
    assert_eq!(drops.count(), 2);
}

#[test]
fn of_a_watch_has_seen_nothing() {
    let (tx, mut rx) = watch::channel(0);
    give_up!(rx.changed(), tx.send(1).unwrap());
    assert!(rx.has_changed().unwrap());
    give_up!(rx.wait_for(|value| *value == 2), tx.send(2).unwrap());
    assert_eq!(*rx.borrow_and_update(), 2);
    give_up!(tx.closed(), drop(rx));
    assert!(tx.is_closed());
}

#[test]
fn of_a_broadcast_loses_no_value() {
    let (tx, mut rx) = broadcast::channel(2);
    give_up!(rx.recv(), assert_eq!(tx.send(1).ok(), Some(1)));
    assert_eq!(rx.try_recv(), Ok(1));
    give_up!(tx.closed(), drop(rx));
    assert!(tx.send(2).is_err());
}

#[test]
fn of_a_notify_passes_the_notification_on() {
    let notify = Arc::new(Notify::new());
    give_up!(notify.notified(), notify.notify_one());
    // It was kept.
    now(notify.notified());
    give_up!(notify.clone().notified_owned(), notify.notify_last());
    now(notify.notified());
    give_up!(notify.notified(), notify.notify_waiters());
    drop(Task::pending(notify.notified()));
}

#[test]
fn of_a_barrier_has_arrived() {
    let barrier = Barrier::new(3);
    give_up!(barrier.wait(), assert!(now(barrier.wait()).is_leader()));
    // As new.
    let _first = Task::pending(barrier.wait());
    let _second = Task::pending(barrier.wait());
    assert!(now(barrier.wait()).is_leader());
}

#[test]
fn of_a_once_cell_lets_the_next_make_it() {
    let cell = OnceCell::new();
    let mut maker = Some(Task::pending(cell.get_or_init(pending)));
    give_up!(cell.get_or_init(|| async { 1 }), maker.take());
    assert!(!cell.initialized());
    // The maker itself, and one that waits for what it makes.
    let maker = Task::pending(cell.get_or_init(pending));
    let mut next = Task::pending(cell.get_or_try_init(|| async { Err("no") }));
    drop(maker);
    assert_eq!((next.wakes(), next.ready()), (1, Err("no")));
    assert_eq!(*now(cell.get_or_init(|| async { 2 })), 2);
}

#[test]
fn of_a_set_once_changes_nothing() {
    let cell = SetOnce::new();
    give_up!(cell.wait(), cell.set(1).unwrap());
    assert_eq!(*now(cell.wait()), 1);
}
