//! [`BroadcastStream`]: the values of a broadcast channel.

use super::errors::BroadcastStreamRecvError;
use crate::sync::broadcast::error::RecvError;
use crate::sync::broadcast::{Listening, Receiver};
use futures_core::Stream;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The values of a [`broadcast::Receiver`](Receiver), which end when all senders are gone.
///
/// A stream that is too slow gets [`Lagged`](BroadcastStreamRecvError::Lagged) in the place of what it has missed, and
/// goes on behind the gap.
///
/// # Examples
///
/// ```
/// use futures_util::StreamExt;
/// use heist::stream::BroadcastStream;
/// use heist::stream::errors::BroadcastStreamRecvError::Lagged;
/// use heist::sync::broadcast;
///
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let (sender, receiver) = broadcast::channel(2);
/// for n in 1..=3 {
///     sender.send(n).unwrap();
/// }
/// drop(sender);
/// let items: Vec<_> = BroadcastStream::new(receiver).collect().await;
/// assert_eq!(items, [Err(Lagged(1)), Ok(2), Ok(3)]);
/// # Ok(()) })
/// # }
/// ```
#[must_use = "streams do nothing unless they are polled"]
pub struct BroadcastStream<T> {
    inner: Listening<T>,
}

impl<T> BroadcastStream<T> {
    /// Wraps it.
    pub fn new(receiver: Receiver<T>) -> Self {
        Self {
            inner: Listening::new(receiver),
        }
    }

    /// What was wrapped. Nothing is lost.
    pub fn into_inner(self) -> Receiver<T> {
        self.inner.into_receiver()
    }
}

impl<T: Clone> Stream for BroadcastStream<T> {
    type Item = Result<T, BroadcastStreamRecvError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let outcome = ready!(self.get_mut().inner.poll_recv(cx));
        Poll::Ready(match outcome {
            Ok(value) => Some(Ok(value)),
            Err(RecvError::Lagged(missed)) => Some(Err(BroadcastStreamRecvError::Lagged(missed))),
            Err(RecvError::Closed) => None,
        })
    }

    /// At least one item is there if any value is: with more values than the channel has room for, the first item
    /// counts the missed ones.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(!self.inner.receiver().is_empty()), None)
    }
}

impl<T> AsRef<Receiver<T>> for BroadcastStream<T> {
    fn as_ref(&self) -> &Receiver<T> {
        self.inner.receiver()
    }
}

impl<T> From<Receiver<T>> for BroadcastStream<T> {
    fn from(receiver: Receiver<T>) -> Self {
        Self::new(receiver)
    }
}

impl<T> fmt::Debug for BroadcastStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastStream").finish_non_exhaustive()
    }
}
