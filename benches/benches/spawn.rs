//! What a task costs from spawn to join: 1,000 at once, spawned on a worker and from outside.

use criterion::Bencher;

const TASKS: usize = 1000;

heist_benches::arms! {
    async fn fan_out() {
        let tasks: Vec<_> = (0..TASKS).map(|number| rt::spawn(async move { number })).collect();
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.expect("the task ends"), number);
        }
    }

    pub(super) fn spawn_local(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(fan_out()).await.expect("the task ends") }));
    }

    pub(super) fn spawn_remote(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(fan_out()));
    }
}

heist_benches::compare!(spawn_local, spawn_remote);
