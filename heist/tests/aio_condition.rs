//! Condition, as asyncio documents it: what a wait holds and when, whom a notification reaches, and what becomes of it if
//! that one gives up.

mod sync_kit;

use std::sync::Arc;

use heist::aio::{Condition, Lock};
use sync_kit::{Task, now};

#[test]
fn wait_lets_the_lock_go_and_has_it_again_when_it_returns() {
    let condition = Condition::new(1);
    let mut wait = Task::pending(now(condition.acquire()).wait());
    assert!(!condition.locked());

    let mut guard = now(condition.acquire());
    *guard = 2;
    guard.notify(1);
    assert_eq!(wait.wakes(), 1);
    assert!(wait.poll().is_pending(), "the notifier still has the lock");
    drop(guard);
    let guard = wait.ready();
    assert_eq!(*guard, 2);
    assert!(condition.locked());
}

#[test]
fn notify_wakes_the_longest_waiting_first_and_no_more_than_asked() {
    let condition = Condition::new(());
    let mut waits: Vec<_> = (0..4)
        .map(|_| Task::pending(now(condition.acquire()).wait()))
        .collect();
    now(condition.acquire()).notify(2);
    let woken: Vec<_> = waits.iter().map(|wait| wait.wakes()).collect();
    assert_eq!(woken, [1, 1, 0, 0]);
    drop(waits[0].ready());
    drop(waits[1].ready());
    now(condition.acquire()).notify_all();
    drop(waits[2].ready());
    drop(waits[3].ready());
}

#[test]
fn a_notification_for_nobody_is_not_kept() {
    let condition = Condition::new(());
    now(condition.acquire()).notify(1);
    now(condition.acquire()).notify_all();
    let mut wait = Task::pending(now(condition.acquire()).wait());
    assert!(wait.poll().is_pending());
    assert_eq!(wait.wakes(), 0);
}

#[test]
fn a_wait_that_gives_up_unnotified_leaves_the_line() {
    let condition = Condition::new(());
    let mut first = Task::pending(now(condition.acquire()).wait());
    let mut second = Task::pending(now(condition.acquire()).wait());
    first.drop_future();
    assert_eq!(first.wakers_kept(), 0);
    assert_eq!(second.wakes(), 0);
    now(condition.acquire()).notify(1);
    drop(second.ready());
}

#[test]
fn a_wait_that_gives_up_notified_passes_it_on() {
    let condition = Condition::new(());
    let mut first = Task::pending(now(condition.acquire()).wait());
    let mut second = Task::pending(now(condition.acquire()).wait());
    now(condition.acquire()).notify(1);
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    first.drop_future();
    assert_eq!(second.wakes(), 1);
    drop(second.ready());
}

#[test]
fn a_wait_that_gives_up_in_line_for_the_lock_passes_it_on() {
    let condition = Condition::new(());
    let mut first = Task::pending(now(condition.acquire()).wait());
    let mut second = Task::pending(now(condition.acquire()).wait());
    let guard = now(condition.acquire());
    guard.notify(1);
    assert!(first.poll().is_pending(), "notified, and in line for the lock");
    first.drop_future();
    assert_eq!(second.wakes(), 1);
    drop(guard);
    drop(second.ready());
    assert!(!condition.locked());
}

#[test]
fn wait_for_looks_before_it_waits_and_after_each_notification() {
    let condition = Condition::new(0);
    let guard = now(now(condition.acquire()).wait_for(|value| *value == 0));
    drop(guard);

    let mut looks = 0;
    let mut wait = Task::pending(now(condition.acquire()).wait_for(|value| {
        looks += 1;
        *value == 2
    }));
    for value in 1..=2 {
        let mut guard = now(condition.acquire());
        *guard = value;
        guard.notify_all();
        drop(guard);
        if value == 1 {
            assert!(wait.poll().is_pending());
        }
    }
    drop(wait.ready());
    drop(wait);
    assert_eq!(looks, 3);
}

#[test]
fn several_conditions_share_one_lock() {
    let lock = Arc::new(Lock::new(Vec::new()));
    let (filled, emptied) = (
        Condition::with_lock(lock.clone()),
        Condition::with_lock(lock.clone()),
    );
    let mut taker = Task::pending(now(filled.acquire()).wait());
    let mut giver = Task::pending(now(emptied.acquire()).wait());
    now(lock.lock()).push(1);
    now(filled.acquire()).notify_all();
    assert_eq!((taker.wakes(), giver.wakes()), (1, 0));
    let mut guard = taker.ready();
    assert_eq!(guard.pop(), Some(1));
    assert!(filled.locked() && emptied.locked());
    drop(guard);
    now(emptied.acquire()).notify_all();
    drop(giver.ready());
}
