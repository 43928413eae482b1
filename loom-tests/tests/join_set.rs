//! JoinSet: the list of tasks that have ended, against those that end.
//!
//! Properties: each task comes out once, whenever it ends; a set that is dropped or aborted takes its tasks with it and
//! leaks nothing. A missed end is a deadlock here.
#![cfg(heist_loom)]

mod sync_kit;

use std::pin::pin;

use heist::task::JoinSet;
use heist::task::join_set::model::insert;
use heist_executor::model::Hand;
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::thread;
use sync_kit::{block_on, poll_once};

/// A set with `count` tasks, each of which returns its number and holds `tracked`.
fn set(hand: &Hand, count: usize, tracked: &Arc<()>) -> JoinSet<usize> {
    let mut set = JoinSet::new();
    for number in 0..count {
        let tracked = tracked.clone();
        let task = hand.spawn(async move {
            drop(tracked);
            number
        });
        insert(&mut set, task);
    }
    set
}

#[test]
fn each_task_comes_out_once() {
    model(2, || {
        let (hand, tracked) = (Hand::new(), Arc::new(()));
        let mut set = set(&hand, 2, &tracked);
        let runs = {
            let hand = hand.clone();
            thread::spawn(move || hand.run_all())
        };
        let mut seen = [false; 2];
        while let Some(number) = block_on(set.join_next()) {
            assert!(!std::mem::replace(&mut seen[number.unwrap()], true));
        }
        assert_eq!(seen, [true; 2]);
        runs.join().unwrap();
    });
}

/// A wait that was given up leaves no waker behind which the next wait relies on.
#[test]
fn a_wait_that_is_given_up_misses_no_task() {
    model(3, || {
        let (hand, tracked) = (Hand::new(), Arc::new(()));
        let mut set = set(&hand, 1, &tracked);
        let runs = {
            let hand = hand.clone();
            thread::spawn(move || hand.run_all())
        };
        let early = poll_once(pin!(set.join_next()));
        if early.is_pending() {
            assert_eq!(block_on(set.join_next()).unwrap().unwrap(), 0);
        }
        assert!(set.is_empty());
        runs.join().unwrap();
    });
}

/// A slot that is used again is woken by the new task, whatever the old one's waker still does.
#[test]
fn a_slot_serves_the_next_task() {
    model(2, || {
        let hand = Hand::new();
        let mut set = JoinSet::new();
        insert(&mut set, hand.spawn(async { 1 }));
        let runs = {
            let hand = hand.clone();
            thread::spawn(move || hand.run_all())
        };
        assert_eq!(block_on(set.join_next()).unwrap().unwrap(), 1);
        insert(&mut set, hand.spawn(async { 2 }));
        hand.run_all();
        runs.join().unwrap();
        assert_eq!(block_on(set.join_next()).unwrap().unwrap(), 2);
        assert!(block_on(set.join_next()).is_none());
    });
}

#[test]
fn a_dropped_set_aborts_its_tasks() {
    model(2, || {
        let (hand, tracked) = (Hand::new(), Arc::new(()));
        let set = set(&hand, 2, &tracked);
        let runs = {
            let hand = hand.clone();
            thread::spawn(move || hand.run_all())
        };
        drop(set);
        runs.join().unwrap();
        hand.run_all();
        assert_eq!(Arc::strong_count(&tracked), 1);
    });
}
