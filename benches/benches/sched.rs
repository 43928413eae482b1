//! What the scheduler costs: a wake from one task to another and back, a pass through the queue, waking many,
//! and taking over what another worker has too much of.

use heist_benches::Bencher;
use heist_benches::gate::{Bell, Latch, compute};
use std::sync::Arc;

const ROUNDS: usize = 1000;
const PAIRS: usize = 500;
const YIELDING: usize = 200;
const YIELDS: usize = 100;
const WOKEN: usize = 500;
const LOPSIDED: usize = 256;

/// Steps of a computation that takes some microseconds.
const STEPS: u32 = 4000;

heist_benches::arms_with_smol! {
    use rt::sync::mpsc;

    async fn pong(mut pings: mpsc::Receiver<usize>, pongs: mpsc::Sender<usize>) {
        while let Some(ping) = pings.recv().await {
            pongs.send(ping).await.expect("the other side listens");
        }
    }

    async fn ping() {
        let (ping, pings) = mpsc::channel(1);
        let (pong_back, mut pongs) = mpsc::channel(1);
        let other = rt::spawn(pong(pings, pong_back));
        for round in 0..ROUNDS {
            ping.send(round).await.expect("the other side listens");
            assert_eq!(pongs.recv().await, Some(round));
        }
        drop(ping);
        other.await.expect("the task ends");
    }

    pub(super) fn ping_pong(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(ROUNDS), ping);
    }

    static LATCH: Latch = Latch::new();

    async fn pairs() {
        LATCH.set(PAIRS);
        for _ in 0..PAIRS {
            drop(rt::spawn(async {
                let (there, back) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
                let (heard, answer) = (there.clone(), back.clone());
                drop(rt::spawn(async move {
                    heard.heard().await;
                    answer.ring();
                }));
                there.ring();
                back.heard().await;
                LATCH.count_down();
            }));
        }
        LATCH.done().await;
    }

    pub(super) fn ping_pong_pairs(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(PAIRS), pairs);
    }

    async fn yielding() {
        let body = || async {
            for _ in 0..YIELDS {
                rt::task::yield_now().await;
            }
        };
        let tasks: Vec<_> = (0..YIELDING).map(|_| rt::spawn(body())).collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    pub(super) fn yield_many(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(YIELDING * YIELDS), yielding);
    }

    async fn yield_once() {
        rt::task::yield_now().await;
    }

    pub(super) fn yield_alone(bencher: &mut Bencher<'_>) {
        on_worker(bencher, yield_once);
    }

    /// One task wakes many, which sleep again; the last of them wakes the one.
    pub(super) fn wake_many(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        let bells: Arc<Vec<Bell>> = Arc::new((0..WOKEN).map(|_| Bell::default()).collect());
        for number in 0..WOKEN {
            let bells = bells.clone();
            drop(runtime.spawn(async move {
                loop {
                    bells[number].heard().await;
                    LATCH.count_down();
                }
            }));
        }
        bencher.per(WOKEN).iter_custom(|rounds| {
            let bells = bells.clone();
            let task = runtime.spawn(async move {
                let started = std::time::Instant::now();
                for _ in 0..rounds {
                    LATCH.set(WOKEN);
                    bells.iter().for_each(Bell::ring);
                    LATCH.done().await;
                }
                started.elapsed()
            });
            runtime.block_on(task).expect("the task ends")
        });
    }

    async fn lopsided() {
        let tasks: Vec<_> = (0..LOPSIDED).map(|_| rt::spawn(async { compute(STEPS) })).collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
    }

    /// One task spawns all that is to be computed.
    pub(super) fn steal_lopsided(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(LOPSIDED), lopsided);
    }
}

heist_benches::compare!(
    ;
    with smol: ping_pong, ping_pong_pairs at [1, 2, 4, 8], yield_many at [1, 2, 4, 8], yield_alone,
    wake_many at [1, 2, 4, 8], steal_lopsided at [2, 4, 8]
);
