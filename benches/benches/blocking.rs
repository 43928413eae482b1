//! What the blocking pool costs: batches of 16 closures that do nothing, asked for by 1 to 16 tasks at once.

use heist_benches::Bencher;

const BATCH: usize = 16;
const BATCHES: usize = 10;

heist_benches::arms_with_smol! {
    async fn batches() {
        for _ in 0..BATCHES {
            let tasks: Vec<_> = (0..BATCH).map(|_| rt::task::spawn_blocking(|| {})).collect();
            for task in tasks {
                task.await.expect("the closure ends");
            }
        }
    }

    fn by_tasks(bencher: &mut Bencher<'_>, callers: usize) {
        let runtime = runtime();
        bencher.per(callers * BATCH * BATCHES).iter(|| {
            let tasks: Vec<_> = (0..callers).map(|_| runtime.spawn(batches())).collect();
            for task in tasks {
                runtime.block_on(task).expect("the task ends");
            }
        });
    }

    pub(super) fn spawn_blocking_by_1(bencher: &mut Bencher<'_>) {
        by_tasks(bencher, 1);
    }

    pub(super) fn spawn_blocking_by_2(bencher: &mut Bencher<'_>) {
        by_tasks(bencher, 2);
    }

    pub(super) fn spawn_blocking_by_4(bencher: &mut Bencher<'_>) {
        by_tasks(bencher, 4);
    }

    pub(super) fn spawn_blocking_by_8(bencher: &mut Bencher<'_>) {
        by_tasks(bencher, 8);
    }

    pub(super) fn spawn_blocking_by_16(bencher: &mut Bencher<'_>) {
        by_tasks(bencher, 16);
    }

    async fn alone() {
        rt::task::spawn_blocking(|| {}).await.expect("the closure ends");
    }

    /// One after the other: there and back.
    pub(super) fn spawn_blocking_and_wait(bencher: &mut Bencher<'_>) {
        on_worker(bencher, alone);
    }
}

heist_benches::arms! {
    async fn in_place() {
        rt::task::block_in_place(|| std::hint::black_box(1));
    }

    pub(super) fn block_in_place(bencher: &mut Bencher<'_>) {
        on_worker(bencher, in_place);
    }
}

heist_benches::compare!(
    block_in_place;
    with smol: spawn_blocking_by_1, spawn_blocking_by_2, spawn_blocking_by_4, spawn_blocking_by_8, spawn_blocking_by_16,
    spawn_blocking_and_wait
);
