//! aio::ThreadPoolExecutor: a blocking pool with a permit for each closure.
//!
//! Properties: what was submitted before the shutdown runs, or is cancelled if that was asked for, and what comes later is
//! refused; each gives its permit back; who sees the shutdown sees what was done before.
#![cfg(heist_loom)]

use std::time::Duration;

use heist::aio::{SubmitError, ThreadPoolExecutor};
use heist_executor::park::block_on;
use heist_loom_tests::{model, model_up_to};
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use heist_primitive::thread;

/// One thread and room for one that waits.
fn executor() -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder()
        .max_workers(1)
        .queue_limit(1)
        .keep_alive(Duration::ZERO)
        .build()
}

#[test]
fn a_submission_meets_the_shutdown() {
    model(2, || {
        let executor = executor();
        let theirs = executor.clone();
        let submits = thread::spawn(move || match theirs.submit(|| 7) {
            Ok(running) => assert_eq!(block_on(running).unwrap(), 7),
            Err(error) => assert!(matches!(error, SubmitError::ShutDown)),
        });
        executor.shutdown(false, false);
        submits.join().unwrap();
        assert!(matches!(executor.submit(|| ()), Err(SubmitError::ShutDown)));
    });
}

#[test]
fn a_wait_for_room_meets_the_shutdown() {
    model_up_to(1, 1, || {
        let executor = executor();
        let first = executor.submit(|| 1).unwrap();
        let theirs = executor.clone();
        let submits = thread::spawn(move || match block_on(theirs.submit_wait(|| 2)) {
            Ok(running) => assert!(block_on(running).is_ok_and(|got| got == 2)),
            Err(error) => assert!(matches!(error, SubmitError::ShutDown)),
        });
        executor.shutdown(false, false);
        assert_eq!(block_on(first).unwrap(), 1);
        submits.join().unwrap();
    });
}

#[test]
fn who_sees_the_shutdown_sees_what_was_done_before() {
    model(3, || {
        let shared = Arc::new((executor(), AtomicUsize::new(0)));
        let theirs = shared.clone();
        let looks = thread::spawn(move || {
            if theirs.0.is_shutdown() {
                assert_eq!(theirs.1.load(Relaxed), 1);
            }
        });
        shared.1.store(1, Relaxed);
        shared.0.shutdown(false, false);
        looks.join().unwrap();
    });
}
