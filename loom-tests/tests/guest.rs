//! The guest: a future in `block_on` and a task that answers it, on workers and at the thread itself.
//!
//! Properties: no question and no answer is lost, wherever the task is polled (a lost one deadlocks the model); a task that
//! is in the guest's next-slot when `block_on` ends runs all the same; a task that waits for closures gets their ends, wherever it
//! is polled, and is gone when the pool has ended; nothing is leaked.
#![cfg(heist_loom)]

use std::future::poll_fn;
use std::task::{Poll, Waker};

use heist_executor::blocking;
use heist_executor::hooks::Hooks;
use heist_executor::multi_thread::{Config, Handle, Pool};
use heist_executor::park::{Parker, block_on};
use heist_executor::task::{JoinHandle, Meta};
use heist_loom_tests::{model, model_up_to};
use heist_primitive::sync::{Arc, Mutex, StdArc};

fn pool() -> Pool {
    let mut pool = Pool::new(Config {
        workers: 1,
        thread_name: StdArc::new(|| "model".to_owned()),
        stack_size: None,
        global_queue_interval: Some(2),
        event_interval: 2,
        loan: None,
        next_slot: true,
        guest: true,
        hooks: Hooks::default(),
        timed: heist_executor::histogram::Timed::default(),
        seed: 1,
        clock: StdArc::new(|| 0),
        processor: || 0,
    });
    pool.start(StdArc::new(|body: &mut dyn FnMut()| body())).unwrap();
    pool
}

/// How many there were, and who waits for more.
type Signal = Mutex<(usize, Option<Waker>)>;

fn add(signal: &Signal) {
    let waiter = {
        let mut signal = signal.lock();
        signal.0 += 1;
        signal.1.take()
    };
    waiter.into_iter().for_each(Waker::wake);
}

async fn reaches(signal: &Signal, count: usize) {
    poll_fn(|cx| {
        let mut signal = signal.lock();
        if signal.0 >= count {
            return Poll::Ready(());
        }
        let old = signal.1.replace(cx.waker().clone());
        drop(signal);
        drop(old);
        Poll::Pending
    })
    .await;
}

fn answering(handle: &Handle, signals: &Arc<[Signal; 2]>, rounds: usize) -> JoinHandle<()> {
    let own = signals.clone();
    let answers = async move {
        for round in 1..=rounds {
            reaches(&own[0], round).await;
            add(&own[1]);
        }
    };
    handle.spawn(answers, Meta::caller())
}

#[test]
fn each_question_gets_its_answer() {
    model(1, || {
        let mut pool = pool();
        let signals: Arc<[Signal; 2]> = Arc::new([Mutex::new((0, None)), Mutex::new((0, None))]);
        let task = answering(pool.handle(), &signals, 2);
        pool.handle().block_on_as_guest(async {
            for round in 1..=2 {
                add(&signals[0]);
                reaches(&signals[1], round).await;
            }
            task.await.unwrap();
        });
        pool.begin_shutdown();
        assert!(pool.join(None));
        assert_eq!(Arc::strong_count(&signals), 1);
    });
}

#[test]
fn a_task_that_is_left_behind_runs() {
    model_up_to(1, 1, || {
        let mut pool = pool();
        let signals: Arc<[Signal; 2]> = Arc::new([Mutex::new((0, None)), Mutex::new((0, None))]);
        let task = answering(pool.handle(), &signals, 2);
        pool.handle().block_on_as_guest(async {
            add(&signals[0]);
            reaches(&signals[1], 1).await;
            add(&signals[0]);
        });
        block_on(task).unwrap();
        pool.begin_shutdown();
        assert!(pool.join(None));
        assert_eq!(Arc::strong_count(&signals), 1);
    });
}

/// A blocking pool whose threads may poll tasks of `handle`.
fn blocking_pool(handle: &Handle) -> blocking::Pool {
    let mut pool = blocking::Pool::new(blocking::Config {
        // F5 of `follow.rs`: with one it would be at its limit.
        max_threads: 2,
        keep_alive: std::time::Duration::from_secs(1),
        thread_name: StdArc::new(|| "model".to_owned()),
        stack_size: None,
        watch: None,
        on_terminate: None,
        on_panic: None,
    });
    let handle = handle.clone();
    pool.set_around(StdArc::new(move |body: &mut dyn FnMut()| {
        let _hosting = handle.host(StdArc::new(|body: &mut dyn FnMut()| body()));
        body();
    }));
    pool
}

/// A task that runs so many closures one after the other, and unparks `last` in the poll that sees the last one's end.
fn running_closures(
    pool: &Pool,
    blocking: &blocking::Pool,
    closures: usize,
    seen: &Arc<()>,
    last: &StdArc<Parker>,
) -> JoinHandle<usize> {
    let (closer, seen) = (blocking.handle().clone(), seen.clone());
    let last = last.clone();
    let body = async move {
        let mut ended = 0;
        for _ in 0..closures {
            let closure = closer.spawn(|| 1, Meta::caller());
            ended += closure.await.unwrap_or(0);
        }
        last.unpark();
        drop(seen);
        ended
    };
    pool.handle().spawn(body, Meta::caller())
}

#[test]
fn a_task_that_waits_for_closures_gets_their_ends() {
    model_up_to(1, 1, || {
        let mut pool = pool();
        let blocking = blocking_pool(pool.handle());
        let seen = Arc::new(());
        let last = StdArc::new(Parker::new());
        let task = running_closures(&pool, &blocking, 2, &seen, &last);
        assert_eq!(block_on(task).unwrap(), 2);
        blocking.begin_shutdown();
        pool.begin_shutdown();
        assert!(pool.join(None));
        assert!(blocking.join(None));
        assert_eq!(Arc::strong_count(&seen), 1);
    });
}

#[test]
fn the_end_of_the_pool_waits_for_a_poll_at_a_blocking_thread() {
    model_up_to(1, 1, || {
        let mut pool = pool();
        let blocking = blocking_pool(pool.handle());
        let seen = Arc::new(());
        let last = StdArc::new(Parker::new());
        let task = running_closures(&pool, &blocking, 1, &seen, &last);
        last.park();
        pool.begin_shutdown();
        assert!(pool.join(None));
        // The task is gone, whoever was polling it.
        assert_eq!(Arc::strong_count(&seen), 1);
        drop(task);
        blocking.begin_shutdown();
        assert!(blocking.join(None));
    });
}
