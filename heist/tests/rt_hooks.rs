//! Hooks: when they are called, with what, and that a panic in one goes no further.

mod rt_kit;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use heist::runtime::{Builder, LocalOptions, Runtime, TaskMeta, UnhandledPanic};
use heist::task::{Id, LocalSet, spawn_local, yield_now};
use rt_kit::{Count, Event, both_flavours, panic_of, wait_until};

/// What happened to each task, in order.
#[derive(Clone, Default)]
struct History(Arc<Mutex<HashMap<Id, Vec<&'static str>>>>);

impl History {
    fn hook(&self, what: &'static str) -> impl Fn(&TaskMeta<'_>) + Send + Sync + 'static {
        let history = self.clone();
        move |task| {
            assert_eq!(task.spawned_at().file(), file!());
            history.0.lock().unwrap().entry(task.id()).or_default().push(what);
        }
    }

    fn of(&self, id: Id) -> Vec<&'static str> {
        self.0.lock().unwrap().get(&id).cloned().unwrap_or_default()
    }

    fn all(&self, builder: &mut Builder) -> Runtime {
        builder
            .on_task_spawn(self.hook("spawn"))
            .on_before_task_poll(self.hook("before"))
            .on_after_task_poll(self.hook("after"))
            .on_task_terminate(self.hook("end"))
            .build()
            .unwrap()
    }
}

fn check_history(mut builder: Builder) {
    let history = History::default();
    let runtime = history.all(&mut builder);
    let yields = runtime.spawn(yield_now());
    let panics = runtime.spawn(async { panic!("on purpose") });
    let waits = runtime.spawn(std::future::pending::<()>());
    let ids = [yields.id(), panics.id(), waits.id()];
    runtime.block_on(async {
        yields.await.unwrap();
        assert!(panics.await.unwrap_err().is_panic());
    });
    drop(runtime);
    let polled = ["spawn", "before", "after", "before", "after", "end"];
    assert_eq!(history.of(ids[0]), polled);
    assert_eq!(history.of(ids[1]), ["spawn", "before", "after", "end"]);
    let waited = history.of(ids[2]);
    assert!(
        waited == ["spawn", "before", "after", "end"] || waited == ["spawn", "end"],
        "{waited:?}"
    );
}

#[test]
fn a_task_passes_its_hooks_in_order_on_a_current_thread_runtime() {
    check_history(Builder::new_current_thread());
}

#[test]
fn a_task_passes_its_hooks_in_order_on_a_multi_thread_runtime() {
    check_history(Builder::new_multi_thread());
}

#[test]
fn a_task_spawned_after_the_shutdown_ends_without_a_poll() {
    let history = History::default();
    let runtime = history.all(&mut Builder::new_multi_thread());
    let handle = runtime.handle().clone();
    drop(runtime);
    assert_eq!(history.of(handle.spawn(async {}).id()), ["spawn", "end"]);
}

#[test]
fn a_local_runtimes_own_tasks_pass_its_hooks() {
    let history = History::default();
    let mut builder = Builder::new_current_thread();
    drop(history.all(&mut builder));
    let runtime = builder.build_local(LocalOptions::default()).unwrap();
    let yields = runtime.spawn_local(yield_now());
    let waits = runtime.spawn_local(std::future::pending::<()>());
    let ids = [yields.id(), waits.id()];
    let metrics = runtime.metrics();
    runtime.block_on(async {
        yields.await.unwrap();
        let panics = spawn_local(async { panic!("on purpose") });
        let id = panics.id();
        assert!(panics.await.unwrap_err().is_panic());
        assert_eq!(history.of(id), ["spawn", "before", "after", "end"]);
    });
    assert_eq!((metrics.spawned_tasks_count(), metrics.num_alive_tasks()), (3, 1));
    assert_eq!(metrics.worker_poll_count(0), 4);
    drop(runtime);
    let polled = ["spawn", "before", "after", "before", "after", "end"];
    assert_eq!(history.of(ids[0]), polled);
    assert_eq!(history.of(ids[1]), ["spawn", "before", "after", "end"]);
    assert_eq!(metrics.num_alive_tasks(), 0);
}

#[test]
fn the_spawn_hook_of_a_local_runtime_may_spawn() {
    let calls = Count::default();
    let seen = calls.clone();
    let runtime = Builder::new_current_thread()
        .on_task_spawn(move |_| {
            if seen.add() < 3 {
                spawn_local(async {});
            }
        })
        .build_local(LocalOptions::default())
        .unwrap();
    // Not from within the runtime.
    drop(runtime.spawn_local(async {}));
    assert_eq!(calls.get(), 3);
    assert_eq!(runtime.metrics().spawned_tasks_count(), 3);
}

#[test]
fn a_local_sets_tasks_pass_no_hooks() {
    let history = History::default();
    let runtime = history.all(&mut Builder::new_current_thread());
    let id = LocalSet::new().block_on(&runtime, async {
        let task = spawn_local(yield_now());
        let id = task.id();
        task.await.unwrap();
        id
    });
    assert!(history.of(id).is_empty());
}

#[test]
fn of_a_blocking_closure_only_the_end_is_told() {
    let history = History::default();
    let mut builder = Builder::new_multi_thread();
    let runtime = history.all(builder.max_blocking_threads(1));
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let runs = runtime.spawn_blocking(move || wait.recv());
    let aborted = runtime.spawn_blocking(|| ());
    let panics = runtime.spawn_blocking(|| panic!("on purpose"));
    let ids = [runs.id(), aborted.id(), panics.id()];
    aborted.abort();
    assert_eq!(history.of(ids[0]), [""; 0]);
    release.send(()).unwrap();
    runtime.block_on(async {
        runs.await.unwrap().unwrap();
        assert!(aborted.await.unwrap_err().is_cancelled());
        assert!(panics.await.unwrap_err().is_panic());
    });
    let handle = runtime.handle().clone();
    drop(runtime);
    let late = handle.spawn_blocking(|| ()).id();
    for id in ids.into_iter().chain([late]) {
        assert_eq!(history.of(id), ["end"]);
    }
}

#[test]
fn hooks_know_the_name() {
    let names = Arc::new(Mutex::new(Vec::new()));
    let seen = names.clone();
    let runtime = Builder::new_current_thread()
        .on_task_spawn(move |task| seen.lock().unwrap().push(task.name().map(String::from)))
        .build()
        .unwrap();
    runtime.block_on(async {
        heist::task::Builder::new().name("known").spawn(async {}).unwrap();
        heist::spawn(async {});
    });
    assert_eq!(*names.lock().unwrap(), [Some(String::from("known")), None]);
}

#[test]
fn the_runtime_is_current_in_the_spawn_hook() {
    let depth = Count::default();
    let seen = depth.clone();
    let runtime = Builder::new_multi_thread()
        .on_task_spawn(move |_| {
            if seen.add() < 3 {
                heist::spawn(async {});
            }
        })
        .build()
        .unwrap();
    // Not from within the runtime.
    runtime.handle().spawn(async {});
    assert_eq!(depth.get(), 3);
    assert_eq!(runtime.metrics().spawned_tasks_count(), 3);
}

#[test]
fn a_panic_in_a_hook_goes_no_further() {
    let calls = Count::default();
    let count = || {
        let calls = calls.clone();
        move || {
            calls.add();
            panic!("a hook that panics");
        }
    };
    let hooks = [count(), count(), count(), count()];
    let [spawn, before, after, end] = hooks.map(|hook| move |_: &TaskMeta<'_>| hook());
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .on_thread_park(count())
        .on_thread_unpark(count())
        .on_task_spawn(spawn)
        .on_before_task_poll(before)
        .on_after_task_poll(after)
        .on_task_terminate(end)
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(runtime.spawn(async { 7 })).unwrap(), 7);
    assert_eq!(runtime.block_on(runtime.spawn(async { 8 })).unwrap(), 8);
    drop(runtime);
    assert!(calls.get() >= 10, "{} calls", calls.get());
}

fn check_park_hooks(mut builder: Builder) {
    let (parks, unparks) = (Count::default(), Count::default());
    let (on_park, on_unpark) = (parks.clone(), unparks.clone());
    let runtime = builder
        .enable_all()
        .on_thread_park(move || _ = on_park.add())
        .on_thread_unpark(move || _ = on_unpark.add())
        .build()
        .unwrap();
    runtime.block_on(async { heist::time::sleep(std::time::Duration::from_millis(1)).await });
    wait_until("somebody parks", || parks.get() > 0);
    drop(runtime);
    assert_eq!(parks.get(), unparks.get());
}

#[test]
fn park_hooks_come_in_pairs() {
    check_park_hooks(Builder::new_current_thread());
    check_park_hooks(Builder::new_multi_thread());
}

/// The hook spawns the task that the whole runtime is waiting for, when all its workers are about to sleep.
fn check_spawn_before_park(mut builder: Builder) {
    let event = Event::default();
    let (raise, once) = (event.clone(), Count::default());
    let runtime = builder
        .on_thread_park(move || {
            if once.add() == 1 {
                let event = raise.clone();
                heist::spawn(async move { event.raise() });
            }
        })
        .build()
        .unwrap();
    // Hangs if the worker sleeps on top of its task.
    runtime.block_on(event.wait());
}

#[test]
fn what_the_park_hook_spawns_is_seen() {
    check_spawn_before_park(Builder::new_current_thread());
    let mut one_worker = Builder::new_multi_thread();
    one_worker.worker_threads(1);
    check_spawn_before_park(one_worker);
    let mut without_next_slot = Builder::new_multi_thread();
    without_next_slot
        .worker_threads(1)
        .disable_lifo_slot()
        .enable_all();
    check_spawn_before_park(without_next_slot);
}

#[test]
fn a_panicking_task_shuts_the_runtime_down_if_told_to() {
    let runtime = Builder::new_current_thread()
        .unhandled_panic(UnhandledPanic::ShutdownRuntime)
        .build()
        .unwrap();
    let event = Event::default();
    let waiting = runtime.spawn(event.wait());
    runtime.spawn(async { panic!("on purpose") });
    let said = panic_of(|| runtime.block_on(std::future::pending::<()>()));
    assert!(said.starts_with("a spawned task panicked"), "{said}");
    assert_eq!(event.drops.get(), 1);
    assert!(waiting.is_finished());
    // Now and for ever.
    assert!(panic_of(|| runtime.block_on(async {})).starts_with("a spawned task panicked"));
    assert!(runtime.spawn(async {}).is_finished());
}

#[test]
fn a_panicking_local_task_shuts_its_runtime_down_if_told_to() {
    let runtime = Builder::new_current_thread()
        .unhandled_panic(UnhandledPanic::ShutdownRuntime)
        .build_local(LocalOptions::default())
        .unwrap();
    let event = Event::default();
    let waiting = runtime.spawn_local(event.wait());
    runtime.spawn_local(async { panic!("on purpose") });
    let said = panic_of(|| runtime.block_on(std::future::pending::<()>()));
    assert!(
        said.starts_with("a spawned task panicked and the runtime"),
        "{said}"
    );
    assert_eq!(event.drops.get(), 1);
    assert!(waiting.is_finished());
    assert!(runtime.spawn_local(async {}).is_finished());
}

#[test]
fn all_that_block_learn_of_the_panicking_task() {
    let runtime = Builder::new_current_thread()
        .unhandled_panic(UnhandledPanic::ShutdownRuntime)
        .build()
        .unwrap();
    let inside = Count::default();
    std::thread::scope(|scope| {
        let threads = [(); 2].map(|()| {
            scope.spawn(|| {
                panic_of(|| {
                    runtime.block_on(async {
                        inside.add();
                        std::future::pending::<()>().await;
                    });
                })
            })
        });
        wait_until("both threads block", || inside.get() == 2);
        runtime.spawn(async { panic!("on purpose") });
        for thread in threads {
            assert!(thread.join().unwrap().starts_with("a spawned task panicked"));
        }
    });
}

#[test]
fn shutting_down_on_panic_is_for_current_thread_runtimes() {
    let said = panic_of(|| {
        Builder::new_multi_thread().unhandled_panic(UnhandledPanic::ShutdownRuntime);
    });
    assert!(said.contains("new_current_thread"), "{said}");
    Builder::new_multi_thread().unhandled_panic(UnhandledPanic::Ignore);
}

both_flavours! {
    fn a_panicking_task_is_ignored_unless_told_otherwise(runtime) {
        runtime.block_on(async {
            assert!(heist::spawn(async { panic!("on purpose") }).await.unwrap_err().is_panic());
            heist::spawn(async {}).await.unwrap();
        });
    }
}
