//! Tasks that spawn, join, abort, leave, yield and panic.

use std::future::pending;
use std::panic::panic_any;
use std::time::Duration;

use heist::task::yield_now;
use heist::time::{sleep, timeout};

use super::Act;
use crate::ledger::Planned;
use crate::rng::Rng;
use crate::world::{Ctx, Spawned};

/// A tree of tasks, in which each child is joined, aborted or left.
pub(crate) async fn tree(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let depth = rng.range(1, 3);
    branch(ctx, rng, depth).await
}

fn branch(ctx: Ctx, mut rng: Rng, depth: u64) -> Act {
    Box::pin(async move {
        let mut children = Vec::new();
        for _ in 0..rng.range(1, 4) {
            let (below, own) = (ctx.clone(), rng.fork());
            children.push(match depth {
                0 => ctx.spawn(leaf(below, own)),
                _ => ctx.spawn(branch(below, own, depth - 1)),
            });
            if rng.percent(30) {
                yield_now().await;
            }
        }
        for child in children {
            match rng.below(5) {
                0 => drop(child),
                1 => {
                    child.abort();
                    child.join().await;
                }
                2 => ctx.errand(child.abort_later()),
                _ => drop(child.join().await),
            }
        }
        Some(())
    })
}

/// A short task that ends in one of many ways.
pub(crate) async fn leaf(ctx: Ctx, mut rng: Rng) -> Option<()> {
    match rng.below(9) {
        0 => {}
        1 => panic_any(Planned),
        2 => sleep(Duration::from_micros(rng.below(2_000))).await,
        3 => {
            (0..rng.below(20)).for_each(|_| ctx.wake_somebody(&mut rng));
        }
        4 => {
            let (below, own) = (ctx.clone(), rng.fork());
            drop(ctx.spawn(boxed_leaf(below, own)));
        }
        5 => {
            ctx.spawn_blocking(|| ()).join().await?;
        }
        6 if ctx.is_cut_short => pending().await,
        7 => {
            yield_now().await;
            panic_any(Planned);
        }
        _ => {
            for _ in 0..rng.below(10) {
                yield_now().await;
            }
        }
    }
    Some(())
}

/// A leaf may hold a leaf.
fn boxed_leaf(ctx: Ctx, rng: Rng) -> Act {
    Box::pin(leaf(ctx, rng))
}

/// Tasks that never end by themselves, aborted from here, from outside, or by a task.
pub(crate) async fn aborts(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let mut waiting: Vec<Spawned<()>> = Vec::new();
    for _ in 0..rng.range(1, 20) {
        let mut own = rng.fork();
        let task = match rng.below(3) {
            0 => ctx.spawn(pending()),
            1 => ctx.spawn(async move {
                loop {
                    yield_now().await;
                    own.next();
                }
            }),
            _ => ctx.spawn(async move {
                loop {
                    sleep(Duration::from_micros(own.below(500))).await;
                }
            }),
        };
        waiting.push(task);
    }
    for _ in 0..rng.below(3) {
        yield_now().await;
    }
    for task in waiting {
        match rng.below(4) {
            0 => ctx.errand(task.abort_later()),
            1 => {
                let abort = task.abort_later();
                drop(ctx.spawn(async move { abort() }));
                continue;
            }
            2 => {
                // Twice, from two threads.
                ctx.errand(task.abort_later());
                task.abort();
            }
            _ => task.abort(),
        }
        assert!(task.join().await.is_none(), "it never returns");
    }
    Some(())
}

/// Tasks that yield, and spend their budget.
pub(crate) async fn yields(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let mut tasks = Vec::new();
    for _ in 0..rng.range(1, 8) {
        let rounds = rng.below(100);
        let hungry = rng.percent(30);
        tasks.push(ctx.spawn(async move {
            for _ in 0..rounds {
                if hungry {
                    heist::task::consume_budget().await
                } else {
                    yield_now().await
                }
            }
            rounds
        }));
    }
    for task in tasks {
        task.join().await?;
    }
    Some(())
}

/// Handles that are asked in one task, given up, and asked in another.
pub(crate) async fn handed_on(ctx: Ctx, mut rng: Rng) -> Option<()> {
    for number in 0..rng.range(1, 10) {
        let wait = Duration::from_micros(rng.below(1_000));
        let mut task = ctx.spawn(async move {
            sleep(wait).await;
            number
        });
        let early = timeout(Duration::from_micros(rng.below(1_000)), task.join_by_ref()).await;
        let got = match early {
            Ok(got) => got?,
            Err(_) if rng.percent(50) => {
                // Whether it has ended by now is open.
                let _ = task.is_finished();
                ctx.spawn(task.join()).join().await??
            }
            Err(_) => task.join().await?,
        };
        assert_eq!(got, number, "the output of another task");
    }
    Some(())
}
