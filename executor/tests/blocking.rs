//! The blocking pool from outside.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use heist_executor::blocking::{self, AtClose, Refused};
use heist_executor::park::block_on;
use support::{Drops, blocking_pool, meta};

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn closures_run_beside_each_other_up_to_the_limit_and_queue_beyond() {
    let pool = blocking_pool(3, LONG);
    let handle = pool.handle().clone();
    let (at_work, came) = mpsc::channel();
    let (release, released) = gate();
    let mut joins: Vec<_> = (0..5)
        .map(|n| {
            let (at_work, released) = (at_work.clone(), released.clone());
            handle.spawn(
                move || {
                    at_work.send(()).unwrap();
                    released.lock().unwrap().recv().unwrap();
                    n
                },
                meta(),
            )
        })
        .collect();
    (0..3).for_each(|_| came.recv().unwrap());
    assert_eq!((handle.threads(), handle.queue_depth()), (3, 2));
    (0..5).for_each(|_| release.send(()).unwrap());
    let sum: i32 = joins.drain(..).map(|join| block_on(join).unwrap()).sum();
    assert_eq!(sum, 10);
    assert_eq!(handle.threads(), 3);
    pool.begin_shutdown();
    assert!(pool.join(None));
    assert_eq!(handle.threads(), 0);
}

type Gate = (
    mpsc::Sender<()>,
    std::sync::Arc<std::sync::Mutex<mpsc::Receiver<()>>>,
);

fn gate() -> Gate {
    let (sender, receiver) = mpsc::channel();
    (sender, std::sync::Arc::new(std::sync::Mutex::new(receiver)))
}

#[test]
fn an_idle_thread_goes_after_its_keep_alive_and_another_comes() {
    let pool = blocking_pool(1, Duration::from_millis(1));
    let handle = pool.handle().clone();
    for n in 0..20 {
        assert_eq!(block_on(handle.spawn(move || n, meta())).unwrap(), n);
        while handle.threads() > 0 {
            std::thread::yield_now();
        }
    }
    pool.begin_shutdown();
    assert!(pool.join(None));
}

#[test]
fn hand_off_races_with_idle_exit_and_loses_nothing() {
    let pool = blocking_pool(2, Duration::from_micros(1));
    let handle = pool.handle().clone();
    for n in 0..5000 {
        assert_eq!(block_on(handle.spawn(move || n, meta())).unwrap(), n);
    }
    pool.begin_shutdown();
    assert!(pool.join(None));
}

#[test]
fn shutdown_waits_for_what_runs_and_cancels_what_has_not_begun() {
    let pool = blocking_pool(1, LONG);
    let handle = pool.handle().clone();
    let (release, released) = mpsc::channel::<()>();
    let (at_work, came) = mpsc::channel();
    let drops = Drops::default();
    let running = handle.spawn(
        move || {
            at_work.send(()).unwrap();
            released.recv().unwrap();
            3
        },
        meta(),
    );
    came.recv().unwrap();
    let guard = drops.guard();
    let queued = handle.spawn(move || drop(guard), meta());
    pool.begin_shutdown();
    assert_eq!(drops.count(), 1);
    assert!(block_on(queued).unwrap_err().is_cancelled());
    assert!(block_on(handle.spawn(|| (), meta())).unwrap_err().is_cancelled());
    assert!(!pool.join(Some(Duration::from_millis(5))));
    release.send(()).unwrap();
    assert!(pool.join(None));
    assert_eq!(block_on(running).unwrap(), 3);
}

#[test]
fn shutdown_does_not_overtake_the_thread_that_was_made_for_a_closure() {
    for _ in 0..200 {
        let pool = blocking_pool(1, LONG);
        let first = pool.handle().spawn(|| 1, meta());
        pool.begin_shutdown();
        assert!(pool.join(None));
        assert_eq!(block_on(first).unwrap(), 1);
    }
}

#[test]
fn abort_stops_a_closure_that_has_not_begun_and_no_other() {
    let pool = blocking_pool(1, LONG);
    let handle = pool.handle().clone();
    let (release, released) = mpsc::channel::<()>();
    let (at_work, came) = mpsc::channel();
    let running = handle.spawn(
        move || {
            at_work.send(()).unwrap();
            released.recv().unwrap();
        },
        meta(),
    );
    came.recv().unwrap();
    let queued = handle.spawn(|| unreachable!("aborted before it began"), meta());
    queued.abort();
    running.abort();
    release.send(()).unwrap();
    block_on(running).unwrap();
    assert!(block_on(queued).unwrap_err().is_cancelled());
    pool.begin_shutdown();
    assert!(pool.join(None));
}

#[test]
fn a_panic_is_in_the_join_error_and_the_thread_goes_on() {
    let pool = blocking_pool(1, LONG);
    let handle = pool.handle().clone();
    let error = block_on(handle.spawn(|| panic!("boom"), meta())).unwrap_err();
    assert!(error.is_panic());
    assert_eq!(block_on(handle.spawn(|| 1, meta())).unwrap(), 1);
    assert_eq!(handle.threads(), 1);
    pool.begin_shutdown();
    assert!(pool.join(None));
}

#[test]
fn a_thread_whose_name_cannot_be_made_is_not_waited_for() {
    let pool = blocking::Pool::new(blocking::Config {
        max_threads: 2,
        keep_alive: LONG,
        thread_name: Arc::new(|| panic!("no name")),
        stack_size: None,
        watch: None,
        on_terminate: None,
        on_panic: None,
    });
    let handle = pool.handle().clone();
    let drops = Drops::default();
    let guard = drops.guard();
    catch_unwind(AssertUnwindSafe(|| handle.spawn(move || drop(guard), meta()))).unwrap_err();
    assert_eq!((handle.threads(), handle.queue_depth(), drops.count()), (0, 0, 1));
    pool.begin_shutdown();
    assert!(pool.join(Some(LONG)));
}

#[test]
fn a_thread_that_is_stuck_behind_its_closures_is_waited_for_within_the_limit() {
    let (release, released) = gate();
    let mut pool = blocking_pool(1, LONG);
    pool.set_around(Arc::new(move |body: &mut dyn FnMut()| {
        body();
        // As a hook for the thread's end may be.
        released.lock().unwrap().recv().unwrap();
    }));
    block_on(pool.handle().spawn(|| (), meta())).unwrap();
    pool.begin_shutdown();
    assert!(!pool.join(Some(Duration::from_millis(1))));
    release.send(()).unwrap();
    assert!(pool.join(None));
}

#[test]
fn a_closure_to_be_run_at_the_close_is_run_and_others_are_cancelled() {
    let pool = blocking_pool(1, LONG);
    let handle = pool.handle().clone();
    let (at_work, came) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let busy = handle.spawn(
        move || {
            at_work.send(()).unwrap();
            released.recv().unwrap();
        },
        meta(),
    );
    came.recv().unwrap();
    let cancelled = handle.try_spawn(|| 1, meta(), AtClose::Cancel).unwrap();
    let run = handle.try_spawn(|| 2, meta(), AtClose::Run).unwrap();
    let last = handle.try_spawn(|| 3, meta(), AtClose::Run).unwrap();
    pool.begin_shutdown();
    assert!(block_on(cancelled).unwrap_err().is_cancelled());
    assert!(!run.is_finished());
    for at_close in [AtClose::Cancel, AtClose::Run] {
        let refused = handle.try_spawn(|| 4, meta(), at_close).unwrap_err();
        assert!(matches!(refused, Refused::Closed), "{refused:?}");
    }
    release.send(()).unwrap();
    assert!(pool.join(None));
    block_on(busy).unwrap();
    assert_eq!((block_on(run).unwrap(), block_on(last).unwrap()), (2, 3));
}
