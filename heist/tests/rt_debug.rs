//! Debug mode: each thing that it reports is one line on stderr, with names and places, and nothing is there when it is off.
//! Every program runs in a process of its own, so that its stderr is its own.

#![cfg(feature = "test-util")]

mod rt_kit;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::sleep as block;
use std::time::Duration;

use heist::aio::{EventLoop, Runner, get_running_loop};
use heist::runtime::Builder;
use heist::task::yield_now;
use heist::time::sleep;
use rt_kit::child;

/// Far more than a poll takes on the noisiest machine is not needed: what is slow here takes this long at the least.
const SLOW: Duration = Duration::from_millis(40);

const HOG: Duration = Duration::from_millis(60);

/// The lines that debug mode has written in the program `name`.
fn lines(name: &str, debug: Option<&str>) -> Vec<String> {
    let variables: Vec<_> = debug.map(|value| ("HEIST_DEBUG", value)).into_iter().collect();
    let output = child(name, "", &variables);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    let lines = text.lines().filter(|line| line.starts_with("heist: debug:"));
    lines.map(String::from).collect()
}

fn settings() -> Builder {
    let mut settings = Builder::new_current_thread();
    settings.enable_all().slow_callback_duration(SLOW);
    settings
}

#[test]
fn a_slow_poll_is_reported_with_name_id_and_place() {
    let lines = lines("polls_slowly", Some("1"));
    let [line] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert!(
        line.contains("task ") && line.contains("\"hog\"") && line.contains("rt_debug.rs:"),
        "{line}"
    );
}

#[test]
fn nothing_is_reported_unless_asked_for() {
    for value in [None, Some("0"), Some("")] {
        assert_eq!(lines("polls_slowly", value), [""; 0]);
    }
    assert_eq!(lines("polls_slowly_with_debug_off", Some("1")), [""; 0]);
}

#[test]
#[ignore = "the program of another test"]
fn polls_slowly() {
    polls_slowly_on(settings());
}

#[test]
#[ignore = "the program of another test"]
fn polls_slowly_with_debug_off() {
    let mut settings = settings();
    settings.debug(false);
    polls_slowly_on(settings);
}

fn polls_slowly_on(mut settings: Builder) {
    let polls = rt_kit::Count::default();
    let count = polls.clone();
    settings.on_before_task_poll(move |_| {
        count.add();
    });
    settings.build().unwrap().block_on(async {
        let quick = heist::task::Builder::new()
            .name("quick")
            .spawn(async { yield_now().await })
            .unwrap();
        let hog = async {
            yield_now().await;
            block(HOG);
        };
        heist::task::Builder::new()
            .name("hog")
            .spawn(hog)
            .unwrap()
            .await
            .unwrap();
        quick.await.unwrap();
        let (send, called) = heist::sync::oneshot::channel();
        get_running_loop().call_soon(move || send.send(()).unwrap());
        called.await.unwrap();
    });
    // The user's hooks are called as well.
    assert!(polls.get() >= 5);
}

#[test]
fn a_slow_callback_is_reported_once_and_by_its_own_place() {
    let lines = lines("calls_slowly", None);
    let [line] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert!(
        line.contains("a callback from") && line.contains("rt_debug.rs:"),
        "{line}"
    );
}

#[test]
#[ignore = "the program of another test"]
fn calls_slowly() {
    let mut settings = settings();
    settings.debug(true).build().unwrap().block_on(async {
        let (send, called) = heist::sync::oneshot::channel();
        get_running_loop().call_soon(|| block(HOG));
        get_running_loop().call_soon(move || send.send(()).unwrap());
        called.await.unwrap();
    });
}

#[test]
fn a_slow_main_future_is_reported() {
    let lines = lines("has_a_slow_main", None);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("the main future"), "{lines:?}");
}

#[test]
#[ignore = "the program of another test"]
fn has_a_slow_main() {
    Runner::with_builder(settings())
        .debug(true)
        .run(async { block(HOG) })
        .unwrap();
}

#[test]
fn a_slow_turn_of_the_reactor_is_reported() {
    let lines = lines("turns_slowly", None);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("a turn of the reactor"), "{lines:?}");
}

/// Holds up the thread that wakes it.
struct SlowWaker(Waker);

impl Wake for SlowWaker {
    fn wake(self: Arc<Self>) {
        block(HOG);
        self.0.wake_by_ref();
    }
}

#[test]
#[ignore = "the program of another test"]
fn turns_slowly() {
    let mut settings = settings();
    settings
        .debug(true)
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(async {
            let mut sleeping = pin!(sleep(Duration::from_secs(1)));
            std::future::poll_fn(|cx| {
                let slow = Waker::from(Arc::new(SlowWaker(cx.waker().clone())));
                match sleeping.as_mut().poll(&mut Context::from_waker(&slow)) {
                    Poll::Ready(()) => Poll::Ready(()),
                    Poll::Pending => Poll::Pending,
                }
            })
            .await;
        });
}

#[test]
fn a_call_from_the_wrong_thread_is_reported_unless_it_says_that_it_is_meant() {
    let lines = lines("calls_from_another_thread", None);
    let [line] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert!(
        line.contains("call_soon_threadsafe") && line.contains("rt_debug.rs:"),
        "{line}"
    );
}

#[test]
#[ignore = "the program of another test"]
fn calls_from_another_thread() {
    let mut settings = settings();
    let runtime = settings.debug(true).build().unwrap();
    let event_loop = EventLoop::of(runtime.handle());
    runtime.block_on(async {
        event_loop.call_soon(|| ());
        let other = event_loop.clone();
        std::thread::spawn(move || {
            other.call_soon(|| ());
            other.call_soon_threadsafe(|| ());
        })
        .join()
        .unwrap();
    });
}
