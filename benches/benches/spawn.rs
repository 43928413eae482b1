//! What a task costs from spawn to join: one, many at once, a chain, a set; on workers and on one thread.

use heist_benches::Bencher;
use heist_benches::gate::Latch;

const TASKS: usize = 1000;

heist_benches::arms_with_smol! {
    /// A task that has one look around.
    async fn one() {
        let two = rt::spawn(async {
            rt::task::yield_now().await;
            2
        });
        assert_eq!(two.await.expect("the task ends"), 2);
    }

    pub(super) fn spawn_and_join(bencher: &mut Bencher<'_>) {
        on_worker(bencher, one);
    }

    async fn many() {
        let tasks: Vec<_> = (0..TASKS).map(|number| rt::spawn(async move { number })).collect();
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.expect("the task ends"), number);
        }
    }

    pub(super) fn fan_out_and_join(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TASKS), many);
    }

    static LATCH: Latch = Latch::new();

    async fn forgotten() {
        LATCH.set(TASKS);
        for _ in 0..TASKS {
            drop(rt::spawn(async { LATCH.count_down() }));
        }
        LATCH.done().await;
    }

    pub(super) fn fan_out_detached(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TASKS), forgotten);
    }

    fn link(left: usize) {
        drop(rt::spawn(async move {
            if left == 0 {
                LATCH.count_down();
            } else {
                link(left - 1);
            }
        }));
    }

    async fn chain() {
        LATCH.set(1);
        link(TASKS);
        LATCH.done().await;
    }

    pub(super) fn chained_spawn(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TASKS), chain);
    }
}

heist_benches::arms! {
    use rt::task::{JoinSet, LocalSet};

    async fn set() {
        let mut set = JoinSet::new();
        for number in 0..TASKS {
            set.spawn(async move { number });
        }
        let mut sum = 0;
        while let Some(number) = set.join_next().await {
            sum += number.expect("the task ends");
        }
        assert_eq!(sum, TASKS * (TASKS - 1) / 2);
    }

    pub(super) fn join_set(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TASKS), set);
    }

    fn one_thread() -> rt::runtime::Runtime {
        rt::runtime::Builder::new_current_thread().enable_all().build().expect("the runtime starts")
    }

    async fn join(tasks: Vec<rt::task::JoinHandle<usize>>) {
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.expect("the task ends"), number);
        }
    }

    pub(super) fn current_thread(bencher: &mut Bencher<'_>) {
        let runtime = one_thread();
        bencher.per(TASKS).iter(|| {
            runtime.block_on(async { join((0..TASKS).map(|number| rt::spawn(async move { number })).collect()).await })
        });
    }

    pub(super) fn local_set(bencher: &mut Bencher<'_>) {
        let runtime = one_thread();
        let local = LocalSet::new();
        bencher.per(TASKS).iter(|| {
            let spawn = |number| rt::task::spawn_local(async move { number });
            local.block_on(&runtime, async { join((0..TASKS).map(spawn).collect()).await })
        });
    }
}

heist_benches::compare!(
    join_set, current_thread, local_set;
    with smol: spawn_and_join, fan_out_and_join at [1, 2, 4, 8], fan_out_detached, chained_spawn
);
