//! Timers, none of which may be early; how late they are depends on the machine and is not asked.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use heist::task::yield_now;
use heist::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};

use crate::rng::Rng;
use crate::tally::{Event, count};
use crate::world::Ctx;

/// From nothing to some milliseconds, with a tail.
fn wait(rng: &mut Rng) -> Duration {
    let micros = match rng.below(10) {
        0 => 0,
        1..=6 => rng.below(1_000),
        7 | 8 => rng.below(5_000),
        _ => rng.below(30_000),
    };
    Duration::from_micros(micros)
}

fn not_early(from: Instant, wait: Duration) {
    count(Event::timers);
    let took = from.elapsed();
    assert!(took >= wait, "early: {took:?} of {wait:?}");
}

/// Many sleeps at once, some dropped before they end, some far away.
pub(crate) async fn sleeps(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let mut tasks = Vec::new();
    for _ in 0..rng.range(1, 40) {
        let (wait, far) = (wait(&mut rng), Duration::from_secs(rng.below(1 << 40)));
        let is_dropped = rng.percent(30);
        tasks.push(ctx.spawn(async move {
            let start = Instant::now();
            if is_dropped {
                // The far one is filed, then cancelled.
                assert!(
                    timeout(wait, sleep(far + wait + Duration::from_secs(60)))
                        .await
                        .is_err()
                );
                count(Event::timeouts);
            } else {
                sleep(wait).await;
            }
            not_early(start, wait);
        }));
    }
    for task in tasks {
        task.join().await?;
    }
    Some(())
}

/// Timeouts around what is ready, what becomes ready, and what never does.
pub(crate) async fn timeouts(ctx: Ctx, mut rng: Rng) -> Option<()> {
    for _ in 0..rng.range(1, 60) {
        let (limit, start) = (wait(&mut rng), Instant::now());
        match rng.below(4) {
            0 => assert!(
                timeout(limit, async {}).await.is_ok(),
                "a timeout before a ready future"
            ),
            1 => {
                assert!(timeout(limit, pending::<()>()).await.is_err());
                not_early(start, limit);
                count(Event::timeouts);
            }
            2 => {
                let task = ctx.spawn(async { yield_now().await });
                match timeout(limit, task.join()).await {
                    Ok(joined) => joined?,
                    Err(_) => not_early(start, limit),
                }
            }
            _ => drop(timeout(limit, yield_now()).await),
        }
    }
    Some(())
}

/// A sleep that is moved to and fro, also back from far away.
pub(crate) async fn resets(_: Ctx, mut rng: Rng) -> Option<()> {
    const FAR: Duration = Duration::from_secs(3_600);
    let mut sleep = pin!(sleep(FAR));
    for _ in 0..rng.range(1, 20) {
        if rng.percent(20) {
            // Filed there, so that the driver must be told of what comes next.
            sleep.as_mut().reset(Instant::now() + FAR);
            let _ = timeout(Duration::ZERO, sleep.as_mut()).await;
        }
        let deadline = Instant::now() + wait(&mut rng);
        sleep.as_mut().reset(deadline);
        if rng.percent(50) {
            sleep.as_mut().await;
            assert!(Instant::now() >= deadline, "early after a reset");
            count(Event::timers);
        } else {
            // Filed, or over.
            let _ = timeout(Duration::ZERO, sleep.as_mut()).await;
        }
    }
    Some(())
}

/// Intervals, and a sleep until a point in time beside them.
pub(crate) async fn intervals(_: Ctx, mut rng: Rng) -> Option<()> {
    let period = Duration::from_micros(rng.range(50, 2_000));
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(match rng.below(3) {
        0 => MissedTickBehavior::Burst,
        1 => MissedTickBehavior::Delay,
        _ => MissedTickBehavior::Skip,
    });
    let start = Instant::now();
    for _ in 0..rng.range(1, 10) {
        let tick = ticks.tick().await;
        assert!(Instant::now() >= tick, "a tick before its time");
        count(Event::timers);
    }
    let end = start + period * 3;
    sleep_until(end).await;
    assert!(Instant::now() >= end, "early");
    Some(())
}
