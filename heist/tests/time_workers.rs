//! Timers of many threads at once: each fires, whichever thread made it, moved it, reset it, or made others around it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Barrier;
use std::task::Poll;
use std::thread;

use heist::runtime::{Builder, Runtime};
use heist::time::{Duration, Instant, Sleep, sleep, timeout};

const WORKERS: usize = 4;
const HOUR: Duration = Duration::from_secs(3_600);

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

/// Registers the sleep with its runtime.
async fn register(sleep: &mut Pin<Box<Sleep>>) {
    poll_fn(|cx| {
        assert!(sleep.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// Runs one on each worker at the same time.
fn on_every_worker<F>(runtime: &Runtime, task: impl Fn(usize) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let tasks: Vec<_> = (0..WORKERS).map(|number| runtime.spawn(task(number))).collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.expect("the task ends");
        }
    });
}

/// A short one after many that were made and dropped, so that what the driver knows is often what is gone.
#[test]
fn a_short_sleep_among_timeouts_that_do_not_fire_ends() {
    on_every_worker(&runtime(), |number| async move {
        for round in 0..200 {
            for _ in 0..10 {
                timeout(HOUR, heist::task::yield_now()).await.expect("no hour");
                timeout(us(300), heist::task::yield_now()).await.ok();
            }
            let length = us((round * 7 + number as u64 * 13) % 500);
            let start = Instant::now();
            sleep(length).await;
            assert!(start.elapsed() >= length);
        }
    });
}

/// Registered on one worker; reset, awaited or dropped on others and outside.
#[test]
fn a_sleep_that_goes_from_thread_to_thread_ends_when_it_was_last_told() {
    let runtime = runtime();
    on_every_worker(&runtime, |number| async move {
        for round in 0..50 {
            let mut sleeping = Box::pin(sleep(HOUR));
            register(&mut sleeping).await;
            let deadline = Instant::now() + us(round * 10 + number as u64);
            let other = heist::spawn(async move {
                sleeping.as_mut().reset(deadline);
                sleeping.await;
                assert!(Instant::now() >= deadline);
            });
            let mut dropped = Box::pin(sleep(us(200)));
            register(&mut dropped).await;
            let gone = heist::spawn(async move { drop(dropped) });
            other.await.expect("it ends");
            gone.await.expect("it ends");
        }
    });
    let handle = runtime.handle().clone();
    let mut outside = {
        let _entered = runtime.enter();
        Box::pin(sleep(HOUR))
    };
    runtime.block_on(register(&mut outside));
    thread::spawn(move || {
        outside.as_mut().reset(Instant::now() + us(500));
        handle.block_on(outside);
    })
    .join()
    .expect("it ends");
}

/// Moved to later again and again, and then left alone, or moved to earlier.
#[test]
fn a_reset_storm_ends_at_the_last_deadline() {
    on_every_worker(&runtime(), |number| async move {
        let mut idle = pin!(sleep(us(100)));
        for round in 0..2_000 {
            let deadline = Instant::now() + us(2_000 + round);
            idle.as_mut().reset(deadline);
            poll_fn(|cx| {
                let _ = idle.as_mut().poll(cx);
                Poll::Ready(())
            })
            .await;
        }
        let last = Instant::now() + us(1_000 + number as u64 * 500);
        idle.as_mut().reset(last);
        idle.as_mut().await;
        assert!(Instant::now() >= last);
    });
}

/// Threads that are no workers have timers, too, and so have the next ones.
#[test]
fn threads_from_outside_sleep_in_the_runtime() {
    let runtime = runtime();
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for number in 0..8 {
            let (runtime, start) = (&runtime, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..50 {
                    let length = us(number * 31 + round * 3);
                    let before = Instant::now();
                    let sleeping = {
                        let _inside = runtime.enter();
                        sleep(length)
                    };
                    runtime.block_on(async {
                        assert!(timeout(us(10), sleep(HOUR)).await.is_err());
                        sleeping.await;
                    });
                    assert!(before.elapsed() >= length);
                }
            });
        }
    });
}
