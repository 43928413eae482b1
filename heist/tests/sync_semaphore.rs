//! The semaphore, polled by hand: order of arrival, permits of waits that are given up, closing, and misuse.

mod sync_kit;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use heist::sync::{Semaphore, TryAcquireError};
use heist_executor::coop;
use sync_kit::{OnWake, Task, now, panic_message};

#[test]
fn permits_come_back_when_dropped() {
    let semaphore = Semaphore::new(3);
    let one = now(semaphore.acquire()).unwrap();
    let two = now(semaphore.acquire_many(2)).unwrap();
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    drop(one);
    assert_eq!(semaphore.available_permits(), 1);
    drop(two);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn waits_are_served_in_order_of_arrival_whatever_they_want() {
    let semaphore = Semaphore::new(1);
    let mut many = Task::pending(semaphore.acquire_many(3));
    let mut one = Task::pending(semaphore.acquire());
    assert_eq!(semaphore.available_permits(), 0);
    semaphore.add_permits(1);
    assert_eq!((many.wakes(), one.wakes()), (0, 0));
    assert!(semaphore.try_acquire().is_err());
    semaphore.add_permits(2);
    assert_eq!((many.wakes(), one.wakes()), (1, 1));
    many.ready().unwrap().forget();
    one.ready().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn what_a_wait_had_been_given_goes_to_the_next() {
    let semaphore = Semaphore::new(2);
    // Has 2 of 3 when it is given up.
    let partly = Task::pending(semaphore.acquire_many(3));
    let mut next = Task::pending(semaphore.acquire());
    drop(partly);
    assert_eq!(next.wakes(), 1);
    assert_eq!(semaphore.available_permits(), 1);
    next.ready().unwrap().forget();

    // Has all and has not seen it.
    let wholly = Task::pending(semaphore.acquire_many(2));
    let mut next = Task::pending(semaphore.acquire());
    semaphore.add_permits(1);
    assert_eq!((wholly.wakes(), next.wakes()), (1, 0));
    drop(wholly);
    assert_eq!(next.wakes(), 1);
    next.ready().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn a_wait_in_the_middle_leaves_without_a_trace() {
    let semaphore = Semaphore::new(0);
    let mut waits: Vec<_> = (0..5).map(|_| Task::pending(semaphore.acquire())).collect();
    drop(waits.remove(2));
    drop(waits.remove(3));
    drop(waits.remove(0));
    semaphore.add_permits(2);
    assert_eq!(waits.iter().map(Task::wakes).collect::<Vec<_>>(), [1, 1]);
    // Never polled: nothing to give back.
    drop(semaphore.acquire());
    waits.iter_mut().for_each(|wait| wait.ready().unwrap().forget());
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn a_close_ends_waits_and_keeps_what_is_held() {
    let semaphore = Semaphore::new(2);
    let held = now(semaphore.acquire()).unwrap();
    let mut partly = Task::pending(semaphore.acquire_many(2));
    let mut behind = Task::pending(semaphore.acquire());
    semaphore.close();
    semaphore.close();
    assert!(semaphore.is_closed());
    assert_eq!((partly.wakes(), behind.wakes()), (1, 1));
    assert_eq!(partly.ready().unwrap_err().to_string(), "semaphore closed");
    assert!(behind.ready().is_err());
    drop(held);
    assert_eq!(semaphore.available_permits(), 2);
    assert!(now(semaphore.acquire()).is_err());
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
    assert_eq!(TryAcquireError::Closed.to_string(), "semaphore closed");
    assert_eq!(TryAcquireError::NoPermits.to_string(), "no permits available");
}

#[test]
fn a_close_comes_before_a_grant_that_was_not_seen() {
    let semaphore = Semaphore::new(0);
    let mut wait = Task::pending(semaphore.acquire());
    semaphore.add_permits(1);
    semaphore.close();
    assert!(wait.ready().is_err());
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn permits_merge_split_and_are_forgotten() {
    let semaphore = Arc::new(Semaphore::new(10));
    let mut some = semaphore.try_acquire_many(5).unwrap();
    let two = some.split(2).unwrap();
    assert!(some.split(4).is_none());
    assert_eq!((some.num_permits(), two.num_permits()), (3, 2));
    some.merge(two);
    assert!(std::ptr::eq(some.semaphore(), &*semaphore));
    some.forget();
    assert_eq!(semaphore.available_permits(), 5);

    let mut some = semaphore.clone().try_acquire_many_owned(3).unwrap();
    let one = some.split(1).unwrap();
    drop(some);
    assert!(Arc::ptr_eq(one.semaphore(), &semaphore));
    one.forget();
    assert_eq!(semaphore.available_permits(), 4);
    assert_eq!(semaphore.forget_permits(3), 3);
    assert_eq!(semaphore.forget_permits(3), 1);
    assert_eq!(semaphore.forget_permits(0), 0);
}

#[test]
fn misuse_panics_and_says_what_to_do() {
    let max = Semaphore::MAX_PERMITS;
    assert!(panic_message(|| Semaphore::new(max + 1)).contains("MAX_PERMITS"));
    let full = Semaphore::new(max);
    let message = panic_message(|| full.add_permits(1));
    assert!(message.contains("would overflow MAX_PERMITS"), "{message}");
    assert_eq!(full.available_permits(), max);
    let (one, other) = (Semaphore::new(1), Semaphore::new(1));
    let mut permit = one.try_acquire().unwrap();
    let message = panic_message(|| permit.merge(other.try_acquire().unwrap()));
    assert!(message.contains("different semaphore instances"), "{message}");
    assert_eq!(other.available_permits(), 1);
}

#[test]
fn those_who_wait_are_served_even_if_the_rest_overflows() {
    let semaphore = Semaphore::new(0);
    let mut wait = Task::pending(semaphore.acquire());
    let message = panic_message(|| semaphore.add_permits(Semaphore::MAX_PERMITS + 2));
    assert!(message.contains("would overflow MAX_PERMITS"), "{message}");
    wait.ready().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn a_waker_that_changes_replaces_the_old_one() {
    let semaphore = Semaphore::new(0);
    let mut wait = Task::pending(semaphore.acquire());
    assert!(wait.poll_elsewhere().is_pending());
    assert!(wait.poll().is_pending());
    assert_eq!(wait.wakers_kept(), 1);
    semaphore.add_permits(1);
    assert_eq!((wait.wakes(), wait.wakers_kept()), (1, 0));
}

#[test]
fn wakers_may_use_the_semaphore_and_panic() {
    let semaphore = Arc::new(Semaphore::new(0));
    let (again, found) = (semaphore.clone(), Arc::new(AtomicUsize::new(0)));
    let sees = found.clone();
    let waker = Waker::from(Arc::new(OnWake(move || {
        again.add_permits(1);
        sees.store(again.available_permits(), Ordering::SeqCst);
        panic!("in a waker");
    })));
    let mut panics = Box::pin(semaphore.acquire());
    assert!(
        panics
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let mut after = Task::pending(semaphore.acquire());
    assert!(catch_unwind(AssertUnwindSafe(|| semaphore.add_permits(2))).is_err());
    assert_eq!((after.wakes(), found.load(Ordering::SeqCst)), (1, 1));
    after.ready().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn a_spent_budget_keeps_the_permit_for_the_next_poll() {
    let semaphore = Semaphore::new(1);
    let mut wait = Task::new(semaphore.acquire());
    coop::budget(|| {
        while let Poll::Ready(unit) = coop::poll_proceed(&mut Context::from_waker(Waker::noop())) {
            unit.made_progress();
        }
        assert!(wait.poll().is_pending());
        assert!(wait.poll().is_pending());
    });
    assert_eq!((wait.wakes(), semaphore.available_permits()), (2, 0));
    drop(wait);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn a_static_semaphore_works() {
    static SEMAPHORE: Semaphore = Semaphore::const_new(1);
    let permit = SEMAPHORE.try_acquire().unwrap();
    assert_eq!(format!("{SEMAPHORE:?}"), "Semaphore { permits: 0 }");
    drop(permit);
}

#[test]
fn threads_never_exceed_the_limit_and_all_get_through() {
    const LIMIT: usize = 3;
    let (semaphore, inside) = (Arc::new(Semaphore::new(LIMIT)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (1..=4)
        .map(|thread| {
            let (semaphore, inside) = (semaphore.clone(), inside.clone());
            thread::spawn(move || {
                for round in 0..500 {
                    let wanted = 1 + (round + thread) % LIMIT;
                    let permits = semaphore.blocking_acquire_many(wanted as u32).unwrap();
                    assert!(inside.fetch_add(wanted, Ordering::SeqCst) + wanted <= LIMIT);
                    inside.fetch_sub(wanted, Ordering::SeqCst);
                    drop(permits);
                    // Given up half way.
                    drop(Task::new(semaphore.acquire_many(LIMIT as u32)).poll());
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(semaphore.available_permits(), LIMIT);
}
