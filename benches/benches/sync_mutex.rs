//! What a lock costs that tasks hold across an `.await`: free, fought over by tasks, and by threads that block.

use std::sync::Arc;
use std::time::Instant;

use heist_benches::Bencher;

const LOCKS: usize = 1000;
const TASKS: usize = 8;

heist_benches::arms! {
    use rt::sync::Mutex;

    fn on(workers: usize) -> rt::runtime::Runtime {
        rt::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .build()
            .expect("the runtime starts")
    }

    async fn free() {
        let mutex = Mutex::new(0_usize);
        for _ in 0..LOCKS {
            *mutex.lock().await += 1;
        }
        assert_eq!(mutex.into_inner(), LOCKS);
    }

    pub(super) fn mutex_uncontended(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(free()).await.expect("the task ends") }));
    }

    pub(super) fn mutex_try_lock(bencher: &mut Bencher<'_>) {
        let mutex = Mutex::new(0_usize);
        bencher.iter(|| {
            for _ in 0..LOCKS {
                *mutex.try_lock().expect("free") += 1;
            }
        });
    }

    async fn fight(yields: bool) {
        let mutex = Arc::new(Mutex::new(0_usize));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let mutex = mutex.clone();
                rt::spawn(async move {
                    for _ in 0..LOCKS / TASKS {
                        let mut guard = mutex.lock().await;
                        *guard += 1;
                        if yields {
                            rt::task::yield_now().await;
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    pub(super) fn mutex_contended(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(fight(false)).await.expect("the task ends") }));
    }

    pub(super) fn mutex_held_over_a_yield_1(bencher: &mut Bencher<'_>) {
        let runtime = on(1);
        bencher.iter(|| runtime.block_on(async { rt::spawn(fight(true)).await.expect("the task ends") }));
    }

    pub(super) fn mutex_held_over_a_yield_2(bencher: &mut Bencher<'_>) {
        let runtime = on(2);
        bencher.iter(|| runtime.block_on(async { rt::spawn(fight(true)).await.expect("the task ends") }));
    }

    pub(super) fn mutex_held_over_a_yield_4(bencher: &mut Bencher<'_>) {
        let runtime = on(4);
        bencher.iter(|| runtime.block_on(async { rt::spawn(fight(true)).await.expect("the task ends") }));
    }

    pub(super) fn mutex_blocking_lock_uncontended(bencher: &mut Bencher<'_>) {
        let mutex = Mutex::new(0_usize);
        bencher.iter(|| {
            for _ in 0..LOCKS {
                *mutex.blocking_lock() += 1;
            }
        });
    }

    pub(super) fn mutex_blocking_lock_two_threads(bencher: &mut Bencher<'_>) {
        bencher.iter_custom(|rounds| {
            let mutex = Arc::new(Mutex::new(0_usize));
            let start = Instant::now();
            let threads: Vec<_> = (0..2)
                .map(|_| {
                    let mutex = mutex.clone();
                    std::thread::spawn(move || {
                        for _ in 0..rounds as usize * LOCKS / 2 {
                            *mutex.blocking_lock() += 1;
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().expect("the thread ends");
            }
            start.elapsed()
        });
    }
}

heist_benches::compare!(
    mutex_uncontended,
    mutex_try_lock,
    mutex_contended,
    mutex_held_over_a_yield_1,
    mutex_held_over_a_yield_2,
    mutex_held_over_a_yield_4,
    mutex_blocking_lock_uncontended,
    mutex_blocking_lock_two_threads,
);
