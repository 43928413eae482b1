//! What `block_on`'s own future pays for talking to tasks, and what a task pays that does the same.

use heist_benches::Bencher;

const ROUNDS: usize = 500;

heist_benches::arms! {
    use rt::sync::{mpsc, oneshot};

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

    pub(super) fn ping_pong_in_block_on(bencher: &mut Bencher<'_>) {
        on_block_on(bencher.per(ROUNDS), ping);
    }

    pub(super) fn ping_pong_in_task(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(ROUNDS), ping);
    }

    async fn serve(mut requests: mpsc::Receiver<oneshot::Sender<usize>>) {
        let mut count = 0;
        while let Some(reply) = requests.recv().await {
            count += 1;
            reply.send(count).expect("who asked listens");
        }
    }

    async fn ask() {
        let (request, requests) = mpsc::channel(10);
        let server = rt::spawn(serve(requests));
        for round in 1..=ROUNDS {
            let (reply, replied) = oneshot::channel();
            request.send(reply).await.expect("the server listens");
            assert_eq!(replied.await, Ok(round));
        }
        drop(request);
        server.await.expect("the task ends");
    }

    pub(super) fn request_reply_in_block_on(bencher: &mut Bencher<'_>) {
        on_block_on(bencher.per(ROUNDS), ask);
    }

    pub(super) fn request_reply_in_task(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(ROUNDS), ask);
    }

    pub(super) fn request_reply_current_thread(bencher: &mut Bencher<'_>) {
        let runtime = rt::runtime::Builder::new_current_thread().enable_all().build().expect("the runtime starts");
        bencher.per(ROUNDS).iter(|| runtime.block_on(ask()));
    }

    async fn nothing() {}

    pub(super) fn ready_future(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(nothing()));
    }
}

heist_benches::compare!(
    ping_pong_in_block_on,
    ping_pong_in_task,
    request_reply_in_block_on,
    request_reply_in_task,
    request_reply_current_thread,
    ready_future
);
