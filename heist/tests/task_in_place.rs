//! `block_in_place`: a worker's tasks go on while one of them blocks.

mod rt_kit;

use std::future::Future;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use heist::runtime::{Builder, Handle};
use heist::task::{JoinHandle, LocalSet, block_in_place, coop, yield_now};
use rt_kit::{Count, CountDrop, Event, panic_of, wait_until, workers};

#[test]
fn the_only_worker_goes_on_with_what_it_had_queued() {
    let runtime = workers(1);
    let sum = runtime.block_on(runtime.spawn(async {
        let (send, receive) = mpsc::channel();
        // In the next-slot and in the deque of this very worker.
        for number in 0..10 {
            let send = send.clone();
            heist::spawn(async move { send.send(number).unwrap() });
        }
        drop(send);
        block_in_place(|| receive.iter().sum::<i32>())
    }));
    assert_eq!(sum.unwrap(), 45);
}

#[test]
fn the_task_stays_on_its_thread_and_the_worker_comes_back_or_not() {
    let runtime = workers(1);
    let here = runtime.block_on(runtime.spawn(async {
        for round in 0..200 {
            let before = thread::current().id();
            let (send, receive) = mpsc::channel();
            let other = heist::spawn(async move { send.send(()).unwrap() });
            if round % 2 == 0 {
                block_in_place(|| ());
            } else {
                block_in_place(|| receive.recv().unwrap());
            }
            assert_eq!(thread::current().id(), before);
            // Wakes and spawns work in the rest of this poll, worker or not.
            let third = heist::spawn(yield_now());
            other.await.unwrap();
            third.await.unwrap();
        }
        Handle::current().id()
    }));
    assert_eq!(here.unwrap(), runtime.handle().id());
    // A handle is ready a moment before its task is counted out.
    wait_until("no task is left", || runtime.metrics().num_alive_tasks() == 0);
}

#[test]
fn many_block_at_once_and_all_go_on() {
    let runtime = workers(2);
    let (meet, here) = (Event::default(), Count::default());
    runtime.block_on(async {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (meet, here) = (meet.clone(), here.clone());
                heist::spawn(async move {
                    block_in_place(|| {
                        here.add();
                        // Eight closures wait for each other on two workers.
                        Handle::current().block_on(meet.wait());
                    });
                    yield_now().await;
                })
            })
            .collect();
        wait_until("all block", || here.get() == 8);
        meet.raise();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn it_nests_and_survives_panics() {
    let runtime = workers(1);
    runtime.block_on(async {
        let task = heist::spawn(async { block_in_place(|| block_in_place(|| 5)) });
        assert_eq!(task.await.unwrap(), 5);
        let task = heist::spawn(async { block_in_place(|| panic!("in place")) });
        assert!(task.await.unwrap_err().is_panic());
        let task = heist::spawn(async {
            block_in_place(|| heist::runtime::Runtime::new().unwrap().block_on(async { 6 }))
        });
        assert_eq!(task.await.unwrap(), 6);
        assert_eq!(heist::spawn(async { 7 }).await.unwrap(), 7);
    });
}

#[test]
fn shutdown_waits_for_the_closure_and_drops_the_rest() {
    let runtime = workers(1);
    let (drops, blocking) = (Count::default(), Count::default());
    let (release, wait) = mpsc::channel::<()>();
    let (kept, other) = (CountDrop(drops.clone()), CountDrop(drops.clone()));
    let begun = blocking.clone();
    let task = runtime.spawn(async move {
        let _kept = kept;
        heist::spawn(async move {
            let _other = other;
            std::future::pending::<()>().await;
        });
        block_in_place(|| {
            begun.add();
            let _ = wait.recv();
        });
        yield_now().await;
    });
    wait_until("it blocks", || blocking.get() == 1);
    let dropping = thread::spawn(move || drop(runtime));
    // The worker's other thread ends its tasks; the blocked one comes after.
    wait_until("the other task is dropped", || drops.get() == 1);
    assert!(!dropping.is_finished());
    release.send(()).unwrap();
    dropping.join().unwrap();
    assert_eq!(drops.get(), 2);
    assert!(
        rt_kit::current_thread()
            .block_on(task)
            .unwrap_err()
            .is_cancelled()
    );
}

#[test]
fn the_budget_is_off_inside_and_back_after() {
    let runtime = workers(1);
    runtime
        .block_on(runtime.spawn(std::future::poll_fn(|cx| {
            while coop::has_budget_remaining() {
                if let Poll::Ready(unit) = coop::poll_proceed(cx) {
                    unit.made_progress();
                }
            }
            block_in_place(|| assert!(coop::has_budget_remaining()));
            assert!(!coop::has_budget_remaining());
            Poll::Ready(())
        })))
        .unwrap();
}

#[test]
fn it_is_a_call_where_nothing_is_held_up() {
    assert_eq!(block_in_place(|| 1), 1);
    let runtime = workers(1);
    assert_eq!(runtime.block_on(async { block_in_place(|| 2) }), 2);
    let task = runtime.spawn_blocking(|| block_in_place(|| 3));
    assert_eq!(runtime.block_on(task).unwrap(), 3);
    // This thread runs no task of that runtime, whose handle waits here only.
    let handle = rt_kit::current_thread().handle().clone();
    let answer = handle.block_on(async { block_in_place(|| handle.block_on(async { 4 })) });
    assert_eq!(answer, 4);
}

#[test]
fn a_thread_that_only_waits_for_a_future_of_the_runtime_may_block() {
    let runtime = rt_kit::current_thread();
    let handle = runtime.handle();
    let nested = handle.block_on(async { block_in_place(|| handle.block_on(async { 5 })) });
    assert_eq!(nested, 5);
}

#[test]
fn it_is_refused_where_the_tasks_have_one_thread() {
    let said = panic_of(|| rt_kit::current_thread().block_on(async { block_in_place(|| ()) }));
    assert!(said.contains("`heist::task::spawn_blocking`"), "{said}");
    let runtime = workers(1);
    let said = panic_of(|| LocalSet::new().block_on(&runtime, async { block_in_place(|| ()) }));
    assert!(said.contains("`heist::task::spawn_blocking`"), "{said}");
}

/// Blocks in place when it goes.
struct BlocksInDrop;

impl Drop for BlocksInDrop {
    fn drop(&mut self) {
        block_in_place(|| thread::sleep(Duration::from_millis(20)));
    }
}

/// Lets go of a task's output when it is woken.
struct LetsGo(Mutex<Option<JoinHandle<BlocksInDrop>>>);

impl Wake for LetsGo {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

#[test]
fn an_output_that_goes_in_a_turn_of_the_driver_does_not_take_the_workers_seat() {
    let threads = Arc::new(AtomicUsize::new(0));
    let started = threads.clone();
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .on_thread_start(move || {
            started.fetch_add(1, SeqCst);
        })
        .build()
        .unwrap();
    runtime
        .block_on(runtime.spawn(async {
            for _ in 0..20 {
                let finished = heist::spawn(async { BlocksInDrop });
                while !finished.is_finished() {
                    yield_now().await;
                }
                let lets_go = Arc::new(LetsGo(Mutex::new(Some(finished))));
                let waker = Waker::from(lets_go.clone());
                let mut timer = Box::pin(heist::time::sleep(Duration::from_millis(2)));
                let polled = timer.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
                while lets_go.0.try_lock().map_or(true, |handle| handle.is_some()) {
                    heist::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }))
        .unwrap();
    assert_eq!(threads.load(SeqCst), 1);
}

#[test]
fn one_that_blocks_often_takes_no_more_threads_than_one_that_blocks_long() {
    let threads = Arc::new(AtomicUsize::new(0));
    let started = threads.clone();
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .on_thread_start(move || {
            started.fetch_add(1, SeqCst);
        })
        .build()
        .unwrap();
    let blocking = runtime.spawn(async {
        for _ in 0..1000 {
            block_in_place(|| ());
        }
    });
    runtime.block_on(blocking).unwrap();
    // Those that have been made have started by then.
    drop(runtime);
    assert!(threads.load(SeqCst) <= 2, "{threads:?}");
}
