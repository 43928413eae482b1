//! What a timeout costs that does not fire, in one task and in many; and how late a sleep of 1 ms is.

use criterion::Bencher;
use std::time::{Duration, Instant};

const TIMEOUTS: usize = 1000;
const TASKS: usize = 64;
const FAR: Duration = Duration::from_secs(30);
const NEAR: Duration = Duration::from_millis(1);

heist_benches::arms! {
    /// A future that is ready at once would never register its timer, so each is pending once.
    async fn timeouts(count: usize) {
        for _ in 0..count {
            rt::time::timeout(FAR, rt::task::yield_now()).await.expect("30 s have not passed");
        }
    }

    pub(super) fn timeout_in_one_task(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(timeouts(TIMEOUTS)).await.expect("the task ends") }));
    }

    pub(super) fn timeout_in_many_tasks(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| {
            runtime.block_on(async {
                let tasks: Vec<_> = (0..TASKS).map(|_| rt::spawn(timeouts(TIMEOUTS / TASKS))).collect();
                for task in tasks {
                    task.await.expect("the task ends");
                }
            })
        });
    }

    /// The time reported is the lateness alone.
    pub(super) fn sleep_lateness(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter_custom(|rounds| {
            runtime.block_on(async move {
                let sleeper = rt::spawn(async move {
                    let mut late = Duration::ZERO;
                    for _ in 0..rounds {
                        let started = Instant::now();
                        rt::time::sleep(NEAR).await;
                        late += started.elapsed().checked_sub(NEAR).expect("a sleep is never early");
                    }
                    late
                });
                sleeper.await.expect("the task ends")
            })
        });
    }
}

heist_benches::compare!(timeout_in_one_task, timeout_in_many_tasks, sleep_lateness);
