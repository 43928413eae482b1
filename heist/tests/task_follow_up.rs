//! A task that waited for a closure goes on at the closure's thread if all workers sleep.

use std::future::Future;
use std::sync::mpsc;
use std::thread;

use heist::runtime::{Builder, Handle, Runtime};

/// One worker, no driver: nothing wakes it but tasks.
fn builder() -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1);
    builder
}

fn name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

/// Blocks until the only worker sleeps.
fn wait_for_sleep(handle: &Handle) {
    while handle.metrics().worker_park_unpark_count(0) % 2 == 0 {
        thread::yield_now();
    }
}

/// Where a task goes on that waits for a closure which ends while the worker sleeps: the two threads' names, and what `then`
/// makes there.
fn after_closure<F, R>(runtime: &Runtime, then: impl FnOnce() -> F) -> (String, String, R)
where
    F: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    let handle = runtime.handle().clone();
    let then = then();
    // No second task waits for the first: it would wake the worker.
    let (send, receive) = mpsc::channel();
    runtime.spawn(async move {
        let closure = heist::task::spawn_blocking(move || {
            wait_for_sleep(&handle);
            name()
        });
        let closure = closure.await.unwrap();
        send.send((closure, name(), then.await)).map_err(drop).unwrap();
    });
    receive.recv().unwrap()
}

#[test]
fn a_task_goes_on_where_its_closure_has_ended() {
    for _ in 0..3 {
        // The one before may still be leaving its runtime's place.
        let runtime = builder().build().unwrap();
        let (closure, task, ()) = after_closure(&runtime, || async {});
        assert!(closure.starts_with("heist-blocking"), "{closure}");
        assert_eq!(closure, task);
    }
}

#[test]
fn it_does_not_where_tasks_must_see_worker_threads_only() {
    let runtimes = [
        builder().tasks_in_block_on(false).build(),
        builder().on_thread_start(|| {}).build(),
    ];
    for runtime in runtimes {
        let (_, task, ()) = after_closure(&runtime.unwrap(), || async {});
        assert!(task.starts_with("heist-worker"), "{task}");
    }
}

#[test]
fn it_may_not_block_there_and_its_runtime_is_current() {
    let runtime = builder().build().unwrap();
    let id = runtime.handle().id();
    let (_, task, (current, nested)) = after_closure(&runtime, || async {
        let handle = Handle::current();
        let nested = std::panic::catch_unwind(|| handle.block_on(async {}));
        (handle.id(), nested.is_err())
    });
    assert!(task.starts_with("heist-blocking"), "{task}");
    assert_eq!(current, id);
    assert!(nested, "block_on inside of a task");
}

#[test]
fn closures_that_come_after_find_a_thread() {
    let runtime = builder().build().unwrap();
    // Inside of one poll at the closure's thread, another closure must be run elsewhere.
    let (_, task, other) = after_closure(&runtime, || async {
        let (send, receive) = mpsc::channel();
        drop(heist::task::spawn_blocking(move || send.send(name())));
        receive.recv().unwrap()
    });
    assert!(task.starts_with("heist-blocking"), "{task}");
    assert_ne!(task, other);
}

#[test]
fn a_task_that_it_wakes_runs_though_it_goes_on_computing() {
    // With a reactor thread, which looks after next-slots.
    let runtime = builder().enable_all().build().unwrap();
    // Inside of one poll at the closure's thread: the spawned task is behind it, until somebody takes it from there.
    let (_, task, other) = after_closure(&runtime, || async {
        let (send, receive) = mpsc::channel();
        drop(heist::spawn(async move { send.send(name()) }));
        receive.recv().unwrap()
    });
    assert!(task.starts_with("heist-blocking"), "{task}");
    assert!(other.starts_with("heist-worker"), "{other}");
}

#[test]
fn the_end_of_the_runtime_waits_for_its_poll() {
    let runtime = builder().build().unwrap();
    let handle = runtime.handle().clone();
    let (polled, is_polled) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    let (ended, has_ended) = mpsc::channel();
    runtime.spawn(async move {
        let closure = heist::task::spawn_blocking(move || wait_for_sleep(&handle));
        closure.await.unwrap();
        polled.send(name()).unwrap();
        let _: Result<(), _> = goes_on.recv();
        ended.send(Handle::try_current().is_ok()).unwrap();
    });
    assert!(is_polled.recv().unwrap().starts_with("heist-blocking"));
    let dropping = thread::spawn(move || drop(runtime));
    go_on.send(()).unwrap();
    dropping.join().unwrap();
    assert_eq!(has_ended.try_recv(), Ok(true), "the drop has not waited");
}

#[test]
fn a_pool_at_its_limit_keeps_its_thread_for_closures() {
    let runtime = builder().max_blocking_threads(1).build().unwrap();
    let (_, task, other) = after_closure(&runtime, || async {
        let closure = heist::task::spawn_blocking(name);
        heist::task::block_in_place(|| Handle::current().block_on(closure)).unwrap()
    });
    assert!(task.starts_with("heist-worker"), "{task}");
    assert!(other.starts_with("heist-blocking"), "{other}");
}
