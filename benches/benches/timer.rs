//! What a timeout costs that does not fire, in one task and in many; sleeps that are never polled; many that fire; limits
//! that are moved all the time; the clock.

use heist_benches::Bencher;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

const TIMEOUTS: usize = 1000;
const TASKS: usize = 64;
const IN_MANY: usize = 6400;
const FAR: Duration = Duration::from_secs(30);

heist_benches::arms_with_smol! {
    /// A future that is ready at once would never register its timer, so each is pending once.
    async fn timeouts(count: usize) {
        for _ in 0..count {
            rt::time::timeout(FAR, rt::task::yield_now()).await.expect("30 s have not passed");
        }
    }

    async fn one() {
        timeouts(TIMEOUTS).await;
    }

    pub(super) fn timeout_in_one_task(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TIMEOUTS), one);
    }

    async fn many() {
        let tasks: Vec<_> = (0..TASKS).map(|_| rt::spawn(timeouts(IN_MANY / TASKS))).collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    pub(super) fn timeout_in_many_tasks(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(IN_MANY), many);
    }

    async fn at_once() {
        for _ in 0..IN_MANY / TASKS {
            let one = rt::time::timeout(FAR, async { 1 }).await;
            assert_eq!(one.ok(), Some(1));
        }
    }

    async fn many_at_once() {
        let tasks: Vec<_> = (0..TASKS).map(|_| rt::spawn(at_once())).collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    /// The future is ready at once, so no timer is ever registered.
    pub(super) fn timeout_ready(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(IN_MANY), many_at_once);
    }

    async fn unpolled() {
        drop(std::hint::black_box(rt::time::sleep(FAR)));
    }

    pub(super) fn sleep_unpolled(bencher: &mut Bencher<'_>) {
        on_worker(bencher, unpolled);
    }

    async fn burst() {
        let sleep = |number: usize| rt::time::sleep(Duration::from_micros(1000 + number as u64));
        let tasks: Vec<_> = (0..TIMEOUTS).map(|number| rt::spawn(sleep(number))).collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    /// A thousand sleeps that end within a millisecond; mostly waiting, so look at the processor time.
    pub(super) fn sleeps_that_fire(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TIMEOUTS), burst);
    }
}

/// Polls it once; it is not ready.
async fn begin<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

heist_benches::arms! {
    /// Made, polled once, and dropped within one turn of the task: the timers, and nothing of the scheduler.
    async fn unfired(count: usize) {
        for _ in 0..count {
            begin(pin!(rt::time::timeout(FAR, pending::<()>()))).await;
        }
    }

    async fn unfired_in_one() {
        unfired(TIMEOUTS).await;
    }

    pub(super) fn unfired_in_one_task(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TIMEOUTS), unfired_in_one);
    }

    async fn unfired_in_many() {
        let tasks: Vec<_> = (0..TASKS).map(|_| rt::spawn(unfired(TIMEOUTS))).collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    pub(super) fn unfired_in_many_tasks(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TASKS * TIMEOUTS), unfired_in_many);
    }

    /// A connection's idle limit, moved at each request.
    async fn resets(count: usize) {
        let mut idle = pin!(rt::time::sleep(FAR));
        for _ in 0..count {
            idle.as_mut().reset(rt::time::Instant::now() + FAR);
            begin(idle.as_mut()).await;
        }
    }

    async fn resets_in_many() {
        let tasks: Vec<_> = (0..TASKS).map(|_| rt::spawn(resets(TIMEOUTS))).collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    pub(super) fn reset_in_many_tasks(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TASKS * TIMEOUTS), resets_in_many);
    }

    async fn look() {
        std::hint::black_box(rt::time::Instant::now());
    }

    pub(super) fn instant_now(bencher: &mut Bencher<'_>) {
        on_worker(bencher, look);
    }
}

heist_benches::compare!(
    unfired_in_one_task, unfired_in_many_tasks at [1, 2, 4, 8], reset_in_many_tasks at [1, 2, 4, 8], instant_now;
    with smol: timeout_in_one_task at [1, 2, 4, 8], timeout_in_many_tasks at [1, 2, 4, 8], timeout_ready at [1, 8],
    sleep_unpolled, sleeps_that_fire
);
