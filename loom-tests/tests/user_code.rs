//! A user's own protocol on top of heist's sync types: what the documentation of `heist::sync` shows, as it stands there.
//!
//! Property: who asks a latch that opens once is let through, whenever it asks, and sees what was done before. It uses
//! nothing but heist's public items and loom's.
#![cfg(heist_loom)]

use heist::sync::Notify;
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

struct Latch {
    open: AtomicBool,
    opened: Notify,
}

impl Latch {
    fn new() -> Self {
        Latch {
            open: AtomicBool::new(false),
            opened: Notify::new(),
        }
    }

    fn open(&self) {
        self.open.store(true, Ordering::Release);
        self.opened.notify_waiters();
    }

    async fn wait(&self) {
        // First the future, then the look: turn the two lines round and the model deadlocks.
        let opened = self.opened.notified();
        if !self.open.load(Ordering::Acquire) {
            opened.await;
        }
    }
}

#[test]
fn nobody_waits_at_an_open_latch() {
    loom::model(|| {
        let shared = Arc::new((Latch::new(), AtomicUsize::new(0)));
        let opener = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.store(1, Ordering::Relaxed);
                shared.0.open();
            })
        };
        block_on(shared.0.wait());
        assert_eq!(shared.1.load(Ordering::Relaxed), 1);
        opener.join().unwrap();
    });
}
