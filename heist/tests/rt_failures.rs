//! Failures that nobody collects: which they are, who is told, and what is written on stderr if nobody asked to be.

mod rt_kit;

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use heist::aio::{EventLoop, ExceptionContext};
use heist::runtime::{Builder, Runtime};
use heist::task::{JoinSet, LocalSet, yield_now};
use heist::time::timeout;
use rt_kit::{child, panic_of, wait_until};

/// The name of a task, and its panic.
type Told = (Option<String>, String);

/// Both flavours, and what they are told of.
fn runtimes() -> [(Runtime, Receiver<Told>); 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()].map(|mut settings| {
        let (send, told) = mpsc::channel();
        let runtime = settings
            .enable_all()
            .on_task_panic(move |task, error| {
                send.send((task.name().map(String::from), error.to_string()))
                    .unwrap();
            })
            .build()
            .unwrap();
        (runtime, told)
    })
}

/// What is told next; fails if nothing ever is.
async fn next<T>(told: &Receiver<T>) -> T {
    let look = async {
        loop {
            match told.try_recv() {
                Ok(told) => return told,
                Err(_) => yield_now().await,
            }
        }
    };
    timeout(Duration::from_secs(60), look)
        .await
        .expect("nobody was told")
}

fn boom() {
    panic!("boom");
}

#[test]
fn a_panic_is_told_of_when_the_handle_was_dropped_before() {
    for (runtime, told) in runtimes() {
        runtime.block_on(async {
            let (send, wait) = heist::sync::oneshot::channel::<()>();
            let failing = async {
                let _ = wait.await;
                boom();
            };
            drop(
                heist::task::Builder::new()
                    .name("detached")
                    .spawn(failing)
                    .unwrap(),
            );
            send.send(()).unwrap();
            let (name, text) = next(&told).await;
            assert_eq!(name.as_deref(), Some("detached"));
            assert!(text.contains("boom"), "{text}");
        });
        drop(runtime);
        assert!(told.recv().is_err(), "once");
    }
}

#[test]
fn a_panic_is_told_of_when_the_handle_is_dropped_after_and_not_before() {
    for (runtime, told) in runtimes() {
        let task = runtime.spawn(async { boom() });
        runtime.block_on(async {
            while !task.is_finished() {
                yield_now().await;
            }
        });
        assert!(told.try_recv().is_err(), "it may still be collected");
        drop(task);
        assert!(told.try_recv().unwrap().1.contains("boom"));
    }
}

#[test]
fn what_is_collected_cancelled_or_no_failure_is_not_told_of() {
    for (runtime, told) in runtimes() {
        runtime.block_on(async {
            assert!(heist::spawn(async { boom() }).await.unwrap_err().is_panic());
            let cancelled = heist::spawn(std::future::pending::<()>());
            cancelled.abort();
            while !cancelled.is_finished() {
                yield_now().await;
            }
            drop(cancelled);
            drop(heist::spawn(async { Err::<(), _>("not a panic") }));
            let mut set = JoinSet::new();
            set.spawn(async { boom() });
            assert!(set.join_next().await.unwrap().is_err());
        });
        drop(runtime);
        assert!(told.recv().is_err());
    }
}

#[test]
fn blocking_closures_and_local_tasks_of_a_runtime_count_too() {
    for (runtime, told) in runtimes() {
        drop(runtime.spawn_blocking(boom));
        let (_, text) = told
            .recv_timeout(Duration::from_secs(60))
            .expect("nobody was told");
        assert!(text.contains("boom"));
    }
    let (send, told) = mpsc::channel();
    let runtime = Builder::new_current_thread()
        .on_task_panic(move |task, _| send.send(task.id()).unwrap())
        .build_local(heist::runtime::LocalOptions::default())
        .unwrap();
    let id = runtime.block_on(async {
        let task = heist::task::spawn_local(async { boom() });
        let id = task.id();
        drop(task);
        yield_now().await;
        id
    });
    assert_eq!(told.try_recv(), Ok(id));
}

#[test]
fn a_hook_that_panics_hurts_nobody() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .on_task_panic(|_, _| panic!("a bad hook"))
        .build()
        .unwrap();
    drop(runtime.spawn(async { boom() }));
    assert_eq!(
        runtime.block_on(async { heist::spawn(async { 1 }).await.unwrap() }),
        1
    );
}

#[test]
fn without_a_hook_the_exception_handler_of_the_loop_is_told() {
    for runtime in [rt_kit::current_thread(), rt_kit::multi_thread()] {
        let (send, told) = mpsc::channel();
        let event_loop = EventLoop::of(runtime.handle());
        event_loop.set_exception_handler(Some(move |failure: &ExceptionContext| {
            send.send(failure.clone()).unwrap()
        }));
        let task = heist::task::Builder::new()
            .name("failing")
            .spawn_on(async { boom() }, runtime.handle());
        let id = task.unwrap().id();
        runtime.block_on(async {
            let failure = next(&told).await;
            assert_eq!((failure.task(), failure.task_name()), (Some(id), Some("failing")));
            assert!(failure.location().unwrap().file().ends_with("rt_failures.rs"));
        });
    }
}

#[test]
fn unless_told_otherwise_it_is_one_line_on_stderr_with_the_name() {
    let output = child("fails_in_all_ways", "", &[]);
    let text = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("heist:")).collect();
    assert_eq!(lines.len(), 3, "{text}");
    for (line, name) in lines
        .iter()
        .zip(["\"of the runtime\"", "\"of the pool\"", "\"of a set\""])
    {
        assert!(
            line.contains(name) && line.contains("boom") && line.contains("rt_failures.rs"),
            "{line}"
        );
    }
}

#[test]
#[ignore = "the program of another test"]
fn fails_in_all_ways() {
    let runtime = rt_kit::multi_thread();
    let named = |name| heist::task::Builder::new().name(name);
    let task = named("of the runtime")
        .spawn_on(async { boom() }, runtime.handle())
        .unwrap();
    wait_until("it has failed", || task.is_finished());
    drop(task);
    let task = named("of the pool")
        .spawn_blocking_on(boom, runtime.handle())
        .unwrap();
    wait_until("it has failed", || task.is_finished());
    drop(task);
    let set = LocalSet::new();
    drop(named("of a set").spawn_local_on(async { boom() }, &set).unwrap());
    runtime.block_on(set);
    assert!(panic_of(boom).contains("boom"));
}
