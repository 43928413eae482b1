//! Notify, polled by hand: order, permits, and what becomes of a notification that nobody saw.

mod sync_kit;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;

use heist::sync::Notify;
use sync_kit::{OnWake, Task, now};

#[test]
fn a_notification_that_comes_first_is_kept_once() {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_one();
    now(notify.notified());
    let mut next = Task::pending(notify.notified());
    notify.notify_one();
    assert_eq!(next.wakes(), 1);
    next.ready();
    // A future that has completed stays complete.
    next.ready();
}

#[test]
fn notify_one_goes_by_arrival_and_notify_last_against_it() {
    let notify = Notify::new();
    let mut waits: Vec<_> = (0..3).map(|_| Task::pending(notify.notified())).collect();
    notify.notify_one();
    assert_eq!(waits.iter().map(Task::wakes).collect::<Vec<_>>(), [1, 0, 0]);
    notify.notify_last();
    assert_eq!(waits.iter().map(Task::wakes).collect::<Vec<_>>(), [1, 0, 1]);
    notify.notify_one();
    waits.iter_mut().for_each(Task::ready);
}

#[test]
fn a_notification_not_seen_goes_to_the_next_then_is_kept() {
    for notify_one in [Notify::notify_one, Notify::notify_last] {
        let notify = Notify::new();
        let first = Task::pending(notify.notified());
        let second = Task::pending(notify.notified());
        notify_one(&notify);
        let (given, other) = if first.wakes() == 1 {
            (first, second)
        } else {
            (second, first)
        };
        assert_eq!(other.wakes(), 0);
        drop(given);
        assert_eq!(other.wakes(), 1);
        drop(other);
        now(notify.notified());
        Task::pending(notify.notified());
    }
}

#[test]
fn a_broadcast_not_seen_goes_nowhere() {
    let notify = Notify::new();
    let first = Task::pending(notify.notified());
    notify.notify_waiters();
    let second = Task::pending(notify.notified());
    drop(first);
    assert_eq!(second.wakes(), 0);
}

#[test]
fn notify_waiters_reaches_all_that_exist_and_no_others() {
    let notify = Arc::new(Notify::new());
    let mut polled = Task::pending(notify.notified());
    let mut fresh = Task::new(notify.notified());
    let mut owned = Task::new(notify.clone().notified_owned());
    notify.notify_waiters();
    assert_eq!((polled.wakes(), polled.wakers_kept()), (1, 0));
    polled.ready();
    fresh.ready();
    owned.ready();
    Task::pending(notify.notified());
}

#[test]
fn notify_waiters_leaves_a_permit() {
    let notify = Notify::new();
    let mut before = Task::new(notify.notified());
    notify.notify_one();
    notify.notify_waiters();
    // The broadcast ends this one, so the permit is still there.
    before.ready();
    now(notify.notified());
    Task::pending(notify.notified());
}

#[test]
fn an_enabled_future_is_in_line() {
    let notify = Arc::new(Notify::new());
    let mut first = Box::pin(notify.clone().notified_owned());
    let mut second = Task::new(notify.notified());
    assert!(!first.as_mut().enable());
    assert!(!second.future().enable());
    assert!(second.poll().is_pending());
    notify.notify_one();
    assert_eq!(second.wakes(), 0);
    assert!(first.as_mut().enable());
    notify.notify_one();
    assert_eq!(second.wakes(), 1);
    second.ready();
    notify.notify_one();
    assert!(pin!(notify.notified()).enable());
}

#[test]
fn a_waker_that_changes_replaces_the_old_one() {
    let notify = Notify::new();
    let mut wait = Task::pending(notify.notified());
    assert!(wait.poll_elsewhere().is_pending());
    assert!(wait.poll().is_pending());
    assert_eq!(wait.wakers_kept(), 1);
    notify.notify_one();
    assert_eq!((wait.wakes(), wait.wakers_kept()), (1, 0));
}

#[test]
fn wakers_run_without_the_lock_and_all_of_them() {
    let notify = Arc::new(Notify::new());
    let again = notify.clone();
    let waker = Waker::from(Arc::new(OnWake(move || {
        again.notify_one();
        again.notify_waiters();
        panic!("in a waker");
    })));
    let mut panics = Box::pin(notify.notified());
    assert!(
        panics
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let mut after = Task::pending(notify.notified());
    assert!(catch_unwind(AssertUnwindSafe(|| notify.notify_waiters())).is_err());
    assert_eq!(after.wakes(), 1);
    after.ready();
    // The permit that the waker left.
    now(notify.notified());
}

#[test]
fn an_owned_future_keeps_the_notify() {
    let notify = Arc::new(Notify::new());
    let mut wait = Task::pending(notify.clone().notified_owned());
    notify.notify_one();
    drop(notify);
    wait.ready();
}

#[test]
fn many_waiters_come_and_go() {
    let notify = Notify::new();
    for _ in 0..2 {
        let waits: Vec<_> = (0..3_000).map(|_| Task::pending(notify.notified())).collect();
        for wait in waits.iter().step_by(2) {
            assert_eq!(wait.wakers_kept(), 1);
        }
        notify.notify_waiters();
        assert!(waits.iter().all(|wait| wait.wakes() == 1));
    }
}

#[test]
fn every_notification_ends_one_wait_across_threads() {
    const ROUNDS: usize = 2_000;
    let (ping, pong) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (their_ping, their_pong) = (ping.clone(), pong.clone());
    let answers = thread::spawn(move || {
        for _ in 0..ROUNDS {
            heist_executor::park::block_on(their_ping.notified());
            their_pong.notify_one();
        }
    });
    for _ in 0..ROUNDS {
        ping.notify_one();
        heist_executor::park::block_on(pong.notified());
    }
    answers.join().unwrap();
}
