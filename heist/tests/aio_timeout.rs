//! `timeout` and `timeout_at`, as asyncio documents them: when they expire, and what moves them.
#![cfg(feature = "test-util")]

mod sync_kit;

use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use heist::aio::{create_task, sleep, timeout, timeout_at};
use heist::runtime::Runtime;
use heist::task::{spawn_blocking, yield_now};
use heist::time::Instant;
use sync_kit::Drops;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[heist::test(start_paused = true)]
async fn a_timeout_that_does_not_fire() {
    let limit = timeout(ms(10));
    assert_eq!(limit.run(sleep(ms(5), "in time")).await, Ok("in time"));
    assert!(!limit.expired());
    sleep(ms(10), ()).await;
    assert!(!limit.expired(), "what is over does not expire");
}

#[heist::test(start_paused = true)]
async fn a_timeout_that_fires_leaves_nothing_of_the_future() {
    let start = Instant::now();
    let drops = Drops::default();
    let value = drops.value();
    let limit = timeout(ms(10));
    assert_eq!(limit.when(), Some(start + ms(10)));
    let result = limit.run(async move {
        let _value = value;
        pending::<()>().await
    });
    assert!(result.await.is_err());
    assert_eq!((start.elapsed(), drops.count()), (ms(10), 1));
    assert!(limit.expired());
    assert_eq!(limit.when(), Some(start + ms(10)));
}

#[heist::test(start_paused = true)]
async fn the_time_counts_from_timeout_and_not_from_the_run() {
    let start = Instant::now();
    let limit = timeout(ms(10));
    sleep(ms(8), ()).await;
    assert!(limit.run(pending::<()>()).await.is_err());
    assert_eq!(start.elapsed(), ms(10));
}

#[heist::test(start_paused = true)]
async fn timeout_at_a_moment_that_has_passed_gives_the_future_one_step() {
    let limit = timeout_at(Instant::now());
    assert!(limit.run(yield_now()).await.is_err());
    let limit = timeout(Duration::ZERO);
    assert_eq!(limit.run(async { 1 }).await, Ok(1));
}

#[heist::test(start_paused = true)]
async fn none_never_expires_until_it_is_rescheduled() {
    let limit = timeout(None);
    assert_eq!(limit.when(), None);
    assert_eq!(limit.run(sleep(ms(1_000_000), 1)).await, Ok(1));
    let limit = timeout_at(None);
    let start = Instant::now();
    let result = limit.run(async {
        sleep(ms(50), ()).await;
        assert!(limit.reschedule(Instant::now() + ms(10)));
        pending::<()>().await
    });
    assert!(result.await.is_err());
    assert_eq!(start.elapsed(), ms(60));
    assert_eq!(timeout(Duration::MAX).when(), None);
}

#[heist::test(start_paused = true)]
async fn reschedule_moves_it_later_earlier_and_away() {
    let start = Instant::now();
    for (to, ends) in [
        (Some(start + ms(1_000)), Some(ms(1_000))),
        (Some(start + ms(1_010)), Some(ms(1_010))),
        (None, None),
    ] {
        let limit = timeout(ms(10));
        let result = limit.run(async {
            assert!(limit.reschedule(to));
            assert_eq!(limit.when(), to);
            sleep(ms(5_000), ()).await
        });
        assert_eq!(result.await.is_err(), ends.is_some());
        assert_eq!(limit.expired(), ends.is_some());
        if let Some(ends) = ends {
            assert_eq!(start.elapsed(), ends);
        }
    }
    let start = Instant::now();
    let limit = timeout(ms(1_000));
    let result = limit.run(async {
        limit.reschedule(start + ms(10));
        pending::<()>().await
    });
    assert!(result.await.is_err());
    assert_eq!(start.elapsed(), ms(10));
}

#[heist::test(start_paused = true)]
async fn another_task_can_reschedule() {
    let start = Instant::now();
    let limit = timeout(ms(1_000));
    let other = create_task({
        let limit = limit.clone();
        async move {
            sleep(ms(10), ()).await;
            limit.reschedule(Instant::now() + ms(10))
        }
    });
    assert!(limit.run(pending::<()>()).await.is_err());
    assert_eq!(start.elapsed(), ms(20));
    assert!(other.await.unwrap());
}

#[heist::test(start_paused = true)]
async fn reschedule_comes_too_late_after_the_end() {
    let limit = timeout(ms(1));
    assert!(limit.reschedule(Instant::now() + ms(2)), "not begun");
    assert!(limit.run(pending::<()>()).await.is_err());
    assert!(!limit.reschedule(None) && limit.expired());
    let limit = timeout(ms(1));
    limit.run(async {}).await.unwrap();
    assert!(!limit.reschedule(None));
}

#[heist::test(start_paused = true)]
async fn a_limit_is_for_one_run() {
    let limit = timeout(ms(1));
    limit.run(async {}).await.unwrap();
    let again = create_task(async move { limit.run(async {}).await });
    let payload = again.await.unwrap_err().into_panic();
    assert!(payload.downcast_ref::<String>().unwrap().contains("for each run"));
}

#[heist::test(start_paused = true)]
async fn timeouts_nest_and_the_outer_one_ends_the_inner_run() {
    let (outer, inner) = (timeout(ms(10)), timeout(ms(50)));
    let start = Instant::now();
    assert!(outer.run(inner.run(pending::<()>())).await.is_err());
    assert!(outer.expired() && !inner.expired());
    assert!(!inner.reschedule(None), "its run is over");
    assert_eq!(start.elapsed(), ms(10));
    let (outer, inner) = (timeout(ms(50)), timeout(ms(10)));
    let nested = outer.run(inner.run(pending::<()>())).await;
    assert!(nested.unwrap().is_err() && inner.expired() && !outer.expired());
}

#[heist::test(start_paused = true)]
async fn a_cancelled_run_drops_the_future_and_does_not_expire() {
    let drops = Drops::default();
    let value = drops.value();
    let limit = timeout(ms(10));
    let task = create_task({
        let limit = limit.clone();
        async move {
            let run = limit.run(async move {
                let _value = value;
                pending::<()>().await
            });
            run.await
        }
    });
    yield_now().await;
    assert!(task.cancel_and_wait().await.is_err());
    assert_eq!((drops.count(), limit.expired()), (1, false));
}

#[test]
fn a_future_that_spends_its_budget_cannot_keep_the_limit_from_expiring() {
    Runtime::new().unwrap().block_on(async {
        let limit = timeout(ms(5));
        let (sender, mut receiver) = heist::sync::mpsc::unbounded_channel();
        let busy = create_task(async move {
            let run = limit.run(async {
                loop {
                    // Spends more than the budget in each poll.
                    for _ in 0..300 {
                        sender.send(()).unwrap();
                        receiver.recv().await;
                    }
                }
            });
            run.await.map(|never: ()| never).is_err()
        });
        assert!(busy.await.unwrap());
    });
}

#[test]
fn reschedules_from_other_threads_are_not_missed() {
    Runtime::new().unwrap().block_on(async {
        for _ in 0..200 {
            let limit = timeout(None);
            let other = heist::spawn({
                let limit = limit.clone();
                async move { limit.reschedule(Instant::now()) }
            });
            assert!(limit.run(pending::<()>()).await.is_err());
            assert!(other.await.unwrap());
        }
    });
}

/// Each round a limit that has passed is moved away by a thread that starts just when the run looks at it.
#[test]
fn a_reschedule_that_was_in_time_is_not_overtaken_by_the_old_limit() {
    Runtime::new().unwrap().block_on(async {
        for round in 0..1_000 {
            let limit = timeout(Duration::ZERO);
            let looks = Arc::new(AtomicBool::new(false));
            let (sender, mut receiver) = heist::sync::oneshot::channel();
            let other = spawn_blocking({
                let (limit, looks) = (limit.clone(), looks.clone());
                move || {
                    while !looks.load(Ordering::Acquire) {
                        std::hint::spin_loop();
                    }
                    (0..round % 8).for_each(|_| std::hint::spin_loop());
                    let in_time = limit.reschedule(None);
                    let _ = sender.send(());
                    in_time
                }
            });
            let run = limit.run(poll_fn(|cx| {
                let polled = Pin::new(&mut receiver).poll(cx);
                looks.store(true, Ordering::Release);
                polled.map(drop)
            }));
            let expired = run.await.is_err();
            assert_eq!(expired, !other.await.unwrap());
        }
    });
}
