//! What one value costs on its way from task to task.

use heist_benches::Bencher;

const VALUES: usize = 1000;

heist_benches::arms! {
    use rt::sync::{mpsc, oneshot};

    fn on(workers: usize) -> rt::runtime::Runtime {
        rt::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .build()
            .expect("the runtime starts")
    }

    async fn ready() {
        for value in 0..VALUES {
            let (tx, rx) = oneshot::channel();
            tx.send(value).expect("the other side listens");
            assert_eq!(rx.await, Ok(value));
        }
    }

    pub(super) fn oneshot_ready(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(ready()).await.expect("the task ends") }));
    }

    async fn spawned() {
        for value in 0..VALUES {
            let (tx, rx) = oneshot::channel();
            rt::spawn(async move { tx.send(value) });
            assert_eq!(rx.await, Ok(value));
        }
    }

    pub(super) fn oneshot_from_a_spawned_task(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.iter(|| runtime.block_on(async { rt::spawn(spawned()).await.expect("the task ends") }));
    }

    async fn request_reply() {
        let (requests, mut served) = mpsc::channel::<oneshot::Sender<usize>>(10);
        let server = rt::spawn(async move {
            let mut count = 0;
            while let Some(reply) = served.recv().await {
                reply.send(count).expect("the other side listens");
                count += 1;
            }
        });
        for request in 0..VALUES {
            let (reply, answer) = oneshot::channel();
            requests.send(reply).await.expect("the server listens");
            assert_eq!(answer.await, Ok(request));
        }
        drop(requests);
        server.await.expect("the task ends");
    }

    pub(super) fn request_reply_1(bencher: &mut Bencher<'_>) {
        let runtime = on(1);
        bencher.iter(|| runtime.block_on(async { rt::spawn(request_reply()).await.expect("the task ends") }));
    }

    pub(super) fn request_reply_2(bencher: &mut Bencher<'_>) {
        let runtime = on(2);
        bencher.iter(|| runtime.block_on(async { rt::spawn(request_reply()).await.expect("the task ends") }));
    }

    pub(super) fn request_reply_4(bencher: &mut Bencher<'_>) {
        let runtime = on(4);
        bencher.iter(|| runtime.block_on(async { rt::spawn(request_reply()).await.expect("the task ends") }));
    }
}

heist_benches::compare!(
    oneshot_ready,
    oneshot_from_a_spawned_task,
    request_reply_1,
    request_reply_2,
    request_reply_4,
);
