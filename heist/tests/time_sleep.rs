//! `sleep`, `sleep_until` and `Sleep`: never early, in order, reset, dropped, moved, far away and misused.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use heist::runtime::{Builder, Runtime};
use heist::time::{Duration, Instant, Sleep, sleep, sleep_until};

fn current_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn multi_thread(workers: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Runs a test in a runtime of each flavour.
fn everywhere<F: Future<Output = ()>>(test: impl Fn() -> F) {
    for runtime in [current_thread(), multi_thread(1), multi_thread(4)] {
        runtime.block_on(test());
    }
}

/// Longer than any test.
const HOUR: Duration = Duration::from_secs(3_600);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A waker that writes its number down.
struct Numbered(usize, Arc<Mutex<Vec<usize>>>);

impl Wake for Numbered {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap().push(self.0);
    }
}

#[derive(Default)]
struct Log(Arc<Mutex<Vec<usize>>>);

impl Log {
    fn waker(&self, number: usize) -> Waker {
        Arc::new(Numbered(number, self.0.clone())).into()
    }

    fn entries(&self) -> Vec<usize> {
        self.0.lock().unwrap().clone()
    }
}

fn poll(sleep: Pin<&mut Sleep>, waker: &Waker) -> Poll<()> {
    sleep.poll(&mut Context::from_waker(waker))
}

/// What a panic said.
fn panic_text(misuse: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(misuse)).expect_err("it should have panicked");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast::<&'static str>().expect("a text").to_string(),
    }
}

#[test]
fn never_early() {
    everywhere(|| async {
        for nanos in [
            0, 1, 999, 16_384, 100_000, 999_999, 1_000_000, 1_000_001, 1_700_000, 20_000_000,
        ] {
            let duration = Duration::from_nanos(nanos);
            let before = Instant::now();
            let future = sleep(duration);
            let deadline = future.deadline();
            future.await;
            let after = Instant::now();
            assert!(
                after - before >= duration,
                "{:?} for {duration:?}",
                after - before
            );
            assert!(after >= deadline);
        }
    });
}

#[test]
fn a_deadline_in_the_past_completes_at_the_first_poll() {
    everywhere(|| async {
        let log = Log::default();
        for deadline in [Instant::now(), Instant::now() - ms(1)] {
            let mut sleep = pin!(sleep_until(deadline));
            assert!(poll(sleep.as_mut(), &log.waker(0)).is_ready());
            assert!(sleep.is_elapsed());
        }
        assert_eq!(log.entries(), []);
    });
}

#[test]
fn wakes_come_in_the_order_of_deadlines() {
    everywhere(|| async {
        let log = Log::default();
        let start = Instant::now() + ms(20);
        let mut pending = Vec::new();
        for after in [9, 3, 12, 6] {
            let mut sleep = Box::pin(sleep_until(start + ms(after)));
            // On a machine that is busy elsewhere it may be too late already.
            if poll(sleep.as_mut(), &log.waker(after as usize)).is_pending() {
                pending.push((after as usize, sleep));
            }
        }
        sleep_until(start + ms(20)).await;
        pending.sort_unstable_by_key(|(after, _)| *after);
        let expected: Vec<_> = pending.iter().map(|(after, _)| *after).collect();
        assert_eq!(log.entries(), expected);
        assert!(pending.iter().all(|(_, sleep)| sleep.is_elapsed()));
    });
}

#[test]
fn a_hundred_thousand_sleeps_at_once_all_complete() {
    const SLEEPS: usize = 100_000;
    for runtime in [current_thread(), multi_thread(2)] {
        let completed = Arc::new(AtomicUsize::new(0));
        runtime.block_on(async {
            let start = Instant::now();
            let tasks: Vec<_> = (0..SLEEPS)
                .map(|number| {
                    let completed = completed.clone();
                    let deadline = start + Duration::from_micros((number as u64 * 7_919) % 200_000);
                    heist::spawn(async move {
                        sleep_until(deadline).await;
                        assert!(Instant::now() >= deadline);
                        completed.fetch_add(1, SeqCst);
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no sleep was early");
            }
        });
        assert_eq!(completed.load(SeqCst), SLEEPS);
    }
}

#[test]
fn a_sleep_reset_to_an_earlier_time_completes_then() {
    everywhere(|| async {
        let mut sleep = pin!(sleep(HOUR));
        assert!(poll(sleep.as_mut(), Waker::noop()).is_pending());
        let deadline = Instant::now() + ms(5);
        sleep.as_mut().reset(deadline);
        assert_eq!(sleep.deadline(), deadline);
        sleep.await;
        assert!(Instant::now() >= deadline);
    });
}

#[test]
fn a_reset_wakes_the_task_that_polled_before_it() {
    everywhere(|| async {
        let sleep = Arc::new(Mutex::new(Box::pin(sleep(HOUR))));
        let shared = sleep.clone();
        let polled = Arc::new(AtomicUsize::new(0));
        let polls = polled.clone();
        let task = heist::spawn(poll_fn(move |cx| {
            let outcome = shared.lock().unwrap().as_mut().poll(cx);
            polls.fetch_add(1, SeqCst);
            outcome
        }));
        while polled.load(SeqCst) == 0 {
            heist::task::yield_now().await;
        }
        sleep.lock().unwrap().as_mut().reset(Instant::now() + ms(1));
        task.await.expect("the task was woken");
    });
}

#[test]
fn a_sleep_reset_to_a_later_time_does_not_complete_before() {
    everywhere(|| async {
        let log = Log::default();
        let mut sleep = pin!(sleep(HOUR));
        assert!(poll(sleep.as_mut(), &log.waker(1)).is_pending());
        let soon = Instant::now() + ms(20);
        sleep.as_mut().reset(soon);
        sleep.as_mut().reset(soon + HOUR);
        sleep_until(soon + ms(5)).await;
        // The first reset may have been overtaken by its deadline, but only by that.
        if log.entries().is_empty() {
            assert!(!sleep.is_elapsed());
        }
        assert!(poll(sleep.as_mut(), &log.waker(2)).is_pending());
        assert!(!log.entries().contains(&2));
    });
}

#[test]
fn a_sleep_can_be_reset_before_the_first_poll_and_after_the_last() {
    everywhere(|| async {
        let mut sleep = pin!(sleep(HOUR));
        for _ in 0..3 {
            let deadline = Instant::now() + ms(2);
            sleep.as_mut().reset(deadline);
            assert!(!sleep.is_elapsed());
            sleep.as_mut().await;
            assert!(sleep.is_elapsed());
            assert!(Instant::now() >= deadline);
            sleep.as_mut().await;
        }
    });
}

#[test]
fn dropping_an_unfired_sleep_drops_its_waker_unwoken() {
    everywhere(|| async {
        let log = Log::default();
        let numbered = Arc::new(Numbered(1, log.0.clone()));
        let mut dropped = Box::pin(sleep(HOUR));
        assert!(poll(dropped.as_mut(), &numbered.clone().into()).is_pending());
        assert_eq!(Arc::strong_count(&numbered), 2);
        drop(dropped);
        assert_eq!(Arc::strong_count(&numbered), 1);
        assert_eq!(log.entries(), []);
    });
}

#[test]
fn a_sleep_can_be_dropped_by_the_wake_of_another() {
    struct Dropper(Mutex<Option<Pin<Box<Sleep>>>>);
    impl Wake for Dropper {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
        }
    }
    everywhere(|| async {
        let mut victim = Box::pin(sleep(HOUR));
        assert!(poll(victim.as_mut(), Waker::noop()).is_pending());
        let dropper = Arc::new(Dropper(Mutex::new(Some(victim))));
        let mut first = pin!(sleep(HOUR));
        assert!(poll(first.as_mut(), &dropper.clone().into()).is_pending());
        let deadline = Instant::now() + ms(2);
        first.as_mut().reset(deadline);
        sleep_until(deadline + ms(2)).await;
        assert!(dropper.0.lock().unwrap().is_none());
    });
}

#[test]
fn the_longest_sleep_waits_without_overflow() {
    everywhere(|| async {
        let years = Duration::from_secs(29 * 365 * 86_400);
        let mut forever = pin!(sleep(Duration::MAX));
        assert!(poll(forever.as_mut(), Waker::noop()).is_pending());
        assert!(forever.deadline() > Instant::now() + years);
        sleep(ms(2)).await;
        assert!(poll(forever.as_mut(), Waker::noop()).is_pending());
        let soon = Instant::now() + ms(1);
        forever.as_mut().reset(soon);
        forever.await;
        assert!(Instant::now() >= soon);
    });
}

#[test]
fn a_sleep_that_moves_wakes_only_who_polled_last_and_once() {
    everywhere(|| async {
        let log = Log::default();
        let mut moving = Box::pin(sleep(HOUR));
        for number in [1, 2, 3] {
            let waker = log.waker(number);
            assert!(poll(moving.as_mut(), &waker).is_pending());
            assert!(poll(moving.as_mut(), &waker).is_pending());
        }
        let deadline = Instant::now() + ms(2);
        moving.as_mut().reset(deadline);
        sleep_until(deadline + ms(2)).await;
        assert_eq!(log.entries(), [3]);
        assert!(poll(moving.as_mut(), &log.waker(4)).is_ready());
        assert_eq!(log.entries(), [3]);
    });
}

#[allow(
    clippy::async_yields_async,
    reason = "the sleep is handed back, to be polled by another task"
)]
#[test]
fn a_sleep_moved_between_tasks_completes_in_the_last() {
    everywhere(|| async {
        let mut moving = Box::pin(sleep(ms(20)));
        for _ in 0..3 {
            moving = heist::spawn(async move {
                assert!(
                    poll_fn(|cx| Poll::Ready(moving.as_mut().poll(cx).is_pending())).await
                        || moving.is_elapsed()
                );
                moving
            })
            .await
            .expect("a sleep may be polled by any task");
        }
        heist::spawn(moving).await.expect("it completes");
    });
}

#[test]
fn a_sleep_belongs_to_the_runtime_in_which_it_was_made() {
    let (home, other) = (multi_thread(1), current_thread());
    let mut sleep = {
        let _entered = home.enter();
        Box::pin(sleep(ms(5)))
    };
    let deadline = sleep.deadline();
    other.block_on(sleep.as_mut());
    assert!(Instant::now() >= deadline);
    sleep.as_mut().reset(Instant::now() + ms(5));
    drop(other);
    home.block_on(sleep);
}

#[test]
fn two_runtimes_keep_their_own_time() {
    let runtimes = [multi_thread(1), multi_thread(1)];
    let tasks: Vec<_> = runtimes
        .iter()
        .flat_map(|runtime| (0..100).map(|after| runtime.spawn(async move { sleep(ms(after % 10)).await })))
        .collect();
    current_thread().block_on(async {
        for task in tasks {
            task.await.expect("each runtime fires its own timers");
        }
    });
}

#[test]
fn a_sleep_outside_of_a_runtime_says_so() {
    let text = panic_text(|| drop(sleep(ms(1))));
    assert!(text.contains("runtime"), "{text}");
}

#[test]
fn a_sleep_without_time_enabled_says_how_to_enable_it() {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let text = panic_text(|| runtime.block_on(async { sleep(ms(1)).await }));
    assert!(text.contains("enable_time"), "{text}");
}

#[test]
fn a_sleep_polled_after_the_shutdown_of_its_runtime_says_so() {
    let home = multi_thread(1);
    let (mut waiting, mut fresh) = {
        let _entered = home.enter();
        (Box::pin(sleep(HOUR)), Box::pin(sleep(HOUR)))
    };
    let log = Log::default();
    assert!(poll(waiting.as_mut(), &log.waker(1)).is_pending());
    drop(home);
    assert_eq!(log.entries(), [1], "who waits is woken to find out");
    for sleep in [&mut waiting, &mut fresh] {
        let text = panic_text(|| assert!(poll(sleep.as_mut(), Waker::noop()).is_pending()));
        assert!(text.contains("shut"), "{text}");
    }
    waiting.as_mut().reset(Instant::now() + ms(1));
}

#[test]
fn the_types_have_the_auto_traits_of_tokio() {
    fn send_sync<T: Send + Sync>(_: &T) {}
    current_thread().block_on(async {
        send_sync(&sleep(ms(1)));
        send_sync(&heist::time::interval(ms(1)));
        send_sync(&heist::time::timeout(ms(1), async {}));
    });
}
