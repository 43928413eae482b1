//! The channel without a bound: a `send` never waits.
//!
//! Nothing counts the values but the queue itself, so a send is one claim in it (guarded/queue.rs).

use std::fmt;
use std::task::{Context, Poll};

use super::chan::{self, Capacity, Rx, Tx, Weak};
use super::error::{SendError, TryRecvError};
use crate::sync::blocking;

/// No bound: an empty queue of a closed channel stays empty.
#[derive(Debug)]
pub(super) struct Unbounded;

impl Capacity for Unbounded {
    fn give_back(&self, _n: usize) {}

    fn is_idle(&self) -> bool {
        true
    }

    fn close(&self) {}
}

/// Sends values to the associated [`UnboundedReceiver`]; made by [`unbounded_channel`]. Clone it for more senders.
pub struct UnboundedSender<T> {
    tx: Tx<T, Unbounded>,
}

/// A sender that does not keep the channel open; made by [`UnboundedSender::downgrade`].
///
/// When only weak senders are left, the channel ends for the receiver as if they were not there.
///
/// ```
/// use heist::sync::mpsc;
///
/// let (tx, _rx) = mpsc::unbounded_channel::<i32>();
/// let weak = tx.downgrade();
/// assert!(weak.upgrade().is_some());
/// drop(tx);
/// assert!(weak.upgrade().is_none());
/// ```
pub struct WeakUnboundedSender<T> {
    tx: Weak<T, Unbounded>,
}

/// Receives values from the associated [`UnboundedSender`]s; made by [`unbounded_channel`].
pub struct UnboundedReceiver<T> {
    rx: Rx<T, Unbounded>,
}

/// Makes a channel that takes any number of values.
///
/// As nothing slows the senders down, a receiver that is slower than they are makes the process run out of memory:
/// prefer [`channel`](super::channel) unless something else limits what is sent.
///
/// ```
/// use heist::sync::mpsc;
///
/// # heist_executor::park::block_on(async {
/// let (tx, mut rx) = mpsc::unbounded_channel();
/// tx.send(1).unwrap();
/// tx.send(2).unwrap();
/// drop(tx);
/// assert_eq!(rx.recv().await, Some(1));
/// assert_eq!(rx.recv().await, Some(2));
/// assert_eq!(rx.recv().await, None);
/// # });
/// ```
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (tx, rx) = chan::channel(Unbounded);
    (UnboundedSender { tx }, UnboundedReceiver { rx })
}

impl<T> UnboundedReceiver<T> {
    /// Receives the next value, waiting for it; `None` when the channel is empty and no more can come, as all
    /// senders are gone or [`close`](Self::close) was called.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing: a value that it did not return is still in the channel.
    pub async fn recv(&mut self) -> Option<T> {
        self.rx.recv().await
    }

    /// Receives up to `limit` values at the end of `buffer`, waiting for the first one, and returns how many.
    ///
    /// 0 means that the channel is empty and no more can come, or that `limit` is 0, for which this does not wait.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing, and `buffer` is as it was.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (tx, mut rx) = mpsc::unbounded_channel();
    /// for i in 0..3 {
    ///     tx.send(i).unwrap();
    /// }
    /// let mut buffer = Vec::new();
    /// assert_eq!(rx.recv_many(&mut buffer, 2).await, 2);
    /// assert_eq!(rx.recv_many(&mut buffer, 2).await, 1);
    /// assert_eq!(buffer, [0, 1, 2]);
    /// # });
    /// ```
    pub async fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        self.rx.recv_many(buffer, limit).await
    }

    /// Takes the next value if there is one.
    ///
    /// A value whose `send` has begun on another thread counts as there; this waits the moment that it takes.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none yet, [`TryRecvError::Disconnected`] if none can come any more.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.rx.try_recv()
    }

    /// [`recv`](Self::recv) for a thread outside of asynchronous code, which it blocks meanwhile.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`recv`](Self::recv).
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// let (tx, mut rx) = mpsc::unbounded_channel();
    /// let receives = std::thread::spawn(move || rx.blocking_recv());
    /// tx.send(10).unwrap();
    /// assert_eq!(receives.join().unwrap(), Some(10));
    /// ```
    #[track_caller]
    #[doc(alias = "recv_blocking")]
    pub fn blocking_recv(&mut self) -> Option<T> {
        blocking::block_on("`UnboundedReceiver::blocking_recv`", self.rx.recv())
    }

    /// [`recv_many`](Self::recv_many) for a thread outside of asynchronous code, which it blocks meanwhile.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`recv_many`](Self::recv_many).
    #[track_caller]
    #[doc(alias = "recv_many_blocking")]
    pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        blocking::block_on(
            "`UnboundedReceiver::blocking_recv_many`",
            self.rx.recv_many(buffer, limit),
        )
    }

    /// Makes every `send` from now on fail. What is in the channel can still be received, and then comes `None`.
    pub fn close(&mut self) {
        self.rx.close();
    }

    /// Whether no more can be sent: [`close`](Self::close) was called, or all senders are gone.
    pub fn is_closed(&self) -> bool {
        self.rx.is_closed()
    }

    /// Whether the channel has no value in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values are in the channel.
    pub fn len(&self) -> usize {
        self.rx.len()
    }

    /// [`recv`](Self::recv) for hand-written futures. Of several tasks, the last one that polled is woken.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.rx.poll_recv(cx)
    }

    /// [`recv_many`](Self::recv_many) for hand-written futures. Of several tasks, the last one that polled is woken.
    pub fn poll_recv_many(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<T>, limit: usize) -> Poll<usize> {
        self.rx.poll_recv_many(cx, buffer, limit)
    }

    /// How many [`UnboundedSender`]s there are.
    pub fn sender_strong_count(&self) -> usize {
        self.rx.chan().strong_count()
    }

    /// How many [`WeakUnboundedSender`]s there are.
    pub fn sender_weak_count(&self) -> usize {
        self.rx.chan().weak_count()
    }
}

impl<T> UnboundedSender<T> {
    /// Sends `message`. Never waits, and can be called on any thread.
    ///
    /// `Ok` does not say that the message will be received: the receiver may be dropped before it gets to it.
    ///
    /// # Errors
    ///
    /// Gives `message` back if the receiver was dropped or has closed the channel.
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.tx.push_unless_closed(message).map_err(SendError)
    }

    /// Waits until the receiver is dropped or closes the channel.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (tx, rx) = mpsc::unbounded_channel::<()>();
    /// std::thread::spawn(move || drop(rx));
    /// tx.closed().await;
    /// # });
    /// ```
    pub async fn closed(&self) {
        self.tx.closed().await;
    }

    /// Whether the receiver was dropped or has closed the channel.
    pub fn is_closed(&self) -> bool {
        self.tx.is_closed()
    }

    /// Whether `other` is of the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.tx.same_channel(&other.tx)
    }

    /// Makes a sender that does not keep the channel open.
    #[must_use = "downgrade makes a weak sender and leaves this one as it is"]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender {
            tx: self.tx.downgrade(),
        }
    }

    /// How many [`UnboundedSender`]s there are.
    pub fn strong_count(&self) -> usize {
        self.tx.chan().strong_count()
    }

    /// How many [`WeakUnboundedSender`]s there are.
    pub fn weak_count(&self) -> usize {
        self.tx.chan().weak_count()
    }
}

impl<T> WeakUnboundedSender<T> {
    /// Makes a sender again, `None` if there is none left.
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        Some(UnboundedSender {
            tx: self.tx.upgrade()?,
        })
    }

    /// How many [`UnboundedSender`]s there are.
    pub fn strong_count(&self) -> usize {
        self.tx.chan().strong_count()
    }

    /// How many [`WeakUnboundedSender`]s there are.
    pub fn weak_count(&self) -> usize {
        self.tx.chan().weak_count()
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        Self { tx: self.tx.clone() }
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        Self { tx: self.tx.clone() }
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedSender")
            .field("chan", self.tx.chan())
            .finish()
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakUnboundedSender").finish()
    }
}

impl<T> fmt::Debug for UnboundedReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedReceiver")
            .field("chan", self.rx.chan())
            .finish()
    }
}
