//! What a timeout costs that does not fire, in one task and in many; sleeps that are never polled; many that fire; the clock.

use heist_benches::Bencher;
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

heist_benches::arms! {
    async fn look() {
        std::hint::black_box(rt::time::Instant::now());
    }

    pub(super) fn instant_now(bencher: &mut Bencher<'_>) {
        on_worker(bencher, look);
    }
}

heist_benches::compare!(
    instant_now;
    with smol: timeout_in_one_task at [1, 2, 4, 8], timeout_in_many_tasks at [1, 2, 4, 8], timeout_ready at [1, 8],
    sleep_unpolled, sleeps_that_fire
);
