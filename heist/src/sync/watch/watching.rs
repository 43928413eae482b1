//! A receiver whose wait for a change is kept from one poll to the next, for a stream.
//!
//! The wait holds the channel itself and not a borrow of it, so that it can lie beside the receiver.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use heist_executor::coop;
use heist_primitive::sync::Arc;

use super::error::RecvError;
use super::wait::Wait;
use super::{Receiver, Shared};

/// See the module.
pub(crate) struct Watching<T> {
    receiver: Receiver<T>,
    wait: Pin<Box<Wait<T, Arc<Shared<T>>>>>,
}

impl<T> Watching<T> {
    pub(crate) fn new(receiver: Receiver<T>) -> Self {
        let wait = Box::pin(Wait::new(receiver.shared.clone(), receiver.shard));
        Self { receiver, wait }
    }

    pub(crate) fn receiver(&self) -> &Receiver<T> {
        &self.receiver
    }

    pub(crate) fn into_receiver(self) -> Receiver<T> {
        self.receiver
    }

    /// [`Receiver::changed`] as a poll function; the waker of the latest call counts.
    pub(crate) fn poll_changed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        let unit = ready!(coop::poll_proceed(cx));
        let outcome = ready!(self.wait.as_mut().poll_changed(&mut self.receiver.seen, cx));
        self.wait.as_mut().leave();
        unit.made_progress();
        Poll::Ready(outcome)
    }

    /// A clone of the value, which counts as seen.
    pub(crate) fn latest(&mut self) -> T
    where
        T: Clone,
    {
        self.receiver.borrow_and_update().clone()
    }
}
