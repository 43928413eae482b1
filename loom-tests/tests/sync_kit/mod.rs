//! What the models of heist::sync share: running a future on a modelled thread, and polling one once.
//!
//! Deliberately absent: the executor's `block_on`, whose parker and budget are models of their own.
#![allow(dead_code)]

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};

use heist::stream::Stream;
use heist_primitive::sync::StdArc;
use loom::sync::Notify;

/// Wakes the modelled thread that waits for it. Not loom's unpark, which would end any other wait, too.
struct Sleep(Notify);

impl Wake for Sleep {
    fn wake(self: StdArc<Self>) {
        self.0.notify();
    }
}

/// Polls `future` to its end and sleeps between polls: a lost wake-up is a deadlock.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let sleep = StdArc::new(Sleep(Notify::new()));
    let waker = Waker::from(sleep.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        sleep.0.wait();
    }
}

/// Waits for the next item of `stream`, as [`block_on`] does.
pub(crate) fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    block_on(poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)))
}

/// Polls `future` once, with a waker of its own that wakes nobody.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    let waker = Waker::from(StdArc::new(Sleep(Notify::new())));
    future.poll(&mut Context::from_waker(&waker))
}
