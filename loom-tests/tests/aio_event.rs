//! aio::Event: a flag and a notification.
//!
//! Property: a wait ends once the event was set, also if it is cleared at once, and sees what was done before.
#![cfg(heist_loom)]

mod sync_kit;

use heist::aio::Event;
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::thread;
use sync_kit::block_on;

#[test]
fn set_is_not_missed() {
    model(3, || {
        let shared = Arc::new((Event::new(), AtomicUsize::new(0)));
        let theirs = shared.clone();
        let setter = thread::spawn(move || {
            theirs.1.store(1, Ordering::Relaxed);
            theirs.0.set();
        });
        block_on(shared.0.wait());
        assert_eq!(shared.1.load(Ordering::Relaxed), 1);
        setter.join().unwrap();
    });
}

#[test]
fn who_waits_is_let_go_by_a_set_that_is_cleared_at_once() {
    model(3, || {
        let event = Arc::new(Event::new());
        let theirs = event.clone();
        let setter = thread::spawn(move || {
            theirs.set();
            theirs.clear();
            theirs.set();
        });
        block_on(event.wait());
        setter.join().unwrap();
    });
}
