//! What the tests of the macros share: futures that write down what happens to them, and polling by hand.
#![allow(dead_code)]

use std::cell::RefCell;
use std::fmt::Display;
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use pin_project_lite::pin_project;

/// A shared list of events.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, event: impl Display) {
        self.0.borrow_mut().push(event.to_string());
    }

    /// The events since the last call, separated by blanks.
    pub(crate) fn take(&self) -> String {
        self.0.borrow_mut().drain(..).collect::<Vec<_>>().join(" ")
    }

    /// A future that is pending `pendings` times and then gives `output`.
    pub(crate) fn probe<T: Clone>(&self, name: &'static str, pendings: usize, output: T) -> Probe<T> {
        Probe {
            name,
            pendings,
            output,
            log: self.clone(),
            ready: false,
            pinned: PhantomPinned,
        }
    }
}

pin_project! {
    /// Logs `name?` when pending, `name!` when ready and `~name` when dropped; must not be polled after it
    /// was ready; is not `Unpin`.
    pub(crate) struct Probe<T> {
        name: &'static str,
        pendings: usize,
        output: T,
        log: Log,
        ready: bool,
        #[pin]
        pinned: PhantomPinned,
    }

    impl<T> PinnedDrop for Probe<T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.log.add(format!("~{}", this.name));
        }
    }
}

impl<T: Clone> Future for Probe<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        let this = self.project();
        assert!(!*this.ready, "{} was polled after it was ready", this.name);
        if *this.pendings == 0 {
            this.log.add(format!("{}!", this.name));
            *this.ready = true;
            return Poll::Ready(this.output.clone());
        }
        *this.pendings -= 1;
        this.log.add(format!("{}?", this.name));
        Poll::Pending
    }
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The output of a future that must be ready within 1000 polls.
#[track_caller]
pub(crate) fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..1000 {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
    panic!("the future is still pending after 1000 polls");
}

/// Counts how often it was woken.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A value that is no future but can be made one, which gives `T` at once.
pub(crate) struct Into<T>(pub(crate) T);

impl<T> std::future::IntoFuture for Into<T> {
    type Output = T;
    type IntoFuture = std::future::Ready<T>;

    fn into_future(self) -> Self::IntoFuture {
        std::future::ready(self.0)
    }
}

/// Is pending once, having woken its task.
pub(crate) async fn step() {
    let mut stepped = false;
    std::future::poll_fn(|cx| {
        if stepped {
            return Poll::Ready(());
        }
        stepped = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}
