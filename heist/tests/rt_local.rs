//! `LocalRuntime`: both kinds of tasks on one thread, found from wherever that thread is.

mod rt_kit;

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use heist::runtime::{Builder, LocalOptions, LocalRuntime};
use heist::task::{LocalSet, spawn_local, yield_now};
use rt_kit::{Count, CountDrop, Event, panic_of};

#[test]
fn local_and_sendable_tasks_run_on_the_thread_of_the_runtime() {
    let runtime = LocalRuntime::new().unwrap();
    let here = thread::current().id();
    let count = Rc::new(Cell::new(0));
    let inner = count.clone();
    runtime.block_on(async {
        let local = spawn_local(async move {
            heist::time::sleep(Duration::from_millis(1)).await;
            inner.set(inner.get() + 1);
            thread::current().id()
        });
        let sendable = heist::spawn(async move {
            // From a task of the runtime, outside of the root future.
            let nested = spawn_local(async { Rc::new(thread::current().id()) }).abort_handle();
            while !nested.is_finished() {
                yield_now().await;
            }
            thread::current().id()
        });
        assert_eq!((local.await.unwrap(), sendable.await.unwrap()), (here, here));
    });
    assert_eq!(count.get(), 1);
}

#[test]
fn tasks_wait_for_the_next_block_on() {
    let runtime = LocalRuntime::new().unwrap();
    let event = Event::default();
    let task = runtime.spawn_local(event.wait());
    runtime.block_on(yield_now());
    assert_eq!(event.polls.get(), 1);
    let remote = event.clone();
    thread::spawn(move || remote.raise()).join().unwrap();
    runtime.block_on(task).unwrap();
    assert_eq!(event.polls.get(), 2);
}

#[test]
fn a_guard_is_enough_to_spawn_but_on_the_own_thread_only() {
    let runtime = LocalRuntime::new().unwrap();
    let task = {
        let _guard = runtime.enter();
        spawn_local(async { Rc::new(3) })
    };
    assert_eq!(*runtime.block_on(task).unwrap(), 3);

    let handle = runtime.handle().clone();
    let said = thread::spawn(move || {
        let _guard = handle.enter();
        panic_of(|| spawn_local(async {}))
    });
    assert!(said.join().unwrap().contains("`Handle::spawn`"));
    let handle = runtime.handle().clone();
    let task = thread::spawn(move || handle.spawn(async { 4 })).join().unwrap();
    assert_eq!(runtime.block_on(task).unwrap(), 4);
}

#[test]
fn a_local_set_inside_comes_first() {
    let runtime = LocalRuntime::new().unwrap();
    let set = LocalSet::new();
    let task = runtime.block_on(async {
        let guard = set.enter();
        let task = spawn_local(async {});
        drop(guard);
        for _ in 0..3 {
            yield_now().await;
        }
        assert!(!task.is_finished());
        Some(task)
    });
    set.block_on(&rt_kit::current_thread(), task.unwrap()).unwrap();
}

#[test]
fn dropping_the_runtime_drops_its_tasks_with_the_runtime_current() {
    struct Spawns(Count);
    impl Drop for Spawns {
        fn drop(&mut self) {
            // Cancelled at birth, but not for want of a runtime.
            spawn_local(pending::<()>());
            heist::spawn(pending::<()>());
            self.0.add();
        }
    }
    let drops = Count::default();
    let shut_downs: [fn(LocalRuntime); 3] = [drop, LocalRuntime::shutdown_background, |runtime| {
        runtime.shutdown_timeout(Duration::from_secs(10))
    }];
    for (round, shut_down) in shut_downs.into_iter().enumerate() {
        let runtime = LocalRuntime::new().unwrap();
        let (spawns, kept) = (Spawns(drops.clone()), CountDrop(drops.clone()));
        runtime.spawn_local(async move {
            let _both = (spawns, kept);
            pending::<()>().await;
        });
        runtime.block_on(yield_now());
        shut_down(runtime);
        assert_eq!(drops.get(), 2 * (round + 1));
    }
}

#[test]
fn only_a_current_thread_builder_builds_one() {
    let said = panic_of(|| Builder::new_multi_thread().build_local(LocalOptions::default()));
    assert!(said.contains("new_current_thread"), "{said}");
}

#[heist::test(flavor = "local")]
async fn the_attribute_makes_one() {
    assert_eq!(*spawn_local(async { Rc::new(1) }).await.unwrap(), 1);
}
