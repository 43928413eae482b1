//! Signals that this process sends to itself. Each test has kinds of its own, since all share the process.

#![cfg(all(unix, feature = "signal"))]

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use heist::signal::unix::{Signal, SignalKind, signal};

/// Sends a signal to this process and returns when it was sent.
fn send(kind: SignalKind) {
    let command = format!("kill -{} {}", kind.as_raw_value(), std::process::id());
    let status = Command::new("sh").args(["-c", &command]).status();
    assert!(status.expect("sh runs").success(), "{command}");
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end; only its waker lets it go on.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn listen(kind: SignalKind) -> Signal {
    signal(kind).expect("the kind can be listened to")
}

fn is_pending(listener: &mut Signal) -> bool {
    listener
        .poll_recv(&mut Context::from_waker(Waker::noop()))
        .is_pending()
}

/// A real-time signal, by its distance from the first.
#[cfg(target_os = "linux")]
fn real_time(n: i32) -> SignalKind {
    SignalKind::from_raw(libc::SIGRTMIN() + n)
}

#[test]
fn one_arrives_again_and_again() {
    let mut listener = listen(SignalKind::user_defined1());
    for _ in 0..3 {
        assert!(is_pending(&mut listener));
        send(SignalKind::user_defined1());
        assert_eq!(block_on(listener.recv()), Some(()));
    }
    assert!(is_pending(&mut listener));
}

#[test]
fn what_arrives_before_the_first_recv_is_not_lost() {
    let mut late = listen(SignalKind::user_defined2());
    let mut witness = listen(SignalKind::user_defined2());
    send(SignalKind::user_defined2());
    block_on(witness.recv());
    assert!(!is_pending(&mut late));
    assert!(is_pending(&mut late));
}

#[test]
fn arrivals_between_two_recvs_are_one() {
    let mut slow = listen(SignalKind::alarm());
    let mut witness = listen(SignalKind::alarm());
    for _ in 0..3 {
        send(SignalKind::alarm());
        block_on(witness.recv());
    }
    assert!(!is_pending(&mut slow));
    assert!(is_pending(&mut slow));
}

#[test]
fn any_number_of_listeners_see_each_arrival_once() {
    let mut listeners: Vec<Signal> = (0..1_000).map(|_| listen(SignalKind::terminate())).collect();
    for round in 0..3 {
        // Of those that wait and those that do not, and with some gone meanwhile.
        assert!(listeners.iter_mut().step_by(2).all(is_pending), "{round}");
        listeners.truncate(1_000 - 100 * round);
        send(SignalKind::terminate());
        for listener in &mut listeners {
            assert_eq!(block_on(listener.recv()), Some(()));
        }
    }
    assert!(listeners.iter_mut().all(is_pending));
}

#[test]
fn a_new_listener_does_not_see_what_was_before_it() {
    let mut witness = listen(SignalKind::hangup());
    send(SignalKind::hangup());
    block_on(witness.recv());
    let mut new = listen(SignalKind::hangup());
    assert!(is_pending(&mut new));
    send(SignalKind::hangup());
    block_on(new.recv());
}

#[test]
fn a_dropped_recv_loses_nothing_and_a_dropped_listener_harms_no_other() {
    let mut listener = listen(SignalKind::window_change());
    let mut other = listen(SignalKind::window_change());
    {
        let mut recv = pin!(listener.recv());
        assert!(
            recv.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }
    assert!(is_pending(&mut other));
    drop(other);
    send(SignalKind::window_change());
    block_on(listener.recv());
}

#[test]
fn the_waker_of_the_last_poll_is_woken_once_and_released() {
    struct Nothing;
    impl Wake for Nothing {
        fn wake(self: Arc<Self>) {}
    }
    let mut listener = listen(SignalKind::io());
    let first = Arc::new(Nothing);
    let waker = Waker::from(first.clone());
    for _ in 0..2 {
        assert!(listener.poll_recv(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(
            Arc::strong_count(&first),
            3,
            "one for the test, one for `waker`, one registered"
        );
    }
    assert!(is_pending(&mut listener));
    assert_eq!(Arc::strong_count(&first), 2, "replaced by the last poll");
    assert!(listener.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    drop(listener);
    assert_eq!(Arc::strong_count(&first), 2, "released with the listener");
}

#[test]
fn a_panicking_waker_does_not_keep_others_from_theirs() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose: a waker that panics");
        }
    }
    let mut bad = listen(SignalKind::quit());
    let mut good = listen(SignalKind::quit());
    let waker = Waker::from(Arc::new(Panics));
    for _ in 0..2 {
        assert!(bad.poll_recv(&mut Context::from_waker(&waker)).is_pending());
        send(SignalKind::quit());
        block_on(good.recv());
        assert!(!is_pending(&mut bad));
    }
}

#[test]
fn ctrl_c_arrives() {
    let mut ctrl_c = pin!(heist::signal::ctrl_c());
    assert!(
        ctrl_c
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    send(SignalKind::interrupt());
    block_on(ctrl_c).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn real_time_signals_arrive_each_at_its_own_listener() {
    let mut listeners: Vec<(i32, Signal)> = (0..8).map(|n| (n, listen(real_time(n)))).collect();
    for n in [5, 0, 7] {
        send(real_time(n));
        block_on(listeners[n as usize].1.recv());
    }
    for (n, listener) in &mut listeners {
        assert!(is_pending(listener), "{n}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_listener_may_move_between_threads() {
    let mut listener = listen(real_time(9));
    let waiting = thread::spawn(move || {
        block_on(listener.recv());
        listener
    });
    // Sent before or during the wait: either way it must end.
    send(real_time(9));
    let mut listener = waiting.join().unwrap();
    assert!(is_pending(&mut listener));
}

#[test]
fn what_cannot_be_handled_is_refused_in_words() {
    for number in [
        libc::SIGKILL,
        libc::SIGSTOP,
        libc::SIGILL,
        libc::SIGFPE,
        libc::SIGSEGV,
    ] {
        let error = signal(SignalKind::from_raw(number)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("cannot be listened to"), "{error}");
    }
    for number in [-1, 0, 129, i32::MAX] {
        let error = signal(SignalKind::from_raw(number)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("does not exist"), "{error}");
    }
    // A number in range that this system does not have is the system's to refuse.
    assert!(signal(SignalKind::from_raw(128)).is_err());
}

#[test]
fn kinds_are_their_numbers() {
    assert_eq!(SignalKind::from(libc::SIGTERM), SignalKind::terminate());
    assert_eq!(i32::from(SignalKind::pipe()), libc::SIGPIPE);
    assert_eq!(SignalKind::child().as_raw_value(), libc::SIGCHLD);
    assert_ne!(SignalKind::quit(), SignalKind::interrupt());
}

#[test]
fn a_task_without_budget_is_refused_and_keeps_the_arrival() {
    let kind = SignalKind::child();
    let mut listener = listen(kind);
    send(kind);
    block_on(listener.recv());
    send(kind);
    let mut refused = false;
    let mut cx = Context::from_waker(Waker::noop());
    heist_executor::coop::budget(|| {
        for _ in 0..heist_executor::coop::BUDGET {
            if let Poll::Ready(unit) = heist_executor::coop::poll_proceed(&mut cx) {
                unit.made_progress();
            }
        }
        refused = listener.poll_recv(&mut cx).is_pending();
    });
    assert!(refused);
    block_on(listener.recv());
}

#[test]
#[cfg(target_os = "linux")]
fn tasks_wait_on_both_flavours_of_runtime() {
    use heist::runtime::Builder;
    let runtimes = [
        Builder::new_current_thread().build(),
        Builder::new_multi_thread().worker_threads(2).build(),
    ];
    for (n, runtime) in (10..).zip(runtimes) {
        runtime.unwrap().block_on(async {
            let mut witness = listen(real_time(n));
            let mut listener = listen(real_time(n));
            let task = heist::spawn(async move { listener.recv().await });
            send(real_time(n));
            assert_eq!(witness.recv().await, Some(()));
            assert_eq!(task.await.unwrap(), Some(()));
        });
    }
}

#[test]
#[cfg(target_os = "linux")]
fn who_waited_in_a_runtime_that_is_gone_is_told_all_the_same() {
    let kind = real_time(13);
    let mut listener = listen(kind);
    let runtime = heist::runtime::Runtime::new().unwrap();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    {
        let _entered = runtime.enter();
        assert!(listener.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    }
    drop(runtime);
    send(kind);
    while is_pending(&mut listener) {
        // `is_pending` has put its own waker in the place.
        thread::yield_now();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_task_that_blocks_its_thread_for_a_signal_is_told() {
    let kind = real_time(14);
    let runtime = heist::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async move {
        let mut first = listen(kind);
        // So the driver hears of signals.
        let heard = heist::spawn(async move { first.recv().await });
        heist::task::yield_now().await;
        let mut listener = listen(kind);
        heist::spawn(async move {
            send(kind);
            block_on(listener.recv())
        })
        .await
        .unwrap();
        heard.await.unwrap();
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_task_is_told_also_if_the_signal_came_while_nobody_ran_it() {
    let kind = real_time(15);
    let runtime = heist::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut witness = listen(kind);
    let (mut listener, mut second) = (listen(kind), listen(kind));
    let mut task = runtime.spawn(async move { listener.recv().await });
    for round in 0..3 {
        runtime.block_on(async {
            assert!(
                std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut task).poll(cx).is_pending())).await,
                "{round}"
            );
            heist::task::yield_now().await;
        });
        if round < 2 {
            // Inside: by the driver, which tells all.
            runtime.block_on(async {
                send(kind);
                second.recv().await;
            });
            runtime.block_on(&mut task).unwrap();
            let mut listener = listen(kind);
            task = runtime.spawn(async move { listener.recv().await });
            block_on(witness.recv());
        }
    }
    // Outside: by the thread.
    send(kind);
    block_on(witness.recv());
    runtime.block_on(task).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn all_runtimes_hear_of_each_arrival() {
    let kind = real_time(16);
    let (heard, all) = std::sync::mpsc::channel();
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let heard = heard.clone();
            thread::spawn(move || {
                let mut builder = match n % 2 {
                    0 => heist::runtime::Builder::new_current_thread(),
                    _ => heist::runtime::Builder::new_multi_thread(),
                };
                let runtime = builder.enable_all().build().unwrap();
                runtime.block_on(async move {
                    let mut listener = listen(kind);
                    for _ in 0..5 {
                        assert!(is_pending(&mut listener));
                        heard.send(()).unwrap();
                        listener.recv().await;
                    }
                });
            })
        })
        .collect();
    for _ in 0..5 {
        for _ in 0..4 {
            all.recv().unwrap();
        }
        send(kind);
    }
    for thread in threads {
        thread.join().unwrap();
    }
}
