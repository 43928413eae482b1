//! `gather`, as asyncio documents it: order of the results, the first error, and cancellation of the whole and of the parts.
#![cfg(feature = "test-util")]

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use heist::aio::{CancelToken, create_task, gather, gather_return_exceptions, sleep};
use heist::task::yield_now;
use heist::time::{Instant, timeout};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    async fn after(self, delay: u64) -> Result<u64, &'static str> {
        sleep(ms(delay), ()).await;
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(delay)
    }
}

#[heist::test(start_paused = true)]
async fn results_come_in_the_order_of_the_futures_and_they_run_concurrently() {
    let start = Instant::now();
    let count = Count::default();
    let futures = [30, 10, 20].map(|delay| count.clone().after(delay));
    assert_eq!(gather(futures).await, Ok(vec![30, 10, 20]));
    assert_eq!(start.elapsed(), ms(30));
    let tuple = (sleep(ms(5), Ok::<_, ()>("text")), sleep(ms(1), Ok(2)), async {
        Ok(())
    });
    assert_eq!(gather(tuple).await, Ok(("text", 2, ())));
    assert_eq!(start.elapsed(), ms(35));
    assert_eq!(
        gather(Vec::<std::future::Ready<Result<(), ()>>>::new()).await,
        Ok(vec![])
    );
}

#[heist::test(start_paused = true)]
async fn the_futures_start_before_gather_is_awaited() {
    let count = Count::default();
    let gathering = gather([count.clone().after(1), count.clone().after(2)]);
    sleep(ms(3), ()).await;
    assert_eq!(count.get(), 2);
    assert_eq!(gathering.await, Ok(vec![1, 2]));
}

#[heist::test(start_paused = true)]
async fn the_first_error_is_returned_at_once_and_the_others_run_on() {
    let count = Count::default();
    let start = Instant::now();
    let failing = |delay| async move {
        sleep(ms(delay), ()).await;
        Err("first")
    };
    let result = gather((count.clone().after(10), failing(5), count.clone().after(3))).await;
    assert_eq!((result, start.elapsed(), count.get()), (Err("first"), ms(5), 1));
    sleep(ms(20), ()).await;
    assert_eq!(count.get(), 2);

    let vec: Vec<std::pin::Pin<Box<dyn Future<Output = _> + Send>>> =
        vec![Box::pin(count.clone().after(10)), Box::pin(failing(5))];
    assert_eq!(gather(vec).await, Err("first"));
    sleep(ms(20), ()).await;
    assert_eq!(count.get(), 3);
}

#[heist::test(start_paused = true)]
async fn return_exceptions_returns_errors_panics_and_cancellations_in_their_places() {
    async fn child(number: u32) -> Result<u32, &'static str> {
        match number {
            1 => Err("an error"),
            2 => panic!("a panic"),
            3 => {
                CancelToken::current().cancel();
                pending().await
            }
            number => sleep(ms(1), Ok(number)).await,
        }
    }
    let outcomes = gather_return_exceptions([0, 1, 2, 3, 4].map(child)).await;
    assert_eq!(outcomes[0].as_ref().unwrap(), &Ok(0));
    assert_eq!(outcomes[1].as_ref().unwrap(), &Err("an error"));
    assert!(outcomes[2].as_ref().unwrap_err().is_panic());
    assert!(outcomes[3].as_ref().unwrap_err().is_cancelled());
    assert_eq!(outcomes[4].as_ref().unwrap(), &Ok(4));
    let (number, panic) = gather_return_exceptions((async { 1 }, child(2))).await;
    assert!(number.unwrap() == 1 && panic.unwrap_err().is_panic());
}

#[heist::test(start_paused = true)]
async fn a_cancelled_gather_cancels_all_that_have_not_ended() {
    let count = Count::default();
    let children = [1, 10, 20].map(|delay| count.clone().after(delay));
    assert!(timeout(ms(5), gather(children)).await.is_err());
    let pair = (count.clone().after(10), count.clone().after(20));
    assert!(timeout(ms(5), gather(pair)).await.is_err());
    let pair = [10, 20].map(|delay| count.clone().after(delay));
    assert!(timeout(ms(5), gather_return_exceptions(pair)).await.is_err());
    drop(gather([count.clone().after(1)]));
    sleep(ms(100), ()).await;
    assert_eq!(count.get(), 1);
}

#[heist::test(start_paused = true)]
async fn a_cancelled_gather_cancels_the_tasks_that_its_children_await() {
    let task = create_task(pending::<()>());
    let token = task.cancel_token();
    assert!(
        timeout(ms(1), gather([async { task.await.map_err(drop) }]))
            .await
            .is_err()
    );
    yield_now().await;
    assert_eq!(token.cancelling(), 1);
}

#[heist::test(start_paused = true)]
async fn tasks_can_be_gathered_and_fail_it_when_they_are_cancelled() {
    let tasks = [1, 2].map(|delay| create_task(sleep(ms(delay), delay)));
    assert_eq!(gather(tasks).await.unwrap(), [1, 2]);
    let tasks = [create_task(sleep(ms(50), ())), create_task(pending())];
    tasks[1].cancel();
    assert!(gather(tasks).await.unwrap_err().is_cancelled());
}

#[heist::test(start_paused = true)]
async fn a_panic_of_a_child_goes_on_in_who_gathers() {
    let gathering = create_task(gather([async {
        if ms(0).is_zero() {
            panic!("as it must")
        }
        Ok::<_, ()>(())
    }]));
    let payload = gathering.await.unwrap_err().into_panic();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"as it must"));
}
