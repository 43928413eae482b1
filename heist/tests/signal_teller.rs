//! Which thread tells of a signal. One test in a process of its own: whoever tells of one signal tells of all.

#![cfg(all(unix, feature = "signal"))]

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};

use heist::signal::unix::{Signal, SignalKind, signal};

fn send_to_own_process(kind: SignalKind) {
    let command = format!("kill -{} {}", kind.as_raw_value(), std::process::id());
    let status = Command::new("sh").args(["-c", &command]).status();
    assert!(status.expect("sh runs").success(), "{command}");
}

/// Notes the name of the thread that wakes, and lets the one go on that waits in [`teller`].
struct WokenBy {
    waiting: Thread,
    by: Mutex<Option<String>>,
}

impl Wake for WokenBy {
    fn wake(self: Arc<Self>) {
        *self.by.lock().unwrap() = thread::current().name().map(str::to_owned);
        self.waiting.unpark();
    }
}

/// The name of the thread that tells of one arrival.
fn teller(kind: SignalKind, listener: &mut Signal) -> String {
    let woken = Arc::new(WokenBy {
        waiting: thread::current(),
        by: Mutex::new(None),
    });
    let waker = Waker::from(woken.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(listener.poll_recv(&mut cx).is_pending());
    send_to_own_process(kind);
    loop {
        if let Some(by) = woken.by.lock().unwrap().take() {
            assert!(listener.poll_recv(&mut cx).is_ready());
            return by;
        }
        thread::park();
    }
}

#[test]
fn the_driver_of_a_multi_thread_runtime_tells_and_without_a_runtime_the_thread_does() {
    let kind = SignalKind::user_defined1();
    let mut listener = signal(kind).unwrap();
    assert_eq!(teller(kind, &mut listener), "heist-signal");
    let runtime = heist::runtime::Runtime::new().unwrap();
    {
        let _entered = runtime.enter();
        assert_ne!(teller(kind, &mut listener), "heist-signal");
    }
    // The runtime lives, but this is outside of it.
    assert_eq!(teller(kind, &mut listener), "heist-signal");
    drop(runtime);
    assert_eq!(teller(kind, &mut listener), "heist-signal");
}
