//! Lock, Semaphore and BoundedSemaphore, as asyncio documents them.

mod sync_kit;

use heist::aio::{BoundedSemaphore, Lock, Semaphore};
use sync_kit::{Task, now};

#[test]
fn lock_lets_tasks_through_in_the_order_in_which_they_came() {
    let lock = Lock::new(());
    let guard = now(lock.lock());
    let mut waits: Vec<_> = (0..3).map(|_| Task::pending(lock.lock())).collect();
    drop(guard);
    for turn in 0..3 {
        for later in &mut waits[turn + 1..] {
            assert!(later.poll().is_pending(), "somebody passed the {turn}th");
        }
        drop(waits[turn].ready());
    }
}

#[test]
fn lock_given_to_a_cancelled_wait_goes_to_the_next() {
    let lock = Lock::new(());
    let guard = now(lock.lock());
    let mut first = Task::pending(lock.lock());
    let mut second = Task::pending(lock.lock());
    drop(guard);
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    first.drop_future();
    drop(second.ready());
}

#[test]
fn semaphore_lets_tasks_through_in_the_order_in_which_they_came() {
    let semaphore = Semaphore::new(1);
    let permit = now(semaphore.acquire());
    let mut first = Task::pending(semaphore.acquire());
    let mut second = Task::pending(semaphore.acquire());
    drop(permit);
    assert!(second.poll().is_pending());
    drop(first.ready());
    drop(second.ready());
}

#[test]
fn bounded_semaphore_released_too_often_is_an_error_and_changes_nothing() {
    let semaphore = BoundedSemaphore::new(2);
    assert!(semaphore.release().is_err());
    let permit = now(semaphore.acquire());
    drop(permit);
    assert!(semaphore.release().is_err());
    let both = (now(semaphore.acquire()), now(semaphore.acquire()));
    assert!(semaphore.locked());
    assert!(semaphore.try_acquire().is_none(), "there are two and no third");
    drop(both);
    assert!(!semaphore.locked());
}

#[test]
fn bounded_semaphore_takes_a_forgotten_permit_back_once() {
    let semaphore = BoundedSemaphore::new(1);
    now(semaphore.acquire()).forget();
    let mut wait = Task::pending(semaphore.acquire());
    semaphore.release().unwrap();
    assert_eq!(wait.wakes(), 1);
    drop(wait.ready());
    assert!(semaphore.release().is_err());
}

#[test]
fn bounded_semaphore_passes_a_cancelled_waits_permit_on() {
    let semaphore = BoundedSemaphore::new(1);
    let permit = now(semaphore.acquire());
    let mut first = Task::pending(semaphore.acquire());
    let mut second = Task::pending(semaphore.acquire());
    drop(permit);
    first.drop_future();
    assert_eq!(second.wakes(), 1);
    drop(second.ready());
    assert!(semaphore.release().is_err(), "all are back");
}
