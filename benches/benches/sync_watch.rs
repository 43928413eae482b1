//! What a change of a watched value costs: with nobody waiting, with one, with many.

use heist_benches::Bencher;

const CHANGES: usize = 1000;
const RECEIVERS: usize = 100;
/// Changes that many receivers wait for.
const ROUNDS: usize = 20;

heist_benches::arms! {
    use rt::sync::{mpsc, watch};

    pub(super) fn watch_send_nobody_waits(bencher: &mut Bencher<'_>) {
        let (tx, _rx) = watch::channel(0);
        bencher.iter(|| {
            for value in 0..CHANGES {
                tx.send(value).expect("the receiver is there");
            }
        });
    }

    pub(super) fn watch_borrow(bencher: &mut Bencher<'_>) {
        let (tx, rx) = watch::channel(1);
        bencher.iter(|| (0..CHANGES).map(|_| *rx.borrow()).sum::<usize>());
        drop(tx);
    }

    async fn alone() {
        let (tx, mut rx) = watch::channel(0);
        for value in 1..=CHANGES {
            tx.send(value).expect("the receiver is there");
            rx.changed().await.expect("the sender is there");
            assert_eq!(*rx.borrow_and_update(), value);
        }
    }

    pub(super) fn watch_one_task(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(alone()).await.expect("the task ends") }));
    }

    async fn ping_pong() {
        let (ping, mut pings) = watch::channel(0);
        let (pong, mut pongs) = watch::channel(0);
        let other = rt::spawn(async move {
            while pings.changed().await.is_ok() {
                let value = *pings.borrow_and_update();
                pong.send(value).expect("the other side listens");
            }
        });
        for value in 1..=CHANGES {
            ping.send(value).expect("the other side listens");
            pongs.changed().await.expect("the other side is there");
            assert_eq!(*pongs.borrow_and_update(), value);
        }
        drop(ping);
        other.await.expect("the task ends");
    }

    pub(super) fn watch_ping_pong(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(ping_pong()).await.expect("the task ends") }));
    }

    /// Each change is waited for by all, who say so before the next.
    async fn many() {
        let (tx, rx) = watch::channel(0);
        let (seen, mut all_seen) = mpsc::channel(RECEIVERS);
        for _ in 0..RECEIVERS {
            let (mut rx, seen) = (rx.clone(), seen.clone());
            rt::spawn(async move {
                while rx.changed().await.is_ok() {
                    let value = *rx.borrow_and_update();
                    seen.send(value).await.expect("somebody counts");
                }
            });
        }
        for value in 1..=ROUNDS {
            tx.send(value).expect("the receivers are there");
            for _ in 0..RECEIVERS {
                assert_eq!(all_seen.recv().await, Some(value));
            }
        }
    }

    pub(super) fn watch_100_receivers(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(many()).await.expect("the task ends") }));
    }
}

heist_benches::compare!(
    watch_send_nobody_waits,
    watch_borrow,
    watch_one_task,
    watch_ping_pong,
    watch_100_receivers,
);
