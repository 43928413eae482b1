//! aio::Condition: a line of waiters beside a lock.
//!
//! Properties: no notification is missed between the look at the value and the wait; one that was given to a wait that gives
//! up goes to the next.
#![cfg(heist_loom)]

mod sync_kit;

use std::pin::pin;
use std::task::Poll;

use heist::aio::Condition;
use heist_loom_tests::{model, model_up_to};
use heist_primitive::sync::Arc;
use heist_primitive::thread;
use sync_kit::{block_on, poll_once};

#[test]
fn no_change_is_missed() {
    model(2, || {
        let condition = Arc::new(Condition::new(false));
        let theirs = condition.clone();
        let changer = thread::spawn(move || {
            let mut guard = block_on(theirs.acquire());
            *guard = true;
            guard.notify(1);
        });
        let guard = block_on(condition.acquire());
        assert!(*block_on(guard.wait_for(|changed| *changed)));
        changer.join().unwrap();
    });
}

#[test]
fn a_notification_to_one_who_left_goes_to_the_next() {
    model_up_to(2, 2, || {
        let condition = Arc::new(Condition::new(()));
        let theirs = condition.clone();
        // In line before or after the other, and gone before, while or after that is notified.
        let leaver = thread::spawn(move || {
            let mut wait = Box::pin(block_on(theirs.acquire()).wait());
            // Notified within this poll, it has used the notification up, and gives another.
            if let Poll::Ready(guard) = poll_once(wait.as_mut()) {
                guard.notify(1);
            }
        });
        let mut stays = pin!(block_on(condition.acquire()).wait());
        assert!(poll_once(stays.as_mut()).is_pending());
        let theirs = condition.clone();
        let notifier = thread::spawn(move || block_on(theirs.acquire()).notify(1));
        drop(block_on(stays));
        leaver.join().unwrap();
        notifier.join().unwrap();
    });
}
