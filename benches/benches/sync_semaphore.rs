//! What a permit costs: free, and when most of those who want one wait.

use std::sync::Arc;

use heist_benches::Bencher;

const PERMITS: usize = 1000;
const TASKS: usize = 8;

heist_benches::arms! {
    use rt::sync::Semaphore;

    async fn free() {
        let semaphore = Semaphore::new(10);
        for _ in 0..PERMITS {
            drop(semaphore.acquire().await.expect("open"));
        }
    }

    async fn many() {
        let semaphore = Semaphore::new(10);
        for _ in 0..PERMITS {
            drop(semaphore.acquire_many(5).await.expect("open"));
        }
    }

    async fn owned() {
        let semaphore = Arc::new(Semaphore::new(10));
        for _ in 0..PERMITS {
            drop(semaphore.clone().acquire_owned().await.expect("open"));
        }
    }

    async fn few() {
        let semaphore = Arc::new(Semaphore::new(2));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let semaphore = semaphore.clone();
                rt::spawn(async move {
                    for _ in 0..PERMITS / TASKS {
                        let _permit = semaphore.acquire().await.expect("open");
                        rt::task::yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    pub(super) fn semaphore_uncontended(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(free()).await.expect("the task ends") }));
    }

    pub(super) fn semaphore_many_uncontended(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(many()).await.expect("the task ends") }));
    }

    pub(super) fn semaphore_owned_uncontended(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(owned()).await.expect("the task ends") }));
    }

    pub(super) fn semaphore_contended(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(few()).await.expect("the task ends") }));
    }
}

heist_benches::compare!(
    semaphore_uncontended,
    semaphore_many_uncontended,
    semaphore_owned_uncontended,
    semaphore_contended,
);
