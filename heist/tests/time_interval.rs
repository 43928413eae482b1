//! `interval`: the plan of its ticks, what it does when ticks are missed, and its resets.

use std::future::{Future, poll_fn};
use std::panic::catch_unwind;
use std::task::{Context, Poll, Waker};

use heist::runtime::{Builder, Runtime};
use heist::time::{
    Duration, Instant, Interval, MissedTickBehavior, interval, interval_at, sleep_until, timeout,
};

fn current_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Runs a test in a runtime of each flavour.
fn everywhere<F: Future<Output = ()>>(test: impl Fn() -> F) {
    let multi_thread = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    for runtime in [current_thread(), multi_thread] {
        runtime.block_on(test());
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn poll(interval: &mut Interval) -> Poll<Instant> {
    interval.poll_tick(&mut Context::from_waker(Waker::noop()))
}

/// An interval of 10 ms whose first tick is late by 45 ms and more, and the moment before that was taken.
fn late(behavior: MissedTickBehavior) -> (Interval, Instant, Instant) {
    let before = Instant::now();
    let start = before - ms(45);
    let mut interval = interval_at(start, ms(10));
    interval.set_missed_tick_behavior(behavior);
    assert_eq!(interval.missed_tick_behavior(), behavior);
    (interval, start, before)
}

#[test]
fn the_first_tick_comes_at_once_and_the_others_a_period_apart() {
    everywhere(|| async {
        let before = Instant::now();
        let mut interval = interval(ms(4));
        assert_eq!(interval.period(), ms(4));
        let first = interval.tick().await;
        assert!(first >= before && first <= Instant::now());
        for number in 1..5 {
            let planned = interval.tick().await;
            assert!(Instant::now() >= planned, "a tick came early");
            // Burst is the default, so this holds on a machine that is late, too.
            assert_eq!(planned - first, ms(4) * number);
        }
    });
}

#[test]
fn an_interval_can_start_later() {
    everywhere(|| async {
        let start = Instant::now() + ms(10);
        let mut interval = interval_at(start, ms(3));
        assert_eq!(interval.tick().await, start);
        assert!(Instant::now() >= start);
        assert_eq!(interval.tick().await, start + ms(3));
    });
}

#[test]
fn burst_makes_up_for_every_missed_tick() {
    everywhere(|| async {
        let (mut interval, start, _) = late(MissedTickBehavior::Burst);
        for number in 0..5 {
            assert_eq!(poll(&mut interval), Poll::Ready(start + ms(10) * number));
        }
    });
}

#[test]
fn delay_plans_anew_from_the_late_tick() {
    everywhere(|| async {
        let (mut interval, start, before) = late(MissedTickBehavior::Delay);
        assert_eq!(poll(&mut interval), Poll::Ready(start));
        let after = Instant::now();
        let planned = interval.tick().await;
        assert!(before + ms(10) <= planned && planned <= after + ms(10));
    });
}

#[test]
fn skip_leaves_missed_ticks_out_and_keeps_the_plan() {
    everywhere(|| async {
        let (mut interval, start, before) = late(MissedTickBehavior::Skip);
        assert_eq!(poll(&mut interval), Poll::Ready(start));
        let after = Instant::now();
        let planned = interval.tick().await;
        assert!(before < planned && planned <= after + ms(10));
        assert_eq!((planned - start).as_nanos() % ms(10).as_nanos(), 0);
    });
}

#[test]
fn a_tick_that_is_given_up_is_not_lost() {
    everywhere(|| async {
        let start = Instant::now() + ms(20);
        let mut interval = interval_at(start, ms(20));
        while timeout(ms(1), interval.tick()).await.is_err() && Instant::now() < start {}
        // Whichever of the two came first: the plan goes on.
        let planned = interval.tick().await;
        assert!(planned == start || planned == start + ms(20));
    });
}

#[test]
fn every_reset_starts_the_plan_anew() {
    everywhere(|| async {
        let hour = Duration::from_secs(3_600);
        let mut interval = interval_at(Instant::now() + hour, hour);
        assert!(poll(&mut interval).is_pending());

        let before = Instant::now();
        interval.reset_immediately();
        let planned = interval.tick().await;
        assert!(before <= planned && planned <= Instant::now());

        let before = Instant::now();
        interval.reset_after(ms(5));
        let planned = interval.tick().await;
        assert!(before + ms(5) <= planned && planned <= Instant::now());

        let deadline = Instant::now() + ms(5);
        interval.reset_at(deadline);
        assert_eq!(interval.tick().await, deadline);

        let past = Instant::now() - ms(1);
        interval.reset_at(past);
        assert_eq!(poll(&mut interval), Poll::Ready(past));

        interval.reset();
        assert!(poll(&mut interval).is_pending());
        interval.reset_after(Duration::MAX);
        assert!(poll(&mut interval).is_pending());
    });
}

#[test]
fn the_longest_period_does_not_overflow() {
    current_thread().block_on(async {
        let mut interval = interval(Duration::MAX);
        interval.tick().await;
        assert!(poll(&mut interval).is_pending());
    });
}

#[test]
fn an_interval_wakes_the_task_that_polled_last() {
    everywhere(|| async {
        let hour = Duration::from_secs(3_600);
        let mut interval = interval_at(Instant::now() + hour, hour);
        assert!(poll(&mut interval).is_pending());
        let start = Instant::now() + ms(5);
        interval.reset_at(start);
        let task = heist::spawn(async move { poll_fn(|cx| interval.poll_tick(cx)).await });
        assert_eq!(task.await.expect("it was woken"), start);
    });
}

#[test]
fn many_intervals_tick_side_by_side() {
    everywhere(|| async {
        let start = Instant::now();
        let tasks: Vec<_> = (1..50)
            .map(|period| {
                heist::spawn(async move {
                    let mut interval = interval_at(start, Duration::from_micros(period * 100));
                    for number in 0..10 {
                        let planned = start + Duration::from_micros(period * 100) * number;
                        assert_eq!(interval.tick().await, planned);
                        assert!(Instant::now() >= planned);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("every tick came in its turn");
        }
        sleep_until(start).await;
    });
}

#[test]
fn a_period_of_zero_is_refused() {
    let make: [fn() -> Interval; 2] = [
        || interval(Duration::ZERO),
        || interval_at(Instant::now(), Duration::ZERO),
    ];
    for make in make {
        let refused = catch_unwind(|| current_thread().block_on(async { drop(make()) }));
        let payload = refused.expect_err("it should have panicked");
        let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
        let text = text
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .expect("a text");
        assert!(text.contains("zero"), "{text}");
    }
}
