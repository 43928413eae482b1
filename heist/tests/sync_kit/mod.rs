//! What the tests of heist::sync share: futures polled by hand with wakers that count, and values that count drops.
#![allow(dead_code)]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A waker's counter.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wakes {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// How many wakers of this counter are kept somewhere.
    pub(crate) fn kept(self: &Arc<Self>) -> usize {
        Arc::strong_count(self) - 1
    }
}

/// A future and the counter of its waker.
pub(crate) struct Task<F> {
    future: Option<Pin<Box<F>>>,
    wakes: Arc<Wakes>,
}

impl<F: Future> Task<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Some(Box::pin(future)),
            wakes: Arc::default(),
        }
    }

    /// A task whose first poll was pending.
    #[track_caller]
    pub(crate) fn pending(future: F) -> Self {
        let mut task = Self::new(future);
        assert!(task.poll().is_pending(), "expected to wait");
        task
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(self.wakes.clone());
        self.future().poll(&mut Context::from_waker(&waker))
    }

    /// Polls with another waker than before, which counts from 0.
    pub(crate) fn poll_elsewhere(&mut self) -> Poll<F::Output> {
        self.wakes = Arc::default();
        self.poll()
    }

    #[track_caller]
    pub(crate) fn ready(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("expected to be ready"),
        }
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.count()
    }

    /// How many clones of the waker are kept somewhere.
    pub(crate) fn wakers_kept(&self) -> usize {
        self.wakes.kept()
    }

    /// Drops the future and returns its waker's counter.
    pub(crate) fn cancel(self) -> Arc<Wakes> {
        self.wakes
    }

    pub(crate) fn future(&mut self) -> Pin<&mut F> {
        self.future.as_mut().expect("not cancelled").as_mut()
    }

    /// Drops the future and keeps the counter.
    pub(crate) fn drop_future(&mut self) {
        self.future = None;
    }
}

/// The output of a future that does not wait.
#[track_caller]
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    Task::new(future).ready()
}

/// A waker that runs a closure.
pub(crate) struct OnWake<F>(pub(crate) F);

impl<F: Fn() + Send + Sync + 'static> Wake for OnWake<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// Counts the drops of its [`Counted`]s.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

/// A value whose drop is counted.
pub(crate) struct Counted(Drops);

impl Drops {
    pub(crate) fn value(&self) -> Counted {
        Counted(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The message that `f` panics with.
#[track_caller]
pub(crate) fn panic_message<R>(f: impl FnOnce() -> R) -> String {
    let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) else {
        panic!("expected a panic");
    };
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().expect("a message")).to_owned(),
    }
}
