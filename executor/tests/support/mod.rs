//! A pool for tests, and futures that count what happens to them.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use heist_executor::multi_thread::{Config, Handle, Pool};
use heist_executor::task::Meta;
use heist_executor::{Around, blocking};

pub(crate) fn clock() -> u64 {
    0
}

pub(crate) fn no_around() -> Around {
    Arc::new(|body: &mut dyn FnMut()| body())
}

pub(crate) fn config(workers: usize) -> Config {
    Config {
        workers,
        thread_name: Arc::new(|| "test-worker".to_owned()),
        stack_size: None,
        global_queue_interval: None,
        event_interval: 61,
        loan: None,
        next_slot: true,
        guest: true,
        hooks: Default::default(),
        timed: heist_executor::histogram::Timed::default(),
        seed: 1,
        clock: Arc::new(clock),
        processor: || 0,
    }
}

/// Runs `f` on a started pool and shuts the pool down.
pub(crate) fn with_pool<R>(workers: usize, f: impl FnOnce(&Handle) -> R) -> R {
    let mut pool = Pool::new(config(workers));
    pool.start(no_around()).unwrap();
    let result = f(&pool.handle().clone());
    pool.begin_shutdown();
    assert!(pool.join(None));
    result
}

pub(crate) fn blocking_pool(max_threads: usize, keep_alive: Duration) -> blocking::Pool {
    blocking::Pool::new(blocking::Config {
        max_threads,
        keep_alive,
        thread_name: Arc::new(|| "test-blocking".to_owned()),
        stack_size: None,
        watch: None,
        on_terminate: None,
        on_panic: None,
    })
}

pub(crate) fn meta() -> Meta {
    Meta::caller()
}

/// Counts its drop.
#[derive(Clone, Default)]
pub(crate) struct Drops(pub(crate) Arc<AtomicUsize>);

impl Drops {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn guard(&self) -> DropGuard {
        DropGuard(self.0.clone())
    }
}

pub(crate) struct DropGuard(Arc<AtomicUsize>);

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Pending the first `n` times, waking itself each time.
pub(crate) struct Yields(pub(crate) usize);

impl Future for Yields {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
