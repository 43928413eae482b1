//! The multi-thread pool whole: workers, sleepers, parkers, registry and queues together.
//!
//! Properties: a task spawned from outside runs although the workers are about to sleep; shutdown ends the workers and
//! completes every task; nothing is leaked (the futures hold tracked `Arc`s).
#![cfg(heist_loom)]

use std::future::poll_fn;
use std::task::{Poll, Waker};

use heist_executor::hooks::Hooks;
use heist_executor::multi_thread::{Config, Pool, block_in_place};
use heist_executor::park::block_on;
use heist_executor::task::{Meta, yield_now};
use heist_loom_tests::{model, model_up_to};
use heist_primitive::sync::{Arc, Mutex, StdArc};
use heist_primitive::thread;

fn pool(workers: usize) -> Pool {
    let mut pool = Pool::new(Config {
        workers,
        thread_name: StdArc::new(|| "model".to_owned()),
        stack_size: None,
        global_queue_interval: Some(2),
        event_interval: 2,
        loan: None,
        next_slot: true,
        guest: false,
        hooks: Hooks::default(),
        timed: heist_executor::histogram::Timed::default(),
        seed: 1,
        clock: StdArc::new(|| 0),
        processor: || 0,
    });
    pool.start(StdArc::new(|body: &mut dyn FnMut()| body())).unwrap();
    pool
}

#[test]
fn a_task_from_outside_runs() {
    model(2, || {
        let mut pool = pool(1);
        let tracked = Arc::new(7);
        let join = pool.handle().spawn(async move { *tracked }, Meta::caller());
        assert_eq!(block_on(join).unwrap(), 7);
        pool.begin_shutdown();
        assert!(pool.join(None));
    });
}

#[test]
#[ignore = "deep tier: about 50 s"]
fn two_workers_one_task_from_outside() {
    model_up_to(1, 1, || {
        let mut pool = pool(2);
        let join = pool.handle().spawn(async { 7 }, Meta::caller());
        assert_eq!(block_on(join).unwrap(), 7);
        pool.begin_shutdown();
        assert!(pool.join(None));
    });
}

/// The closure waits for a task that only another thread can run: one that takes the seat.
#[test]
fn a_seat_that_is_left_finds_a_thread() {
    model_up_to(1, 2, || {
        let mut pool = pool(1);
        let handle = pool.handle().clone();
        let join = pool.handle().spawn(
            async move {
                let other = handle.spawn(async { 7 }, Meta::caller());
                block_in_place(|| block_on(other).unwrap())
            },
            Meta::caller(),
        );
        assert_eq!(block_on(join).unwrap(), 7);
        pool.begin_shutdown();
        assert!(pool.join(None));
    });
}

/// The closure ends at once: the thread takes its seat back, or another has come for it; and the pool closes meanwhile.
#[test]
fn a_seat_is_taken_once_also_while_the_pool_closes() {
    model(1, || {
        let mut pool = pool(1);
        let tracked = Arc::new(());
        let join = {
            let tracked = tracked.clone();
            pool.handle().spawn(
                async move {
                    let _held = tracked;
                    block_in_place(|| ());
                    yield_now().await;
                },
                Meta::caller(),
            )
        };
        pool.begin_shutdown();
        assert!(pool.join(None));
        // Done or cancelled.
        let _ = block_on(join);
        assert_eq!(Arc::strong_count(&tracked), 1);
    });
}

/// The second closure counts on the thread that was made for the first, wherever that is on its way.
#[test]
fn a_seat_that_is_left_again_finds_the_thread_that_was_made_before() {
    model_up_to(1, 1, || {
        let mut pool = pool(1);
        let handle = pool.handle().clone();
        let join = pool.handle().spawn(
            async move {
                block_in_place(|| ());
                let other = handle.spawn(async { 7 }, Meta::caller());
                block_in_place(|| block_on(other).unwrap())
            },
            Meta::caller(),
        );
        assert_eq!(block_on(join).unwrap(), 7);
        pool.begin_shutdown();
        assert!(pool.join(None));
    });
}

/// The task ends with its output or cancelled, whichever end of the pool the spawn meets.
#[test]
fn a_spawn_that_races_shutdown_runs_or_is_cancelled() {
    model(2, || {
        let mut pool = pool(1);
        let tracked = Arc::new(7);
        let spawns = {
            let (handle, tracked) = (pool.handle().clone(), tracked.clone());
            thread::spawn(
                move || match block_on(handle.spawn(async move { *tracked }, Meta::caller())) {
                    Ok(output) => assert_eq!(output, 7),
                    Err(error) => assert!(error.is_cancelled()),
                },
            )
        };
        pool.begin_shutdown();
        assert!(pool.join(None));
        spawns.join().unwrap();
        assert_eq!(Arc::strong_count(&tracked), 1);
    });
}

/// As the end of the driver, when nobody waits for the workers.
#[test]
fn what_is_left_to_the_last_worker_comes_after_its_tasks() {
    model(2, || {
        let mut pool = pool(1);
        let (tracked, times) = (Arc::new(()), Arc::new(Mutex::new(0)));
        let task = {
            let tracked = tracked.clone();
            poll_fn(move |_| {
                let _held = &tracked;
                Poll::<()>::Pending
            })
        };
        drop(pool.handle().spawn(task, Meta::caller()));
        pool.begin_shutdown();
        pool.at_end({
            let times = times.clone();
            move || {
                assert_eq!(Arc::strong_count(&tracked), 1, "the task is gone");
                *times.lock() += 1;
            }
        });
        assert!(pool.join(None));
        assert_eq!(*times.lock(), 1);
    });
}

#[test]
fn a_wake_that_races_shutdown_leaks_nothing() {
    model(2, || {
        let mut pool = pool(1);
        let tracked = Arc::new(());
        let slot: Arc<Mutex<Option<Waker>>> = Arc::new(Mutex::new(None));
        let join = {
            let (slot, tracked) = (slot.clone(), tracked.clone());
            pool.handle().spawn(
                poll_fn(move |cx| {
                    let _held = &tracked;
                    *slot.lock() = Some(cx.waker().clone());
                    Poll::<()>::Pending
                }),
                Meta::caller(),
            )
        };
        let waking = {
            let slot = slot.clone();
            thread::spawn(move || {
                let waker = slot.lock().take();
                waker.into_iter().for_each(Waker::wake);
            })
        };
        pool.begin_shutdown();
        assert!(pool.join(None));
        waking.join().unwrap();
        assert!(block_on(join).unwrap_err().is_cancelled());
        slot.lock().take();
        assert_eq!(Arc::strong_count(&tracked), 1);
    });
}

/// The task goes on between the polls, whichever of them the closing meets: it ends once, with its output or cancelled.
#[test]
fn a_running_task_meets_the_shutdown() {
    model_up_to(2, 2, || {
        let mut pool = pool(1);
        let tracked = Arc::new(7);
        let join = {
            let tracked = tracked.clone();
            let task = async move {
                yield_now().await;
                *tracked
            };
            pool.handle().spawn(task, Meta::caller())
        };
        let awaits = thread::spawn(move || match block_on(join) {
            Ok(output) => assert_eq!(output, 7),
            Err(error) => assert!(error.is_cancelled()),
        });
        pool.begin_shutdown();
        assert!(pool.join(None));
        awaits.join().unwrap();
        assert_eq!(Arc::strong_count(&tracked), 1);
    });
}
