//! What is left of tasks when their runtime has gone: handles, wakers, panics.

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use heist::runtime::{Builder, Runtime};

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().build().unwrap(),
        Builder::new_multi_thread().worker_threads(2).build().unwrap(),
    ]
}

/// A task that leaves its waker, and never ends.
fn leave_waker(runtime: &Runtime) -> Waker {
    let (send, receive) = mpsc::channel();
    let task = poll_fn(move |cx| {
        let _ = send.send(cx.waker().clone());
        Poll::<()>::Pending
    });
    drop(runtime.spawn(task));
    runtime.block_on(async { heist::task::yield_now().await });
    receive.recv().unwrap()
}

#[test]
fn a_waker_that_is_left_wakes_nobody() {
    for runtime in runtimes() {
        let waker = leave_waker(&runtime);
        drop(runtime);
        waker.wake_by_ref();
        thread::spawn(move || waker.wake()).join().unwrap();
    }
}

#[test]
fn a_wake_from_a_plain_thread_meets_the_end_of_the_runtime() {
    for _ in 0..50 {
        for runtime in runtimes() {
            let waker = leave_waker(&runtime);
            let waking = thread::spawn(move || {
                (0..20).for_each(|_| waker.wake_by_ref());
                waker.wake();
            });
            drop(runtime);
            waking.join().unwrap();
        }
    }
}

#[test]
fn a_handle_that_is_left_has_the_output() {
    for runtime in runtimes() {
        let mut done = runtime.spawn(async { "output" });
        runtime.block_on(async { (&mut done).await.map(drop) }).unwrap();
        let done = runtime.spawn(async { "output" });
        runtime.block_on(async {
            while !done.is_finished() {
                heist::task::yield_now().await;
            }
        });
        let stopped = runtime.spawn(pending::<()>());
        drop(runtime);
        let elsewhere = Builder::new_current_thread().build().unwrap();
        assert_eq!(elsewhere.block_on(done).unwrap(), "output");
        assert!(elsewhere.block_on(stopped).unwrap_err().is_cancelled());
    }
}

#[test]
fn a_panic_is_reported_when_its_handle_goes_after_the_runtime() {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let told = Arc::new(Mutex::new(Vec::new()));
        let hook = told.clone();
        let runtime = builder
            .on_task_panic(move |task, error| hook.lock().unwrap().push((task.id(), error.to_string())))
            .build()
            .unwrap();
        let task = runtime.spawn(async { panic!("nobody waits") });
        let id = task.id();
        runtime.block_on(async {
            while !task.is_finished() {
                heist::task::yield_now().await;
            }
        });
        drop(runtime);
        assert!(told.lock().unwrap().is_empty());
        drop(task);
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].0, id);
        assert!(told[0].1.contains("nobody waits"), "{}", told[0].1);
    }
}

/// A complete task keeps its output and nothing of its runtime.
#[test]
fn a_complete_task_does_not_keep_its_runtime() {
    let alive = Arc::new(());
    let held = alive.clone();
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .on_thread_start(move || assert!(Arc::strong_count(&held) > 0))
        .build()
        .unwrap();
    let done = runtime.spawn(async { 5 });
    runtime.block_on(async {
        while !done.is_finished() {
            heist::task::yield_now().await;
        }
    });
    drop(runtime);
    assert_eq!(Arc::strong_count(&alive), 1);
    assert!(done.is_finished());
}

/// Who lists the tasks holds on to some while they end.
#[test]
fn tasks_are_listed_while_they_come_and_go() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let ended = Arc::new(AtomicUsize::new(0));
    let handle = runtime.handle().clone();
    let lister = {
        let ended = ended.clone();
        thread::spawn(move || {
            let mut seen = Vec::new();
            while ended.load(Ordering::Acquire) < 20_000 {
                let tasks = handle.tasks();
                assert!(
                    tasks
                        .iter()
                        .all(|task| task.spawned_at().file().ends_with("task_outlives.rs"))
                );
                assert!(
                    tasks
                        .iter()
                        .all(|task| task.name().is_none_or(|name| name == "spawner"))
                );
                seen.extend(tasks.into_iter().take(3));
                thread::yield_now();
            }
            seen.len()
        })
    };
    runtime.block_on(async {
        let spawners: Vec<_> = (0..4)
            .map(|_| {
                let ended = ended.clone();
                let spawner = async move {
                    for _ in 0..100 {
                        for _ in 0..50 {
                            let ended = ended.clone();
                            heist::spawn(async move { ended.fetch_add(1, Ordering::AcqRel) });
                        }
                        heist::task::yield_now().await;
                    }
                };
                heist::task::Builder::new()
                    .name("spawner")
                    .spawn(spawner)
                    .unwrap()
            })
            .collect();
        for spawner in spawners {
            spawner.await.unwrap();
        }
    });
    lister.join().unwrap();
    runtime.block_on(async {
        while heist::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
            heist::task::yield_now().await;
        }
    });
    assert!(runtime.handle().tasks().is_empty());
    assert_eq!(runtime.metrics().spawned_tasks_count(), 4 + 20_000);
}
