//! The blocking pool: pushes against threads that come, rest and go, refused threads, and closing.
//!
//! Property: every closure runs or is cancelled, its handle says which, and the pool's threads end; also when the system
//! refuses a thread. While there is room each closure has a thread of its own, so closures may wait for each other.
#![cfg(heist_loom)]

use std::time::Duration;

use heist_executor::blocking::{AtClose, Config, Handle, Pool, Refused};
use heist_executor::park::{Parker, block_on};
use heist_executor::task::Meta;
use heist_loom_tests::{model, model_up_to};
use heist_primitive::sync::StdArc;
use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};
use heist_primitive::thread;

/// Idle threads go at once.
fn pool(max_threads: usize) -> Pool {
    pool_with(max_threads, u64::MAX, Duration::ZERO)
}

/// Idle threads stay until the pool closes.
fn lasting_pool(max_threads: usize) -> Pool {
    pool_with(max_threads, u64::MAX, Duration::from_secs(1))
}

/// The system gives it `given` threads and no more.
fn pool_with(max_threads: usize, given: u64, keep_alive: Duration) -> Pool {
    let made = UnmodelledU64::new(0);
    let thread_name = move || {
        let refused = made.fetch_add(1, Ordering::Relaxed) >= given;
        if refused { thread::REFUSED } else { "model" }.to_owned()
    };
    Pool::new(Config {
        max_threads,
        keep_alive,
        thread_name: StdArc::new(thread_name),
        stack_size: None,
        watch: None,
        on_terminate: None,
        on_panic: None,
    })
}

/// What a closure waits for, on its thread.
#[derive(Clone)]
struct Flag(StdArc<Parker>);

impl Flag {
    fn new() -> Self {
        Self(StdArc::new(Parker::new()))
    }

    fn set(&self) {
        self.0.unpark();
    }

    /// By one closure only.
    fn wait(&self) {
        self.0.park();
    }
}

fn end(pool: &Pool) {
    pool.begin_shutdown();
    assert!(pool.join(None));
}

/// The second push finds the only thread at work, on its way to rest, or idle.
#[test]
fn a_push_that_meets_an_idle_thread_is_seen() {
    model(2, || {
        let pool = lasting_pool(1);
        let first = pool.handle().spawn(|| 1, Meta::caller());
        assert_eq!(block_on(first).unwrap(), 1);
        let second = pool.handle().spawn(|| 2, Meta::caller());
        assert_eq!(block_on(second).unwrap(), 2);
        end(&pool);
    });
}

/// As above, but the thread goes as soon as it is idle.
#[test]
fn a_push_that_meets_a_thread_that_goes_is_seen() {
    model_up_to(2, 2, || {
        let pool = pool(1);
        let first = pool.handle().spawn(|| 1, Meta::caller());
        assert_eq!(block_on(first).unwrap(), 1);
        let second = pool.handle().spawn(|| 2, Meta::caller());
        assert_eq!(block_on(second).unwrap(), 2);
        end(&pool);
    });
}

/// The second push wakes nobody if a thread is coming for the first. That one is stuck behind the first closure then, so it
/// must have called another.
#[test]
fn who_has_come_calls_the_next() {
    model_up_to(1, 1, || {
        let pool = lasting_pool(2);
        let flag = Flag::new();
        let waiting = flag.clone();
        let first = pool.handle().spawn(move || waiting.wait(), Meta::caller());
        let second = pool.handle().spawn(move || flag.set(), Meta::caller());
        block_on(first).unwrap();
        block_on(second).unwrap();
        end(&pool);
    });
}

/// As above, when the thread that comes was idle.
#[test]
fn who_was_woken_calls_the_next() {
    model_up_to(1, 1, || {
        let pool = lasting_pool(2);
        block_on(pool.handle().spawn(|| (), Meta::caller())).unwrap();
        let flag = Flag::new();
        let waiting = flag.clone();
        let first = pool.handle().spawn(move || waiting.wait(), Meta::caller());
        let second = pool.handle().spawn(move || flag.set(), Meta::caller());
        block_on(first).unwrap();
        block_on(second).unwrap();
        end(&pool);
    });
}

/// A push that the closing overtakes is swept by one of the two: the only thread does not come to it.
#[test]
fn a_push_that_meets_the_closing_is_not_left_behind_a_stuck_closure() {
    model(2, || {
        let pool = lasting_pool(1);
        let flag = Flag::new();
        let (waiting, began) = (flag.clone(), Flag::new());
        let begins = began.clone();
        let stuck = move || {
            begins.set();
            waiting.wait();
        };
        let stuck = pool.handle().spawn(stuck, Meta::caller());
        began.wait();
        let handle = pool.handle().clone();
        let spawner = thread::spawn(move || {
            assert!(
                block_on(handle.spawn(|| (), Meta::caller()))
                    .unwrap_err()
                    .is_cancelled()
            );
            flag.set();
        });
        end(&pool);
        spawner.join().unwrap();
        block_on(stuck).unwrap();
    });
}

/// A push counts on the thread that another's push is refused, when there is one that is idle.
#[test]
fn a_refused_thread_leaves_what_counted_on_it_to_an_idle_one() {
    model_up_to(1, 1, || {
        let pool = pool_with(2, 1, Duration::from_secs(1));
        let first = pool.handle().spawn(|| (), Meta::caller());
        let handle = pool.handle().clone();
        let other = thread::spawn(move || block_on(handle.spawn(|| (), Meta::caller())).unwrap());
        block_on(pool.handle().spawn(|| (), Meta::caller())).unwrap();
        other.join().unwrap();
        block_on(first).unwrap();
        end(&pool);
    });
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
        let pool = pool_with(2, 1, Duration::ZERO);
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
        let pool = pool_with(1, 0, Duration::ZERO);
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
