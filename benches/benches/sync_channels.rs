//! What a message costs: mpsc of several shapes, request and reply, oneshot, watch, broadcast.

use heist_benches::Bencher;
use std::hint::black_box;

const MESSAGES: usize = 5000;
const SENDERS: usize = 5;
const ROUNDS: usize = 500;
const RECEIVERS: usize = 100;
const SENT_TO_ALL: usize = 50;

heist_benches::arms_with_smol! {
    use rt::sync::mpsc;

    async fn create_small() {
        black_box(mpsc::channel::<[usize; 64]>(1));
    }

    pub(super) fn mpsc_create(bencher: &mut Bencher<'_>) {
        on_worker(bencher, create_small);
    }

    async fn alone(capacity: usize) {
        let (sender, mut receiver) = mpsc::channel(capacity);
        for message in 0..MESSAGES {
            sender.send(message).await.expect("the receiver is there");
        }
        for message in 0..MESSAGES {
            assert_eq!(receiver.recv().await, Some(message));
        }
    }

    async fn alone_roomy() {
        alone(1_000_000).await;
    }

    /// One task sends all and receives all.
    pub(super) fn mpsc_uncontended(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(MESSAGES), alone_roomy);
    }

    async fn together(capacity: usize) {
        let (sender, mut receiver) = mpsc::channel(capacity);
        for _ in 0..SENDERS {
            let sender = sender.clone();
            drop(rt::spawn(async move {
                for message in 0..MESSAGES / SENDERS {
                    sender.send(message).await.expect("the receiver is there");
                }
            }));
        }
        for _ in 0..MESSAGES {
            receiver.recv().await.expect("the senders send");
        }
    }

    async fn together_roomy() {
        together(1_000_000).await;
    }

    async fn together_full() {
        together(100).await;
    }

    pub(super) fn mpsc_contended(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(MESSAGES), together_roomy);
    }

    /// The senders wait for room most of the time.
    pub(super) fn mpsc_contended_full(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(MESSAGES), together_full);
    }
}

heist_benches::arms! {
    use rt::sync::{broadcast, mpsc, oneshot, watch};
    use std::sync::Arc;

    async fn large() {
        let (sender, mut receiver) = mpsc::channel(1000);
        for _ in 0..100 {
            sender.send(black_box([0u8; 32 * 1024])).await.expect("the receiver is there");
            black_box(receiver.recv().await.expect("it was sent"));
        }
    }

    pub(super) fn mpsc_32_kib(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(100), large);
    }

    async fn unbounded_alone() {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        for message in 0..MESSAGES {
            sender.send(message).expect("the receiver is there");
        }
        for message in 0..MESSAGES {
            assert_eq!(receiver.recv().await, Some(message));
        }
    }

    pub(super) fn mpsc_unbounded_uncontended(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(MESSAGES), unbounded_alone);
    }

    fn senders() -> mpsc::UnboundedReceiver<usize> {
        let (sender, receiver) = mpsc::unbounded_channel();
        for _ in 0..SENDERS {
            let sender = sender.clone();
            drop(rt::spawn(async move {
                for message in 0..MESSAGES / SENDERS {
                    sender.send(message).expect("the receiver is there");
                }
            }));
        }
        receiver
    }

    async fn unbounded_together() {
        let mut receiver = senders();
        while receiver.recv().await.is_some() {}
    }

    pub(super) fn mpsc_unbounded_contended(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(MESSAGES), unbounded_together);
    }

    async fn in_batches() {
        let (mut receiver, mut batch) = (senders(), Vec::with_capacity(MESSAGES));
        while receiver.recv_many(&mut batch, MESSAGES).await > 0 {
            batch.clear();
        }
    }

    pub(super) fn mpsc_recv_many(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(MESSAGES), in_batches);
    }

    async fn here() {
        let (sender, receiver) = oneshot::channel();
        sender.send(7).expect("the receiver is there");
        assert_eq!(receiver.await, Ok(7));
    }

    pub(super) fn oneshot_in_one_task(bencher: &mut Bencher<'_>) {
        on_worker(bencher, here);
    }

    async fn across() {
        for _ in 0..ROUNDS {
            let (sender, receiver) = oneshot::channel();
            drop(rt::spawn(async move { sender.send(7) }));
            assert_eq!(receiver.await, Ok(7));
        }
    }

    pub(super) fn oneshot_to_task(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(ROUNDS), across);
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
        drop(rt::spawn(serve(requests)));
        for round in 1..=ROUNDS {
            let (reply, replied) = oneshot::channel();
            request.send(reply).await.expect("the server listens");
            assert_eq!(replied.await, Ok(round));
        }
    }

    pub(super) fn mpsc_request_reply(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(ROUNDS), ask);
    }

    /// Every receiver sees each value before the next is sent.
    async fn watched() {
        let (sender, receiver) = watch::channel(0);
        let (saw, mut seen) = mpsc::channel(RECEIVERS);
        for _ in 0..RECEIVERS {
            let (mut receiver, saw) = (receiver.clone(), saw.clone());
            drop(rt::spawn(async move {
                while receiver.changed().await.is_ok() {
                    black_box(*receiver.borrow_and_update());
                    saw.send(()).await.expect("the sender listens");
                }
            }));
        }
        for value in 1..=SENT_TO_ALL {
            sender.send(value).expect("the receivers are there");
            for _ in 0..RECEIVERS {
                seen.recv().await.expect("the receivers are there");
            }
        }
    }

    pub(super) fn watch_to_100(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(RECEIVERS * SENT_TO_ALL), watched);
    }

    async fn watch_reads() {
        let (sender, mut receiver) = watch::channel(0);
        for value in 0..100 {
            sender.send(value).expect("the receiver is there");
            receiver.changed().await.expect("the sender is there");
            assert_eq!(*receiver.borrow_and_update(), value);
        }
    }

    pub(super) fn watch_in_one_task(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(100), watch_reads);
    }

    async fn broadcasted() {
        let (sender, _) = broadcast::channel(1000);
        let (saw, mut seen) = mpsc::channel(RECEIVERS);
        for _ in 0..RECEIVERS {
            let (mut receiver, saw) = (sender.subscribe(), saw.clone());
            drop(rt::spawn(async move {
                while let Ok(value) = receiver.recv().await {
                    black_box::<Arc<str>>(value);
                    saw.send(()).await.expect("the sender listens");
                }
            }));
        }
        let text: Arc<str> = "to whom it may concern".into();
        for _ in 0..SENT_TO_ALL {
            sender.send(text.clone()).expect("the receivers are there");
            for _ in 0..RECEIVERS {
                seen.recv().await.expect("the receivers are there");
            }
        }
    }

    pub(super) fn broadcast_to_100(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(RECEIVERS * SENT_TO_ALL), broadcasted);
    }

    async fn broadcast_reads() {
        let (sender, mut receiver) = broadcast::channel(128);
        for value in 0..100 {
            sender.send(value).expect("the receiver is there");
        }
        for value in 0..100 {
            assert_eq!(receiver.recv().await, Ok(value));
        }
    }

    pub(super) fn broadcast_in_one_task(bencher: &mut Bencher<'_>) {
        on_worker(bencher.per(100), broadcast_reads);
    }
}

heist_benches::compare!(
    mpsc_32_kib, mpsc_unbounded_uncontended, mpsc_unbounded_contended, mpsc_recv_many, mpsc_request_reply at [1, 2],
    oneshot_in_one_task, oneshot_to_task, watch_in_one_task, watch_to_100, broadcast_in_one_task, broadcast_to_100;
    with smol: mpsc_create, mpsc_uncontended, mpsc_contended at [1, 2, 4, 8], mpsc_contended_full
);
