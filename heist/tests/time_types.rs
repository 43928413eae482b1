//! The types of `time`: which are `Send`, `Sync` and `Unpin`, where their panics point, what they print, and what the
//! errors say.

use std::future::{Future, pending};
use std::marker::{PhantomData, PhantomPinned};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use heist::runtime::Builder;
use heist::time::error::{Elapsed, Error};
use heist::time::{Duration, Instant, Interval, MissedTickBehavior, Sleep, Timeout};
use heist::time::{interval, interval_at, sleep, sleep_until, timeout, timeout_at};

/// `Unpins::<T>(..).it()` finds the inherent method if `T: Unpin`, and the trait's otherwise.
struct Unpins<T>(PhantomData<T>);

impl<T: Unpin> Unpins<T> {
    fn it(&self) -> bool {
        true
    }
}

trait Otherwise {
    fn it(&self) -> bool {
        false
    }
}

impl<T> Otherwise for &Unpins<T> {}

fn is_send_and_sync<T: Send + Sync>(_: PhantomData<T>) {}

macro_rules! assert_unpin {
    ($($type:ty: $unpin:literal;)*) => {$(
        is_send_and_sync(PhantomData::<$type>);
        assert_eq!((&Unpins::<$type>(PhantomData)).it(), $unpin, stringify!($type));
    )*};
}

#[test]
fn everything_is_send_and_sync_and_what_has_a_timer_for_one_task_is_pinned() {
    assert_unpin! {
        Instant: true;
        Interval: true;
        MissedTickBehavior: true;
        Elapsed: true;
        Error: true;
        Sleep: false;
        Timeout<()>: false;
        PhantomPinned: false;
    }
}

#[test]
fn the_futures_are_send_and_sync() {
    fn check<F: Future + Send + Sync>(_: F) {}
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    let mut ticks = interval(Duration::from_secs(1));
    check(ticks.tick());
    check(sleep(Duration::ZERO));
    check(timeout(Duration::ZERO, pending::<()>()));
}

#[test]
fn debug_says_when() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    let at = Instant::now();
    let text = format!("{:?}", sleep_until(at));
    assert!(
        text.contains(&format!("{at:?}")) && text.contains("is_elapsed: false"),
        "{text}"
    );
    let text = format!("{:?}", interval_at(at, Duration::from_millis(17)));
    assert!(text.contains(&format!("{at:?}")), "{text}");
    assert!(text.contains("17ms") && text.contains("Burst"), "{text}");
    let text = format!("{:?}", timeout_at(at, std::future::ready(5)));
    assert!(
        text.contains("Ready(Some(5))") && text.contains("Sleep"),
        "{text}"
    );
}

#[test]
fn errors_say_what_they_are() {
    for (error, kinds) in [
        (Error::shutdown(), (true, false, false)),
        (Error::at_capacity(), (false, true, false)),
        (Error::invalid(), (false, false, true)),
    ] {
        assert_eq!(
            (error.is_shutdown(), error.is_at_capacity(), error.is_invalid()),
            kinds
        );
        let copy = error;
        assert!(!copy.to_string().is_empty() && copy.to_string() == error.to_string());
        let _: &dyn std::error::Error = &error;
    }
}

#[test]
fn a_timeout_without_end_needs_no_runtime() {
    let mut timeout = std::pin::pin!(timeout(Duration::MAX, async { 3 }));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(timeout.as_mut().poll(&mut cx), std::task::Poll::Ready(Ok(3)));
}

/// Where `f` panics. One at a time, since the hook is the process's.
fn place_of_panic(f: impl FnOnce()) -> (String, u32) {
    static PLACE: Mutex<Option<(String, u32)>> = Mutex::new(None);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map(|place| (place.file().to_owned(), place.line()));
        *PLACE.lock().unwrap() = place;
    }));
    let result = catch_unwind(AssertUnwindSafe(f));
    std::panic::set_hook(before);
    assert!(result.is_err(), "no panic");
    PLACE.lock().unwrap().take().expect("a location")
}

macro_rules! assert_located {
    ($call:expr) => {
        assert_eq!(place_of_panic(|| drop($call)), (file!().to_owned(), line!()))
    };
}

#[test]
fn misuse_is_reported_at_the_callers_line() {
    let timeless = Builder::new_current_thread().build().unwrap();
    let _guard = timeless.enter();
    let second = Duration::from_secs(1);
    assert_located!(sleep(second));
    assert_located!(sleep_until(Instant::now()));
    assert_located!(timeout(second, async {}));
    assert_located!(timeout_at(Instant::now(), async {}));
    assert_located!(interval(second));
    assert_located!(interval(Duration::ZERO));
    assert_located!(interval_at(Instant::now(), second));
}
