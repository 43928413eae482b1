//! What a lock costs that many tasks read and few write.

use std::sync::Arc;

use heist_benches::Bencher;

const LOCKS: usize = 1000;
const TASKS: usize = 8;
/// One lock in so many is for writing.
const WRITES: usize = 16;

heist_benches::arms! {
    use rt::sync::RwLock;

    async fn reads() {
        let lock = RwLock::new(1_usize);
        for _ in 0..LOCKS {
            assert_eq!(*lock.read().await, 1);
        }
    }

    async fn writes() {
        let lock = RwLock::new(0_usize);
        for _ in 0..LOCKS {
            *lock.write().await += 1;
        }
    }

    async fn mostly_reads(yields: bool) {
        let lock = Arc::new(RwLock::new(0_usize));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let lock = lock.clone();
                rt::spawn(async move {
                    for round in 0..LOCKS / TASKS {
                        if round % WRITES == 0 {
                            *lock.write().await += 1;
                        } else {
                            let seen = lock.read().await;
                            assert!(*seen <= LOCKS);
                            if yields {
                                rt::task::yield_now().await;
                            }
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    pub(super) fn rwlock_read_uncontended(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(reads()).await.expect("the task ends") }));
    }

    pub(super) fn rwlock_write_uncontended(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(writes()).await.expect("the task ends") }));
    }

    pub(super) fn rwlock_read_mostly(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| {
            runtime.block_on(async { rt::spawn(mostly_reads(false)).await.expect("the task ends") })
        });
    }

    pub(super) fn rwlock_read_mostly_held_over_a_yield(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| {
            runtime.block_on(async { rt::spawn(mostly_reads(true)).await.expect("the task ends") })
        });
    }
}

heist_benches::compare!(
    rwlock_read_uncontended,
    rwlock_write_uncontended,
    rwlock_read_mostly,
    rwlock_read_mostly_held_over_a_yield,
);
