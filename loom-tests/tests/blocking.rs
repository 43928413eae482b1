//! The blocking pool: hand-off against idle exit, and closing.
//!
//! Property: every closure runs or is cancelled, its handle says which, and the pool's threads end; also when the system
//! refuses a thread.
#![cfg(heist_loom)]

use std::time::Duration;

use heist_executor::blocking::{AtClose, Config, Handle, Pool, Refused};
use heist_executor::park::block_on;
use heist_executor::task::Meta;
use heist_loom_tests::model;
use heist_primitive::sync::StdArc;
use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};
use heist_primitive::thread;

fn pool(max_threads: usize) -> Pool {
    pool_with(max_threads, u64::MAX)
}

/// The system gives it `given` threads and no more.
fn pool_with(max_threads: usize, given: u64) -> Pool {
    let made = UnmodelledU64::new(0);
    let thread_name = move || {
        let refused = made.fetch_add(1, Ordering::Relaxed) >= given;
        if refused { thread::REFUSED } else { "model" }.to_owned()
    };
    Pool::new(Config {
        max_threads,
        keep_alive: Duration::ZERO,
        thread_name: StdArc::new(thread_name),
        stack_size: None,
        watch: None,
        on_terminate: None,
        on_panic: None,
    })
}

#[test]
fn two_closures_one_thread() {
    model(2, || {
        let pool = pool(1);
        let first = pool.handle().spawn(|| 1, Meta::caller());
        let second = pool.handle().spawn(|| 2, Meta::caller());
        assert_eq!(block_on(first).unwrap() + block_on(second).unwrap(), 3);
        pool.begin_shutdown();
        assert!(pool.join(None));
    });
}

#[test]
fn spawn_against_shutdown() {
    model(2, || {
        let pool = pool(1);
        let handle = pool.handle().clone();
        let spawner = thread::spawn(move || match block_on(handle.spawn(|| 1, Meta::caller())) {
            Ok(output) => assert_eq!(output, 1),
            Err(error) => assert!(error.is_cancelled()),
        });
        pool.begin_shutdown();
        spawner.join().unwrap();
        assert!(pool.join(None));
    });
}

/// A closure that a thread was made for is run, however soon the pool closes, and no other.
#[test]
fn the_first_closure_of_a_thread_is_run() {
    model(2, || {
        let pool = pool(1);
        let first = pool.handle().spawn(|| 1, Meta::caller());
        let second = pool.handle().spawn(|| 2, Meta::caller());
        pool.begin_shutdown();
        assert_eq!(block_on(first).unwrap(), 1);
        match block_on(second) {
            Ok(output) => assert_eq!(output, 2),
            Err(error) => assert!(error.is_cancelled()),
        }
        assert!(pool.join(None));
    });
}

/// What was accepted to be run at the close is run, and its output is there before the pool's threads have ended.
#[test]
fn run_at_close_against_shutdown() {
    model(2, || {
        let pool = pool(1);
        let handle = pool.handle().clone();
        let spawner = thread::spawn(move || {
            let spawned = handle.try_spawn(|| 1, Meta::caller(), AtClose::Run);
            match spawned {
                Ok(join) => assert_eq!(block_on(join).unwrap(), 1),
                Err(Refused::Closed) => {}
                Err(Refused::NoThread(error)) => panic!("{error}"),
            }
        });
        pool.begin_shutdown();
        spawner.join().unwrap();
        assert!(pool.join(None));
    });
}

/// The second thread is refused, while the first one works, waits or goes: the closure is left to it, or its spawner is told.
#[test]
fn a_thread_that_is_refused_strands_no_closure() {
    model(2, || {
        let pool = pool_with(2, 1);
        let first = pool.handle().spawn(|| 1, Meta::caller());
        match pool.handle().try_spawn(|| 2, Meta::caller(), AtClose::Cancel) {
            Ok(second) => assert_eq!(block_on(second).unwrap(), 2),
            Err(Refused::NoThread(_)) => {}
            Err(Refused::Closed) => panic!("nobody has closed it"),
        }
        assert_eq!(block_on(first).unwrap(), 1);
        pool.begin_shutdown();
        assert!(pool.join(None));
    });
}

/// Of two who spawn at the same time one counts on the thread that the other is refused.
#[test]
fn who_counts_on_a_refused_thread_is_told() {
    model(2, || {
        let pool = pool_with(1, 0);
        let handle = pool.handle().clone();
        let spawn = |handle: &Handle| match handle.try_spawn(|| 1, Meta::caller(), AtClose::Cancel) {
            Ok(join) => assert!(block_on(join).unwrap_err().is_cancelled()),
            Err(Refused::NoThread(_)) => {}
            Err(Refused::Closed) => panic!("nobody has closed it"),
        };
        let other = thread::spawn(move || spawn(&handle));
        spawn(pool.handle());
        other.join().unwrap();
        assert_eq!((pool.handle().threads(), pool.handle().queue_depth()), (0, 0));
        pool.begin_shutdown();
        assert!(pool.join(None));
    });
}
