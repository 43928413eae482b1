//! The end of a runtime: what is dropped, what is waited for, and where dropping is refused.

mod rt_kit;

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use heist::runtime::{Builder, Handle, Runtime};
use rt_kit::{Count, CountDrop, Event, both_flavours, panic_of, text, wait_until};

both_flavours! {
    fn drop_drops_every_pending_task(runtime) {
        let (drops, started) = (Count::default(), Count::default());
        for _ in 0..100 {
            let (guard, started) = (CountDrop(drops.clone()), started.clone());
            runtime.spawn(async move {
                let _guard = guard;
                started.add();
                pending::<()>().await;
            });
        }
        runtime.block_on(async {
            while started.get() < 100 {
                heist::task::yield_now().await;
            }
        });
        assert_eq!(drops.get(), 0);
        drop(runtime);
        assert_eq!(drops.get(), 100);
    }

    fn drop_drops_tasks_that_were_never_polled(runtime) {
        let drops = Count::default();
        for _ in 0..1_000 {
            let guard = CountDrop(drops.clone());
            runtime.spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
        }
        drop(runtime);
        assert_eq!(drops.get(), 1_000);
    }

    fn drop_waits_for_blocking_closures_that_run(runtime) {
        let (started, wait) = mpsc::channel();
        let (go_on, hold) = mpsc::channel::<()>();
        let ended = Count::default();
        let end = ended.clone();
        runtime.spawn_blocking(move || {
            started.send(()).unwrap();
            hold.recv().unwrap();
            end.add();
        });
        wait.recv().unwrap();
        let dropped = Count::default();
        let mark = dropped.clone();
        let dropper = std::thread::spawn(move || {
            drop(runtime);
            mark.add();
        });
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!((dropped.get(), ended.get()), (0, 0), "the drop did not wait");
        go_on.send(()).unwrap();
        dropper.join().unwrap();
        assert_eq!((dropped.get(), ended.get()), (1, 1));
    }

    fn shutdown_timeout_leaves_a_stuck_closure_behind(runtime) {
        let (started, wait) = mpsc::channel();
        let (go_on, hold) = mpsc::channel::<()>();
        let ended = Event::default();
        let end = ended.clone();
        runtime.spawn_blocking(move || {
            started.send(()).unwrap();
            hold.recv().unwrap();
            end.raise();
        });
        wait.recv().unwrap();
        runtime.shutdown_timeout(Duration::from_millis(1));
        go_on.send(()).unwrap();
        rt_kit::current_thread().block_on(ended.wait());
    }

    fn shutdown_timeout_waits_for_what_ends_in_time(runtime) {
        let (started, wait) = mpsc::channel();
        let (ended, dropped) = (Count::default(), Count::default());
        let (end, guard) = (ended.clone(), CountDrop(dropped.clone()));
        runtime.spawn_blocking(move || {
            started.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            end.add();
        });
        runtime.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        wait.recv().unwrap();
        runtime.shutdown_timeout(Duration::from_secs(1_000));
        assert_eq!((ended.get(), dropped.get()), (1, 1));
    }

    fn drop_in_asynchronous_code_panics_with_the_remedy_and_lets_go(runtime) {
        let outer = rt_kit::multi_thread();
        let drops = Count::default();
        let guard = CountDrop(drops.clone());
        runtime.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        let task = outer.spawn(async move { drop(runtime) });
        let said = text(outer.block_on(task).unwrap_err().into_panic());
        assert!(said.contains("asynchronous code") && said.contains("shutdown_background"), "{said}");
        wait_until("its task is dropped", || drops.get() == 1);
        assert_eq!(outer.block_on(async { 1 }), 1);
    }

    fn drop_while_a_panic_unwinds_does_not_abort(runtime) {
        let outer = rt_kit::multi_thread();
        let task = outer.spawn(async move {
            let _held = runtime;
            panic!("the first panic");
        });
        let error = outer.block_on(async { task.await.unwrap_err() });
        assert_eq!(text(error.into_panic()), "the first panic");
    }

    fn shutdown_background_is_allowed_in_asynchronous_code(runtime) {
        let drops = Count::default();
        let guard = CountDrop(drops.clone());
        runtime.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        rt_kit::current_thread().block_on(async { runtime.shutdown_background() });
        wait_until("its task is dropped", || drops.get() == 1);
    }

    fn shutdown_timeout_in_asynchronous_code_panics(runtime) {
        let outer = rt_kit::current_thread();
        let limit = Duration::from_secs(1);
        let said = panic_of(|| outer.block_on(async { runtime.shutdown_timeout(limit) }));
        assert!(said.contains("shutdown_background"), "{said}");
    }

    fn drop_on_its_own_blocking_thread_panics_instead_of_waiting_for_itself(runtime) {
        let (send, receive) = mpsc::channel();
        let handle = runtime.handle().clone();
        handle.spawn_blocking(move || send.send(panic_of(|| drop(runtime))).unwrap());
        let said = receive.recv().unwrap();
        assert!(said.contains("its own blocking pool") && said.contains("shutdown_background"), "{said}");
    }

    fn drop_on_a_blocking_thread_of_another_runtime_is_fine(runtime) {
        let outer = rt_kit::multi_thread();
        outer.block_on(outer.spawn_blocking(move || drop(runtime))).unwrap();
    }

    fn spawning_afterwards_gives_a_cancelled_task(runtime) {
        let handle = runtime.handle().clone();
        drop(runtime);
        let drops = Count::default();
        let (one, two) = (CountDrop(drops.clone()), CountDrop(drops.clone()));
        let task = handle.spawn(async move { drop(one) });
        let closure = handle.spawn_blocking(move || drop(two));
        let other = rt_kit::current_thread();
        other.block_on(async {
            assert!(task.await.unwrap_err().is_cancelled());
            assert!(closure.await.unwrap_err().is_cancelled());
        });
        assert_eq!(drops.get(), 2);
        assert_eq!(handle.block_on(async { 5 }), 5);
    }

    fn a_task_may_spawn_and_use_the_handle_in_its_drop(runtime) {
        struct SpawnOnDrop(mpsc::Sender<bool>);
        impl Drop for SpawnOnDrop {
            fn drop(&mut self) {
                let task = heist::spawn(async {});
                self.0.send(Handle::try_current().is_ok()).unwrap();
                drop(task);
            }
        }
        let (send, receive) = mpsc::channel();
        let guard = SpawnOnDrop(send);
        runtime.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        runtime.block_on(heist::task::yield_now());
        drop(runtime);
        assert_eq!(receive.recv(), Ok(true));
    }

    fn waiters_for_io_in_a_blocking_closure_get_an_error(runtime) {
        let (started, wait) = mpsc::channel();
        let (result, got) = mpsc::channel();
        runtime.spawn_blocking(move || {
            Handle::current().block_on(async {
                let listener = heist::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                started.send(()).unwrap();
                result.send(listener.accept().await.is_err()).unwrap();
            })
        });
        wait.recv().unwrap();
        drop(runtime);
        assert_eq!(got.recv(), Ok(true));
    }

    fn sockets_may_outlive_it(runtime) {
        let listener = runtime.block_on(heist::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        drop(runtime);
        let other = rt_kit::current_thread();
        assert!(other.block_on(listener.accept()).is_err());
        drop(listener);
    }
}

#[test]
fn queued_blocking_closures_are_dropped_unrun() {
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (started, wait) = mpsc::channel();
    let (go_on, hold) = mpsc::channel::<()>();
    runtime.spawn_blocking(move || {
        started.send(()).unwrap();
        let _ = hold.recv();
    });
    wait.recv().unwrap();
    let (ran, drops) = (Count::default(), Count::default());
    for _ in 0..10 {
        let (ran, guard) = (ran.clone(), CountDrop(drops.clone()));
        runtime.spawn_blocking(move || {
            let _guard = guard;
            ran.add();
        });
    }
    let dropper = std::thread::spawn(move || drop(runtime));
    wait_until("the queue is dropped", || drops.get() == 10);
    drop(go_on);
    dropper.join().unwrap();
    assert_eq!(ran.get(), 0);
}

#[test]
fn a_task_stuck_in_its_poll_is_left_behind_and_ends_by_itself() {
    let runtime = rt_kit::workers(1);
    let (started, wait) = mpsc::channel();
    let (go_on, hold) = mpsc::channel::<()>();
    let drops = Count::default();
    let guard = CountDrop(drops.clone());
    runtime.spawn(async move {
        let _guard = guard;
        started.send(()).unwrap();
        hold.recv().unwrap();
        pending::<()>().await;
    });
    wait.recv().unwrap();
    runtime.shutdown_timeout(Duration::from_millis(1));
    assert_eq!(drops.get(), 0);
    go_on.send(()).unwrap();
    wait_until("the task is dropped at its await", || drops.get() == 1);
}

#[test]
fn a_runtime_shared_by_its_own_tasks_is_let_go() {
    // The last Arc is dropped by a worker of the runtime itself: refused, but without a hang.
    let runtime = std::sync::Arc::new(Runtime::new().unwrap());
    let (release, released) = (Event::default(), Event::default());
    let (held, waiting, done) = (runtime.clone(), release.wait(), released.clone());
    let (send, receive) = mpsc::channel();
    runtime.spawn(async move {
        waiting.await;
        send.send(panic_of(|| drop(held))).unwrap();
        done.raise();
    });
    drop(runtime);
    release.raise();
    rt_kit::current_thread().block_on(released.wait());
    let said = receive.recv().unwrap();
    assert!(said.contains("shutdown_background"), "{said}");
}

#[test]
fn a_worker_that_starts_after_the_shutdown_drops_tasks_with_the_runtime_current() {
    struct Look(mpsc::Sender<bool>);
    impl Drop for Look {
        fn drop(&mut self) {
            let _ = self.0.send(heist::runtime::Handle::try_current().is_ok());
        }
    }
    let (send, receive) = mpsc::channel();
    for _ in 0..300 {
        let runtime = rt_kit::workers(1);
        let look = Look(send.clone());
        runtime.spawn(async move {
            let _look = look;
            pending::<()>().await;
        });
        runtime.shutdown_background();
    }
    drop(send);
    assert_eq!(receive.iter().filter(|current| *current).count(), 300);
}

/// The driver outlives a poll that the shutdown has not waited for. The pause gives a driver that ends too early the time
/// to do so; a right one passes however long it is.
#[test]
fn a_poll_that_outlasts_the_shutdown_may_wait_once_more() {
    let shut_downs: [fn(Runtime); 2] = [Runtime::shutdown_background, |runtime| {
        runtime.shutdown_timeout(Duration::from_millis(1))
    }];
    for shut_down in shut_downs.into_iter().cycle().take(20) {
        let runtime = rt_kit::workers(1);
        let (began, has_begun) = mpsc::channel();
        let (release, is_released) = mpsc::channel::<()>();
        let task = runtime.spawn(async move {
            let listener = heist::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            began.send(()).unwrap();
            is_released.recv().unwrap();
            heist::select! {
                () = heist::time::sleep(Duration::from_secs(3_600)) => {}
                accepted = listener.accept() => drop(accepted.unwrap()),
            }
        });
        has_begun.recv().unwrap();
        shut_down(runtime);
        std::thread::sleep(Duration::from_millis(5));
        release.send(()).unwrap();
        let error = rt_kit::current_thread().block_on(task).unwrap_err();
        assert!(error.is_cancelled(), "{error:?}");
    }
}
