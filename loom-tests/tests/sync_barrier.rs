//! Barrier: a count, a generation, and a notification.
//!
//! Properties: all cross, one leads, and what was done before the line is seen beyond it; the next round does not mix
//! with the last.
#![cfg(heist_loom)]

mod sync_kit;

use heist::sync::Barrier;
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::thread;
use sync_kit::block_on;

#[test]
fn all_cross_together() {
    model(2, || {
        let shared = Arc::new((Barrier::new(2), AtomicUsize::new(0)));
        let cross = |shared: &(Barrier, AtomicUsize)| {
            shared.1.fetch_add(1, Ordering::Relaxed);
            let leads = block_on(shared.0.wait()).is_leader();
            assert_eq!(shared.1.load(Ordering::Relaxed), 2);
            leads
        };
        let theirs = shared.clone();
        let other = thread::spawn(move || cross(&theirs));
        let leads = cross(&shared);
        assert_ne!(leads, other.join().unwrap());
    });
}

#[test]
fn rounds_do_not_mix() {
    model(2, || {
        let barrier = Arc::new(Barrier::new(2));
        let theirs = barrier.clone();
        let rounds = |barrier: &Barrier| {
            (0..2)
                .map(|_| block_on(barrier.wait()).is_leader())
                .collect::<Vec<_>>()
        };
        let other = thread::spawn(move || rounds(&theirs));
        let mine = rounds(&barrier);
        let theirs = other.join().unwrap();
        assert!(mine.iter().zip(&theirs).all(|(mine, theirs)| mine != theirs));
    });
}
