//! A receiver whose wait for a change is kept from one poll to the next, for a stream.
//!
//! The wait holds the channel itself and not a borrow of it, so that it can lie beside the receiver. I2 of the module
//! holds here too: it is asked for before the look, and a new one after each that has ended.

use std::ops::Deref;
use std::task::{Context, Poll, ready};

use heist_executor::coop;
use heist_primitive::sync::Arc;

use super::error::RecvError;
use super::{CLOSED, Receiver, Shared};
use crate::sync::notify::{Notify, Wait};

/// See the module.
pub(crate) struct Watching<T> {
    receiver: Receiver<T>,
    wait: Option<Wait<Shard<T>>>,
}

impl<T> Watching<T> {
    pub(crate) fn new(receiver: Receiver<T>) -> Self {
        Self { receiver, wait: None }
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
        let outcome = loop {
            let Receiver { shared, shard, seen } = &mut self.receiver;
            let wait = self.wait.get_or_insert_with(|| {
                Wait::new(Shard {
                    shared: shared.clone(),
                    shard: *shard,
                })
            });
            let state = shared.state();
            if state & !CLOSED != *seen {
                *seen = state & !CLOSED;
                break Ok(());
            }
            if state & CLOSED != 0 {
                break Err(RecvError(()));
            }
            ready!(wait.poll(Some(cx)));
            self.wait = None;
        };
        self.wait = None;
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

/// Where one receiver's changes are announced.
struct Shard<T> {
    shared: Arc<Shared<T>>,
    shard: usize,
}

impl<T> Deref for Shard<T> {
    type Target = Notify;

    fn deref(&self) -> &Notify {
        &self.shared.changed[self.shard]
    }
}
