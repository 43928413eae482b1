//! [`WatchStream`]: the changes of a watched value.

use crate::sync::watch::{Receiver, Watching};
use futures_core::Stream;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The latest value of a [`watch::Receiver`](Receiver), whenever it has changed, until all senders are gone.
///
/// Values between two polls are passed over.
///
/// # Examples
///
/// ```
/// use futures_util::StreamExt;
/// use heist::stream::WatchStream;
/// use heist::sync::watch;
///
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let (sender, receiver) = watch::channel("hello");
/// let mut values = WatchStream::new(receiver);
/// assert_eq!(values.next().await, Some("hello"));
/// sender.send("passed over").unwrap();
/// sender.send("goodbye").unwrap();
/// drop(sender);
/// assert_eq!(values.next().await, Some("goodbye"));
/// assert_eq!(values.next().await, None);
/// # Ok(()) })
/// # }
/// ```
#[must_use = "streams do nothing unless they are polled"]
pub struct WatchStream<T> {
    inner: Watching<T>,
    /// Whether the value of now is an item, changed or not.
    first: bool,
}

impl<T> WatchStream<T> {
    /// A stream that begins with the value of now.
    pub fn new(receiver: Receiver<T>) -> Self {
        Self {
            inner: Watching::new(receiver),
            first: true,
        }
    }

    /// A stream that begins with the next change, or with the value of now if the receiver has not seen it.
    pub fn from_changes(receiver: Receiver<T>) -> Self {
        Self {
            first: false,
            ..Self::new(receiver)
        }
    }

    /// What was wrapped. A first value that was not polled for is there, but is no change.
    pub fn into_inner(self) -> Receiver<T> {
        self.inner.into_receiver()
    }
}

impl<T: Clone> Stream for WatchStream<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let me = self.get_mut();
        if !std::mem::take(&mut me.first) && ready!(me.inner.poll_changed(cx)).is_err() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(me.inner.latest()))
    }

    /// At least the first value is there; the others come as they come.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.first), None)
    }
}

impl<T> AsRef<Receiver<T>> for WatchStream<T> {
    fn as_ref(&self) -> &Receiver<T> {
        self.inner.receiver()
    }
}

impl<T> From<Receiver<T>> for WatchStream<T> {
    fn from(receiver: Receiver<T>) -> Self {
        Self::new(receiver)
    }
}

impl<T> fmt::Debug for WatchStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchStream").finish_non_exhaustive()
    }
}
