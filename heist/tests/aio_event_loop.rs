//! The event loop, as asyncio documents it: in which order callbacks come, when timers do, what a handle cancels, what becomes
//! of a failing callback, and callbacks for descriptors and signals.

#![cfg(feature = "test-util")]

mod rt_kit;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heist::aio::{EventLoop, ExceptionContext, Runner, get_running_loop};
use heist::runtime::{Builder, Runtime};
use heist::task::yield_now;
use heist::time::{Instant, advance, sleep};
use rt_kit::{Count, CountDrop, both_flavours, panic_of};

fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

/// What callbacks did, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u32>>>);

impl Log {
    fn entry(&self, number: u32) -> impl FnOnce() + Send + use<> {
        let log = self.clone();
        move || log.0.lock().unwrap().push(number)
    }

    fn read(&self) -> Vec<u32> {
        self.0.lock().unwrap().clone()
    }
}

/// Until the loop has called what was ready.
async fn settle() {
    for _ in 0..8 {
        yield_now().await;
    }
}

fn done() -> (impl FnOnce() + Send, heist::sync::oneshot::Receiver<()>) {
    let (send, receive) = heist::sync::oneshot::channel();
    (move || send.send(()).unwrap(), receive)
}

both_flavours! {
    fn call_soon_calls_in_the_order_of_registration_and_each_once(runtime) {
        let log = Log::default();
        runtime.block_on(async {
            let event_loop = get_running_loop();
            for number in 0..100 {
                event_loop.call_soon(log.entry(number));
            }
            let (last, called) = done();
            event_loop.call_soon(last);
            called.await.unwrap();
        });
        assert_eq!(log.read(), (0..100).collect::<Vec<_>>());
    }

    fn callbacks_of_one_loop_never_run_at_the_same_time(runtime) {
        let calls = Arc::new(Mutex::new(0));
        runtime.block_on(async {
            let event_loop = get_running_loop();
            let spawners: Vec<_> = (0..4).map(|_| {
                let (event_loop, calls) = (event_loop.clone(), calls.clone());
                heist::spawn(async move {
                    for _ in 0..50 {
                        let calls = calls.clone();
                        event_loop.call_soon(move || *calls.try_lock().expect("another callback is running") += 1);
                        yield_now().await;
                    }
                })
            }).collect();
            for spawner in spawners {
                spawner.await.unwrap();
            }
            let (last, called) = done();
            event_loop.call_soon(last);
            called.await.unwrap();
        });
        assert_eq!(*calls.lock().unwrap(), 200);
    }

    fn a_callback_that_panics_goes_to_the_exception_handler_and_no_further(runtime) {
        let (send, failures) = mpsc::channel();
        runtime.block_on(async {
            let event_loop = get_running_loop();
            event_loop.set_exception_handler(Some(move |failure: &ExceptionContext| send.send(failure.clone()).unwrap()));
            event_loop.call_soon(|| panic!("a bad callback"));
            let (next, called) = done();
            event_loop.call_soon(next);
            called.await.unwrap();
        });
        let failure = failures.try_recv().unwrap();
        assert_eq!(failure.exception(), Some("a bad callback"));
        assert!(failure.location().unwrap().file().ends_with("aio_event_loop.rs"));
        assert!(failures.try_recv().is_err());
    }

    fn an_exception_handler_that_panics_hurts_nobody(runtime) {
        runtime.block_on(async {
            let event_loop = get_running_loop();
            event_loop.set_exception_handler(Some(|_: &ExceptionContext| panic!("a bad handler")));
            event_loop.call_exception_handler(&ExceptionContext::new("told by hand"));
            event_loop.call_soon(|| panic!("a bad callback"));
            let (next, called) = done();
            event_loop.call_soon(next);
            called.await.unwrap();
        });
    }

    fn call_soon_threadsafe_wakes_an_idle_loop(runtime) {
        runtime.block_on(async {
            let event_loop = get_running_loop();
            let (callback, called) = done();
            let thread = std::thread::spawn(move || event_loop.call_soon_threadsafe(callback));
            called.await.unwrap();
            assert!(!thread.join().unwrap().cancelled());
        });
    }

    fn callbacks_that_were_not_called_are_dropped_with_the_runtime(runtime) {
        let drops = Count::default();
        let held = [CountDrop(drops.clone()), CountDrop(drops.clone())];
        let event_loop = EventLoop::of(runtime.handle());
        let handles = runtime.block_on(async {
            held.map(|held| event_loop.call_later(Duration::from_secs(3_600), move || drop(held)))
        });
        assert_eq!(drops.get(), 0);
        drop(runtime);
        assert_eq!(drops.get(), 2);
        assert!(handles[0].cancelled());
        // And later ones at once.
        let late = CountDrop(drops.clone());
        assert!(event_loop.call_soon(move || drop(late)).cancelled());
        assert_eq!(drops.get(), 3);
        assert!(!event_loop.is_running());
    }
}

#[test]
fn a_callback_that_a_callback_adds_comes_in_the_next_round() {
    let log = Log::default();
    paused().block_on(async {
        let event_loop = get_running_loop();
        let (inner, outer) = (log.clone(), event_loop.clone());
        event_loop.call_soon(move || {
            inner.entry(1)();
            outer.call_soon(inner.entry(3));
        });
        event_loop.call_soon(log.entry(2));
        settle().await;
    });
    assert_eq!(log.read(), [1, 2, 3]);
}

#[test]
fn cancel_lets_a_callback_not_be_called_and_drops_it() {
    let (log, drops) = (Log::default(), Count::default());
    paused().block_on(async {
        let event_loop = get_running_loop();
        let (held, entry) = (CountDrop(drops.clone()), log.entry(1));
        let soon = event_loop.call_soon(move || {
            drop(held);
            entry();
        });
        soon.cancel();
        assert!(soon.cancelled());
        assert_eq!(drops.get(), 1);
        let called = event_loop.call_soon(log.entry(2));
        settle().await;
        called.cancel();
        assert!(!called.cancelled(), "it was called before");
    });
    assert_eq!(log.read(), [2]);
}

#[test]
fn call_later_calls_at_its_deadline_and_not_before() {
    let log = Log::default();
    paused().block_on(async {
        let event_loop = get_running_loop();
        let handle = event_loop.call_later(Duration::from_secs(5), log.entry(1));
        assert_eq!(handle.when(), event_loop.time() + Duration::from_secs(5));
        advance(Duration::from_millis(4_999)).await;
        settle().await;
        assert_eq!(log.read(), []);
        advance(Duration::from_millis(1)).await;
        settle().await;
        assert_eq!(log.read(), [1]);
        assert!(!handle.cancelled());
    });
}

#[test]
fn timers_come_in_the_order_of_their_deadlines_whatever_that_of_registration() {
    let log = Log::default();
    paused().block_on(async {
        let event_loop = get_running_loop();
        for number in [3, 1, 4, 2, 0] {
            event_loop.call_later(Duration::from_millis(u64::from(number) + 1), log.entry(number));
        }
        // All at once: only the deadlines can tell.
        advance(Duration::from_secs(1)).await;
        settle().await;
    });
    assert_eq!(log.read(), [0, 1, 2, 3, 4]);
}

#[test]
fn timers_with_near_deadlines_are_in_order_also_within_a_tick() {
    // Without a clock that can be stopped a tick is 16 µs: these two share one.
    let runtime = rt_kit::workers(1);
    for _ in 0..50 {
        let log = Log::default();
        runtime.block_on(async {
            let event_loop = get_running_loop();
            let start = event_loop.time() + Duration::from_millis(2);
            let (last, called) = done();
            event_loop.call_at(start + Duration::from_nanos(3), last);
            event_loop.call_at(start + Duration::from_nanos(2), log.entry(2));
            event_loop.call_at(start + Duration::from_nanos(1), log.entry(1));
            called.await.unwrap();
        });
        assert_eq!(log.read(), [1, 2]);
    }
}

#[test]
fn call_at_in_the_past_calls_as_soon_as_it_can() {
    let log = Log::default();
    paused().block_on(async {
        sleep(Duration::from_secs(1)).await;
        let event_loop = get_running_loop();
        let now = event_loop.time();
        event_loop.call_at(now - Duration::from_millis(10), log.entry(1));
        settle().await;
        assert_eq!((log.read(), event_loop.time()), (vec![1], now));
    });
}

#[test]
fn a_cancelled_timer_is_not_waited_for_and_its_callback_is_gone() {
    let drops = Count::default();
    let runtime = paused();
    runtime.block_on(async {
        let event_loop = get_running_loop();
        let held = CountDrop(drops.clone());
        let timer = event_loop.call_later(Duration::from_secs(10), move || drop(held));
        timer.cancel();
        timer.cancel();
        assert!(timer.cancelled());
        assert_eq!(drops.get(), 1);
        // Nothing is left in the wheel: the clock goes straight to the sleep's end.
        let before = Instant::now();
        sleep(Duration::from_secs(60)).await;
        assert_eq!(before.elapsed(), Duration::from_secs(60));
    });
}

#[test]
fn dropping_a_timer_handle_cancels_nothing() {
    let log = Log::default();
    paused().block_on(async {
        drop(get_running_loop().call_later(Duration::from_secs(1), log.entry(1)));
        sleep(Duration::from_secs(2)).await;
        settle().await;
    });
    assert_eq!(log.read(), [1]);
}

#[test]
fn timers_do_not_run_on_the_reactor_thread() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .reactor_loan(false)
        .enable_all()
        .build()
        .unwrap();
    let (send, thread) = mpsc::channel();
    runtime.block_on(async {
        let (last, called) = done();
        get_running_loop().call_later(Duration::from_millis(1), move || {
            send.send(std::thread::current().name().map(String::from))
                .unwrap();
            last();
        });
        called.await.unwrap();
    });
    assert_eq!(thread.recv().unwrap().as_deref(), Some("heist-worker-0"));
}

#[test]
fn there_is_no_running_loop_outside_of_a_runtime() {
    assert!(EventLoop::try_current().unwrap_err().is_missing_context());
    assert!(panic_of(get_running_loop).contains("there is no heist runtime on this thread"));
}

#[test]
fn a_loop_without_timers_says_what_to_enable() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let text = runtime.block_on(async { panic_of(|| get_running_loop().call_later(Duration::ZERO, || ())) });
    assert!(text.contains("enable_time"), "{text}");
}

#[test]
fn is_running_tells_whether_somebody_runs_the_loop() {
    let runtime = rt_kit::current_thread();
    let event_loop = EventLoop::of(runtime.handle());
    assert!(!event_loop.is_running());
    runtime.block_on(async { assert!(get_running_loop().is_running()) });
    assert!(!event_loop.is_running());
}

#[test]
fn stop_lets_run_forever_end_after_the_callbacks_that_are_ready() {
    let log = Log::default();
    let mut runner = Runner::with_builder(Builder::new_current_thread());
    let event_loop = runner.get_loop().unwrap();
    event_loop.call_soon(log.entry(1));
    let (stopping, inner) = (event_loop.clone(), log.clone());
    event_loop.call_soon(move || {
        stopping.stop();
        stopping.call_soon(inner.entry(3));
        // Runs after the callbacks, before who runs the loop knows that it is stopped.
        heist::spawn(async move { drop(stopping.call_soon(inner.entry(4))) });
    });
    event_loop.call_soon(log.entry(2));
    runner.run_forever().unwrap();
    assert_eq!(log.read(), [1, 2]);
    // Stopped before it runs: one round.
    event_loop.stop();
    runner.run_forever().unwrap();
    assert_eq!(log.read(), [1, 2, 3, 4]);
}

#[test]
fn run_forever_is_stopped_from_another_thread() {
    let mut runner = Runner::new();
    let event_loop = runner.get_loop().unwrap();
    let thread = std::thread::spawn(move || event_loop.stop());
    runner.run_forever().unwrap();
    thread.join().unwrap();
}

fn numbers() -> (Sender<u8>, Receiver<u8>) {
    mpsc::channel()
}

both_flavours! {
    fn add_reader_calls_as_long_as_there_is_something_to_read(runtime) {
        let (mut ours, mut peer) = UnixStream::pair().unwrap();
        let (send, bytes) = numbers();
        runtime.block_on(async {
            let event_loop = get_running_loop();
            let watched = ours.try_clone().unwrap();
            peer.write_all(b"abc").unwrap();
            let (all, mut read) = heist::sync::mpsc::unbounded_channel();
            // A byte at a time: the rest is still there to be read.
            event_loop.add_reader(&watched, move || {
                let mut byte = [0];
                ours.read_exact(&mut byte).unwrap();
                send.send(byte[0]).unwrap();
                all.send(()).unwrap();
            }).unwrap();
            for _ in 0..3 {
                read.recv().await.unwrap();
            }
            peer.write_all(b"d").unwrap();
            read.recv().await.unwrap();
            assert!(event_loop.remove_reader(&watched));
            assert!(!event_loop.remove_reader(&watched));
            assert_eq!(read.recv().await, None, "the callback is gone");
        });
        assert_eq!(bytes.iter().collect::<Vec<_>>(), b"abcd");
    }

    fn a_reader_and_a_writer_share_a_descriptor_and_a_second_reader_replaces_the_first(runtime) {
        let (ours, mut peer) = UnixStream::pair().unwrap();
        runtime.block_on(async {
            let event_loop = get_running_loop();
            let drops = Count::default();
            let replaced = CountDrop(drops.clone());
            event_loop.add_reader(&ours, move || panic!("{replaced:?}")).unwrap();
            let (read, mut reads) = heist::sync::mpsc::unbounded_channel();
            let mut reader = ours.try_clone().unwrap();
            event_loop.add_reader(&ours, move || {
                let n = reader.read(&mut [0; 8]).unwrap();
                read.send(n).unwrap();
            }).unwrap();
            assert_eq!(drops.get(), 1);
            let (written, mut writes) = heist::sync::mpsc::unbounded_channel();
            event_loop.add_writer(&ours, move || written.send(()).unwrap()).unwrap();
            writes.recv().await.unwrap();
            writes.recv().await.unwrap();
            assert!(event_loop.remove_writer(&ours));
            peer.write_all(b"x").unwrap();
            assert_eq!(reads.recv().await, Some(1));
            assert!(event_loop.remove_reader(&ours));
        });
    }

    fn a_reader_that_panics_is_called_again(runtime) {
        let (mut ours, mut peer) = UnixStream::pair().unwrap();
        let (send, failures) = mpsc::channel();
        runtime.block_on(async {
            let event_loop = get_running_loop();
            event_loop.set_exception_handler(Some(move |failure: &ExceptionContext| send.send(failure.to_string()).unwrap()));
            let (called, mut calls) = heist::sync::mpsc::unbounded_channel();
            let watched = ours.try_clone().unwrap();
            event_loop.add_reader(&watched, move || {
                let n = ours.read(&mut [0]).unwrap();
                called.send(n).unwrap();
                panic!("a bad reader");
            }).unwrap();
            peer.write_all(b"xy").unwrap();
            assert_eq!((calls.recv().await, calls.recv().await), (Some(1), Some(1)));
            event_loop.remove_reader(&watched);
            // The loop is through with the second call.
            let (last, done) = done();
            event_loop.call_soon(last);
            done.await.unwrap();
        });
        assert_eq!(failures.try_iter().count(), 2);
    }
}

#[test]
fn a_descriptor_that_cannot_be_watched_goes_to_the_exception_handler() {
    let (send, failures) = mpsc::channel();
    let runtime = rt_kit::multi_thread();
    let file = std::fs::File::open("/proc/self/status").unwrap();
    let event_loop = EventLoop::of(runtime.handle());
    event_loop.set_exception_handler(Some(move |failure: &ExceptionContext| {
        send.send(failure.to_string()).unwrap()
    }));
    runtime.block_on(async { event_loop.add_reader(&file, || ()).unwrap() });
    assert!(failures.recv().unwrap().contains("reader of descriptor"));
}

#[cfg(feature = "signal")]
both_flavours! {
    fn add_signal_handler_calls_for_each_arrival_until_it_is_removed(runtime) {
        use heist::signal::unix::SignalKind;

        runtime.block_on(async {
            // One test a signal, for both flavours run at once in this process: each hears the other's too.
            let kind = SignalKind::user_defined2();
            let event_loop = get_running_loop();
            let (send, mut arrivals) = heist::sync::mpsc::unbounded_channel();
            event_loop.add_signal_handler(kind, move || send.send(()).unwrap()).unwrap();
            for _ in 0..2 {
                raise(kind.as_raw_value());
                arrivals.recv().await.unwrap();
            }
            assert!(event_loop.remove_signal_handler(kind));
            assert!(!event_loop.remove_signal_handler(kind));
            while arrivals.recv().await.is_some() {}
        });
    }
}

#[cfg(feature = "signal")]
#[test]
fn add_signal_handler_refuses_signals_that_cannot_be_handled() {
    use heist::signal::unix::SignalKind;

    let runtime = rt_kit::current_thread();
    let error = runtime
        .block_on(async { get_running_loop().add_signal_handler(SignalKind::from_raw(9), || ()) })
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

fn raise(signal: i32) {
    let command = format!("kill -{signal} {}", std::process::id());
    let status = std::process::Command::new("sh").args(["-c", &command]).status();
    assert!(status.unwrap().success());
}
