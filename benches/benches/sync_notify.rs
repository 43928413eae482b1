//! What a notification costs: kept for later, to one who waits, to many who wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use heist_benches::Bencher;

const ROUNDS: usize = 1000;
const WAITERS: usize = 100;

heist_benches::arms! {
    use rt::sync::Notify;

    fn on(workers: usize) -> rt::runtime::Runtime {
        rt::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .build()
            .expect("the runtime starts")
    }

    pub(super) fn notify_one_nobody_waits(bencher: &mut Bencher<'_>) {
        let notify = Notify::new();
        bencher.iter(|| {
            for _ in 0..ROUNDS {
                notify.notify_one();
            }
        });
    }

    pub(super) fn notify_waiters_nobody_waits(bencher: &mut Bencher<'_>) {
        let notify = Notify::new();
        bencher.iter(|| {
            for _ in 0..ROUNDS {
                notify.notify_waiters();
            }
        });
    }

    async fn kept() {
        let notify = Notify::new();
        for _ in 0..ROUNDS {
            notify.notify_one();
            notify.notified().await;
        }
    }

    pub(super) fn notify_one_kept(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(kept()).await.expect("the task ends") }));
    }

    async fn ping_pong() {
        let pair = Arc::new((Notify::new(), Notify::new()));
        let theirs = pair.clone();
        let other = rt::spawn(async move {
            for _ in 0..ROUNDS {
                theirs.0.notified().await;
                theirs.1.notify_one();
            }
        });
        for _ in 0..ROUNDS {
            pair.0.notify_one();
            pair.1.notified().await;
        }
        other.await.expect("the task ends");
    }

    pub(super) fn notify_one_ping_pong_1(bencher: &mut Bencher<'_>) {
        let runtime = on(1);
        bencher.iter(|| runtime.block_on(async { rt::spawn(ping_pong()).await.expect("the task ends") }));
    }

    pub(super) fn notify_one_ping_pong_2(bencher: &mut Bencher<'_>) {
        let runtime = on(2);
        bencher.iter(|| runtime.block_on(async { rt::spawn(ping_pong()).await.expect("the task ends") }));
    }

    /// Tasks wait again and again; `notify` is called until they have been notified often enough.
    async fn many(notify: impl Fn(&Notify)) {
        let shared = Arc::new((Notify::new(), AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..WAITERS)
            .map(|_| {
                let shared = shared.clone();
                rt::spawn(async move {
                    loop {
                        shared.0.notified().await;
                        shared.1.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        while shared.1.load(Ordering::Relaxed) < ROUNDS {
            notify(&shared.0);
            rt::task::yield_now().await;
        }
        for task in tasks {
            task.abort();
            assert!(task.await.is_err());
        }
    }

    pub(super) fn notify_one_of_100(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| {
            runtime.block_on(async { rt::spawn(many(Notify::notify_one)).await.expect("the task ends") })
        });
    }

    pub(super) fn notify_waiters_100(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| {
            runtime.block_on(async { rt::spawn(many(Notify::notify_waiters)).await.expect("the task ends") })
        });
    }

    /// From outside of the runtime, without a pause, as long as it takes.
    fn outside(bencher: &mut Bencher<'_>, notify: fn(&Notify)) {
        let runtime = runtime();
        let shared = Arc::new((Notify::new(), AtomicUsize::new(0)));
        for _ in 0..WAITERS {
            let shared = shared.clone();
            runtime.spawn(async move {
                loop {
                    shared.0.notified().await;
                    shared.1.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        bencher.iter(|| {
            let before = shared.1.load(Ordering::Relaxed);
            while shared.1.load(Ordering::Relaxed) - before < ROUNDS {
                notify(&shared.0);
            }
        });
    }

    pub(super) fn notify_one_of_100_from_outside(bencher: &mut Bencher<'_>) {
        outside(bencher, Notify::notify_one);
    }

    pub(super) fn notify_waiters_100_from_outside(bencher: &mut Bencher<'_>) {
        outside(bencher, Notify::notify_waiters);
    }
}

heist_benches::compare!(
    notify_one_nobody_waits,
    notify_waiters_nobody_waits,
    notify_one_kept,
    notify_one_ping_pong_1,
    notify_one_ping_pong_2,
    notify_one_of_100,
    notify_waiters_100,
    notify_one_of_100_from_outside,
    notify_waiters_100_from_outside,
);
