//! Notify: permits, the line and the count of broadcasts.
//!
//! Properties: what was done before a notification is seen by the one who gets it; each `notify_one` lets one wait
//! end, also when the one it was given to gives up; a `notify_waiters` ends every wait that existed. A lost
//! notification is a deadlock here.
#![cfg(heist_loom)]

mod sync_kit;

use std::pin::pin;

use heist::sync::Notify;
use heist_loom_tests::model;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use heist_primitive::sync::{Arc, StdArc};
use heist_primitive::thread;
use sync_kit::{block_on, poll_once};

#[test]
fn a_permit_publishes() {
    model(3, || {
        let shared = Arc::new((Notify::new(), AtomicUsize::new(0)));
        let theirs = shared.clone();
        let notifies = thread::spawn(move || {
            theirs.1.store(1, Relaxed);
            theirs.0.notify_one();
        });
        block_on(shared.0.notified());
        assert_eq!(shared.1.load(Relaxed), 1);
        notifies.join().unwrap();
    });
}

#[test]
fn a_notified_task_sees_what_was_done_before() {
    // Without a waker that would give the order, too.
    model(3, || {
        let shared = Arc::new((StdArc::new(Notify::new()), AtomicUsize::new(0)));
        let mut notified = Box::pin(shared.0.clone().notified_owned());
        assert!(poll_once(notified.as_mut()).is_pending());
        let theirs = shared.clone();
        let looks = thread::spawn(move || {
            if poll_once(notified.as_mut()).is_ready() {
                assert_eq!(theirs.1.load(Relaxed), 1);
            }
        });
        shared.1.store(1, Relaxed);
        shared.0.notify_one();
        looks.join().unwrap();
    });
}

#[test]
fn a_second_permit_publishes_too() {
    model(3, || {
        let shared = Arc::new((Notify::new(), AtomicUsize::new(0)));
        shared.0.notify_one();
        let theirs = shared.clone();
        let notifies = thread::spawn(move || {
            theirs.1.store(1, Relaxed);
            theirs.0.notify_one();
        });
        block_on(shared.0.notified());
        let seen = shared.1.load(Relaxed);
        notifies.join().unwrap();
        // No permit is left if the thread's fell into the first one: then that one published both.
        if poll_once(pin!(shared.0.notified())).is_pending() {
            assert_eq!(seen, 1);
        }
    });
}

#[test]
fn notify_waiters_reaches_the_unpolled() {
    model(3, || {
        let shared = StdArc::new((Notify::new(), AtomicUsize::new(0)));
        let notified = shared.0.notified();
        let theirs = shared.clone();
        let notifies = thread::spawn(move || {
            theirs.1.store(1, Relaxed);
            theirs.0.notify_waiters();
        });
        block_on(notified);
        assert_eq!(shared.1.load(Relaxed), 1);
        notifies.join().unwrap();
    });
}

#[test]
fn a_dropped_notification_is_passed_on() {
    model(2, || {
        let notify = StdArc::new(Notify::new());
        let mut first = Box::pin(notify.clone().notified_owned());
        let mut second = Box::pin(notify.clone().notified_owned());
        assert!(!first.as_mut().enable());
        assert!(!second.as_mut().enable());
        let theirs = notify.clone();
        let notifies = thread::spawn(move || theirs.notify_one());
        let gives_up = thread::spawn(move || drop(first));
        block_on(second);
        notifies.join().unwrap();
        gives_up.join().unwrap();
    });
}

#[test]
fn two_notifications_end_two_waits() {
    model(2, || {
        let notify = Arc::new(Notify::new());
        let (ours, theirs) = (notify.clone(), notify.clone());
        let mut first = pin!(notify.notified());
        assert!(!first.as_mut().enable());
        let waits = thread::spawn(move || {
            let mut second = pin!(ours.notified());
            second.as_mut().enable();
            theirs.notify_one();
            block_on(second);
        });
        notify.notify_one();
        block_on(first);
        waits.join().unwrap();
    });
}

#[test]
fn one_and_all_at_the_same_time() {
    model(3, || {
        let notify = Arc::new(Notify::new());
        let mut first = pin!(notify.notified());
        assert!(!first.as_mut().enable());
        let theirs = notify.clone();
        let all = thread::spawn(move || theirs.notify_waiters());
        notify.notify_one();
        block_on(first);
        all.join().unwrap();
    });
}

/// The call of `notify_waiters` comes while the wait is about to take a permit.
#[test]
fn notify_waiters_publishes_beside_a_permit() {
    model(3, || {
        let shared = StdArc::new((Notify::new(), AtomicUsize::new(0)));
        shared.0.notify_one();
        let notified = shared.0.notified();
        let theirs = shared.clone();
        let notifies = thread::spawn(move || {
            theirs.1.store(1, Relaxed);
            theirs.0.notify_waiters();
        });
        block_on(notified);
        let seen = shared.1.load(Relaxed);
        notifies.join().unwrap();
        // The permit is still there: it was not what ended the wait.
        if poll_once(pin!(shared.0.notified())).is_ready() {
            assert_eq!(seen, 1);
        }
    });
}

/// After the call the line fills and empties once more, which writes the word without a read-modify-write.
#[test]
fn notify_waiters_publishes_also_after_the_next_line() {
    model(3, || {
        let shared = (StdArc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let notified = shared.0.clone().notified_owned();
        let theirs = shared.1.clone();
        let waits = thread::spawn(move || {
            block_on(notified);
            assert_eq!(theirs.load(Relaxed), 1);
        });
        shared.1.store(1, Relaxed);
        shared.0.notify_waiters();
        let mut next = pin!(shared.0.notified());
        assert!(poll_once(next.as_mut()).is_pending());
        shared.0.notify_one();
        block_on(next);
        waits.join().unwrap();
    });
}

/// The call finds a line, and so writes the word without a read-modify-write; who is not in the line sees its count.
#[test]
fn notify_waiters_publishes_beside_a_line() {
    model(3, || {
        let shared = (StdArc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let mut unpolled = Box::pin(shared.0.clone().notified_owned());
        let mut in_line = pin!(shared.0.notified());
        assert!(!in_line.as_mut().enable());
        let theirs = shared.1.clone();
        let looks = thread::spawn(move || {
            if poll_once(unpolled.as_mut()).is_ready() {
                assert_eq!(theirs.load(Relaxed), 1);
            }
        });
        shared.1.store(1, Relaxed);
        shared.0.notify_waiters();
        block_on(in_line);
        looks.join().unwrap();
    });
}
