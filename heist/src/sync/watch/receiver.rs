//! The side of a watch channel that looks at the value.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;

use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::Ordering;

use super::error::RecvError;
use super::wait::Wait;
use super::{CLOSED, Ref, SHARDS, Shared, VERSION, version_of};
use crate::sync::budget::within_budget;

/// The side of a watch channel that looks at the value and waits for changes. Made by [`channel`](super::channel) and
/// [`Sender::subscribe`](super::Sender::subscribe). A clone has seen what the original has.
pub struct Receiver<T> {
    pub(super) shared: Arc<Shared<T>>,
    /// The version that was seen last.
    pub(super) seen: usize,
    /// Which of the lists this one waits in.
    pub(super) shard: usize,
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: Arc<Shared<T>>, seen: usize) -> Self {
        let before = shared.receivers.fetch_add(1, Ordering::Relaxed);
        Self {
            shared,
            seen,
            shard: before % SHARDS,
        }
    }

    /// A look at the value, which stays unseen if it was. See [`Ref`] for what holding it means.
    ///
    /// In a loop with [`changed`](Self::changed) take [`borrow_and_update`](Self::borrow_and_update), or a value that
    /// comes between the two calls is looked at twice.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (_, receiver) = watch::channel("hello");
    /// assert_eq!(*receiver.borrow(), "hello");
    /// ```
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.borrow(self.seen).0
    }

    /// A look at the value, which counts as seen from now on. See [`Ref`] for what holding it means.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (sender, mut receiver) = watch::channel(1);
    /// sender.send(2).unwrap();
    /// assert_eq!(*receiver.borrow_and_update(), 2);
    /// assert!(!receiver.has_changed().unwrap());
    /// ```
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let (value, version) = self.shared.borrow(self.seen);
        self.seen = version;
        value
    }

    /// Whether the value is newer than the last one seen.
    ///
    /// # Errors
    ///
    /// If all senders are gone, even if there is an unseen value.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (sender, mut receiver) = watch::channel(1);
    /// sender.send(2).unwrap();
    /// assert!(receiver.has_changed().unwrap());
    /// assert_eq!(*receiver.borrow_and_update(), 2);
    /// assert!(!receiver.has_changed().unwrap());
    /// drop(sender);
    /// assert!(receiver.has_changed().is_err());
    /// ```
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let state = self.shared.state();
        if state & CLOSED != 0 {
            return Err(RecvError(()));
        }
        Ok(version_of(state) != self.seen)
    }

    /// Whether all senders are gone.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (sender, receiver) = watch::channel(());
    /// assert!(!receiver.is_closed());
    /// drop(sender);
    /// assert!(receiver.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Counts the value as unseen: the next [`changed`](Self::changed) is ready at once.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (_sender, mut receiver) = watch::channel(1);
    /// receiver.mark_changed();
    /// assert!(receiver.has_changed().unwrap());
    /// ```
    pub fn mark_changed(&mut self) {
        self.seen = self.shared.version().wrapping_sub(VERSION);
    }

    /// Counts the value as seen.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.version();
    }

    /// Waits for a value that is unseen, and counts it as seen. Ready at once if there is one.
    ///
    /// # Errors
    ///
    /// If all senders are gone and the last value is seen.
    ///
    /// # Cancel safety
    ///
    /// A value counts as seen only if the wait has completed: dropping it earlier loses nothing.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (sender, mut receiver) = watch::channel("hello");
    /// std::thread::spawn(move || sender.send("goodbye").unwrap());
    /// receiver.changed().await.unwrap();
    /// assert_eq!(*receiver.borrow(), "goodbye");
    /// # });
    /// ```
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        within_budget(changed(&self.shared, &mut self.seen, self.shard)).await
    }

    /// Waits for a value that `f` accepts, beginning with the one that is there, and counts it as seen.
    ///
    /// Values that come fast one after the other may be passed over.
    ///
    /// # Errors
    ///
    /// If all senders are gone and `f` does not accept the last value.
    ///
    /// # Panics
    ///
    /// If `f` does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses no value, but those that `f` has refused count as seen.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (sender, mut receiver) = watch::channel(0);
    /// let thread = std::thread::spawn(move || (0..=5).for_each(|n| sender.send(n).unwrap()));
    /// assert_eq!(*receiver.wait_for(|n| *n >= 5).await.unwrap(), 5);
    /// # thread.join().unwrap();
    /// # });
    /// ```
    pub async fn wait_for(&mut self, f: impl FnMut(&T) -> bool) -> Result<Ref<'_, T>, RecvError> {
        within_budget(wait_for(&self.shared, &mut self.seen, self.shard, f)).await
    }

    /// Whether both are receivers of the same channel.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (_sender, receiver) = watch::channel(());
    /// assert!(receiver.same_channel(&receiver.clone()));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

async fn changed<T>(shared: &Shared<T>, seen: &mut usize, shard: usize) -> Result<(), RecvError> {
    let mut wait = pin!(Wait::new(shared, shard));
    poll_fn(|cx| wait.as_mut().poll_changed(seen, cx)).await
}

async fn wait_for<'a, T>(
    shared: &'a Shared<T>,
    seen: &mut usize,
    shard: usize,
    mut accepts: impl FnMut(&T) -> bool,
) -> Result<Ref<'a, T>, RecvError> {
    let mut closed = false;
    loop {
        {
            let (value, version) = shared.borrow(*seen);
            *seen = version;
            // After the close only a value that has not been refused yet.
            if (!closed || value.has_changed) && accepts(&value) {
                return Ok(value);
            }
        }
        if closed {
            return Err(RecvError(()));
        }
        closed = changed(shared, seen, shard).await.is_err();
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self::new(self.shared.clone(), self.seen)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if self.shared.receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.unwatched.notify_waiters();
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("shared", &self.shared)
            .field("seen", &(self.seen / VERSION))
            .finish()
    }
}
