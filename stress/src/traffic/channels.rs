//! oneshot, watch and broadcast: one value, the last value, every value.

use std::time::Duration;

use heist::sync::broadcast::error::RecvError;
use heist::sync::{broadcast, oneshot, watch};
use heist::task::yield_now;
use heist::time::{sleep, timeout};

use crate::ledger::Token;
use crate::rng::Rng;
use crate::tally::{Event, count, count_many};
use crate::world::Ctx;

/// Pairs whose sides send, give up, close or wait, in tasks and on threads.
pub(crate) async fn oneshots(ctx: Ctx, mut rng: Rng) -> Option<()> {
    for number in 0..rng.range(1, 20) {
        let (sender, mut receiver) = oneshot::channel::<(u64, Token)>();
        let token = ctx.token();
        match rng.below(4) {
            0 => drop(sender),
            1 => ctx.errand(move || drop(sender.send((number, token)))),
            2 => {
                let wait = Duration::from_micros(rng.below(300));
                drop(ctx.spawn(async move {
                    sleep(wait).await;
                    drop(sender.send((number, token)));
                }));
            }
            _ => {
                let mut sender = sender;
                drop(ctx.spawn(async move {
                    // The other side may be gone already.
                    let _ = timeout(Duration::from_micros(50), sender.closed()).await;
                    drop(sender.send((number, token)));
                }));
            }
        }
        let got = match rng.below(4) {
            0 => {
                drop(receiver);
                continue;
            }
            1 => {
                receiver.close();
                receiver.try_recv().ok()
            }
            2 => match timeout(Duration::from_micros(rng.below(400)), &mut receiver).await {
                Ok(got) => got.ok(),
                Err(_) => ctx.spawn(receiver).join().await?.ok(),
            },
            _ => receiver.await.ok(),
        };
        if let Some((got, _token)) = got {
            count(Event::messages);
            assert_eq!(got, number, "the value of another channel");
        }
    }
    Some(())
}

/// One writer; readers never go back, and see the last value in the end.
pub(crate) async fn watched(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (sender, receiver) = watch::channel(0);
    let last = rng.range(1, 100);
    let mut readers = Vec::new();
    for _ in 0..rng.range(1, 6) {
        let (mut receiver, mut rng) = (receiver.clone(), rng.fork());
        readers.push(ctx.spawn(async move {
            let mut seen = 0;
            loop {
                let change = if rng.percent(20) {
                    match timeout(Duration::from_micros(rng.below(200)), receiver.changed()).await {
                        Ok(change) => change,
                        Err(_) => continue,
                    }
                } else {
                    receiver.changed().await
                };
                let now = *receiver.borrow_and_update();
                assert!(now >= seen, "went back from {seen} to {now}");
                seen = now;
                count(Event::messages);
                if change.is_err() {
                    break seen;
                }
            }
        }));
    }
    drop(receiver);
    for value in 1..=last {
        match rng.below(3) {
            0 => drop(sender.send_replace(value)),
            1 => sender.send_modify(|old| *old = value),
            _ => drop(sender.send(value)),
        }
        if rng.percent(30) {
            yield_now().await;
        }
    }
    // `send` refuses a value when no reader is left, and none leaves but with the runtime.
    let (kept, is_ending) = (*sender.borrow(), ctx.ledger.is_ending());
    assert!(kept == last || is_ending, "{kept} was kept of {last}");
    drop(sender);
    for reader in readers {
        assert_eq!(reader.join().await?, last, "the last value was not seen");
    }
    Some(())
}

/// Some senders; each reader gets each value once, or is told how many it has missed.
pub(crate) async fn broadcasts(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (sender, receiver) = broadcast::channel(rng.range(1, 32) as usize);
    let (senders, each) = (rng.range(1, 4), rng.range(1, 60));
    let mut readers = Vec::new();
    for _ in 0..rng.range(1, 5) {
        let (mut receiver, mut rng) = (receiver.resubscribe(), rng.fork());
        readers.push(ctx.spawn(async move {
            let mut accounted = 0;
            loop {
                if rng.percent(10) {
                    yield_now().await;
                }
                let got = match timeout(Duration::from_micros(rng.range(1, 500)), receiver.recv()).await {
                    Ok(got) => got,
                    Err(_) => continue,
                };
                match got {
                    Ok(_token) => accounted += 1,
                    Err(RecvError::Lagged(missed)) => accounted += missed,
                    Err(RecvError::Closed) => break accounted,
                }
            }
        }));
    }
    drop(receiver);
    let mut tasks = Vec::new();
    for _ in 0..senders {
        let (ctx_of, sender, mut rng) = (ctx.clone(), sender.clone(), rng.fork());
        tasks.push(ctx.spawn(async move {
            for _ in 0..each {
                let sent = sender.send(std::sync::Arc::new(ctx_of.token()));
                assert!(sent.is_ok() || ctx_of.ledger.is_ending(), "no reader");
                if rng.percent(20) {
                    yield_now().await;
                }
            }
        }));
    }
    drop(sender);
    for task in tasks {
        task.join().await?;
    }
    for reader in readers {
        let accounted = reader.join().await?;
        assert_eq!(accounted, senders * each, "values that a reader got or missed");
        count_many(Event::messages, accounted);
    }
    Some(())
}
