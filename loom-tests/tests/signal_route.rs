//! Whom a signal's handler rings for, against drivers that leave and waiters that come.
//!
//! Properties: an arrival that no driver will come to is told by the thread; whoever waits apart is told by the thread, or sees
//! the arrival before it waits; each arrival is taken once, with what was done before it.
//!
//! The real `Route` stands between a handler, which is a thread here, and bells that are counters. A driver's bell that is
//! rung counts as heard only by a driver that attends.
#![cfg(heist_loom)]

use heist::signal::route::{Bell, Route};
use heist_loom_tests::model;
use heist_primitive::cell::UnsafeCell;
use heist_primitive::sync::Arc;
use heist_primitive::thread;

const SIGNAL: usize = 1;

#[test]
fn the_last_driver_to_leave_passes_an_arrival_on() {
    model(3, || {
        let route = Arc::new(Route::new(2));
        route.attend();
        let leaving = {
            let route = route.clone();
            thread::spawn(move || route.leave())
        };
        let bell = route.arrive(SIGNAL);
        let passed_on = leaving.join().unwrap();
        assert!(bell == Bell::Thread || passed_on, "nobody hears of it");
    });
}

#[test]
fn the_last_of_two_drivers_passes_an_arrival_on() {
    model(3, || {
        let route = Arc::new(Route::new(2));
        route.attend();
        route.attend();
        let leaving: Vec<_> = (0..2)
            .map(|_| {
                let route = route.clone();
                thread::spawn(move || route.leave())
            })
            .collect();
        let bell = route.arrive(SIGNAL);
        let passed_on = leaving.into_iter().map(|thread| thread.join().unwrap());
        let passed_on = passed_on.fold(0, |sum, passed_on| sum + usize::from(passed_on));
        assert!(bell == Bell::Thread || passed_on == 1, "{bell:?} {passed_on}");
    });
}

#[test]
fn who_begins_to_wait_apart_waits_for_no_driver() {
    model(3, || {
        let route = Arc::new(Route::new(2));
        route.attend();
        let waiting = {
            let route = route.clone();
            thread::spawn(move || {
                route.wait_apart(SIGNAL);
                route.take(SIGNAL)
            })
        };
        let bell = route.arrive(SIGNAL);
        let seen = waiting.join().unwrap();
        assert!(bell == Bell::Thread || seen, "it waits for a driver");
    });
}

#[test]
fn an_arrival_is_taken_once() {
    model(3, || {
        let route = Arc::new(Route::new(2));
        let takers: Vec<_> = (0..2)
            .map(|all| {
                let route = route.clone();
                thread::spawn(move || {
                    let mut taken = 0;
                    if all == 1 {
                        route.take_all(|signal| taken += signal);
                    } else {
                        taken = usize::from(route.take(SIGNAL));
                    }
                    taken
                })
            })
            .collect();
        let _ = route.arrive(0);
        let _ = route.arrive(SIGNAL);
        let mut taken: usize = takers.into_iter().map(|thread| thread.join().unwrap()).sum();
        route.take_all(|signal| taken += signal);
        assert_eq!(taken, SIGNAL);
    });
}

#[test]
fn who_takes_an_arrival_sees_what_came_before_it() {
    model(3, || {
        let route = Arc::new(Route::new(2));
        let sent = Arc::new(UnsafeCell::new(0));
        let takers: Vec<_> = (0..2)
            .map(|all| {
                let (route, sent) = (route.clone(), sent.clone());
                thread::spawn(move || {
                    let mut taken = false;
                    if all == 1 {
                        route.take_all(|_| taken = true);
                    } else {
                        taken = route.take(SIGNAL);
                    }
                    if taken {
                        sent.with(|sent| assert!(!sent.is_null()));
                    }
                })
            })
            .collect();
        sent.with_mut(|sent| assert!(!sent.is_null()));
        let _ = route.arrive(SIGNAL);
        takers.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
