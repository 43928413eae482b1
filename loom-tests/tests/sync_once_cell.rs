//! OnceCell: one permit to make the value, and a close that publishes it.
//!
//! Properties: one makes it and all see it; who gives up passes the permit on; who sets competes fairly.
#![cfg(heist_loom)]

mod sync_kit;

use std::future::{pending, ready};

use heist::sync::OnceCell;
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::thread;
use sync_kit::{block_on, poll_once};

#[test]
fn one_makes_it_and_all_see_it() {
    model(2, || {
        let cell = Arc::new(OnceCell::new());
        let theirs = cell.clone();
        let other = thread::spawn(move || *block_on(theirs.get_or_init(|| ready(1))));
        let mine = *block_on(cell.get_or_init(|| ready(2)));
        assert_eq!(other.join().unwrap(), mine);
        assert_eq!(cell.get(), Some(&mine));
    });
}

#[test]
fn who_gives_up_passes_it_on() {
    model(2, || {
        let cell = Arc::new(OnceCell::new());
        let theirs = cell.clone();
        let gives_up = thread::spawn(move || {
            let mut makes = Box::pin(theirs.get_or_init(pending));
            assert!(poll_once(makes.as_mut()).is_pending() || theirs.initialized());
        });
        assert_eq!(*block_on(cell.get_or_init(|| ready(2))), 2);
        gives_up.join().unwrap();
    });
}

#[test]
fn set_and_make_agree() {
    model(2, || {
        let cell = Arc::new(OnceCell::new());
        let theirs = cell.clone();
        let sets = thread::spawn(move || theirs.set(1).is_ok());
        let mine = *block_on(cell.get_or_init(|| ready(2)));
        assert_eq!(sets.join().unwrap(), mine == 1);
    });
}
