//! The blocking pool from outside.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use heist_executor::blocking::{self, AtClose, Refused};
use heist_executor::park::block_on;
use heist_executor::task::JoinHandle;
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

/// Each of them waits for all of them.
fn all_at_once(handle: &blocking::Handle, closures: usize) {
    let together = Arc::new(Barrier::new(closures));
    let joins: Vec<_> = (0..closures)
        .map(|_| {
            let together = together.clone();
            let wait = move || {
                together.wait();
            };
            handle.spawn(wait, meta())
        })
        .collect();
    joins.into_iter().for_each(|join| block_on(join).unwrap());
}

#[test]
fn closures_that_wait_for_each_other_have_a_thread_each() {
    let pool = blocking_pool(24, LONG);
    let handle = pool.handle().clone();
    for closures in [24, 3, 24, 1, 17] {
        all_at_once(&handle, closures);
    }
    assert_eq!(handle.threads(), 24);
    pool.begin_shutdown();
    assert!(pool.join(None));
}

#[test]
fn closures_that_wait_for_each_other_survive_the_close() {
    for _ in 0..50 {
        let pool = blocking_pool(8, LONG);
        let together = Arc::new(Barrier::new(8));
        let joins: Vec<_> = (0..8)
            .map(|_| {
                let together = together.clone();
                let wait = move || {
                    together.wait();
                };
                pool.handle().spawn(wait, meta())
            })
            .collect();
        pool.begin_shutdown();
        assert!(pool.join(None));
        joins.into_iter().for_each(|join| block_on(join).unwrap());
    }
}

#[test]
fn a_hook_that_is_stuck_holds_up_the_closure_of_its_thread_only() {
    let (release, released) = gate();
    let mut pool = blocking_pool(4, LONG);
    let stuck = AtomicBool::new(false);
    pool.set_around(Arc::new(move |body: &mut dyn FnMut()| {
        if !stuck.swap(true, Ordering::Relaxed) {
            released.lock().unwrap().recv().unwrap();
        }
        body();
    }));
    let handle = pool.handle().clone();
    let mut joins: Vec<_> = (0..4).map(|n| handle.spawn(move || n, meta())).collect();
    for (n, join) in joins.drain(1..).enumerate() {
        assert_eq!(block_on(join).unwrap(), n + 1);
    }
    assert!(!joins[0].is_finished());
    release.send(()).unwrap();
    assert_eq!(block_on(joins.remove(0)).unwrap(), 0);
    pool.begin_shutdown();
    assert!(pool.join(None));
}

#[test]
fn a_hook_that_panics_takes_its_own_closure_with_it_and_no_other() {
    let mut pool = blocking_pool(2, LONG);
    let panicked = AtomicBool::new(false);
    pool.set_around(Arc::new(move |body: &mut dyn FnMut()| {
        assert!(panicked.swap(true, Ordering::Relaxed), "the first thread's hook");
        body();
    }));
    let handle = pool.handle().clone();
    let first = handle.spawn(|| 1, meta());
    assert!(block_on(first).unwrap_err().is_cancelled());
    assert_eq!(block_on(handle.spawn(|| 2, meta())).unwrap(), 2);
    pool.begin_shutdown();
    assert!(pool.join(None));
}

#[test]
fn of_idle_threads_the_latest_is_woken() {
    let pool = blocking_pool(8, LONG);
    let handle = pool.handle().clone();
    all_at_once(&handle, 8);
    while handle.idle_threads() < 8 {
        std::thread::yield_now();
    }
    let who = || std::thread::current().id();
    let first = block_on(handle.spawn(who, meta())).unwrap();
    for _ in 0..100 {
        while handle.idle_threads() < 8 {
            std::thread::yield_now();
        }
        assert_eq!(block_on(handle.spawn(who, meta())).unwrap(), first);
    }
    pool.begin_shutdown();
    assert!(pool.join(None));
}

#[test]
fn pushes_race_with_the_close_and_each_handle_tells_what_became_of_it() {
    for round in 0..50 {
        let pool = blocking_pool(2, Duration::from_micros(round));
        let ran = Arc::new(AtomicUsize::new(0));
        let told: usize = std::thread::scope(|scope| {
            let pushers: Vec<_> = [AtClose::Cancel, AtClose::Run]
                .map(|at_close| {
                    let (handle, ran) = (pool.handle().clone(), ran.clone());
                    scope.spawn(move || push_until_closed(&handle, at_close, &ran))
                })
                .into();
            std::thread::yield_now();
            pool.begin_shutdown();
            assert!(pool.join(None));
            pushers.into_iter().map(|pusher| pusher.join().unwrap()).sum()
        });
        assert_eq!(told, ran.load(Ordering::Relaxed));
        assert_eq!((pool.handle().threads(), pool.handle().queue_depth()), (0, 0));
    }
}

/// Returns how many were run, as their handles say. What is to be run at the close and was accepted is run.
fn push_until_closed(handle: &blocking::Handle, at_close: AtClose, ran: &Arc<AtomicUsize>) -> usize {
    let mut joins = Vec::new();
    loop {
        let ran = ran.clone();
        match handle.try_spawn(move || ran.fetch_add(1, Ordering::Relaxed), meta(), at_close) {
            Ok(join) => joins.push(join),
            Err(Refused::Closed) => break,
            Err(Refused::NoThread(error)) => panic!("{error}"),
        }
    }
    let is_run = |join: JoinHandle<usize>| match block_on(join) {
        Ok(_) => true,
        Err(error) => {
            assert!(error.is_cancelled() && at_close == AtClose::Cancel);
            false
        }
    };
    joins.into_iter().map(is_run).filter(|&is_run| is_run).count()
}
