//! `timeout` and `timeout_at`: who wins, when, and what is left of the future.

use std::future::{Future, IntoFuture, pending, poll_fn, ready};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use heist::runtime::{Builder, Runtime};
use heist::time::{Duration, Instant, sleep, timeout, timeout_at};

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

const LONG: Duration = Duration::from_secs(3_600);

#[test]
fn a_future_that_completes_in_time_wins() {
    everywhere(|| async {
        assert_eq!(timeout(LONG, async { 1 }).await, Ok(1));
        let slower = async {
            sleep(ms(2)).await;
            2
        };
        assert_eq!(timeout(LONG, slower).await, Ok(2));
        assert_eq!(timeout_at(Instant::now() + LONG, ready(3)).await, Ok(3));
    });
}

#[test]
fn a_future_that_does_not_is_given_up_and_not_too_early() {
    everywhere(|| async {
        let start = Instant::now();
        let error = timeout(ms(10), pending::<()>())
            .await
            .expect_err("nobody completes it");
        assert!(start.elapsed() >= ms(10));
        assert_eq!(error.to_string(), "deadline has elapsed");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);

        let deadline = Instant::now() + ms(5);
        assert!(timeout_at(deadline, sleep(LONG)).await.is_err());
        assert!(Instant::now() >= deadline);
    });
}

#[test]
fn with_no_time_at_all_a_ready_future_wins_and_a_pending_one_loses_at_the_first_poll() {
    everywhere(|| async {
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
        let mut late = pin!(timeout(Duration::ZERO, pending::<()>()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(late.as_mut().poll(&mut cx), Poll::Ready(Err(_))));
        let mut late = pin!(timeout_at(Instant::now() - ms(1), pending::<()>()));
        assert!(matches!(late.as_mut().poll(&mut cx), Poll::Ready(Err(_))));
    });
}

#[test]
fn the_longest_limit_does_not_overflow() {
    everywhere(|| async {
        let slow = async {
            sleep(ms(2)).await;
            7
        };
        assert_eq!(timeout(Duration::MAX, slow).await, Ok(7));
    });
}

#[test]
fn a_future_that_spends_the_whole_budget_in_each_poll_is_still_limited() {
    everywhere(|| async {
        let greedy = async {
            let mut elapsed = pin!(sleep(Duration::ZERO));
            elapsed.as_mut().await;
            // Ready each time it is asked, until the budget is spent.
            poll_fn::<(), _>(|cx| {
                while elapsed.as_mut().poll(cx).is_ready() {}
                Poll::Pending
            })
            .await;
        };
        assert!(
            heist::spawn(timeout(ms(10), greedy))
                .await
                .expect("no panic")
                .is_err()
        );
    });
}

#[test]
fn the_future_is_dropped_with_the_timeout_and_survives_behind_a_reference() {
    everywhere(|| async {
        let alive = Arc::new(());
        let held = alive.clone();
        let holding = async move {
            let _held = held;
            pending::<()>().await;
        };
        assert!(timeout(ms(1), holding).await.is_err());
        assert_eq!(Arc::strong_count(&alive), 1);

        let mut patient = pin!(async {
            sleep(ms(30)).await;
            5
        });
        let mut attempts = 0;
        let output = loop {
            attempts += 1;
            if let Ok(output) = timeout(ms(10), patient.as_mut()).await {
                break output;
            }
        };
        assert_eq!(output, 5);
        assert!(attempts > 0);
    });
}

#[test]
fn the_inner_future_can_be_reached_and_taken_back() {
    current_thread().block_on(async {
        let mut limited = timeout(LONG, ready(1));
        assert!(format!("{:?}", limited.get_ref()).contains('1'));
        *limited.get_mut() = ready(2);
        assert_eq!(limited.into_inner().await, 2);
    });
}

#[test]
fn anything_that_becomes_a_future_is_accepted() {
    struct Recipe;
    impl IntoFuture for Recipe {
        type Output = &'static str;
        type IntoFuture = std::future::Ready<&'static str>;
        fn into_future(self) -> Self::IntoFuture {
            ready("cake")
        }
    }
    current_thread().block_on(async {
        assert_eq!(timeout(LONG, Recipe).await, Ok("cake"));
        assert_eq!(timeout_at(Instant::now() + LONG, Recipe).await, Ok("cake"));
    });
}

#[test]
fn limits_that_are_never_reached_leave_nothing_behind() {
    everywhere(|| async {
        for _ in 0..10_000 {
            let pending_once = async {
                heist::task::yield_now().await;
                1
            };
            assert_eq!(timeout(LONG, pending_once).await, Ok(1));
        }
    });
}
