//! Blocking closures: where they run, how many at once, and what can be aborted.

mod rt_kit;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use heist::runtime::{Builder, Handle};
use rt_kit::{Count, CountDrop, both_flavours, wait_until};

both_flavours! {
    fn runs_on_a_thread_of_its_own_with_the_runtime_current(runtime) {
        let id = runtime.handle().id();
        let (thread, current) = runtime
            .block_on(async {
                heist::task::spawn_blocking(|| {
                    (std::thread::current().name().map(String::from), Handle::current().id())
                })
                .await
            })
            .unwrap();
        assert_eq!(thread.unwrap(), "heist-blocking-0");
        assert_eq!(current, id);
    }

    fn may_block_on_a_future_and_spawn(runtime) {
        let sum = runtime.block_on(async {
            heist::task::spawn_blocking(|| {
                let handle = Handle::current();
                let task = heist::spawn(async { 20 });
                handle.block_on(async { task.await.unwrap() + 22 })
            })
            .await
            .unwrap()
        });
        assert_eq!(sum, 42);
    }

    fn outlives_its_dropped_handle(runtime) {
        let (send, receive) = mpsc::channel();
        drop(runtime.spawn_blocking(move || send.send(7).unwrap()));
        assert_eq!(receive.recv().unwrap(), 7);
    }

    fn that_has_started_cannot_be_aborted(runtime) {
        let (started, wait) = mpsc::channel();
        let (go_on, hold) = mpsc::channel::<()>();
        let task = runtime.spawn_blocking(move || {
            started.send(()).unwrap();
            hold.recv().unwrap();
            9
        });
        wait.recv().unwrap();
        task.abort();
        go_on.send(()).unwrap();
        assert_eq!(runtime.block_on(task).unwrap(), 9);
    }

    fn an_idle_thread_is_used_again(runtime) {
        for _ in 0..20 {
            runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
            wait_until("the thread is idle", || runtime.metrics().num_idle_blocking_threads() == 1);
        }
        assert_eq!(runtime.metrics().num_blocking_threads(), 1);
    }
}

#[test]
fn no_more_at_once_than_allowed_and_none_is_lost() {
    const LIMIT: usize = 3;
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(LIMIT)
        .build()
        .unwrap();
    let (now, most, all) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Count::default(),
    );
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let (now, most, all) = (now.clone(), most.clone(), all.clone());
            runtime.spawn_blocking(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                all.add();
                now.fetch_sub(1, Ordering::SeqCst);
            })
        })
        .collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(all.get(), 1_000);
    let most = most.load(Ordering::SeqCst);
    assert!((1..=LIMIT).contains(&most), "{most} at once");
    assert!(runtime.metrics().num_blocking_threads() <= LIMIT);
}

#[test]
fn one_that_waits_in_the_queue_can_be_aborted() {
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (started, wait) = mpsc::channel();
    let (go_on, hold) = mpsc::channel::<()>();
    let first = runtime.spawn_blocking(move || {
        started.send(()).unwrap();
        hold.recv().unwrap();
    });
    wait.recv().unwrap();
    let (ran, drops) = (Count::default(), Count::default());
    let (run, guard) = (ran.clone(), CountDrop(drops.clone()));
    let second = runtime.spawn_blocking(move || {
        let _guard = guard;
        run.add();
    });
    assert_eq!(runtime.metrics().blocking_queue_depth(), 1);
    second.abort();
    go_on.send(()).unwrap();
    runtime.block_on(async {
        first.await.unwrap();
        assert!(second.await.unwrap_err().is_cancelled());
    });
    assert_eq!(ran.get(), 0);
    drop(runtime);
    assert_eq!(drops.get(), 1);
}

#[test]
fn an_idle_thread_ends_after_its_keep_alive() {
    let runtime = Builder::new_current_thread()
        .thread_keep_alive(std::time::Duration::from_millis(1))
        .build()
        .unwrap();
    runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
    wait_until("the idle thread ends", || {
        runtime.metrics().num_blocking_threads() == 0
    });
    runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
}
