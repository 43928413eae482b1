//! Locks, permits and meeting points, whose futures are given up at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use heist::sync::{Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore};
use heist::task::yield_now;
use heist::time::timeout;

use crate::rng::Rng;
use crate::tally::{Event, count};
use crate::world::{Ctx, Spawned};

/// Takes back what it has added, also when its task is cancelled. Declared after the guard of the lock, so gone before it.
struct Inside<'a>(&'a AtomicI64, i64);

impl<'a> Inside<'a> {
    /// Adds to the number and says what it was.
    fn enter(number: &'a AtomicI64, add: i64) -> (Self, i64) {
        (Self(number, add), number.fetch_add(add, Ordering::Relaxed))
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

async fn join_all<T>(tasks: Vec<Spawned<T>>) -> Option<Vec<T>> {
    let mut outputs = Vec::new();
    for task in tasks {
        outputs.push(task.join().await?);
    }
    Some(outputs)
}

fn a_moment(rng: &mut Rng) -> Duration {
    Duration::from_micros(rng.below(200))
}

/// One inside at a time; the sum is exact.
pub(crate) async fn mutex(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (mutex, inside) = (Arc::new(Mutex::new(0)), Arc::new(AtomicI64::new(0)));
    let mut tasks = Vec::new();
    for _ in 0..rng.range(1, 8) {
        let (mutex, inside, mut rng) = (mutex.clone(), inside.clone(), rng.fork());
        tasks.push(ctx.spawn(async move {
            let mut added = 0;
            for _ in 0..rng.range(1, 30) {
                let guard = if rng.percent(30) {
                    timeout(a_moment(&mut rng), mutex.clone().lock_owned()).await.ok()
                } else {
                    Some(mutex.clone().lock_owned().await)
                };
                let Some(mut guard) = guard else { continue };
                let (_inside, others) = Inside::enter(&inside, 1);
                assert_eq!(others, 0, "two inside of a mutex");
                let before = *guard;
                if rng.percent(30) {
                    yield_now().await;
                }
                *guard = before + 1;
                added += 1;
                count(Event::locks);
            }
            added
        }));
    }
    let added: u64 = join_all(tasks).await?.iter().sum();
    assert_eq!(*mutex.lock().await, added, "an addition was lost");
    Some(())
}

/// Readers together, writers alone.
pub(crate) async fn rwlock(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (lock, inside) = (Arc::new(RwLock::new(0)), Arc::new(AtomicI64::new(0)));
    let mut tasks = Vec::new();
    for _ in 0..rng.range(1, 8) {
        let (lock, inside, mut rng) = (lock.clone(), inside.clone(), rng.fork());
        tasks.push(ctx.spawn(async move {
            let mut added = 0;
            for _ in 0..rng.range(1, 30) {
                if rng.percent(60) {
                    let Ok(guard) = timeout(a_moment(&mut rng), lock.read()).await else {
                        continue;
                    };
                    let (_inside, others) = Inside::enter(&inside, 1);
                    assert!(others >= 0, "a reader beside a writer");
                    let before = *guard;
                    yield_now().await;
                    assert_eq!(*guard, before, "written under a reader");
                } else {
                    let Ok(mut guard) = timeout(a_moment(&mut rng), lock.write()).await else {
                        continue;
                    };
                    let (_inside, others) = Inside::enter(&inside, -1_000);
                    assert_eq!(others, 0, "a writer beside others");
                    yield_now().await;
                    *guard += 1;
                    added += 1;
                }
                count(Event::locks);
            }
            added
        }));
    }
    let added: u64 = join_all(tasks).await?.iter().sum();
    assert_eq!(*lock.read().await, added, "an addition was lost");
    Some(())
}

/// No more permits are out than there are, and in the end all are back.
pub(crate) async fn semaphore(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let total = rng.range(1, 10);
    let (semaphore, out) = (
        Arc::new(Semaphore::new(total as usize)),
        Arc::new(AtomicI64::new(0)),
    );
    let mut tasks = Vec::new();
    for _ in 0..rng.range(1, 10) {
        let (semaphore, out, mut rng) = (semaphore.clone(), out.clone(), rng.fork());
        tasks.push(ctx.spawn(async move {
            for _ in 0..rng.range(1, 20) {
                let many = rng.range(1, total);
                let asked = semaphore.clone().acquire_many_owned(many as u32);
                let permit = if rng.percent(40) {
                    match timeout(a_moment(&mut rng), asked).await {
                        Ok(permit) => permit,
                        Err(_) => continue,
                    }
                } else {
                    asked.await
                };
                let _permit = permit.expect("nobody closes it");
                let (_out, others) = Inside::enter(&out, many as i64);
                assert!(others as u64 + many <= total, "too many permits");
                if rng.percent(50) {
                    yield_now().await;
                }
                count(Event::locks);
            }
        }));
    }
    join_all(tasks).await?;
    assert_eq!(semaphore.available_permits() as u64, total, "permits were lost");
    Some(())
}

/// Items behind a counter and a `Notify`: who takes one and sees more tells the next.
pub(crate) async fn notify(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (notify, items) = (Arc::new(Notify::new()), Arc::new(AtomicU64::new(0)));
    let (takers, each) = (rng.range(1, 5), rng.range(1, 20));
    let mut tasks = Vec::new();
    for _ in 0..takers {
        let (notify, items, mut rng) = (notify.clone(), items.clone(), rng.fork());
        tasks.push(ctx.spawn(async move {
            for _ in 0..each {
                while items
                    .fetch_update(Ordering::AcqRel, Ordering::Acquire, |items| items.checked_sub(1))
                    .is_err()
                {
                    if rng.percent(20) {
                        // One that gives up hands its notification on.
                        let _ = timeout(a_moment(&mut rng), notify.notified()).await;
                    } else {
                        notify.notified().await;
                    }
                }
                if items.load(Ordering::Acquire) > 0 {
                    notify.notify_one();
                }
                count(Event::locks);
            }
        }));
    }
    for _ in 0..takers * each {
        let (notify, items) = (notify.clone(), items.clone());
        let put = move || {
            items.fetch_add(1, Ordering::AcqRel);
            notify.notify_one();
        };
        match rng.below(6) {
            0 => ctx.errand(put),
            1 => drop(ctx.spawn(async move { put() })),
            _ => put(),
        }
        if rng.percent(20) {
            yield_now().await;
        }
    }
    join_all(tasks).await?;
    Some(())
}

/// All cross together, and one of them leads, each round.
pub(crate) async fn barrier(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (size, rounds) = (rng.range(1, 8), rng.range(1, 10));
    let (barrier, arrived) = (Arc::new(Barrier::new(size as usize)), Arc::new(AtomicU64::new(0)));
    let mut tasks = Vec::new();
    for _ in 0..size {
        let (barrier, arrived, mut rng) = (barrier.clone(), arrived.clone(), rng.fork());
        tasks.push(ctx.spawn(async move {
            let mut led = 0;
            for round in 1..=rounds {
                if rng.percent(30) {
                    yield_now().await;
                }
                arrived.fetch_add(1, Ordering::Relaxed);
                led += u64::from(barrier.wait().await.is_leader());
                assert!(arrived.load(Ordering::Relaxed) >= size * round, "crossed alone");
                count(Event::locks);
            }
            led
        }));
    }
    let led: u64 = join_all(tasks).await?.iter().sum();
    assert_eq!(led, rounds, "one leader a round");
    Some(())
}

/// A cell that is made once, though those who make it fail or give up.
pub(crate) async fn once(ctx: Ctx, mut rng: Rng) -> Option<()> {
    let (cell, made) = (Arc::new(OnceCell::new()), Arc::new(AtomicU64::new(0)));
    let mut tasks = Vec::new();
    for number in 0..rng.range(1, 10) {
        let (cell, made, fails, wait) = (cell.clone(), made.clone(), rng.percent(30), a_moment(&mut rng));
        tasks.push(ctx.spawn(async move {
            let making = cell.get_or_try_init(|| async {
                yield_now().await;
                if fails {
                    return Err(());
                }
                made.fetch_add(1, Ordering::Relaxed);
                Ok(number)
            });
            // Given up or failed: both leave the cell to the others.
            timeout(wait, making).await.ok()?.ok().copied()
        }));
    }
    let got: Vec<u64> = join_all(tasks).await?.into_iter().flatten().collect();
    assert!(made.load(Ordering::Relaxed) <= 1, "made twice");
    assert!(
        got.iter().all(|one| Some(one) == cell.get()),
        "two values of one cell"
    );
    count(Event::locks);
    Some(())
}
