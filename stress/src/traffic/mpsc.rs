//! The channel with many senders: nothing is lost, doubled or out of its sender's order.
//!
//! A sender counts what it has sent in the poll in which it was sent, so the count is exact also if the task is aborted.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use heist::sync::mpsc::error::TrySendError;
use heist::sync::mpsc::{self, Receiver, Sender, UnboundedReceiver, UnboundedSender};
use heist::sync::oneshot;
use heist::task::yield_now;
use heist::time::timeout;

use crate::ledger::Token;
use crate::rng::Rng;
use crate::tally::{Event, count};
use crate::world::{Ctx, Spawned};

/// The `number`-th message of a sender.
#[derive(Debug)]
struct Message {
    sender: usize,
    number: u64,
    _token: Token,
}

/// One sender's place: how many it has sent.
#[derive(Debug)]
struct Line {
    ctx: Ctx,
    sender: usize,
    sent: Arc<AtomicU64>,
}

impl Line {
    fn next(&self) -> Message {
        Message {
            sender: self.sender,
            number: self.sent.load(Ordering::Relaxed),
            _token: self.ctx.token(),
        }
    }

    fn note_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the receiver has seen.
#[derive(Debug)]
struct Seen(Vec<u64>);

impl Seen {
    fn note(&mut self, message: &Message) {
        count(Event::messages);
        let expected = &mut self.0[message.sender];
        assert_eq!(message.number, *expected, "lost, doubled or out of order");
        *expected += 1;
    }

    fn check(&self, sent: &[Arc<AtomicU64>]) {
        let sent: Vec<u64> = sent.iter().map(|sent| sent.load(Ordering::Relaxed)).collect();
        assert_eq!(self.0, sent, "messages received, and messages sent");
    }
}

/// Sends one message in one of the ways there are; says whether the channel is still open.
async fn send_one(line: &Line, sender: &Sender<Message>, rng: &mut Rng) -> ControlFlow<()> {
    let sent = match rng.below(6) {
        0 => match sender.try_send(line.next()) {
            Ok(()) => true,
            Err(TrySendError::Full(message)) => match sender.send(message).await {
                Ok(()) => true,
                Err(_) => return ControlFlow::Break(()),
            },
            Err(TrySendError::Closed(_)) => return ControlFlow::Break(()),
        },
        1 => match sender.reserve().await {
            Ok(permit) if rng.percent(80) => {
                permit.send(line.next());
                true
            }
            Ok(_unused) => false,
            Err(_) => return ControlFlow::Break(()),
        },
        2 => match sender.reserve_many(rng.index(sender.max_capacity()) + 1).await {
            Ok(permits) => {
                // One message at most, so that the loop in the caller counts.
                permits.take(1).for_each(|permit| {
                    permit.send(line.next());
                    line.note_sent();
                });
                false
            }
            Err(_) => return ControlFlow::Break(()),
        },
        3 => match timeout(Duration::from_micros(rng.below(300)), sender.send(line.next())).await {
            Ok(Ok(())) => true,
            Ok(Err(_)) => return ControlFlow::Break(()),
            Err(_) => false,
        },
        _ => match sender.send(line.next()).await {
            Ok(()) => true,
            Err(_) => return ControlFlow::Break(()),
        },
    };
    if sent {
        line.note_sent();
    }
    ControlFlow::Continue(())
}

/// Bounded: each way to send and to receive, closing in the middle, senders aborted or on other threads.
pub(crate) async fn bounded(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (sender, mut receiver) = mpsc::channel(rng.range(1, 20) as usize);
    let senders = rng.range(1, 5) as usize;
    let sent: Vec<Arc<AtomicU64>> = (0..senders).map(|_| Arc::default()).collect();
    let (mut tasks, mut threads): (Vec<Spawned<()>>, Vec<oneshot::Receiver<()>>) = Default::default();
    for (number, sent) in sent.iter().enumerate() {
        let (own, mut rng, times) = (sender.clone(), rng.fork(), rng.range(1, 80));
        let line = Line {
            ctx: ctx.clone(),
            sender: number,
            sent: sent.clone(),
        };
        if rng.percent(20) {
            let (done, is_done) = oneshot::channel();
            threads.push(is_done);
            ctx.errand(move || {
                for _ in 0..times {
                    if own.blocking_send(line.next()).is_err() {
                        break;
                    }
                    line.note_sent();
                }
                // Nobody may be there any more.
                let _ = done.send(());
            });
            continue;
        }
        tasks.push(ctx.spawn(async move {
            for _ in 0..times {
                if send_one(&line, &own, &mut rng).await.is_break() {
                    break;
                }
            }
        }));
    }
    drop(sender);
    let aborted = rng.percent(20).then(|| rng.index(senders));
    let mut seen = Seen(vec![0; senders]);
    let close_after = rng.percent(30).then(|| rng.below(60));
    let mut steps = 0;
    while receive_some(&mut receiver, &mut seen, &mut rng)
        .await
        .is_continue()
    {
        steps += 1;
        if close_after == Some(steps) {
            receiver.close();
        }
        if let Some(task) = aborted.and_then(|at| tasks.get(at)) {
            task.abort();
        }
    }
    for task in tasks {
        task.join().await;
    }
    for thread in threads {
        ctx.fine(thread.await)?;
    }
    seen.check(&sent);
    Some(())
}

async fn receive_some(receiver: &mut Receiver<Message>, seen: &mut Seen, rng: &mut Rng) -> ControlFlow<()> {
    match rng.below(5) {
        0 => {
            while let Ok(message) = receiver.try_recv() {
                seen.note(&message);
            }
            yield_now().await;
        }
        1 => {
            let mut batch = Vec::new();
            let most = rng.range(1, 10) as usize;
            if receiver.recv_many(&mut batch, most).await == 0 {
                return ControlFlow::Break(());
            }
            assert!(batch.len() <= most, "more than asked for");
            batch.iter().for_each(|message| seen.note(message));
        }
        2 => match timeout(Duration::from_micros(rng.below(300)), receiver.recv()).await {
            Ok(Some(message)) => seen.note(&message),
            Ok(None) => return ControlFlow::Break(()),
            Err(_) => {}
        },
        _ => match receiver.recv().await {
            Some(message) => seen.note(&message),
            None => return ControlFlow::Break(()),
        },
    }
    ControlFlow::Continue(())
}

/// Unbounded, the receiver now and then in another task.
pub(crate) async fn unbounded(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let senders = rng.range(1, 5) as usize;
    let sent: Vec<Arc<AtomicU64>> = (0..senders).map(|_| Arc::default()).collect();
    for (number, sent) in sent.iter().enumerate() {
        let (own, times, pause) = (sender.clone(), rng.range(1, 200), rng.range(1, 50));
        let line = Line {
            ctx: ctx.clone(),
            sender: number,
            sent: sent.clone(),
        };
        if rng.percent(20) {
            ctx.errand(move || {
                for _ in 0..times {
                    if send_unbounded(&line, &own).is_break() {
                        break;
                    }
                }
            });
        } else {
            drop(ctx.spawn(async move {
                for step in 0..times {
                    if send_unbounded(&line, &own).is_break() {
                        break;
                    }
                    if step % pause == 0 {
                        yield_now().await;
                    }
                }
            }));
        }
    }
    drop(sender);
    let drops_early = rng.percent(20).then(|| rng.below(100));
    let reading = read_unbounded(receiver, Seen(vec![0; senders]), drops_early);
    match ctx.spawn(reading).join().await? {
        Some(seen) => seen.check(&sent),
        None => assert!(drops_early.is_some()),
    }
    Some(())
}

fn send_unbounded(line: &Line, sender: &UnboundedSender<Message>) -> ControlFlow<()> {
    match sender.send(line.next()) {
        Ok(()) => {
            line.note_sent();
            ControlFlow::Continue(())
        }
        Err(_) => ControlFlow::Break(()),
    }
}

async fn read_unbounded(
    mut receiver: UnboundedReceiver<Message>,
    mut seen: Seen,
    drops_early: Option<u64>,
) -> Option<Seen> {
    let mut steps = 0;
    while let Some(message) = receiver.recv().await {
        seen.note(&message);
        steps += 1;
        if drops_early == Some(steps) {
            return None;
        }
    }
    Some(seen)
}
