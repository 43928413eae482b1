//! `JoinSet`: each task comes out once, however the set is emptied.

use std::future::pending;
use std::panic::panic_any;
use std::sync::Arc;
use std::time::Duration;

use heist::task::{JoinSet, yield_now};
use heist::time::{sleep, timeout};

use crate::ledger::{Fate, Planned, Receipt};
use crate::rng::Rng;
use crate::tally::{Event, count};
use crate::world::Ctx;

type Set = JoinSet<Receipt<u64>>;

fn spawn_one(ctx: &Ctx, set: &mut Set, rng: &mut Rng, number: u64) -> Arc<Fate> {
    let (kind, wait) = (rng.below(6), Duration::from_micros(rng.below(800)));
    let (tracked, fate) = ctx.ledger.track(async move {
        match kind {
            0 => sleep(wait).await,
            1 => panic_any(Planned),
            2 => pending().await,
            _ => yield_now().await,
        }
        number
    });
    let abort = set.spawn(tracked);
    if kind == 2 || rng.percent(10) {
        fate.expect_abort();
        if kind == 2 {
            ctx.errand(move || abort.abort());
        } else {
            abort.abort();
        }
    }
    fate
}

/// Fills a set, and empties it in one of the ways there are.
pub(crate) async fn join_set(ctx: Ctx, mut rng: Rng) -> Option<()> {
    count(Event::sets);
    let mut set = Set::new();
    let mut fates = Vec::new();
    for number in 0..rng.range(1, 30) {
        fates.push(spawn_one(&ctx, &mut set, &mut rng, number));
        if rng.percent(20) {
            yield_now().await;
        }
    }
    let expected = fates.len();
    match rng.below(5) {
        0 => fates.iter().for_each(|fate| fate.expect_abort()),
        1 => {
            fates.iter().for_each(|fate| fate.expect_abort());
            set.shutdown().await;
            assert!(set.is_empty(), "a set that was shut down");
        }
        2 => {
            set.detach_all();
            assert!(set.is_empty(), "a set whose tasks were detached");
        }
        _ => {
            if rng.percent(30) {
                fates.iter().for_each(|fate| fate.expect_abort());
                set.abort_all();
            }
            let mut came = 0;
            while !set.is_empty() {
                let next = if rng.percent(30) {
                    match timeout(Duration::from_micros(rng.below(300)), set.join_next()).await {
                        Ok(next) => next,
                        Err(_) => continue,
                    }
                } else {
                    set.join_next().await
                };
                came += 1;
                // Which task failed is known by its id alone; the books have the rest.
                if let Ok(receipt) = next.expect("the set is not empty") {
                    let fate = receipt.fate().clone();
                    ctx.ledger.settle(Ok(receipt), &fate)?;
                }
            }
            assert_eq!(came, expected, "tasks that came out of the set");
        }
    }
    drop(set);
    Some(())
}
