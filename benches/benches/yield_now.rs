//! What a pass through the queue costs: 200 tasks that yield 100 times each.

use criterion::Bencher;

const TASKS: usize = 200;
const YIELDS: usize = 100;

heist_benches::arms! {
    async fn yielding() {
        let body = || async {
            for _ in 0..YIELDS {
                rt::task::yield_now().await;
            }
        };
        let tasks: Vec<_> = (0..TASKS).map(|_| rt::spawn(body())).collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    pub(super) fn yield_now(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(yielding()).await.expect("the task ends") }));
    }
}

heist_benches::compare!(yield_now);
