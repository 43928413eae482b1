//! What a value costs on its way through a channel: within one task, from one task and from many, and for threads that
//! block.

use std::time::Instant;

use heist_benches::Bencher;

const VALUES: usize = 1000;
const SENDERS: usize = 5;

heist_benches::arms! {
    use rt::sync::mpsc;

    fn on(workers: usize) -> rt::runtime::Runtime {
        rt::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .build()
            .expect("the runtime starts")
    }

    pub(super) fn mpsc_create(bencher: &mut Bencher<'_>) {
        bencher.iter(|| mpsc::channel::<usize>(100));
    }

    pub(super) fn mpsc_create_512_bytes(bencher: &mut Bencher<'_>) {
        bencher.iter(|| mpsc::channel::<[usize; 64]>(100));
    }

    async fn alone_bounded() {
        let (tx, mut rx) = mpsc::channel(16);
        for value in 0..VALUES {
            tx.send(value).await.expect("the receiver is there");
            assert_eq!(rx.recv().await, Some(value));
        }
    }

    async fn alone_unbounded() {
        let (tx, mut rx) = mpsc::unbounded_channel();
        for value in 0..VALUES {
            tx.send(value).expect("the receiver is there");
            assert_eq!(rx.recv().await, Some(value));
        }
    }

    pub(super) fn mpsc_bounded_one_task(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(alone_bounded()).await.expect("the task ends") }));
    }

    pub(super) fn mpsc_unbounded_one_task(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(alone_unbounded()).await.expect("the task ends") }));
    }

    pub(super) fn mpsc_try_send_try_recv(bencher: &mut Bencher<'_>) {
        let (tx, mut rx) = mpsc::channel(16);
        bencher.iter(|| {
            for value in 0..VALUES {
                tx.try_send(value).expect("the receiver is there");
                assert_eq!(rx.try_recv(), Ok(value));
            }
        });
    }

    async fn bounded(senders: usize, bound: usize) {
        let (tx, mut rx) = mpsc::channel(bound);
        for _ in 0..senders {
            let tx = tx.clone();
            rt::spawn(async move {
                for value in 0..VALUES / senders {
                    tx.send(value).await.expect("the receiver is there");
                }
            });
        }
        drop(tx);
        let mut count = 0;
        while rx.recv().await.is_some() {
            count += 1;
        }
        assert_eq!(count, VALUES);
    }

    async fn unbounded(senders: usize) {
        let (tx, mut rx) = mpsc::unbounded_channel();
        for _ in 0..senders {
            let tx = tx.clone();
            rt::spawn(async move {
                for value in 0..VALUES / senders {
                    tx.send(value).expect("the receiver is there");
                }
            });
        }
        drop(tx);
        let mut count = 0;
        while rx.recv().await.is_some() {
            count += 1;
        }
        assert_eq!(count, VALUES);
    }

    fn run(runtime: &rt::runtime::Runtime, work: impl Future<Output = ()> + Send + 'static) {
        runtime.block_on(async { rt::spawn(work).await.expect("the task ends") });
    }

    pub(super) fn mpsc_bounded_1_to_1_workers_1(bencher: &mut Bencher<'_>) {
        let runtime = on(1);
        bencher.iter(|| run(&runtime, bounded(1, 100)));
    }

    pub(super) fn mpsc_bounded_1_to_1_workers_2(bencher: &mut Bencher<'_>) {
        let runtime = on(2);
        bencher.iter(|| run(&runtime, bounded(1, 100)));
    }

    pub(super) fn mpsc_bounded_5_to_1_workers_1(bencher: &mut Bencher<'_>) {
        let runtime = on(1);
        bencher.iter(|| run(&runtime, bounded(SENDERS, 100)));
    }

    pub(super) fn mpsc_bounded_5_to_1_workers_2(bencher: &mut Bencher<'_>) {
        let runtime = on(2);
        bencher.iter(|| run(&runtime, bounded(SENDERS, 100)));
    }

    pub(super) fn mpsc_bounded_5_to_1_workers_4(bencher: &mut Bencher<'_>) {
        let runtime = on(4);
        bencher.iter(|| run(&runtime, bounded(SENDERS, 100)));
    }

    pub(super) fn mpsc_full_5_to_1(bencher: &mut Bencher<'_>) {
        let runtime = on(2);
        bencher.iter(|| run(&runtime, bounded(SENDERS, 1)));
    }

    pub(super) fn mpsc_unbounded_1_to_1_workers_1(bencher: &mut Bencher<'_>) {
        let runtime = on(1);
        bencher.iter(|| run(&runtime, unbounded(1)));
    }

    pub(super) fn mpsc_unbounded_1_to_1_workers_2(bencher: &mut Bencher<'_>) {
        let runtime = on(2);
        bencher.iter(|| run(&runtime, unbounded(1)));
    }

    pub(super) fn mpsc_unbounded_5_to_1_workers_2(bencher: &mut Bencher<'_>) {
        let runtime = on(2);
        bencher.iter(|| run(&runtime, unbounded(SENDERS)));
    }

    pub(super) fn mpsc_blocking_send_blocking_recv(bencher: &mut Bencher<'_>) {
        bencher.iter_custom(|rounds| {
            let (tx, mut rx) = mpsc::channel(16);
            let start = Instant::now();
            let sends = std::thread::spawn(move || {
                for value in 0..rounds as usize * VALUES {
                    tx.blocking_send(value).expect("the receiver is there");
                }
            });
            for value in 0..rounds as usize * VALUES {
                assert_eq!(rx.blocking_recv(), Some(value));
            }
            sends.join().expect("the thread ends");
            start.elapsed()
        });
    }

    pub(super) fn mpsc_blocking_one_thread(bencher: &mut Bencher<'_>) {
        let (tx, mut rx) = mpsc::channel(16);
        bencher.iter(|| {
            for value in 0..VALUES {
                tx.blocking_send(value).expect("the receiver is there");
                assert_eq!(rx.blocking_recv(), Some(value));
            }
        });
    }
}

heist_benches::compare!(
    mpsc_create,
    mpsc_create_512_bytes,
    mpsc_bounded_one_task,
    mpsc_unbounded_one_task,
    mpsc_try_send_try_recv,
    mpsc_bounded_1_to_1_workers_1,
    mpsc_bounded_1_to_1_workers_2,
    mpsc_bounded_5_to_1_workers_1,
    mpsc_bounded_5_to_1_workers_2,
    mpsc_bounded_5_to_1_workers_4,
    mpsc_full_5_to_1,
    mpsc_unbounded_1_to_1_workers_1,
    mpsc_unbounded_1_to_1_workers_2,
    mpsc_unbounded_5_to_1_workers_2,
    mpsc_blocking_send_blocking_recv,
    mpsc_blocking_one_thread,
);
