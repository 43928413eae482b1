//! [`ReceiverStream`], [`UnboundedReceiverStream`]: the values of a channel.

use super::wrapper::wrapper;
use crate::sync::mpsc::{Receiver, UnboundedReceiver};
use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

wrapper! {
    /// The values of a [`mpsc::Receiver`](Receiver), which end when no more can come.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use heist::stream::ReceiverStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// let (sender, receiver) = heist::sync::mpsc::channel(2);
    /// sender.send("one").await.unwrap();
    /// drop(sender);
    /// let mut values = ReceiverStream::new(receiver);
    /// assert_eq!(values.next().await, Some("one"));
    /// assert_eq!(values.next().await, None);
    /// # Ok(()) })
    /// # }
    /// ```
    ReceiverStream<T> around Receiver<T>
}

impl<T> ReceiverStream<T> {
    /// Lets no more be sent, as [`Receiver::close`] does; what is in the channel can still be received.
    pub fn close(&mut self) {
        self.inner.close();
    }
}

impl<T> Stream for ReceiverStream<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.get_mut().inner.poll_recv(cx)
    }

    /// At least what is in the channel; once it is closed at most that and what the permits held may still send.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let open = !self.inner.is_closed();
        // The permits first: a value that is sent between the two looks then counts in both.
        let taken = self.inner.max_capacity() - self.inner.capacity();
        let length = self.inner.len();
        (length, if open { None } else { Some(taken.max(length)) })
    }
}

wrapper! {
    /// The values of a [`mpsc::UnboundedReceiver`](UnboundedReceiver), which end when no more can come.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use heist::stream::UnboundedReceiverStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// let (sender, receiver) = heist::sync::mpsc::unbounded_channel();
    /// sender.send("one").unwrap();
    /// drop(sender);
    /// let mut values = UnboundedReceiverStream::new(receiver);
    /// assert_eq!(values.next().await, Some("one"));
    /// assert_eq!(values.next().await, None);
    /// # Ok(()) })
    /// # }
    /// ```
    UnboundedReceiverStream<T> around UnboundedReceiver<T>
}

impl<T> UnboundedReceiverStream<T> {
    /// Lets no more be sent, as [`UnboundedReceiver::close`] does; what is in the channel can still be received.
    pub fn close(&mut self) {
        self.inner.close();
    }
}

impl<T> Stream for UnboundedReceiverStream<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.get_mut().inner.poll_recv(cx)
    }

    /// What is in the channel: at least that while it is open, exactly that once it is closed.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let open = !self.inner.is_closed();
        let length = self.inner.len();
        (length, if open { None } else { Some(length) })
    }
}
