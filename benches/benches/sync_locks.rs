//! What a lock costs, with and without somebody else who wants it: Mutex, RwLock, Semaphore, Notify.
//!
//! Contended ones are held across a `yield_now`, so the others find them taken and must be queued and woken.

use heist_benches::Bencher;
use heist_benches::gate::fairness;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const TAKES: usize = 1000;
const TASKS: usize = 6;
const WAITERS: usize = 100;

heist_benches::arms_with_smol! {
    use rt::sync::{Mutex, RwLock, Semaphore};

    async fn mutex_alone() {
        let mutex = Mutex::new(0);
        for _ in 0..TAKES {
            *mutex.lock().await += 1;
        }
    }

    pub(super) fn mutex_uncontended(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TAKES), mutex_alone);
    }

    /// Fairness is that of the number of times each task had the lock, while all wanted it.
    pub(super) fn mutex_contended(bencher: &mut Bencher<'_>) {
        let shares: Arc<Vec<AtomicU64>> = Arc::new((0..TASKS).map(|_| AtomicU64::new(0)).collect());
        let runtime = runtime();
        bencher.per(TAKES).iter(|| {
            let (mutex, mut tasks) = (Arc::new(Mutex::new(0)), Vec::new());
            for number in 0..TASKS {
                let (mutex, shares) = (mutex.clone(), shares.clone());
                tasks.push(runtime.spawn(async move {
                    loop {
                        let mut taken = mutex.lock().await;
                        if *taken == TAKES {
                            return;
                        }
                        *taken += 1;
                        shares[number].fetch_add(1, Ordering::Relaxed);
                        rt::task::yield_now().await;
                    }
                }));
            }
            for task in tasks {
                runtime.block_on(task).expect("the task ends");
            }
        });
        let shares: Vec<f64> = shares.iter().map(|share| share.load(Ordering::Relaxed) as f64).collect();
        bencher.note("fairness", fairness(&shares));
    }

    async fn rwlock_alone() {
        let lock = RwLock::new(7);
        for _ in 0..TAKES {
            assert_eq!(*lock.read().await, 7);
        }
    }

    pub(super) fn rwlock_read_uncontended(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TAKES), rwlock_alone);
    }

    async fn rwlock_write_alone() {
        let lock = RwLock::new(7);
        for _ in 0..TAKES {
            *lock.write().await += 1;
        }
    }

    pub(super) fn rwlock_write_uncontended(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TAKES), rwlock_write_alone);
    }

    /// One writer, five readers.
    async fn rwlock_together() {
        let (lock, mut tasks) = (Arc::new(RwLock::new(0)), Vec::new());
        for _ in 1..TASKS {
            let lock = lock.clone();
            tasks.push(rt::spawn(async move {
                for _ in 0..TAKES / TASKS {
                    let value = lock.read().await;
                    rt::task::yield_now().await;
                    std::hint::black_box(*value);
                }
            }));
        }
        for _ in 0..TAKES / TASKS {
            let mut value = lock.write().await;
            *value += 1;
            rt::task::yield_now().await;
        }
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    pub(super) fn rwlock_contended(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TAKES), rwlock_together);
    }

    async fn semaphore_alone() {
        let semaphore = Semaphore::new(10);
        for _ in 0..TAKES {
            drop(semaphore.acquire().await);
        }
    }

    pub(super) fn semaphore_uncontended(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TAKES), semaphore_alone);
    }

    /// Six tasks, two permits.
    async fn semaphore_together() {
        let (semaphore, mut tasks) = (Arc::new(Semaphore::new(2)), Vec::new());
        for _ in 0..TASKS {
            let semaphore = semaphore.clone();
            tasks.push(rt::spawn(async move {
                for _ in 0..TAKES / TASKS {
                    let permit = semaphore.acquire().await;
                    rt::task::yield_now().await;
                    drop(permit);
                }
            }));
        }
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    pub(super) fn semaphore_contended(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TAKES), semaphore_together);
    }
}

heist_benches::arms! {
    use rt::sync::{Notify, mpsc};

    async fn to_oneself() {
        let notify = Notify::new();
        for _ in 0..TAKES {
            notify.notify_one();
            notify.notified().await;
        }
    }

    pub(super) fn notify_uncontended(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TAKES), to_oneself);
    }

    /// Waiters that count, and a way to hear of each time one was woken.
    fn waiters(notify: &Arc<Notify>) -> mpsc::UnboundedReceiver<()> {
        let (woken, heard) = mpsc::unbounded_channel();
        for _ in 0..WAITERS {
            let (notify, woken) = (notify.clone(), woken.clone());
            drop(rt::spawn(async move {
                loop {
                    notify.notified().await;
                    if woken.send(()).is_err() {
                        return;
                    }
                }
            }));
        }
        heard
    }

    async fn one_by_one() {
        let notify = Arc::new(Notify::new());
        let mut heard = waiters(&notify);
        for _ in 0..TAKES {
            notify.notify_one();
            heard.recv().await.expect("the waiters are there");
        }
        drop(heard);
        for _ in 0..WAITERS {
            notify.notify_one();
            rt::task::yield_now().await;
        }
    }

    pub(super) fn notify_one(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TAKES), one_by_one);
    }

    /// The notification is repeated until all have heard it: who was not waiting yet misses one.
    async fn all_at_once() {
        let notify = Arc::new(Notify::new());
        let mut heard = waiters(&notify);
        let mut count = 0;
        while count < TAKES {
            notify.notify_waiters();
            rt::task::yield_now().await;
            while heard.try_recv().is_ok() {
                count += 1;
            }
        }
        drop(heard);
        notify.notify_waiters();
    }

    pub(super) fn notify_waiters(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(TAKES), all_at_once);
    }
}

heist_benches::compare!(
    notify_uncontended, notify_one, notify_waiters;
    with smol: mutex_uncontended, mutex_contended, rwlock_read_uncontended, rwlock_write_uncontended, rwlock_contended,
    semaphore_uncontended, semaphore_contended
);
