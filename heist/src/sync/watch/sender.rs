//! The side of a watch channel that changes the value.

use std::fmt;

use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::Ordering;

use super::error::SendError;
use super::{CLOSED, Receiver, Ref, Shared, VERSION};
use crate::sync::budget::within_budget;

/// The side of a watch channel that changes the value. Made by [`channel`](super::channel).
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Makes a channel without a receiver; [`subscribe`](Self::subscribe) makes some.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let sender = watch::Sender::new(0u8);
    /// assert!(sender.send(3).is_err());
    /// let receiver = sender.subscribe();
    /// assert!(sender.send(4).is_ok());
    /// assert_eq!(*receiver.borrow(), 4);
    /// ```
    pub fn new(init: T) -> Self {
        Self {
            shared: Shared::new(init),
        }
    }

    /// Replaces the value and notifies all receivers.
    ///
    /// # Errors
    ///
    /// If there is no receiver. The value comes back and the channel keeps the one that it has; to set it all the same, use
    /// [`send_replace`](Self::send_replace).
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.shared.receivers() == 0 {
            return Err(SendError(value));
        }
        self.send_replace(value);
        Ok(())
    }

    /// Changes the value in place and notifies all receivers, also if there is none.
    ///
    /// Receivers cannot look at the value while `modify` runs.
    ///
    /// # Panics
    ///
    /// If `modify` does. Nobody is notified then, and the value stays as `modify` has left it.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (sender, receiver) = watch::channel(vec![1]);
    /// sender.send_modify(|list| list.push(2));
    /// assert_eq!(*receiver.borrow(), [1, 2]);
    /// ```
    pub fn send_modify<F>(&self, modify: F)
    where
        F: FnOnce(&mut T),
    {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value in place, and notifies all receivers if `modify` returns true; returns what it returned.
    ///
    /// # Panics
    ///
    /// If `modify` does. Nobody is notified then, and the value stays as `modify` has left it.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (sender, receiver) = watch::channel(3);
    /// let limit = |value: &mut i32| std::mem::replace(value, (*value).min(2)) > 2;
    /// assert!(sender.send_if_modified(limit));
    /// assert!(!sender.send_if_modified(limit));
    /// assert_eq!(*receiver.borrow(), 2);
    /// ```
    pub fn send_if_modified<F>(&self, modify: F) -> bool
    where
        F: FnOnce(&mut T) -> bool,
    {
        let before = {
            let mut value = self.shared.value.write();
            if !modify(&mut value) {
                return false;
            }
            // I1: under the lock.
            self.shared.state.fetch_add(VERSION, Ordering::Release)
        };
        self.shared.wake_waiting(before);
        true
    }

    /// Replaces the value, notifies all receivers, and returns the one before. Works without receivers, too.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let sender = watch::Sender::new(1);
    /// assert_eq!(sender.send_replace(2), 1);
    /// assert_eq!(sender.send_replace(3), 2);
    /// ```
    pub fn send_replace(&self, mut value: T) -> T {
        self.send_modify(|old| std::mem::swap(old, &mut value));
        value
    }

    /// A look at the value. See [`Ref`].
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (sender, _) = watch::channel("hello");
    /// assert_eq!(*sender.borrow(), "hello");
    /// ```
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref {
            value: self.shared.value.read(),
            has_changed: false,
        }
    }

    /// Whether there is no receiver.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (sender, receiver) = watch::channel(());
    /// assert!(!sender.is_closed());
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.shared.receivers() == 0
    }

    /// Waits until there is no receiver.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (sender, receiver) = watch::channel(());
    /// std::thread::spawn(move || drop(receiver));
    /// sender.closed().await;
    /// # });
    /// ```
    pub async fn closed(&self) {
        within_budget(async {
            loop {
                let unwatched = self.shared.unwatched.notified();
                if self.shared.receivers() == 0 {
                    return;
                }
                unwatched.await;
            }
        })
        .await;
    }

    /// Makes a receiver that counts the value as it is now as seen.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (sender, _receiver) = watch::channel(0);
    /// sender.send(5).unwrap();
    /// let later = sender.subscribe();
    /// assert!(!later.has_changed().unwrap());
    /// assert_eq!(*later.borrow(), 5);
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(self.shared.clone(), self.shared.version())
    }

    /// How many receivers there are.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (sender, first) = watch::channel(());
    /// let second = first.clone();
    /// assert_eq!(sender.receiver_count(), 2);
    /// # drop(second);
    /// ```
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers()
    }

    /// How many senders there are.
    pub fn sender_count(&self) -> usize {
        self.shared.senders.load(Ordering::Relaxed)
    }

    /// Whether both are senders of the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
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

impl<T: Default> Default for Sender<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            let before = self.shared.state.fetch_or(CLOSED, Ordering::Release);
            self.shared.wake_waiting(before);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("shared", &self.shared).finish()
    }
}
