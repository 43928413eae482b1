//! The live tasks: what `current_task`, `all_tasks`, `ps` and `pstree` tell of them, and that listing disturbs nobody.

mod rt_kit;

use std::future::pending;
use std::sync::Arc;
use std::sync::mpsc;

use heist::aio::{EventLoop, all_tasks, current_task, get_running_loop, ps, pstree};
use heist::runtime::TaskState;
use heist::task::{Builder, yield_now};
use rt_kit::{Count, CountDrop, both_flavours, wait_until};

both_flavours! {
    fn current_task_is_the_one_that_runs_and_none_outside_of_tasks(runtime) {
        runtime.block_on(async {
            assert!(current_task().is_none());
            let task = Builder::new().name("me").spawn(async {
                let this = current_task().unwrap();
                assert_eq!(this.state(), TaskState::Running);
                (this.id(), this.name().map(String::from))
            }).unwrap();
            let id = task.id();
            assert_eq!(task.await.unwrap(), (id, Some("me".to_owned())));
            // Callbacks are not tasks.
            let (send, receive) = heist::sync::oneshot::channel();
            get_running_loop().call_soon(move || send.send(current_task().is_none()).unwrap());
            assert!(receive.await.unwrap());
        });
        assert!(current_task().is_none());
    }

    fn all_tasks_lists_those_that_have_not_ended_and_no_others(runtime) {
        runtime.block_on(async {
            assert!(all_tasks().is_empty());
            let tasks: Vec<_> = (0..3).map(|_| heist::spawn(pending::<()>())).collect();
            heist::spawn(async {}).await.unwrap();
            // The loop's own task is not the user's.
            get_running_loop().call_soon(|| ());
            let mut ids: Vec<_> = tasks.iter().map(|task| task.id()).collect();
            ids.sort();
            let listed: Vec<_> = all_tasks().iter().map(|task| task.id()).collect();
            assert_eq!(listed, ids);
            assert_eq!(get_running_loop().runtime().tasks().len(), 4);

            // Cancelling all leaves none; one that was listed can tell.
            let infos = all_tasks();
            infos.iter().for_each(|task| task.abort_handle().abort());
            for task in tasks {
                assert!(task.await.unwrap_err().is_cancelled());
            }
            assert!(infos.iter().all(|task| task.is_finished()));
            assert!(all_tasks().is_empty());
            let (send, receive) = heist::sync::oneshot::channel();
            get_running_loop().call_soon(move || send.send(()).unwrap());
            receive.await.unwrap();
        });
    }

    fn the_parent_is_the_task_that_spawned(runtime) {
        runtime.block_on(async {
            let (send, mut ids) = heist::sync::mpsc::unbounded_channel();
            let parent = heist::spawn(async move {
                let child = heist::spawn(pending::<()>());
                send.send(child.id()).unwrap();
                pending::<()>().await;
            });
            let child = ids.recv().await.unwrap();
            let runtime = get_running_loop().runtime().clone();
            assert_eq!(runtime.task(child).unwrap().parent(), Some(parent.id()));
            assert_eq!(runtime.task(parent.id()).unwrap().parent(), None);
            assert!(runtime.task(heist::spawn(async {}).id()).is_none_or(|task| task.parent().is_none()));
        });
    }

    fn a_task_that_was_listed_keeps_its_name_but_not_its_future(runtime) {
        let drops = Count::default();
        let held = CountDrop(drops.clone());
        runtime.block_on(async {
            let task = Builder::new().name("short").spawn(async move { drop(held) }).unwrap();
            let info = get_running_loop().runtime().task(task.id());
            task.await.unwrap();
            assert_eq!(drops.get(), 1);
            if let Some(info) = info {
                assert_eq!(info.name(), Some("short"));
                assert!(info.is_finished());
            }
        });
    }

    fn listing_while_tasks_come_and_go_loses_none_and_frees_all(runtime) {
        let drops = Count::default();
        let handle = runtime.handle().clone();
        let (stop, stopped) = mpsc::channel::<()>();
        let lister = std::thread::spawn(move || {
            let mut listed = 0;
            while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                listed += handle.tasks().iter().filter(|task| task.name() == Some("busy")).count();
            }
            listed
        });
        runtime.block_on(async {
            let _kept = Builder::new().name("busy").spawn(pending::<()>()).unwrap();
            for _ in 0..200 {
                let tasks: Vec<_> = (0..10).map(|_| {
                    let held = CountDrop(drops.clone());
                    heist::spawn(async move {
                        yield_now().await;
                        drop(held);
                    })
                }).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            }
        });
        assert_eq!(drops.get(), 2_000);
        drop(stop);
        lister.join().unwrap();
        drop(runtime);
    }
}

#[test]
fn a_task_is_waiting_queued_or_running() {
    let runtime = rt_kit::current_thread();
    let event_loop = EventLoop::of(runtime.handle());
    let task = runtime.spawn(pending::<()>());
    let state = || event_loop.runtime().task(task.id()).unwrap().state();
    assert_eq!(state(), TaskState::Queued);
    runtime.block_on(yield_now());
    assert_eq!(state(), TaskState::Waiting);

    let runtime = rt_kit::workers(1);
    let (begun, release) = (Count::default(), mpsc::channel::<()>());
    let (count, wait) = (begun.clone(), release.1);
    let task = runtime.spawn(async move {
        count.add();
        let _ = wait.recv();
    });
    wait_until("it runs", || begun.get() == 1);
    let behind = runtime.spawn(async {});
    assert_eq!(
        runtime.handle().task(task.id()).unwrap().state(),
        TaskState::Running
    );
    assert_eq!(
        runtime.handle().task(behind.id()).unwrap().state(),
        TaskState::Queued
    );
    drop(release.0);
    runtime.block_on(behind).unwrap();
}

#[test]
fn ps_is_a_line_for_each_task_with_all_that_is_known() {
    let runtime = rt_kit::current_thread();
    let text = runtime.block_on(async {
        let server = Builder::new().name("server").spawn(pending::<()>()).unwrap();
        let line = line!() - 1;
        yield_now().await;
        let nameless = heist::spawn(pending::<()>());
        let text = ps();
        let expected = [
            "ID PARENT STATE NAME SPAWNED AT".to_owned(),
            format!("{} - waiting server {}:{line}:", server.id(), file!()),
            format!("{} - queued - {}:{}:", nameless.id(), file!(), line + 3),
        ];
        for (line, expected) in text.lines().zip(&expected) {
            let words: Vec<_> = line.split_whitespace().collect();
            assert!(
                words.join(" ").starts_with(expected),
                "{line:?}, not {expected:?}"
            );
        }
        assert_eq!(text.lines().count(), expected.len());
        text
    });
    assert!(text.ends_with('\n'));
}

#[test]
fn pstree_shows_each_task_under_its_parent() {
    let runtime = rt_kit::current_thread();
    runtime.block_on(async {
        let ended = async {
            let _orphan = Builder::new().name("orphan").spawn(pending::<()>()).unwrap();
        };
        heist::spawn(ended).await.unwrap();
        let spawn_child = |name| Builder::new().name(name).spawn(pending::<()>()).unwrap();
        let _root = Builder::new()
            .name("root")
            .spawn(async move {
                spawn_child("first");
                let middle = async move {
                    spawn_child("inner");
                    pending::<()>().await;
                };
                Builder::new().name("second").spawn(middle).unwrap();
                spawn_child("third");
                pending::<()>().await;
            })
            .unwrap();
        for _ in 0..5 {
            yield_now().await;
        }
        let tree = pstree();
        // Without ids, states and places.
        let lines: Vec<_> = tree
            .lines()
            .map(|line| {
                let (branch, rest) = line.split_at(line.find(|c: char| c.is_ascii_digit()).unwrap());
                format!("{branch}{}", rest.split_whitespace().nth(1).unwrap())
            })
            .collect();
        assert_eq!(
            lines,
            [
                "orphan",
                "root",
                "├── first",
                "├── second",
                "│   └── inner",
                "└── third"
            ],
            "{tree}"
        );
    });
}

#[test]
fn an_empty_runtime_has_an_empty_list() {
    let runtime = rt_kit::multi_thread();
    let event_loop = EventLoop::of(runtime.handle());
    assert_eq!(
        (event_loop.ps().lines().count(), event_loop.pstree()),
        (1, String::new())
    );
    let handle = runtime.handle().clone();
    let kept = Arc::new(());
    let held = kept.clone();
    runtime.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    drop(runtime);
    assert!(handle.tasks().is_empty());
    assert_eq!(Arc::strong_count(&kept), 1);
}
