//! Cancellation, as asyncio documents it: when it takes effect, who sees it, who can refuse it, and what it takes along.
#![cfg(feature = "test-util")]

mod sync_kit;

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use heist::aio::{CancelToken, TaskBuilder, create_task, sleep};
use heist::task::yield_now;
use heist::time::{Instant, timeout};
use sync_kit::{Drops, panic_message};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[heist::test(start_paused = true)]
async fn cancel_drops_the_task_where_it_waits_and_cancelled_says_so() {
    let drops = Drops::default();
    let value = drops.value();
    let mut task = create_task(async move {
        let _value = value;
        pending::<()>().await
    });
    yield_now().await;
    assert!(task.cancel());
    assert!(!task.cancelled(), "it is a request");
    assert!((&mut task).await.unwrap_err().is_cancelled());
    assert_eq!(drops.count(), 1);
    assert!(task.cancelled() && task.done());
    assert!(!task.cancel(), "a task that has ended is not cancelled");
}

#[heist::test(start_paused = true)]
async fn a_task_that_is_cancelled_before_it_begins_never_runs() {
    let ran = Arc::new(AtomicBool::new(false));
    let task = create_task({
        let ran = ran.clone();
        async move { ran.store(true, Ordering::SeqCst) }
    });
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(!ran.load(Ordering::SeqCst));
}

#[heist::test(start_paused = true)]
async fn cancel_and_wait_returns_when_nothing_of_the_task_is_left() {
    let drops = Drops::default();
    let value = drops.value();
    let task = create_task(async move {
        let _value = value;
        let hold = CancelToken::current().hold();
        CancelToken::current().cancelled().await;
        sleep(ms(100), ()).await;
        drop(hold);
        pending::<()>().await
    });
    yield_now().await;
    let start = Instant::now();
    assert!(task.cancel_and_wait().await.unwrap_err().is_cancelled());
    assert_eq!((start.elapsed(), drops.count()), (ms(100), 1));
}

#[heist::test(start_paused = true)]
async fn a_held_task_sees_the_request_its_message_and_may_clean_up() {
    let task = create_task(async {
        let token = CancelToken::current();
        let _hold = token.hold();
        assert_eq!((token.cancelling(), token.message()), (0, None));
        token.cancelled().await;
        assert_eq!(token.cancelling(), 1);
        sleep(ms(10), ()).await;
        token.message().unwrap().into_string()
    });
    yield_now().await;
    assert!(task.cancel_with("shutdown"));
    assert_eq!(task.cancelling(), 1);
    assert_eq!(
        task.await.unwrap(),
        "shutdown",
        "a task that returns has finished, not been cancelled"
    );
}

#[heist::test(start_paused = true)]
async fn the_cancellation_goes_on_when_the_last_hold_goes() {
    let reached = Arc::new(AtomicBool::new(false));
    let mut task = create_task({
        let reached = reached.clone();
        async move {
            let token = CancelToken::current();
            let (outer, inner) = (token.hold(), token.hold());
            token.cancelled().await;
            drop(outer);
            yield_now().await;
            reached.store(true, Ordering::SeqCst);
            drop(inner);
            yield_now().await;
            unreachable!("it ends at the first await after its last hold")
        }
    });
    yield_now().await;
    task.cancel();
    let error: heist::task::JoinError = (&mut task).await.map(|never: ()| never).unwrap_err();
    assert!(error.is_cancelled() && reached.load(Ordering::SeqCst));
}

#[heist::test(start_paused = true)]
async fn uncancel_takes_one_request_back_and_the_task_goes_on() {
    let task = create_task(async {
        let token = CancelToken::current();
        let hold = token.hold();
        while token.cancelling() < 2 {
            yield_now().await;
        }
        assert_eq!((token.uncancel(), token.uncancel(), token.uncancel()), (1, 0, 0));
        assert_eq!(token.message(), None);
        drop(hold);
        sleep(ms(1), "went on").await
    });
    yield_now().await;
    task.cancel_with("one");
    task.cancel_with("two");
    assert_eq!(task.cancelling(), 2);
    assert_eq!(task.await.unwrap(), "went on");
}

#[heist::test(start_paused = true)]
async fn a_task_can_cancel_itself() {
    let task = create_task(async {
        assert!(CancelToken::current().cancel());
        yield_now().await;
        unreachable!("cancelled at its next await");
    });
    let error: heist::task::JoinError = task.await.map(|never: ()| never).unwrap_err();
    assert!(error.is_cancelled());
    let eager = TaskBuilder::new().eager_start(true).create_task(async {
        CancelToken::current().cancel();
        yield_now().await;
        unreachable!("cancelled before its handle was there");
    });
    let error: heist::task::JoinError = eager.await.map(|never: ()| never).unwrap_err();
    assert!(error.is_cancelled());
}

#[heist::test(start_paused = true)]
async fn an_eager_task_that_was_cancelled_under_a_hold_is_so_when_the_hold_goes() {
    let mut eager = TaskBuilder::new().eager_start(true).create_task(async {
        let token = CancelToken::current();
        let hold = token.hold();
        token.cancel();
        drop(hold);
        pending::<()>().await
    });
    assert!((&mut eager).await.unwrap_err().is_cancelled());
}

#[heist::test(start_paused = true)]
async fn who_is_cancelled_while_awaiting_a_task_takes_it_along() {
    let drops = Drops::default();
    let value = drops.value();
    let outer = create_task(async move {
        let inner = create_task(async move {
            let _value = value;
            pending::<()>().await
        });
        inner.await
    });
    yield_now().await;
    yield_now().await;
    assert_eq!(drops.count(), 0);
    assert!(outer.cancel_and_wait().await.unwrap_err().is_cancelled());
    yield_now().await;
    assert_eq!(drops.count(), 1);
}

#[heist::test(start_paused = true)]
async fn a_dropped_wait_by_reference_cancels_only_with_the_handle() {
    let mut task = create_task(sleep(ms(10), 1));
    assert!(timeout(ms(1), &mut task).await.is_err());
    assert_eq!(task.cancelling(), 0);
    let token = task.cancel_token();
    drop(task);
    assert_eq!(token.cancelling(), 1);

    let mut task = create_task(sleep(ms(10), 1));
    assert!(timeout(ms(1), &mut task).await.is_err());
    let token = task.cancel_token();
    task.detach();
    assert_eq!(token.cancelling(), 0);
}

#[heist::test(start_paused = true)]
async fn the_token_is_that_of_the_task_that_runs() {
    assert!(CancelToken::try_current().is_none());
    assert!(panic_message(CancelToken::current).contains("create_task"));
    let task = create_task(async {
        let plain = heist::spawn(async { CancelToken::try_current().is_none() });
        assert!(plain.await.unwrap(), "a task of another kind has none");
        let inner = TaskBuilder::new().eager_start(true).create_task(async {
            CancelToken::current().cancel();
        });
        assert!(inner.done());
        CancelToken::current().cancelling()
    });
    assert_eq!(task.await.unwrap(), 0);
}

#[test]
fn a_future_of_another_task_that_is_dropped_here_does_not_see_this_ones_token() {
    struct OnDrop(Arc<AtomicBool>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0
                .store(CancelToken::try_current().is_some(), Ordering::SeqCst);
        }
    }
    let gone = heist::runtime::Runtime::new().unwrap();
    let handle = gone.handle().clone();
    drop(gone);
    heist::runtime::Runtime::new().unwrap().block_on(async {
        let seen = Arc::new(AtomicBool::new(true));
        let guard = OnDrop(seen.clone());
        let task = create_task(async move {
            // Dropped at once, in this task's poll: its runtime is gone.
            handle.spawn(async move {
                let _guard = guard;
                pending::<()>().await
            });
            CancelToken::try_current().is_some()
        });
        assert!(task.await.unwrap());
        assert!(!seen.load(Ordering::SeqCst));
    });
}

#[test]
fn cancels_holds_and_ends_from_all_threads_lose_nothing() {
    let runtime = heist::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let drops = Drops::default();
        for round in 0..500 {
            let value = drops.value();
            let mut task = TaskBuilder::new()
                .eager_start(round % 3 == 0)
                .create_task(async move {
                    let _value = value;
                    let token = CancelToken::current();
                    for _ in 0..round % 5 {
                        let hold = token.hold();
                        yield_now().await;
                        drop(hold);
                        yield_now().await;
                    }
                    pending::<()>().await
                });
            let token = task.cancel_token();
            let other = heist::spawn(async move { token.cancel() });
            assert!((&mut task).await.unwrap_err().is_cancelled());
            assert!(other.await.unwrap());
            assert!(task.cancelled());
        }
        assert_eq!(drops.count(), 500);
    });
}
