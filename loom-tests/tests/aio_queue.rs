//! aio::Queue: two semaphores and a store.
//!
//! Properties: an item goes to one who gets, also past one who gives up; a shutdown loses no item and leaves nobody
//! waiting; a join ends when the last work is done.
#![cfg(heist_loom)]

mod sync_kit;

use std::pin::pin;

use heist::aio::{Queue, QueueShutDown};
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::thread;
use sync_kit::{block_on, poll_once};

#[test]
fn items_pass_through_a_full_queue_in_order() {
    model(2, || {
        let queue = Arc::new(Queue::new(1));
        let theirs = queue.clone();
        let puts = thread::spawn(move || {
            for item in 0..2 {
                block_on(theirs.put(item)).unwrap();
            }
        });
        assert_eq!(block_on(queue.get()), Ok(0));
        assert_eq!(block_on(queue.get()), Ok(1));
        puts.join().unwrap();
    });
}

#[test]
fn an_item_for_one_who_left_goes_to_the_next() {
    model(2, || {
        let queue = Arc::new(Queue::new(0));
        let theirs = queue.clone();
        let leaver = thread::spawn(move || {
            let mut get = Box::pin(theirs.get());
            let got = poll_once(get.as_mut());
            drop(get);
            got.is_ready()
        });
        let mut get = pin!(queue.get());
        assert!(poll_once(get.as_mut()).is_pending());
        let theirs = queue.clone();
        let puts = thread::spawn(move || theirs.put_nowait(7).unwrap());
        assert_eq!(block_on(get), Ok(7));
        assert!(!leaver.join().unwrap(), "one item, one who gets it");
        puts.join().unwrap();
    });
}

#[test]
fn a_shutdown_loses_no_item_and_leaves_nobody_waiting() {
    model(2, || {
        let queue = Arc::new(Queue::new(1));
        let theirs = queue.clone();
        let puts = thread::spawn(move || block_on(theirs.put(7)));
        let theirs = queue.clone();
        let shuts = thread::spawn(move || theirs.shutdown(false));
        let got = block_on(queue.get());
        let put = puts.join().unwrap();
        shuts.join().unwrap();
        let left = queue.get_nowait();
        match put {
            Ok(()) => assert!(got == Ok(7) || left == Ok(7)),
            Err(QueueShutDown(item)) => assert!(item == 7 && got.is_err() && left.is_err()),
        }
    });
}

#[test]
fn join_ends_when_the_last_work_is_done() {
    model(3, || {
        let queue = Arc::new(Queue::new(0));
        queue.put_nowait(1).unwrap();
        let mut join = pin!(queue.join());
        assert!(poll_once(join.as_mut()).is_pending());
        let theirs = queue.clone();
        let works = thread::spawn(move || {
            theirs.get_nowait().unwrap();
            theirs.task_done().unwrap();
            theirs.put_nowait(2).unwrap();
        });
        block_on(join);
        works.join().unwrap();
    });
}
