//! The blocking pool, and workers that block in place.

use std::time::Duration;

use heist::sync::oneshot;
use heist::task::{block_in_place, yield_now};
use heist::time::sleep;

use crate::rng::Rng;
use crate::tally::{Event, count};
use crate::world::Ctx;

/// Closures that are awaited, left, or aborted before they have begun or after.
pub(crate) async fn closures(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let mut tasks = Vec::new();
    for number in 0..rng.range(1, 30) {
        let (token, micros) = (ctx.token(), rng.below(300));
        let inner = ctx.clone();
        let waits = !ctx.is_cut_short && rng.percent(10);
        let task = ctx.spawn_blocking(move || {
            let _token = token;
            match rng_free(micros) {
                0 => {}
                1 if waits => inner
                    .handle
                    .block_on(async { sleep(Duration::from_micros(100)).await }),
                2 => drop(inner.spawn(async { yield_now().await })),
                _ => std::thread::sleep(Duration::from_micros(micros)),
            }
            number
        });
        match rng.below(5) {
            0 => drop(task),
            1 => {
                task.abort();
                match task.join().await {
                    Some(got) => assert_eq!(got, number),
                    None => count(Event::closures_unrun),
                }
            }
            _ => tasks.push((number, task)),
        }
    }
    for (number, task) in tasks {
        assert_eq!(task.join().await?, number, "the output of another closure");
    }
    Some(())
}

/// A choice that needs no generator: closures have none of their own.
fn rng_free(micros: u64) -> u64 {
    micros % 4
}

/// A worker leaves its seat, and what it waits for is done by whoever takes it.
pub(crate) async fn in_place(ctx: Ctx, mut rng: Rng) -> Option<()> {
    if !ctx.has_workers() || ctx.is_cut_short {
        return Some(());
    }
    let mut tasks = Vec::new();
    for _ in 0..rng.range(1, 6) {
        let (inner, times, micros) = (ctx.clone(), rng.range(1, 4), rng.below(400));
        tasks.push(ctx.spawn(async move {
            for _ in 0..times {
                let (sender, receiver) = oneshot::channel();
                // Goes to this worker's own queue, and must run while this one blocks.
                let other = inner.spawn(async move {
                    sleep(Duration::from_micros(micros)).await;
                    let _ = sender.send(micros);
                });
                let got = block_in_place(|| inner.handle.block_on(receiver));
                assert_eq!(got.ok(), Some(micros), "the other task has not run");
                count(Event::in_place);
                other.join().await?;
                block_in_place(|| ());
            }
            Some(())
        }));
    }
    for task in tasks {
        task.join().await??;
    }
    Some(())
}
