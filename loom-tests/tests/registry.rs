//! The registry: a worker enters its tasks without a lock, while others end them, list them and shut them down.
//!
//! Properties: a task that is listed is whole; each reference is dropped once, whether the task's end, a reader or a shutdown
//! takes it out (loom reports a cell that leaks or is freed twice); after the shutdown that its owner makes, nothing is left.
#![cfg(heist_loom)]

use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use heist_executor::model::{Hand, OnlyDesk};
use heist_executor::task::{JoinError, JoinHandle};
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::thread;

fn poll<T>(join: &mut JoinHandle<T>) -> Poll<Result<T, JoinError>> {
    Pin::new(join).poll(&mut Context::from_waker(Waker::noop()))
}

/// Whoever lists the tasks sees what the spawner has made, or nothing.
#[test]
fn a_task_is_listed_whole_while_it_is_entered() {
    model(3, || {
        let hand = Hand::new();
        let desk = OnlyDesk::new();
        let reader = {
            let hand = hand.clone();
            thread::spawn(move || hand.count_tasks())
        };
        drop(hand.spawn_at(Some(&desk), async {}));
        assert!(reader.join().unwrap() <= 1);
        hand.run_all();
        assert_eq!(hand.count_tasks(), 0);
    });
}

/// Its end and a reader each have a reference, or the reader has been left the registry's.
#[test]
fn a_listed_task_ends_meanwhile() {
    model(3, || {
        let hand = Hand::new();
        let desk = OnlyDesk::new();
        let tracked = Arc::new(());
        let held = tracked.clone();
        drop(hand.spawn_at(Some(&desk), async move { drop(held) }));
        let reader = {
            let hand = hand.clone();
            thread::spawn(move || hand.count_tasks())
        };
        hand.run_all();
        assert!(reader.join().unwrap() <= 1);
        assert_eq!(Arc::strong_count(&tracked), 1);
    });
}

/// A place that one task leaves and the next takes, under the eyes of a reader.
#[test]
fn a_place_is_used_again_under_a_reader() {
    model(2, || {
        let hand = Hand::new();
        let desk = OnlyDesk::new();
        drop(hand.spawn_at(Some(&desk), async {}));
        let reader = {
            let hand = hand.clone();
            thread::spawn(move || hand.count_tasks())
        };
        hand.run_all();
        let mut second = hand.spawn_at(Some(&desk), async { 5 });
        assert!(reader.join().unwrap() <= 2);
        assert_eq!(hand.count_tasks(), 1);
        hand.run_all();
        assert!(matches!(poll(&mut second), Poll::Ready(Ok(5))));
    });
}

/// One takes the task out, and it is complete afterwards either way.
#[test]
fn a_shutdown_meets_the_end_of_a_task() {
    model(3, || {
        let hand = Hand::new();
        let desk = OnlyDesk::new();
        let mut join = hand.spawn_at(Some(&desk), async {});
        let sweeper = {
            let hand = hand.clone();
            thread::spawn(move || hand.shut_down())
        };
        hand.run_all();
        sweeper.join().unwrap();
        hand.run_all();
        assert!(poll(&mut join).is_ready());
    });
}

/// Another's shutdown may come too early for what the owner enters. The owner's own does not.
#[test]
fn an_owner_that_enters_during_a_shutdown_leaves_nothing_behind() {
    model(3, || {
        let hand = Hand::new();
        let desk = OnlyDesk::new();
        let sweeper = {
            let hand = hand.clone();
            thread::spawn(move || hand.shut_down())
        };
        let mut join = hand.spawn_at(Some(&desk), pending::<()>());
        hand.shut_down();
        assert_eq!(hand.count_tasks(), 0);
        // Which of the two has taken it out?
        sweeper.join().unwrap();
        assert!(poll(&mut join).is_ready());
        hand.run_all();
    });
}

/// The common shard, which whoever comes enters: after one shutdown nothing is left, whoever made it.
#[test]
fn a_spawn_from_outside_meets_a_shutdown() {
    model(3, || {
        let hand = Hand::new();
        let sweeper = {
            let hand = hand.clone();
            thread::spawn(move || hand.shut_down())
        };
        let mut join = hand.spawn(pending::<()>());
        sweeper.join().unwrap();
        assert!(poll(&mut join).is_ready());
        hand.run_all();
    });
}
