//! Barrier: nobody crosses before the last one comes, who leads; then it is as new.

mod sync_kit;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use heist::sync::Barrier;
use sync_kit::{Task, now};

#[test]
fn zero_and_one_wait_for_nobody() {
    for n in [0, 1] {
        let barrier = Barrier::new(n);
        for _ in 0..3 {
            assert!(now(barrier.wait()).is_leader());
        }
    }
}

#[test]
fn the_last_one_leads_and_the_others_are_woken_once() {
    let barrier = Barrier::new(3);
    for _ in 0..3 {
        let mut first = Task::pending(barrier.wait());
        let mut second = Task::pending(barrier.wait());
        assert!(first.poll().is_pending());
        assert!(now(barrier.wait()).is_leader());
        assert_eq!((first.wakes(), second.wakes()), (1, 1));
        assert!(!first.ready().is_leader());
        assert!(!second.ready().is_leader());
    }
}

#[test]
fn the_next_generation_does_not_wait_for_the_slow_of_the_last() {
    let barrier = Barrier::new(2);
    let mut slow = Task::pending(barrier.wait());
    now(barrier.wait());
    let mut next = Task::pending(barrier.wait());
    assert!(!slow.ready().is_leader());
    assert!(next.poll().is_pending());
    assert!(now(barrier.wait()).is_leader());
    next.ready();
}

#[test]
fn a_wait_that_is_given_up_has_arrived() {
    let barrier = Barrier::new(3);
    drop(barrier.wait());
    drop(Task::pending(barrier.wait()));
    let mut stays = Task::pending(barrier.wait());
    assert!(now(barrier.wait()).is_leader());
    stays.ready();
}

#[test]
fn threads_cross_round_by_round() {
    const THREADS: usize = 4;
    let barrier = Arc::new(Barrier::new(THREADS));
    let (arrived, leaders) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (barrier, arrived, leaders) = (barrier.clone(), arrived.clone(), leaders.clone());
            thread::spawn(move || {
                for round in 1..=200 {
                    arrived.fetch_add(1, Ordering::SeqCst);
                    let crossed = heist_executor::park::block_on(barrier.wait());
                    assert!(arrived.load(Ordering::SeqCst) >= round * THREADS);
                    leaders.fetch_add(usize::from(crossed.is_leader()), Ordering::SeqCst);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(leaders.load(Ordering::SeqCst), 200);
}
