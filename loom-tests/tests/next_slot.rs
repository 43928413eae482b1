//! The next-slot: its owner takes and overwrites while a thief takes.
//!
//! Property: each task that was put there runs exactly once.
#![cfg(heist_loom)]

use heist_executor::model::{Hand, Slot};
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::thread;

#[test]
fn owner_and_thief_take_each_task_once() {
    model(4, || {
        let hand = Hand::new();
        let runs = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        for n in 0..2 {
            let runs = runs.clone();
            drop(hand.spawn(async move { runs[n].fetch_add(1, Ordering::Relaxed) }));
        }
        let slot = Arc::new(Slot::new());
        hand.put_into(&slot);
        let thief = {
            let slot = slot.clone();
            thread::spawn(move || slot.take_and_run())
        };
        // Overwrite: who was displaced goes to the back of the queue.
        hand.put_into(&slot);
        slot.take_and_run();
        thief.join().unwrap();
        slot.take_and_run();
        hand.run_all();
        assert_eq!(runs[0].load(Ordering::Relaxed), 1);
        assert_eq!(runs[1].load(Ordering::Relaxed), 1);
    });
}

/// The slot alone carries a new task to a thief that was there before it.
#[test]
fn a_thief_sees_the_whole_of_a_task_that_is_new() {
    model(3, || {
        let slot = Arc::new(Slot::new());
        let thief = {
            let slot = slot.clone();
            thread::spawn(move || slot.take_and_run())
        };
        let hand = Hand::new();
        drop(hand.spawn(async {}));
        hand.put_into(&slot);
        slot.take_and_run();
        thief.join().unwrap();
    });
}
