//! Wakers in all hands: taken, cloned, woken by value and by reference, from tasks, closures and threads outside.
//!
//! Every wait here ends by one particular wake. If it is lost the round stands still, which the watchdog sees.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use heist::task::yield_now;
use heist::time::sleep;

use crate::rng::Rng;
use crate::tally::{Event, count};
use crate::world::Ctx;

/// Counts its rings and wakes who waits for them.
#[derive(Debug, Default)]
struct Bell {
    rung: AtomicU64,
    waiting: Mutex<Vec<Waker>>,
}

impl Bell {
    /// Rings once; `by_ref` says how the wakers are woken.
    fn ring(&self, by_ref: bool) {
        count(Event::rings);
        self.rung.fetch_add(1, Ordering::Release);
        let waiting = std::mem::take(&mut *self.waiting.lock().expect("nobody panics here"));
        for waker in waiting {
            if by_ref { waker.wake_by_ref() } else { waker.wake() }
        }
    }

    fn poll_rung(&self, times: u64, cx: &Context<'_>) -> Poll<()> {
        let is_rung = || self.rung.load(Ordering::Acquire) >= times;
        if is_rung() {
            return Poll::Ready(());
        }
        self.waiting
            .lock()
            .expect("nobody panics here")
            .push(cx.waker().clone());
        if is_rung() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Listeners that wait for each ring, and rings from everywhere.
pub(crate) async fn bells(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let bell = Arc::new(Bell::default());
    let rings = rng.range(1, 40);
    let listeners: Vec<_> = (0..rng.range(1, 6))
        .map(|_| {
            let (bell, board) = (bell.clone(), ctx.clone());
            ctx.spawn(async move {
                for times in 1..=rings {
                    poll_fn(|cx| {
                        board.post(cx.waker());
                        bell.poll_rung(times, cx)
                    })
                    .await;
                }
            })
        })
        .collect();
    for _ in 0..rings {
        let (bell, by_ref) = (bell.clone(), rng.percent(50));
        match rng.below(5) {
            0 => ctx.errand(move || bell.ring(by_ref)),
            1 => drop(ctx.spawn(async move { bell.ring(by_ref) })),
            2 => drop(ctx.spawn_blocking(move || bell.ring(by_ref))),
            3 => {
                let wait = Duration::from_micros(rng.below(300));
                drop(ctx.spawn(async move {
                    sleep(wait).await;
                    bell.ring(by_ref);
                }));
            }
            _ => bell.ring(by_ref),
        }
        if rng.percent(30) {
            yield_now().await;
        }
    }
    for listener in listeners {
        listener.join().await?;
    }
    Some(())
}

/// Two tasks that ring each other's bell.
pub(crate) async fn ping_pong(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let bells = [Arc::new(Bell::default()), Arc::new(Bell::default())];
    let rounds = rng.range(1, 100);
    let mut players = Vec::new();
    for side in 0..2 {
        let (own, other) = (bells[side].clone(), bells[1 - side].clone());
        let mut rng = rng.fork();
        players.push(ctx.spawn(async move {
            for round in 1..=rounds {
                if side == 0 {
                    other.ring(rng.percent(50));
                }
                poll_fn(|cx| own.poll_rung(round, cx)).await;
                if side == 1 {
                    other.ring(rng.percent(50));
                }
            }
        }));
    }
    for player in players {
        player.join().await?;
    }
    Some(())
}

/// Many tasks that one ring lets go, some of which wake themselves before they return.
pub(crate) async fn crowd(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let bell = Arc::new(Bell::default());
    let mut tasks = Vec::new();
    for _ in 0..rng.range(2, 60) {
        let (bell, selfish) = (bell.clone(), rng.percent(20));
        tasks.push(ctx.spawn(poll_fn(move |cx| {
            let polled = bell.poll_rung(1, cx);
            if selfish && polled.is_ready() {
                cx.waker().wake_by_ref();
            }
            polled
        })));
    }
    if rng.percent(50) {
        sleep(Duration::from_micros(rng.below(500))).await;
    }
    ctx.errand(move || bell.ring(false));
    for task in tasks {
        task.join().await?;
    }
    Some(())
}
