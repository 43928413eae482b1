//! What a wake from one task to another costs, and back: 1,000 round trips over two channels.

use criterion::Bencher;

const ROUNDS: usize = 1000;

heist_benches::arms! {
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
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(ping()).await.expect("the task ends") }));
    }

    pub(super) fn ping_pong_from_block_on(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(ping()));
    }
}

heist_benches::compare!(ping_pong, ping_pong_from_block_on);
