//! Threads beside the loop, as asyncio and concurrent.futures document them: to_thread, named pools and their limits, their
//! shutdown, the default executor, and waiting on a thread for a task.

mod rt_kit;

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use heist::aio::{
    EventLoop, ResultError, Runner, SubmitError, ThreadPoolExecutor, get_running_loop,
    run_coroutine_threadsafe, to_thread,
};
use rt_kit::{Count, CountDrop, both_flavours, panic_of, wait_until};

fn thread_name() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

/// A closure that blocks until it is let go, and tells when it has begun.
fn gate() -> (
    impl FnOnce() + Send + 'static,
    mpsc::Receiver<()>,
    mpsc::Sender<()>,
) {
    let (began, begun) = mpsc::channel();
    let (release, wait) = mpsc::channel();
    let block = move || {
        began.send(()).unwrap();
        let _ = wait.recv();
    };
    (block, begun, release)
}

both_flavours! {
    fn to_thread_runs_on_another_thread_and_returns_the_result(runtime) {
        let here = std::thread::current().id();
        let there = runtime.block_on(to_thread(|| std::thread::current().id())).unwrap();
        assert_ne!(here, there);
    }

    fn a_panic_in_to_thread_comes_to_who_awaits_it(runtime) {
        let error = runtime.block_on(to_thread(|| panic!("no luck"))).unwrap_err();
        assert!(error.is_panic() && error.to_string().contains("no luck"));
    }

    fn run_in_executor_uses_the_given_pool_then_the_default_then_the_runtimes_own(runtime) {
        runtime.block_on(async {
            let event_loop = get_running_loop();
            let (given, default) = (ThreadPoolExecutor::new("given", 1), ThreadPoolExecutor::new("default", 1));
            let name = |executor| event_loop.run_in_executor(executor, thread_name).unwrap();
            assert!(name(None).await.unwrap().starts_with("heist-blocking-"));
            event_loop.set_default_executor(default);
            assert_eq!(name(None).await.unwrap(), "default-0");
            assert_eq!(to_thread(thread_name).await.unwrap(), "default-0");
            assert_eq!(name(Some(&given)).await.unwrap(), "given-0");
        });
    }

    fn the_default_executor_is_shut_down_with_what_it_was_given_run(runtime) {
        runtime.block_on(async {
            let event_loop = get_running_loop();
            let (pool, ran) = (ThreadPoolExecutor::new("default", 1), Count::default());
            event_loop.set_default_executor(pool.clone());
            for _ in 0..10 {
                let ran = ran.clone();
                event_loop.run_in_executor(None, move || ran.add()).unwrap();
            }
            event_loop.shutdown_default_executor().await;
            assert_eq!(ran.get(), 10);
            assert!(pool.is_shutdown() && event_loop.default_executor().is_none());
        });
    }

    fn run_coroutine_threadsafe_runs_on_the_loop_and_gives_the_thread_its_result(runtime) {
        let event_loop = EventLoop::of(runtime.handle());
        let thread = std::thread::spawn(move || {
            let of = run_coroutine_threadsafe(async { get_running_loop().runtime().id() }, &event_loop);
            of.result(None).unwrap()
        });
        // A current-thread runtime needs somebody in its `block_on`.
        let id = runtime.block_on(async {
            heist::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap()
        });
        assert_eq!(id, runtime.handle().id());
    }
}

#[test]
fn no_more_than_max_workers_run_at_once_and_the_others_wait() {
    let pool = ThreadPoolExecutor::new("narrow", 2);
    let (first, second) = (gate(), gate());
    pool.submit(first.0).unwrap();
    pool.submit(second.0).unwrap();
    first.1.recv().unwrap();
    second.1.recv().unwrap();
    let (send, third) = mpsc::channel();
    pool.submit(move || send.send(thread_name()).unwrap()).unwrap();
    assert_eq!(pool.queue_depth(), 1);
    assert!(third.try_recv().is_err());
    drop(first.2);
    assert!(third.recv().unwrap().starts_with("narrow-"));
    drop(second.2);
    pool.shutdown(true, false);
}

#[test]
fn a_bounded_queue_refuses_what_is_too_much_and_takes_more_when_there_is_room() {
    let pool = ThreadPoolExecutor::builder()
        .name("bounded")
        .max_workers(1)
        .queue_limit(1)
        .build();
    let (block, begun, release) = gate();
    pool.submit(block).unwrap();
    begun.recv().unwrap();
    let queued = pool.submit(|| 1).unwrap();
    assert!(matches!(pool.submit(|| 2), Err(SubmitError::Full)));
    let runtime = rt_kit::current_thread();
    runtime.block_on(async {
        let mut waits = Box::pin(pool.submit_wait(|| 3));
        heist::select! {
            biased;
            _ = &mut waits => panic!("there is no room"),
            () = heist::task::yield_now() => {}
        }
        drop(release);
        assert_eq!(queued.await.unwrap(), 1);
        assert_eq!(waits.await.unwrap().await.unwrap(), 3);
    });
    pool.shutdown(true, false);
}

#[test]
fn who_waits_for_room_is_told_of_the_shutdown_while_there_is_none() {
    let pool = ThreadPoolExecutor::builder()
        .max_workers(1)
        .queue_limit(0)
        .build();
    let (block, begun, release) = gate();
    pool.submit(block).unwrap();
    begun.recv().unwrap();
    rt_kit::current_thread().block_on(async {
        let mut waits = Box::pin(pool.submit_wait(|| ()));
        heist::select! {
            biased;
            _ = &mut waits => panic!("there is no room"),
            () = heist::task::yield_now() => {}
        }
        pool.shutdown(false, false);
        // The thread is still at work.
        assert!(matches!(waits.await, Err(SubmitError::ShutDown)));
    });
    drop(release);
    pool.shutdown(true, false);
}

#[test]
fn an_aborted_closure_gives_its_room_back() {
    let pool = ThreadPoolExecutor::builder()
        .max_workers(1)
        .queue_limit(1)
        .build();
    let (block, begun, release) = gate();
    pool.submit(block).unwrap();
    begun.recv().unwrap();
    let queued = pool.submit(|| ()).unwrap();
    queued.abort();
    drop(release);
    let error = rt_kit::current_thread().block_on(queued).unwrap_err();
    assert!(error.is_cancelled());
    wait_until("there is room", || pool.submit(|| ()).is_ok());
    pool.shutdown(true, false);
}

#[test]
fn shutdown_runs_what_was_submitted_unless_it_is_to_be_cancelled() {
    for cancel_futures in [false, true] {
        let pool = ThreadPoolExecutor::new("ending", 1);
        let (block, begun, release) = gate();
        pool.submit(block).unwrap();
        begun.recv().unwrap();
        let (ran, dropped) = (Count::default(), Count::default());
        let queued: Vec<_> = (0..3)
            .map(|_| {
                let (ran, held) = (ran.clone(), CountDrop(dropped.clone()));
                pool.submit(move || {
                    drop(held);
                    ran.add()
                })
                .unwrap()
            })
            .collect();
        pool.shutdown(false, cancel_futures);
        assert!(pool.is_shutdown());
        assert!(matches!(pool.submit(|| ()), Err(SubmitError::ShutDown)));
        assert_eq!(dropped.get(), if cancel_futures { 3 } else { 0 });
        drop(release);
        pool.shutdown(true, false);
        assert_eq!(ran.get(), if cancel_futures { 0 } else { 3 });
        let runtime = rt_kit::current_thread();
        for queued in queued {
            assert_eq!(runtime.block_on(queued).is_err(), cancel_futures);
        }
    }
}

#[test]
fn the_last_clone_that_goes_lets_what_was_submitted_run_and_the_threads_end() {
    let (ran, pool) = (Count::default(), ThreadPoolExecutor::new("dropped-pool", 1));
    for _ in 0..5 {
        let ran = ran.clone();
        pool.submit(move || ran.add()).unwrap();
    }
    drop(pool);
    wait_until("all has run", || ran.get() == 5);
    wait_until("the thread ends", || {
        !rt_kit::thread_names()
            .iter()
            .any(|name| name.starts_with("dropped-pool"))
    });
}

#[test]
fn waiting_for_threads_in_asynchronous_code_is_refused() {
    let runtime = rt_kit::current_thread();
    let pool = ThreadPoolExecutor::new("refusing", 1);
    let text = runtime.block_on(async { panic_of(|| pool.shutdown(true, false)) });
    assert!(text.contains("Cannot block the current thread"), "{text}");
    let event_loop = EventLoop::of(runtime.handle());
    let future = run_coroutine_threadsafe(async {}, &event_loop);
    let text = runtime.block_on(async { panic_of(|| future.result(None)) });
    assert!(text.contains("`ThreadsafeFuture::result`"), "{text}");
}

#[test]
fn the_result_of_a_threadsafe_future_may_time_out_and_be_had_later() {
    let runtime = rt_kit::multi_thread();
    let (send, receive) = heist::sync::oneshot::channel();
    let future = run_coroutine_threadsafe(async { receive.await.unwrap() }, &EventLoop::of(runtime.handle()));
    assert!(!future.done());
    let Err(ResultError::TimedOut(future)) = future.result(Some(Duration::from_millis(5))) else {
        panic!("nothing was sent yet");
    };
    send.send(7).unwrap();
    assert_eq!(future.result(Some(Duration::from_secs(60))).unwrap(), 7);
}

#[test]
fn a_threadsafe_future_can_be_cancelled_and_awaited() {
    let runtime = rt_kit::multi_thread();
    let event_loop = EventLoop::of(runtime.handle());
    let future = run_coroutine_threadsafe(pending::<()>(), &event_loop);
    future.cancel();
    let Err(ResultError::Failed(error)) = future.result(None) else {
        panic!("it was cancelled");
    };
    assert!(error.is_cancelled());
    let future = run_coroutine_threadsafe(async { 5 }, &event_loop);
    assert_eq!(runtime.block_on(future).unwrap(), 5);
}

#[test]
fn a_runner_waits_for_the_default_executor() {
    let ran = Count::default();
    let mut runner = Runner::new();
    let count = ran.clone();
    runner
        .run(async move {
            let event_loop = get_running_loop();
            event_loop.set_default_executor(ThreadPoolExecutor::new("of-runner", 1));
            for _ in 0..20 {
                let count = count.clone();
                event_loop.run_in_executor(None, move || count.add()).unwrap();
            }
        })
        .unwrap();
    runner.close();
    assert_eq!(ran.get(), 20);
    let left = rt_kit::thread_names();
    assert!(!left.iter().any(|name| name.starts_with("of-runner")), "{left:?}");
}
