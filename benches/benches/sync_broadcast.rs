//! What a value costs that reaches every receiver: one, or many.

use heist_benches::Bencher;

const VALUES: usize = 1000;
const RECEIVERS: usize = 100;
/// Values that many receivers wait for, one by one.
const ROUNDS: usize = 20;

heist_benches::arms! {
    use rt::sync::{broadcast, mpsc};

    async fn alone() {
        let (tx, mut rx) = broadcast::channel(16);
        for value in 0..VALUES {
            tx.send(value).expect("the receiver is there");
            assert_eq!(rx.recv().await, Ok(value));
        }
    }

    pub(super) fn broadcast_one_task(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(alone()).await.expect("the task ends") }));
    }

    pub(super) fn broadcast_send_1_receiver(bencher: &mut Bencher<'_>) {
        let (tx, _rx) = broadcast::channel(16);
        bencher.iter(|| {
            for value in 0..VALUES {
                tx.send(value).expect("the receiver is there");
            }
        });
    }

    async fn ping_pong() {
        let (ping, mut pings) = broadcast::channel(16);
        let (pong, mut pongs) = broadcast::channel(16);
        let other = rt::spawn(async move {
            while let Ok(value) = pings.recv().await {
                pong.send(value).expect("the other side listens");
            }
        });
        for value in 0..VALUES {
            ping.send(value).expect("the other side listens");
            assert_eq!(pongs.recv().await, Ok(value));
        }
        drop(ping);
        other.await.expect("the task ends");
    }

    pub(super) fn broadcast_ping_pong(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(ping_pong()).await.expect("the task ends") }));
    }

    /// Each value is waited for by all, who say so before the next.
    async fn one_by_one() {
        let (tx, _) = broadcast::channel(16);
        let (seen, mut all_seen) = mpsc::channel(RECEIVERS);
        for _ in 0..RECEIVERS {
            let (mut rx, seen) = (tx.subscribe(), seen.clone());
            rt::spawn(async move {
                while let Ok(value) = rx.recv().await {
                    seen.send(value).await.expect("somebody counts");
                }
            });
        }
        for value in 0..ROUNDS {
            tx.send(value).expect("the receivers are there");
            for _ in 0..RECEIVERS {
                assert_eq!(all_seen.recv().await, Some(value));
            }
        }
    }

    pub(super) fn broadcast_100_receivers(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(one_by_one()).await.expect("the task ends") }));
    }

    /// All values are sent before anybody reads.
    async fn backlog() {
        let (tx, _) = broadcast::channel(VALUES);
        let readers: Vec<_> = (0..10)
            .map(|_| {
                let mut rx = tx.subscribe();
                async move {
                    for value in 0..VALUES {
                        assert_eq!(rx.recv().await, Ok(value));
                    }
                }
            })
            .collect();
        for value in 0..VALUES {
            tx.send(value).expect("the receivers are there");
        }
        let readers: Vec<_> = readers.into_iter().map(rt::spawn).collect();
        for reader in readers {
            reader.await.expect("the task ends");
        }
    }

    pub(super) fn broadcast_10_readers_of_a_backlog(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(backlog()).await.expect("the task ends") }));
    }
}

heist_benches::compare!(
    broadcast_one_task,
    broadcast_send_1_receiver,
    broadcast_ping_pong,
    broadcast_100_receivers,
    broadcast_10_readers_of_a_backlog,
);
