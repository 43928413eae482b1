//! The parker.
//!
//! Properties: an unpark before or during a park ends it (a lost one would deadlock the model), and what was done
//! before the unpark is seen after the park.
#![cfg(heist_loom)]

use std::time::Duration;

use heist_executor::park::Parker;
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::thread;

#[test]
fn an_unpark_ends_a_park_and_publishes() {
    model(5, || {
        let shared = Arc::new((Parker::new(), AtomicUsize::new(0)));
        let other = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.store(1, Ordering::Relaxed);
                shared.0.unpark();
            })
        };
        shared.0.park();
        assert_eq!(shared.1.load(Ordering::Relaxed), 1);
        other.join().unwrap();
    });
}

#[test]
fn two_unparks_from_two_threads_end_what_they_find() {
    model(3, || {
        let shared = Arc::new((Parker::new(), AtomicUsize::new(0)));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || {
                    shared.1.fetch_add(1, Ordering::Relaxed);
                    shared.0.unpark();
                })
            })
            .collect();
        while shared.1.load(Ordering::Relaxed) < 2 {
            shared.0.park();
        }
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// The time is over and the unpark comes all the same: it is consumed here or by the next park, and publishes either way.
#[test]
fn an_unpark_at_the_end_of_a_timed_park_publishes() {
    model(3, || {
        let shared = Arc::new((Parker::new(), AtomicUsize::new(0)));
        let unparks = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.store(1, Ordering::Relaxed);
                shared.0.unpark();
            })
        };
        // Under loom a nanosecond is over as soon as the lock was open.
        shared.0.park_timeout(Duration::from_nanos(1));
        if shared.1.load(Ordering::Relaxed) == 0 {
            shared.0.park();
            assert_eq!(shared.1.load(Ordering::Relaxed), 1);
        }
        unparks.join().unwrap();
    });
}
