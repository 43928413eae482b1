//! `pause`, `resume`, `advance` and the clock's own jumps: exact to the nanosecond, in order, and only when nothing
//! else is to do.
#![cfg(feature = "test-util")]

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use heist::runtime::{Builder, Runtime};
use heist::task::{spawn_blocking, yield_now};
use heist::time::{self, Duration, Instant, interval, sleep, sleep_until, timeout};
use proptest::prelude::*;

fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

/// What a panic said.
fn message_of<R>(f: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).err().expect("a panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a panic with a text")).to_owned(),
    }
}

#[heist::test(start_paused = true)]
async fn a_stopped_clock_stands_still() {
    let start = Instant::now();
    let machine = std::time::Instant::now();
    while machine.elapsed() < us(50) {}
    for _ in 0..3 {
        yield_now().await;
    }
    assert_eq!(Instant::now(), start);
}

#[heist::test(start_paused = true)]
async fn a_sleep_ends_exactly_at_its_deadline() {
    for duration in [
        Duration::ZERO,
        Duration::from_nanos(1),
        us(1),
        us(16),
        us(17),
        ms(1),
        ms(1) + Duration::from_nanos(1),
        ms(60),
        ms(4_097),
        Duration::from_secs(86_400 * 365 * 5),
    ] {
        let start = Instant::now();
        sleep(duration).await;
        assert_eq!(start.elapsed(), duration);
    }
}

#[heist::test(start_paused = true)]
async fn the_longest_sleep_ends() {
    let start = Instant::now();
    sleep(Duration::MAX).await;
    assert!(start.elapsed() > Duration::from_secs(86_400 * 365 * 29));
}

#[heist::test(start_paused = true)]
async fn every_timer_is_seen_at_its_own_time() {
    let start = Instant::now();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = [30, 10, 20, 10]
        .into_iter()
        .map(|at| {
            let seen = seen.clone();
            heist::spawn(async move {
                sleep_until(start + ms(at)).await;
                seen.lock().unwrap().push((at, start.elapsed()));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let expected = [10, 10, 20, 30].map(|at| (at, ms(at)));
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[heist::test(start_paused = true)]
async fn a_cancelled_timer_is_not_jumped_to() {
    let start = Instant::now();
    assert!(timeout(ms(10), sleep(ms(5))).await.is_ok());
    assert_eq!(start.elapsed(), ms(5));
    assert!(timeout(ms(10), std::future::pending::<()>()).await.is_err());
    assert_eq!(start.elapsed(), ms(15));
}

#[heist::test(start_paused = true)]
async fn advance_moves_by_exactly_its_duration_and_fires_in_order() {
    let start = Instant::now();
    let seen = Arc::new(Mutex::new(Vec::new()));
    for at in [2, 1, 3, 5] {
        let seen = seen.clone();
        heist::spawn(async move {
            sleep_until(start + ms(at)).await;
            seen.lock().unwrap().push((at, start.elapsed()));
        });
    }
    yield_now().await;
    time::advance(us(3_500)).await;
    assert_eq!(start.elapsed(), us(3_500));
    yield_now().await;
    assert_eq!(
        *seen.lock().unwrap(),
        [(1, us(3_500)), (2, us(3_500)), (3, us(3_500))]
    );
    sleep(ms(10)).await;
    assert_eq!(seen.lock().unwrap()[3..], [(5, ms(5))]);
}

#[heist::test(start_paused = true)]
async fn a_due_timer_is_woken_before_advance_returns() {
    let mut sleep = pin!(sleep(ms(1)));
    let woken = Arc::new(Flag::default());
    let waker = Waker::from(woken.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(sleep.as_mut().poll(&mut cx).is_pending());
    time::advance(us(999)).await;
    assert!(!woken.is_set());
    time::advance(us(1)).await;
    assert!(woken.is_set());
    assert!(sleep.as_mut().poll(&mut cx).is_ready());
}

#[derive(Default)]
struct Flag(std::sync::atomic::AtomicBool);

impl Flag {
    fn is_set(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::SeqCst)
    }
}

impl std::task::Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

#[heist::test(start_paused = true)]
async fn an_interval_ticks_at_its_exact_moments() {
    let start = Instant::now();
    let mut interval = interval(us(1_234));
    for tick in 0..5 {
        assert_eq!(interval.tick().await, start + us(1_234) * tick);
        assert_eq!(start.elapsed(), us(1_234) * tick);
    }
}

#[heist::test(start_paused = true)]
async fn a_task_that_keeps_itself_awake_stops_the_jump() {
    let start = Instant::now();
    let sleeper = heist::spawn(sleep(ms(1)));
    for _ in 0..500 {
        yield_now().await;
    }
    let mut polls = 0;
    poll_fn(|cx| {
        polls += 1;
        if polls == 500 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    sleeper.await.unwrap();
    assert_eq!(start.elapsed(), ms(1));
}

#[heist::test(start_paused = true)]
async fn time_stands_while_a_closure_is_on_the_blocking_pool() {
    let start = Instant::now();
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let sleeper = heist::spawn(async move {
        sleep(ms(1)).await;
        start.elapsed()
    });
    // Runs when the sleeper waits and the runtime is idle but for the closures.
    let releasing = spawn_blocking(move || release.send(()));
    spawn_blocking(move || wait.recv()).await.unwrap().unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(sleeper.await.unwrap(), ms(1));
    releasing.await.unwrap().unwrap();
}

#[heist::test(start_paused = true)]
async fn whoever_awaits_a_closure_runs_before_time_goes_on() {
    let start = Instant::now();
    let mut ticks = interval(us(1));
    ticks.tick().await;
    for _ in 0..200 {
        let other = heist::spawn(sleep(us(1)));
        spawn_blocking(|| {}).await.unwrap();
        let before = Instant::now();
        assert_eq!(before, start, "only the closure was awaited");
        other.abort();
    }
}

#[heist::test(start_paused = true)]
async fn a_cancelled_closure_lets_time_go_on() {
    let start = Instant::now();
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(1)
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    spawn_blocking(move || {
        runtime.block_on(async {
            let busy = spawn_blocking(move || wait.recv());
            spawn_blocking(|| unreachable!("cancelled while it was queued")).abort();
            release.send(()).unwrap();
            busy.await.unwrap().unwrap();
            sleep(ms(7)).await;
        });
    })
    .await
    .unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO, "each runtime has its own clock");
}

#[heist::test(start_paused = true)]
async fn ready_sockets_come_before_the_jump() {
    let start = Instant::now();
    let listener = heist::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = heist::spawn(async move {
        listener.accept().await.unwrap();
        start.elapsed()
    });
    yield_now().await;
    let client = std::net::TcpStream::connect(address).unwrap();
    sleep(ms(100)).await;
    assert_eq!(accepted.await.unwrap(), Duration::ZERO);
    assert_eq!(start.elapsed(), ms(100));
    drop(client);
}

#[heist::test]
async fn resume_goes_on_from_where_the_clock_stood() {
    let before = Instant::now();
    time::pause();
    let paused = Instant::now();
    assert!(paused >= before);
    time::advance(Duration::from_secs(10)).await;
    time::resume();
    let resumed = Instant::now();
    assert!(resumed >= paused + Duration::from_secs(10));
    while Instant::now() == resumed {}
    assert!(before.elapsed() < Duration::from_secs(10) + Duration::from_secs(3_600));
    sleep(ms(1)).await;
    assert!(resumed.elapsed() >= ms(1));
    time::pause();
    let again = Instant::now();
    sleep(ms(2)).await;
    assert_eq!(again.elapsed(), ms(2));
}

#[test]
fn resume_from_a_blocking_thread_lets_a_waiting_driver_go_on() {
    let runtime = paused();
    runtime.block_on(async {
        let start = Instant::now();
        let resuming = spawn_blocking(time::resume);
        sleep(ms(2)).await;
        assert!(start.elapsed() >= ms(2));
        resuming.await.unwrap();
    });
}

#[test]
fn another_runtimes_clock_is_its_own() {
    let (one, other) = (paused(), paused());
    let begin = one.block_on(async { Instant::now() });
    one.block_on(sleep_in(ms(5)));
    assert_eq!(one.block_on(async { begin.elapsed() }), ms(5));
    let begin = other.block_on(async { Instant::now() });
    other.block_on(sleep_in(ms(3)));
    assert_eq!(other.block_on(async { begin.elapsed() }), ms(3));
}

async fn sleep_in(duration: Duration) {
    sleep(duration).await;
}

#[test]
fn without_timers_the_clock_stops_too() {
    let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        assert_eq!(
            spawn_blocking(move || start.elapsed()).await.unwrap(),
            Duration::ZERO
        );
        time::advance(ms(3)).await;
        assert_eq!(start.elapsed(), ms(3));
    });
}

#[test]
fn misuse_says_what_to_do() {
    let outside = message_of(time::pause);
    assert!(outside.contains("block_on"), "{outside}");
    let outside = message_of(time::resume);
    assert!(outside.contains("block_on"), "{outside}");

    let twice = message_of(|| paused().block_on(async { time::pause() }));
    assert!(twice.contains("time::resume"), "{twice}");

    let current = || {
        Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
    };
    let running = message_of(|| current().block_on(async { time::resume() }));
    assert!(running.contains("not paused"), "{running}");
    let running = message_of(|| current().block_on(time::advance(ms(1))));
    assert!(running.contains("not paused"), "{running}");
    let too_far = message_of(|| paused().block_on(time::advance(Duration::MAX)));
    assert!(too_far.contains("cannot advance"), "{too_far}");

    let threads = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let multi = message_of(|| threads.block_on(async { time::pause() }));
    assert!(multi.contains("new_current_thread"), "{multi}");
    let built = message_of(|| Builder::new_multi_thread().start_paused(true).build());
    assert!(built.contains("new_current_thread"), "{built}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn sleeps_of_any_length_end_in_order_and_on_time(durations in prop::collection::vec(0..10_000_000_000_u64, 1..40)) {
        let seen = paused().block_on(async {
            let start = Instant::now();
            let seen = Arc::new(Mutex::new(Vec::new()));
            let tasks: Vec<_> = durations
                .iter()
                .map(|&ns| {
                    let seen = seen.clone();
                    heist::spawn(async move {
                        sleep_until(start + Duration::from_nanos(ns)).await;
                        seen.lock().unwrap().push((ns, start.elapsed()));
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            seen.lock().unwrap().clone()
        });
        let mut expected = durations;
        expected.sort_unstable();
        let expected: Vec<_> = expected.into_iter().map(|ns| (ns, Duration::from_nanos(ns))).collect();
        prop_assert_eq!(seen, expected);
    }
}
