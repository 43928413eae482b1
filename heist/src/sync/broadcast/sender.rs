//! The sides of a broadcast channel that send: a handle that keeps the channel open, and one that does not.

use std::fmt;

use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::Ordering;

use super::error::SendError;
use super::{Receiver, Shared};
use crate::sync::budget::within_budget;

/// The side of a broadcast channel that sends; any number of clones may. Made by [`channel`](super::channel).
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

/// A [`Sender`] that does not keep the channel open. Made by [`Sender::downgrade`].
///
/// ```
/// use heist::sync::broadcast::channel;
///
/// let (sender, mut receiver) = channel(4);
/// let weak = sender.downgrade();
/// weak.upgrade().unwrap().send(1).unwrap();
/// drop(sender);
/// assert!(weak.upgrade().is_none());
/// assert_eq!(receiver.try_recv(), Ok(1));
/// ```
pub struct WeakSender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Makes a channel without a receiver; [`subscribe`](Self::subscribe) makes some. `capacity` is as for
    /// [`channel`](super::channel).
    ///
    /// # Panics
    ///
    /// If `capacity` is 0 or more than `usize::MAX / 2`.
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Self {
            shared: Shared::new(capacity),
        }
    }

    /// Sends a value to all receivers that there are now, and says how many. It never waits: if the channel is full, the
    /// oldest value is forgotten.
    ///
    /// That a value was sent does not mean that it will be received: receivers may lag, or go.
    ///
    /// # Errors
    ///
    /// If there is no receiver. The value comes back. There may be a receiver again later.
    ///
    /// ```
    /// use heist::sync::broadcast;
    ///
    /// let (sender, mut receiver) = broadcast::channel(4);
    /// assert_eq!(sender.send("one").unwrap(), 1);
    /// assert_eq!(receiver.try_recv(), Ok("one"));
    /// drop(receiver);
    /// assert_eq!(sender.send("two").unwrap_err().0, "two");
    /// ```
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        let mut tail = self.shared.tail.lock();
        let (position, receivers) = (tail.position, tail.receivers);
        if receivers == 0 {
            drop(tail);
            return Err(SendError(value));
        }
        tail.position = position.wrapping_add(1);
        let mut slot = self.shared.slot(position).lock();
        slot.position = position;
        slot.unread = receivers;
        let forgotten = slot.value.replace(value);
        drop(slot);
        if tail.waiters.is_empty() {
            drop(tail);
        } else {
            let wakers = tail.wakers();
            drop(tail);
            wakers.wake_all();
        }
        drop(forgotten);
        Ok(receivers)
    }

    /// Makes a receiver of the values that are sent from now on.
    ///
    /// ```
    /// use heist::sync::broadcast;
    ///
    /// let (sender, _first) = broadcast::channel(4);
    /// sender.send(1).unwrap();
    /// let mut later = sender.subscribe();
    /// sender.send(2).unwrap();
    /// assert_eq!(later.try_recv(), Ok(2));
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(self.shared.clone())
    }

    /// A handle that does not keep the channel open.
    #[must_use = "downgrade makes a WeakSender and leaves this sender as it is"]
    pub fn downgrade(&self) -> WeakSender<T> {
        self.shared.weak_senders.fetch_add(1, Ordering::Relaxed);
        WeakSender {
            shared: self.shared.clone(),
        }
    }

    /// How many values in the channel some receiver has yet to read. A receiver that has only just lagged counts as if it
    /// had been told so.
    ///
    /// ```
    /// use heist::sync::broadcast;
    ///
    /// let (sender, mut first) = broadcast::channel(4);
    /// let _second = sender.subscribe();
    /// sender.send(1).unwrap();
    /// sender.send(2).unwrap();
    /// first.try_recv().unwrap();
    /// assert_eq!(sender.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        let tail = self.shared.tail.lock();
        let capacity = self.shared.ring.len();
        let oldest = tail.position.wrapping_sub(capacity as u64);
        // From the oldest position on: first those that all have read, then the others.
        let (mut read, mut end) = (0, capacity);
        while read < end {
            let middle = read + (end - read) / 2;
            if self.shared.slot(oldest.wrapping_add(middle as u64)).lock().unread == 0 {
                read = middle + 1;
            } else {
                end = middle;
            }
        }
        capacity - read
    }

    /// Whether every receiver has read every value.
    ///
    /// ```
    /// use heist::sync::broadcast;
    ///
    /// let (sender, mut receiver) = broadcast::channel(4);
    /// sender.send(1).unwrap();
    /// assert!(!sender.is_empty());
    /// receiver.try_recv().unwrap();
    /// assert!(sender.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        let tail = self.shared.tail.lock();
        self.shared.slot(tail.position.wrapping_sub(1)).lock().unread == 0
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.tail.lock().receivers
    }

    /// Whether both are senders of the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Waits until there is no receiver.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing.
    ///
    /// ```
    /// use heist::sync::broadcast;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (sender, receiver) = broadcast::channel::<u8>(4);
    /// std::thread::spawn(move || drop(receiver));
    /// sender.closed().await;
    /// # });
    /// ```
    pub async fn closed(&self) {
        within_budget(async {
            loop {
                let unheard = self.shared.unheard.notified();
                if self.receiver_count() == 0 {
                    return;
                }
                unheard.await;
            }
        })
        .await;
    }

    /// How many [`Sender`]s there are.
    pub fn strong_count(&self) -> usize {
        self.shared.senders()
    }

    /// How many [`WeakSender`]s there are.
    pub fn weak_count(&self) -> usize {
        self.shared.weak_senders()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.senders.fetch_add(1, Ordering::Relaxed);
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let mut tail = self.shared.tail.lock();
        tail.closed = true;
        let wakers = tail.wakers();
        drop(tail);
        wakers.wake_all();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broadcast::Sender")
    }
}

impl<T> WeakSender<T> {
    /// A [`Sender`], unless all are gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let mut senders = self.shared.senders();
        while senders > 0 {
            match self.shared.senders.compare_exchange_weak(
                senders,
                senders + 1,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    return Some(Sender {
                        shared: self.shared.clone(),
                    });
                }
                Err(now) => senders = now,
            }
        }
        None
    }

    /// How many [`Sender`]s there are.
    pub fn strong_count(&self) -> usize {
        self.shared.senders()
    }

    /// How many [`WeakSender`]s there are.
    pub fn weak_count(&self) -> usize {
        self.shared.weak_senders()
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        self.shared.weak_senders.fetch_add(1, Ordering::Relaxed);
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<T> Drop for WeakSender<T> {
    fn drop(&mut self) {
        self.shared.weak_senders.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broadcast::WeakSender")
    }
}
