//! Task groups, as asyncio documents them: the first error cancels the others, all are awaited, all errors are returned.
#![cfg(feature = "test-util")]

mod sync_kit;

use std::error::Error;
use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use heist::aio::{
    CancelToken, ContextVar, Task, TaskBuilder, TaskFailure, TaskGroup, TaskGroupError, TaskGroupHandle,
    create_task, sleep,
};
use heist::task::yield_now;
use heist::time::{Instant, timeout};
use sync_kit::Drops;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[derive(Debug, PartialEq, Eq)]
struct Oops(&'static str);

impl fmt::Display for Oops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Oops {}

async fn fail_after(delay: u64, what: &'static str) -> Result<(), Oops> {
    sleep(ms(delay), ()).await;
    Err(Oops(what))
}

async fn ok_after(delay: u64) -> Result<u64, Oops> {
    sleep(ms(delay), Ok(delay)).await
}

/// Cleans up for `delay` when it is cancelled.
async fn cleans_up(delay: u64, cleaned: Arc<AtomicUsize>) -> Result<(), Oops> {
    let token = CancelToken::current();
    let _hold = token.hold();
    token.cancelled().await;
    sleep(ms(delay), ()).await;
    cleaned.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

/// Holds a value until it is dropped.
async fn hangs(drops: Drops) -> Result<(), Oops> {
    let _value = drops.value();
    pending().await
}

fn errors(error: &TaskGroupError<Oops>) -> Vec<&'static str> {
    error.errors().map(|error| error.0).collect()
}

#[heist::test(start_paused = true)]
async fn the_group_waits_for_all_its_tasks_and_returns_the_value_of_the_body() {
    let start = Instant::now();
    let value = TaskGroup::run(|group| async move {
        let first = group.create_task(ok_after(20));
        let second = group.create_task(ok_after(10));
        Ok::<_, Oops>((first, second))
    });
    let (first, second) = value.await.unwrap();
    assert_eq!(start.elapsed(), ms(20));
    assert!(first.done() && second.done());
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (20, 10));
}

#[heist::test(start_paused = true)]
async fn an_empty_group_ends_at_once() {
    assert_eq!(TaskGroup::run(|_| async { Ok::<_, Oops>(1) }).await.unwrap(), 1);
    TaskGroup::<Oops>::new().wait().await.unwrap();
}

#[heist::test(start_paused = true)]
async fn the_first_error_cancels_the_others_and_the_body_and_waits_for_them() {
    let (start, drops, cleaned) = (Instant::now(), Drops::default(), Arc::default());
    let in_body = drops.value();
    let error = TaskGroup::run(|group| {
        let (drops, cleaned) = (drops.clone(), Arc::clone(&cleaned));
        async move {
            let _in_body = in_body;
            group.create_task(fail_after(10, "first"));
            group.create_task(hangs(drops));
            group.create_task(cleans_up(100, cleaned));
            pending::<Result<(), Oops>>().await
        }
    })
    .await
    .unwrap_err();
    assert_eq!(errors(&error), ["first"]);
    assert_eq!(start.elapsed(), ms(110));
    assert_eq!((drops.count(), cleaned.load(Ordering::SeqCst)), (2, 1));
}

#[heist::test(start_paused = true)]
async fn all_errors_are_returned_the_first_one_first() {
    let error = TaskGroup::run(|group| async move {
        group.create_task(async {
            let token = CancelToken::current();
            let _hold = token.hold();
            token.cancelled().await;
            Err::<(), _>(Oops("while cleaning up"))
        });
        group.create_task(fail_after(10, "first"));
        group.create_task(async {
            sleep(ms(1), ()).await;
            Ok(())
        });
        Ok::<_, Oops>(())
    })
    .await
    .unwrap_err();
    assert_eq!(errors(&error), ["first", "while cleaning up"]);
    assert_eq!(
        error.to_string(),
        "2 tasks of the group failed: first; while cleaning up"
    );
    assert_eq!(error.source().unwrap().to_string(), "first");
    assert_eq!(error.into_failures().len(), 2);
}

#[heist::test(start_paused = true)]
async fn an_error_of_the_body_cancels_the_tasks_and_is_one_of_the_errors() {
    let drops = Drops::default();
    let inner = drops.clone();
    let error = TaskGroup::run(|group| async move {
        group.create_task(hangs(inner));
        yield_now().await;
        Err::<(), _>(Oops("body"))
    })
    .await
    .unwrap_err();
    assert_eq!((errors(&error), drops.count()), (vec!["body"], 1));
    assert_eq!(error.to_string(), "a task of the group failed: body");
}

#[heist::test(start_paused = true)]
async fn a_panic_of_a_task_is_one_of_the_failures() {
    let drops = Drops::default();
    let group = TaskGroup::new();
    group.create_task(hangs(drops.clone()));
    let panics: Task<()> = group.create_task(async { panic!("as it must") });
    let error: TaskGroupError<Oops> = group.wait().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a task of the group failed: panicked with message \"as it must\""
    );
    let Some(TaskFailure::Panic(panic)) = error.into_failures().pop() else {
        panic!("expected a panic");
    };
    assert_eq!(panic.into_payload().downcast_ref::<&str>(), Some(&"as it must"));
    assert!(panics.cancelled() && drops.count() == 1);
}

#[heist::test(start_paused = true)]
async fn a_panic_of_the_body_goes_on_when_all_tasks_have_ended() {
    let cleaned = Arc::default();
    let inner = Arc::clone(&cleaned);
    let task = create_task(TaskGroup::run(|group| async move {
        group.create_task(cleans_up(10, inner));
        yield_now().await;
        if group.clone().create_task(async { Ok(()) }).id() != heist::task::id() {
            panic!("as it must");
        }
        Ok::<_, Oops>(())
    }));
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(cleaned.load(Ordering::SeqCst), 1);
}

#[heist::test(start_paused = true)]
async fn a_task_that_is_cancelled_alone_is_no_failure() {
    let start = Instant::now();
    TaskGroup::run(|group| async move {
        let cancelled = group.create_task(async { pending::<Result<(), Oops>>().await });
        let other = group.create_task(ok_after(10));
        yield_now().await;
        cancelled.cancel();
        assert!(cancelled.await.unwrap_err().is_cancelled());
        assert_eq!(other.await.unwrap(), 10);
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(start.elapsed(), ms(10));
}

#[heist::test(start_paused = true)]
async fn a_failed_task_says_that_it_was_cancelled_and_the_group_has_its_error() {
    let group = TaskGroup::new();
    let mut task = group.create_task(fail_after(1, "mine"));
    assert!((&mut task).await.unwrap_err().is_cancelled());
    assert_eq!(errors(&group.wait().await.unwrap_err()), ["mine"]);
}

#[heist::test(start_paused = true)]
async fn tasks_can_make_tasks_in_the_group_until_it_is_over() {
    fn spread(group: TaskGroupHandle<Oops>, depth: u32, count: Arc<AtomicUsize>) {
        let inner = group.clone();
        group.create_task(async move {
            sleep(ms(1), ()).await;
            count.fetch_add(1, Ordering::SeqCst);
            for _ in 0..depth.min(2) {
                spread(inner.clone(), depth - 1, count.clone());
            }
            Ok(())
        });
    }
    let count = Arc::default();
    let group = TaskGroup::new();
    let handle = group.handle();
    spread(handle.clone(), 3, Arc::clone(&count));
    group.wait().await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1 + 2 + 4 + 4);

    let drops = Drops::default();
    let late = handle.create_task(hangs(drops.clone()));
    assert!(late.await.unwrap_err().is_cancelled(), "the group is over");
    assert_eq!(drops.count(), 0, "and it never ran");
}

#[heist::test(start_paused = true)]
async fn a_task_made_in_a_group_that_fails_never_runs() {
    let (ran, tried) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let error = TaskGroup::run(|group| {
        let (ran, tried) = (ran.clone(), tried.clone());
        async move {
            let handle = group.clone();
            group.create_task(async move {
                let token = CancelToken::current();
                let _hold = token.hold();
                token.cancelled().await;
                tried.fetch_add(1, Ordering::SeqCst);
                let late = handle.create_task(async move {
                    ran.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                });
                assert!(late.await.unwrap_err().is_cancelled());
                Ok(())
            });
            group.create_task(fail_after(1, "first"));
            Ok::<_, Oops>(())
        }
    })
    .await
    .unwrap_err();
    assert_eq!(errors(&error), ["first"]);
    assert_eq!((tried.load(Ordering::SeqCst), ran.load(Ordering::SeqCst)), (1, 0));
}

#[heist::test(start_paused = true)]
async fn a_task_made_too_late_is_waited_for_as_well() {
    let group = TaskGroup::new();
    let eager = TaskBuilder::new().eager_start(true);
    group
        .handle()
        .create_task_as(eager, async { Err::<(), _>(Oops("eagerly")) });
    // The failed one has ended, nobody is left to wait for.
    for _ in 0..3 {
        yield_now().await;
    }
    assert!(format!("{group:?}").contains("live: 0"));
    let late = group.create_task(ok_after(1));
    assert!(!late.done());
    let eager = TaskBuilder::new().eager_start(true);
    let eager = group
        .handle()
        .create_task_as(eager, async { unreachable!("not even eagerly") });
    let error = group.wait().await.unwrap_err();
    assert_eq!((errors(&error), error.failures().len()), (vec!["eagerly"], 1));
    assert!(late.done() && late.cancelled());
    assert!(eager.await.map(|never: ()| never).unwrap_err().is_cancelled());
}

#[heist::test(start_paused = true)]
async fn a_group_that_is_dropped_early_leaves_nothing_running() {
    let drops = Drops::default();
    let group = TaskGroup::<Oops>::new();
    let handle = group.handle();
    for _ in 0..3 {
        group.create_task(hangs(drops.clone()));
    }
    yield_now().await;
    drop(group);
    assert!(
        handle
            .create_task(hangs(drops.clone()))
            .await
            .unwrap_err()
            .is_cancelled()
    );
    yield_now().await;
    assert_eq!(drops.count(), 3);

    let inner = drops.clone();
    let run = TaskGroup::run(|group| async move {
        group.create_task(hangs(inner));
        pending::<Result<(), Oops>>().await
    });
    assert!(timeout(ms(1), run).await.is_err());
    yield_now().await;
    assert_eq!(drops.count(), 4);
}

#[heist::test(start_paused = true)]
async fn cancelling_the_task_of_a_group_cancels_its_tasks_and_waits_for_them() {
    for in_body in [true, false] {
        let (drops, cleaned) = (Drops::default(), Arc::default());
        let start = Instant::now();
        let task = create_task({
            let (drops, cleaned) = (drops.clone(), Arc::clone(&cleaned));
            TaskGroup::run(move |group| async move {
                group.create_task(hangs(drops.clone()));
                group.create_task(cleans_up(100, cleaned));
                if in_body { hangs(drops).await } else { Ok(()) }
            })
        });
        sleep(ms(1), ()).await;
        assert!(task.cancel_and_wait().await.unwrap_err().is_cancelled());
        assert_eq!(start.elapsed(), ms(101));
        assert_eq!(
            (drops.count(), cleaned.load(Ordering::SeqCst)),
            (1 + usize::from(in_body), 1)
        );
    }
}

#[heist::test(start_paused = true)]
async fn errors_of_a_cancelled_group_are_returned_all_the_same() {
    let task = create_task(TaskGroup::run(|group| async move {
        group.create_task(async {
            let token = CancelToken::current();
            let _hold = token.hold();
            token.cancelled().await;
            Err::<(), _>(Oops("in the clean-up"))
        });
        pending::<Result<(), Oops>>().await
    }));
    yield_now().await;
    yield_now().await;
    assert_eq!(
        errors(&task.cancel_and_wait().await.unwrap().unwrap_err()),
        ["in the clean-up"]
    );
}

#[heist::test(start_paused = true)]
async fn nested_groups_wait_for_each_other() {
    let cleaned = Arc::<AtomicUsize>::default();
    let (inner, start) = (cleaned.clone(), Instant::now());
    let error = TaskGroup::run(|outer| async move {
        outer.create_task(async move {
            let group = TaskGroup::run(|group| async move {
                group.create_task(cleans_up(100, inner.clone()));
                group.create_task(cleans_up(200, inner));
                Ok::<_, Oops>(())
            });
            group.await.map_err(|_| Oops("inner"))
        });
        outer.create_task(fail_after(10, "outer"));
        Ok::<_, Oops>(())
    })
    .await
    .unwrap_err();
    assert_eq!(errors(&error), ["outer"]);
    assert_eq!((cleaned.load(Ordering::SeqCst), start.elapsed()), (2, ms(210)));
}

#[heist::test(start_paused = true)]
async fn groups_nested_in_one_task_are_cancelled_from_the_inside_out() {
    let cleaned = Arc::<AtomicUsize>::default();
    let (one, two) = (cleaned.clone(), cleaned.clone());
    let after = cleaned.clone();
    let task = create_task(async move {
        let outer = TaskGroup::run(|outer| async move {
            outer.create_task(cleans_up(10, one));
            let inner = TaskGroup::run(|inner| async move {
                inner.create_task(cleans_up(10, two));
                pending::<Result<(), Oops>>().await
            });
            let error = inner.await.unwrap_err();
            assert!(error.is_cancelled());
            pending::<Result<(), Oops>>().await
        });
        let _ = outer.await;
        after.fetch_add(100, Ordering::SeqCst);
    });
    yield_now().await;
    yield_now().await;
    let start = Instant::now();
    assert!(task.cancel_and_wait().await.unwrap_err().is_cancelled());
    assert_eq!((cleaned.load(Ordering::SeqCst), start.elapsed()), (2, ms(20)));
}

#[heist::test(start_paused = true)]
async fn an_error_of_an_inner_group_is_one_of_the_outer() {
    let error = TaskGroup::run(|outer| async move {
        outer.create_task(async {
            TaskGroup::run(|inner| async move {
                inner.create_task(fail_after(1, "deep"));
                Ok(())
            })
            .await
        });
        Ok::<_, TaskGroupError<Oops>>(())
    })
    .await
    .unwrap_err();
    let inner = error.errors().next().unwrap();
    assert_eq!(errors(inner), ["deep"]);
    assert_eq!(
        error.to_string(),
        "a task of the group failed: a task of the group failed: deep"
    );
}

#[heist::test(start_paused = true)]
async fn tasks_of_a_group_have_names_contexts_and_an_eager_start() {
    static WHO: ContextVar<&str> = ContextVar::new("who");
    WHO.set("maker");
    TaskGroup::run(|group| async move {
        let task = group.create_task(async { Ok::<_, Oops>(WHO.get()) });
        assert_eq!(task.await.unwrap(), Some("maker"));
        let builder = TaskBuilder::new().name("eager").eager_start(true);
        let task = group.create_task_as(builder, async { Ok(1) });
        assert!(task.done() && task.name() == "eager");
        Ok(())
    })
    .await
    .unwrap();
    let eagerly: Result<(), _> = TaskGroup::run(|group| async move {
        group.create_task_as(TaskBuilder::new().eager_start(true), async {
            Err::<(), _>(Oops("eagerly"))
        });
        pending().await
    })
    .await;
    assert_eq!(errors(&eagerly.unwrap_err()), ["eagerly"]);
}

#[test]
fn on_many_threads_all_tasks_are_done_when_the_group_returns() {
    let runtime = heist::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let drops = Drops::default();
        for round in 0..100 {
            let group = TaskGroup::new();
            let tasks: Vec<_> = (0..20)
                .map(|number| {
                    let value = drops.value();
                    group.create_task(async move {
                        let _value = value;
                        for _ in 0..number % 4 {
                            yield_now().await;
                        }
                        if round % 2 == 0 && number == 7 {
                            Err(Oops("one"))
                        } else {
                            Ok(number)
                        }
                    })
                })
                .collect();
            let result = group.wait().await;
            assert_eq!(result.is_err(), round % 2 == 0);
            assert!(tasks.iter().all(Task::done));
            assert_eq!(drops.count(), (round + 1) * 20);
        }
    });
}
