//! Tasks, as asyncio documents them: names, eager start, callbacks, results, and what becomes of one that nobody keeps.
#![cfg(feature = "test-util")]

mod sync_kit;

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heist::aio::{Event, TaskBuilder, TaskEnd, create_task, sleep};
use heist::runtime::{Builder, Handle, Runtime};
use heist::task::yield_now;
use sync_kit::Drops;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

type Log = Arc<Mutex<Vec<&'static str>>>;

fn note(log: &Log, what: &'static str) {
    log.lock().unwrap().push(what);
}

#[heist::test(start_paused = true)]
async fn create_task_runs_concurrently_and_await_returns_the_result() {
    let start = heist::time::Instant::now();
    let hello = create_task(sleep(ms(1_000), "hello"));
    let world = create_task(sleep(ms(2_000), "world"));
    assert_eq!((hello.await.unwrap(), world.await.unwrap()), ("hello", "world"));
    assert_eq!(start.elapsed(), ms(2_000));
}

#[heist::test(start_paused = true)]
async fn a_task_starts_only_when_its_maker_gives_way() {
    let log = Log::default();
    let task = create_task({
        let log = log.clone();
        async move { note(&log, "task") }
    });
    note(&log, "maker");
    task.await.unwrap();
    assert_eq!(*log.lock().unwrap(), ["maker", "task"]);
}

#[heist::test(start_paused = true)]
async fn an_eager_task_runs_to_its_first_wait_before_create_task_returns() {
    let log = Log::default();
    let polls = Arc::new(AtomicUsize::new(0));
    let outer = heist::task::try_id();
    let task = TaskBuilder::new().eager_start(true).create_task({
        let (log, polls) = (log.clone(), polls.clone());
        async move {
            note(&log, "eager");
            let id = heist::task::id();
            let mut wait = Box::pin(sleep(ms(5), ()));
            std::future::poll_fn(|cx| {
                polls.fetch_add(1, Ordering::SeqCst);
                wait.as_mut().poll(cx)
            })
            .await;
            note(&log, "later");
            id
        }
    });
    note(&log, "maker");
    assert_eq!(heist::task::try_id(), outer);
    assert!(!task.done());
    yield_now().await;
    assert_eq!(
        polls.load(Ordering::SeqCst),
        1,
        "it is not on a queue before it is woken"
    );
    let id = task.id();
    assert_eq!(task.await.unwrap(), id);
    assert_eq!(polls.load(Ordering::SeqCst), 2);
    assert_eq!(*log.lock().unwrap(), ["eager", "maker", "later"]);
}

#[heist::test(start_paused = true)]
async fn an_eager_task_that_need_not_wait_is_done_at_once() {
    let mut task = TaskBuilder::new().eager_start(true).create_task(async { 7 });
    assert!(task.done());
    assert_eq!(task.result().unwrap().as_ref().unwrap(), &7);
    assert_eq!(task.await.unwrap(), 7);
    let panics = TaskBuilder::new()
        .eager_start(true)
        .create_task(async { panic!("eagerly") });
    assert!(panics.done());
    let error: heist::task::JoinError = panics.await.map(|never: ()| never).unwrap_err();
    assert!(error.is_panic());
}

#[test]
fn an_eager_task_goes_on_wherever_it_was_begun() {
    for runtime in [
        Builder::new_multi_thread().worker_threads(2),
        &mut Builder::new_current_thread(),
    ] {
        let runtime = runtime.enable_all().build().unwrap();
        let gate = Arc::new(Event::new());
        let wait = gate.clone();
        // From a thread that is no worker, and from a worker.
        let begin = move || {
            TaskBuilder::new()
                .eager_start(true)
                .create_task(async move { wait.wait().await })
        };
        let task = {
            let _entered = runtime.enter();
            begin.clone()()
        };
        let (inner,) = runtime.block_on(async { heist::spawn(async move { (begin(),) }).await.unwrap() });
        assert!(!task.done() && !inner.done());
        gate.set();
        runtime.block_on(async {
            task.await.unwrap();
            inner.await.unwrap();
        });
    }
}

#[heist::test(start_paused = true)]
async fn an_eager_task_has_a_budget_of_its_own() {
    let (sender, mut receiver) = heist::sync::mpsc::unbounded_channel();
    (0..200).for_each(|number| sender.send(number).unwrap());
    drop(sender);
    heist::spawn(async move {
        let task = TaskBuilder::new()
            .eager_start(true)
            .create_task(async move { while receiver.recv().await.is_some() {} });
        assert!(!task.done(), "200 operations are more than a poll may do");
        assert!(
            heist::task::coop::has_budget_remaining(),
            "and it is not its maker's budget"
        );
        task.await.unwrap();
    })
    .await
    .unwrap();
}

#[heist::test(start_paused = true)]
async fn names_are_those_given_or_made_of_the_id() {
    let named = TaskBuilder::new().name("fetcher").create_task(async {});
    assert_eq!(named.name(), "fetcher");
    let unnamed = create_task(async {});
    assert_eq!(unnamed.name(), format!("Task-{}", unnamed.id()));
    assert_ne!(named.id(), unnamed.id());
    assert!(format!("{named:?}").contains("fetcher"));
}

#[heist::test(start_paused = true)]
async fn done_callbacks_are_called_once_in_order_after_the_end() {
    let log = Log::default();
    let drops = Drops::default();
    let task = create_task({
        let (log, value) = (log.clone(), drops.value());
        async move {
            yield_now().await;
            note(&log, "end");
            drop(value);
        }
    });
    for what in ["first", "second", "removed", "third"] {
        let (log, drops) = (log.clone(), drops.clone());
        let id = task.add_done_callback(move |end| {
            assert_eq!(end, TaskEnd::Finished);
            assert_eq!(drops.count(), 1, "the future is gone");
            note(&log, what);
            assert_ne!(what, "second", "a panic does not keep the third from it");
        });
        if what == "removed" {
            assert!(task.remove_done_callback(id));
            assert!(!task.remove_done_callback(id));
        }
    }
    let mut task = task;
    (&mut task).await.unwrap();
    assert_eq!(*log.lock().unwrap(), ["end", "first", "second", "third"]);
    let late = log.clone();
    task.add_done_callback(move |_| note(&late, "late"));
    assert_eq!(log.lock().unwrap().last(), Some(&"late"));
}

#[heist::test(start_paused = true)]
async fn done_callbacks_know_a_cancellation_from_a_panic() {
    let ends = Arc::new(Mutex::new(Vec::new()));
    let see = |ends: &Arc<Mutex<Vec<TaskEnd>>>| {
        let ends = ends.clone();
        move |end| ends.lock().unwrap().push(end)
    };
    let cancelled = create_task(pending::<()>());
    cancelled.add_done_callback(see(&ends));
    let panics = create_task(async {
        yield_now().await;
        panic!("as it must")
    });
    panics.add_done_callback(see(&ends));
    cancelled.cancel();
    let error: heist::task::JoinError = panics.await.map(|never: ()| never).unwrap_err();
    assert!(error.is_panic());
    assert_eq!(*ends.lock().unwrap(), [TaskEnd::Cancelled, TaskEnd::Panicked]);
}

#[heist::test(start_paused = true)]
async fn result_looks_at_the_output_and_leaves_it() {
    let mut task = create_task(sleep(ms(1), String::from("text")));
    assert!(!task.done() && task.result().is_none());
    sleep(ms(2), ()).await;
    assert!(task.done());
    for _ in 0..2 {
        assert_eq!(task.result().unwrap().as_ref().unwrap(), "text");
    }
    assert_eq!(task.await.unwrap(), "text");
}

#[heist::test(start_paused = true)]
async fn a_task_that_nobody_has_awaited_runs_on_without_its_handle() {
    let log = Log::default();
    let inner = log.clone();
    drop(create_task(async move {
        sleep(ms(1), ()).await;
        note(&inner, "ran");
    }));
    sleep(ms(2), ()).await;
    assert_eq!(*log.lock().unwrap(), ["ran"]);
}

#[test]
fn a_task_on_another_runtime_and_on_one_that_is_gone() {
    let runtime = Runtime::new().unwrap();
    let handle: Handle = runtime.handle().clone();
    let task = TaskBuilder::new().create_task_on(async { 1 }, &handle);
    assert_eq!(runtime.block_on(task).unwrap(), 1);
    drop(runtime);
    let ends = Arc::new(Mutex::new(Vec::new()));
    for eager in [false, true] {
        let task = TaskBuilder::new()
            .eager_start(eager)
            .create_task_on(async { 1 }, &handle);
        let ends = ends.clone();
        task.add_done_callback(move |end| ends.lock().unwrap().push(end));
        assert!(task.done() && task.cancelled() && !task.cancel());
    }
    assert_eq!(*ends.lock().unwrap(), [TaskEnd::Cancelled; 2]);
}
