//! The builder: what it refuses, the names and numbers of threads, hooks, and builds that fail.

mod rt_kit;

use std::sync::{Arc, Mutex};

use heist::runtime::{Builder, Handle, Runtime};
use rt_kit::{Count, child, panic_of, proc_self, thread_names, wait_until};

#[test]
fn zero_is_refused_with_the_remedy() {
    let said = panic_of(|| {
        Builder::new_multi_thread().worker_threads(0);
    });
    assert!(said.contains("new_current_thread"), "{said}");
    assert!(
        panic_of(|| {
            Builder::new_multi_thread().max_blocking_threads(0);
        })
        .contains("at least 1")
    );
    assert!(
        panic_of(|| {
            Builder::new_multi_thread().event_interval(0);
        })
        .contains("at least 1")
    );
    assert!(
        panic_of(|| {
            Builder::new_multi_thread().global_queue_interval(0);
        })
        .contains("at least 1")
    );
    assert!(
        panic_of(|| {
            Builder::new_multi_thread().max_io_events_per_tick(0);
        })
        .contains("at least 1")
    );
    assert!(
        panic_of(|| {
            Builder::new_multi_thread().name(" ");
        })
        .contains("empty")
    );
    assert!(
        panic_of(|| {
            Builder::new_multi_thread().thread_name("a\0b");
        })
        .contains("zero byte")
    );
}

#[test]
fn a_builder_builds_again_and_again() {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).name("twice").enable_all();
    let (one, two) = (builder.build().unwrap(), builder.build().unwrap());
    assert_ne!(one.handle().id(), two.handle().id());
    assert_eq!(
        (one.handle().name(), two.handle().name()),
        (Some("twice"), Some("twice"))
    );
    assert_eq!(one.block_on(two.spawn(async { 3 })).unwrap(), 3);
}

#[test]
fn a_given_name_is_that_of_workers_and_blocking_threads() {
    let name = || std::thread::current().name().map(String::from);
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("given")
        .build()
        .unwrap();
    assert_eq!(
        runtime
            .block_on(runtime.spawn(async move { name() }))
            .unwrap()
            .unwrap(),
        "given"
    );
    assert_eq!(
        runtime.block_on(runtime.spawn_blocking(name)).unwrap().unwrap(),
        "given"
    );
}

#[test]
fn the_stack_has_the_size_that_was_asked_for() {
    const SIZE: usize = 16 << 20;
    // Half of the stack at least, which the default of 2 MiB does not have.
    #[inline(never)]
    fn deep(left: usize) -> usize {
        let frame = std::hint::black_box([left as u8; 4096]);
        if left == 0 {
            0
        } else {
            deep(left - 1) + usize::from(frame[left % 4096] == left as u8)
        }
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_stack_size(SIZE)
        .build()
        .unwrap();
    let frames = SIZE / 4096 / 4;
    assert_eq!(
        runtime
            .block_on(runtime.spawn(async move { deep(frames) }))
            .unwrap(),
        frames
    );
    assert_eq!(
        runtime
            .block_on(runtime.spawn_blocking(move || deep(frames)))
            .unwrap(),
        frames
    );
}

#[test]
fn hooks_are_called_once_a_thread_with_the_runtime_current() {
    let (started, stopped, current) = (Count::default(), Count::default(), Count::default());
    let (start, stop, seen) = (started.clone(), stopped.clone(), current.clone());
    let runtime = Builder::new_multi_thread()
        .worker_threads(3)
        .max_blocking_threads(1)
        .on_thread_start(move || {
            start.add();
            if Handle::try_current().is_ok() {
                seen.add();
            }
        })
        .on_thread_stop(move || {
            stop.add();
        })
        .enable_all()
        .build()
        .unwrap();
    for _ in 0..10 {
        runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
    }
    wait_until("the three workers and the blocking thread start", || {
        started.get() == 4
    });
    assert_eq!(stopped.get(), 0);
    drop(runtime);
    assert_eq!((started.get(), stopped.get(), current.get()), (4, 4, 4));
}

#[test]
fn a_panicking_hook_goes_no_further() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .on_thread_start(|| panic!("a hook that panics"))
        .on_thread_stop(|| panic!("a hook that panics"))
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
    assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 2)).unwrap(), 2);
}

#[test]
fn thread_name_fn_is_asked_for_each_thread() {
    let asked = Arc::new(Mutex::new(0));
    let names = asked.clone();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name_fn(move || {
            let mut number = names.lock().unwrap();
            *number += 1;
            format!("number-{number}")
        })
        .build()
        .unwrap();
    assert_eq!(*asked.lock().unwrap(), 2);
    let blocking = runtime.spawn_blocking(|| std::thread::current().name().map(String::from));
    assert_eq!(runtime.block_on(blocking).unwrap().unwrap(), "number-3");
}

#[test]
fn workers_from_the_environment() {
    let output = child("child_prints_its_workers", "", &[("HEIST_WORKER_THREADS", "5")]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("5 workers"), "{said}");
    for bad in ["0", "many", "-1", "", "1.5"] {
        let output = child("child_prints_its_workers", "", &[("HEIST_WORKER_THREADS", bad)]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(
            said.contains("HEIST_WORKER_THREADS") && said.contains(&format!("{bad:?}")),
            "{said}"
        );
    }
    // Not asked when the number is given.
    let output = child(
        "child_is_given_its_workers",
        "",
        &[("HEIST_WORKER_THREADS", "many")],
    );
    assert!(output.status.success());
}

#[test]
fn threads_have_their_names_and_nothing_more_is_started() {
    let output = child("child_looks_at_its_threads", "", &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_build_that_fails_leaves_no_thread_and_no_descriptor() {
    // Eight stacks of a gigabyte don't fit: some worker threads start, one does not.
    let output = child("child_fails_to_build", "ulimit -v 4194304", &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // No descriptor is left for the reactor.
    let output = child("child_fails_to_open_a_reactor", "ulimit -n 8", &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
#[ignore = "run by workers_from_the_environment"]
fn child_prints_its_workers() {
    println!("{} workers", Runtime::new().unwrap().metrics().num_workers());
}

#[test]
#[ignore = "run by workers_from_the_environment"]
fn child_is_given_its_workers() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    assert_eq!(runtime.metrics().num_workers(), 2);
}

#[test]
#[ignore = "run by threads_have_their_names_and_nothing_more_is_started"]
fn child_looks_at_its_threads() {
    let ours = || {
        let mut names = thread_names();
        names.retain(|name| name.starts_with("heist-"));
        names.sort();
        names
    };
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    wait_until("the threads have their names", || {
        ours() == ["heist-reactor", "heist-worker-0", "heist-worker-1"]
    });
    runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
    // The kernel keeps 15 bytes of a name.
    assert!(ours().contains(&"heist-blocking-".to_owned()), "{:?}", ours());
    drop(runtime);
    wait_until("the threads are gone", || ours().is_empty());

    let plain = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    wait_until("the thread has its name", || ours() == ["heist-worker-0"]);
    drop(plain);
    wait_until("the threads are gone", || ours().is_empty());

    let single = Builder::new_current_thread().enable_all().build().unwrap();
    single.block_on(async { heist::spawn(async {}).await.unwrap() });
    assert_eq!(ours(), [""; 0]);
}

#[test]
#[ignore = "run by a_build_that_fails_leaves_no_thread_and_no_descriptor"]
fn child_fails_to_build() {
    let (threads, descriptors) = (proc_self("task").len(), proc_self("fd").len());
    for _ in 0..20 {
        let result = Builder::new_multi_thread()
            .worker_threads(8)
            .thread_stack_size(1 << 30)
            .enable_all()
            .build();
        assert!(result.is_err(), "eight gigabytes of stack in four");
        // As from asynchronous code, where a drop would panic.
        let outer = rt_kit::current_thread();
        outer.block_on(async {
            let mut builder = Builder::new_multi_thread();
            assert!(
                builder
                    .worker_threads(8)
                    .thread_stack_size(1 << 30)
                    .build()
                    .is_err()
            );
        });
    }
    wait_until("all threads are gone", || proc_self("task").len() == threads);
    assert_eq!(proc_self("fd").len(), descriptors);
}

#[test]
#[ignore = "run by a_build_that_fails_leaves_no_thread_and_no_descriptor"]
fn child_fails_to_open_a_reactor() {
    let descriptors = proc_self("fd").len();
    let mut held = Vec::new();
    while let Ok(runtime) = Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        held.push(runtime);
    }
    assert!(held.len() < 8, "more reactors than descriptors");
    drop(held);
    assert_eq!(proc_self("fd").len(), descriptors);
}
