//! SetOnce and the cell under it: written once, under a lock, and read without.
//!
//! Properties: whoever sees that it is set reads the value without a race; one setter wins; nobody waits in vain.
#![cfg(heist_loom)]

mod sync_kit;

use heist::sync::SetOnce;
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::thread;
use sync_kit::block_on;

#[test]
fn what_is_set_is_seen() {
    model(3, || {
        let set = Arc::new(SetOnce::new());
        let theirs = set.clone();
        let looks = thread::spawn(move || assert!(theirs.get().is_none_or(|value| *value == 1)));
        set.set(1).unwrap();
        looks.join().unwrap();
        assert_eq!(set.get(), Some(&1));
    });
}

#[test]
fn a_waiter_gets_the_value() {
    model(2, || {
        let set = Arc::new(SetOnce::new());
        let theirs = set.clone();
        let waits = thread::spawn(move || assert_eq!(*block_on(theirs.wait()), 1));
        set.set(1).unwrap();
        waits.join().unwrap();
    });
}

#[test]
fn one_of_two_sets_and_the_other_sees_it() {
    model(3, || {
        let set = Arc::new(SetOnce::new());
        let theirs = set.clone();
        let other = thread::spawn(move || (theirs.set(1).is_ok(), *theirs.get().unwrap()));
        let (mine, value) = (set.set(2).is_ok(), *set.get().unwrap());
        let (other, seen) = other.join().unwrap();
        assert_ne!(mine, other);
        assert_eq!((value, seen), if mine { (2, 2) } else { (1, 1) });
    });
}
