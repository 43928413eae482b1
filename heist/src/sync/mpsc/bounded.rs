//! The channel with a bound: a `send` waits while it is full.
//!
//! The bound is a semaphore (batch.rs) with a permit for each unit of capacity, so senders wait in order of arrival,
//! and a reserved unit is a permit that was taken (permit.rs).

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use super::chan::{self, Capacity, Rx, Tx, Weak};
use super::error::{SendError, SendTimeoutError, TryRecvError, TrySendError};
use super::permit::{OwnedPermit, Permit, PermitIterator};
use crate::sync::batch::{Batch, TryAcquireError};
use crate::sync::blocking;

/// A bound of `bound` values.
#[derive(Debug)]
pub(super) struct Bounded {
    pub(super) semaphore: Batch,
    bound: usize,
}

impl Bounded {
    /// Whether no unit is reserved or in the queue.
    pub(super) fn is_unused(&self) -> bool {
        self.semaphore.available() == self.bound
    }
}

impl Capacity for Bounded {
    #[inline]
    fn give_back(&self, n: usize) {
        self.semaphore.release(n);
    }

    fn is_idle(&self) -> bool {
        self.is_unused()
    }

    fn close(&self) {
        self.semaphore.close();
    }
}

/// Sends values to the associated [`Receiver`]; made by [`channel`]. Clone it for more senders.
pub struct Sender<T> {
    tx: Tx<T, Bounded>,
}

/// A sender that does not keep the channel open; made by [`Sender::downgrade`].
///
/// When only weak senders are left, the channel ends for the receiver as if they were not there.
///
/// ```
/// use heist::sync::mpsc;
///
/// let (tx, _rx) = mpsc::channel::<i32>(15);
/// let weak = tx.downgrade();
/// assert!(weak.upgrade().is_some());
/// drop(tx);
/// assert!(weak.upgrade().is_none());
/// ```
pub struct WeakSender<T> {
    tx: Weak<T, Bounded>,
}

/// Receives values from the associated [`Sender`]s; made by [`channel`].
pub struct Receiver<T> {
    rx: Rx<T, Bounded>,
}

/// Makes a channel with room for `buffer` values.
///
/// # Panics
///
/// If `buffer` is 0, or exceeds [`Semaphore::MAX_PERMITS`](crate::sync::Semaphore::MAX_PERMITS).
///
/// ```
/// use heist::sync::mpsc;
///
/// # heist_executor::park::block_on(async {
/// let (tx, mut rx) = mpsc::channel(100);
/// tx.send("hello").await.unwrap();
/// drop(tx);
/// assert_eq!(rx.recv().await, Some("hello"));
/// assert_eq!(rx.recv().await, None);
/// # });
/// ```
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        buffer > 0,
        "mpsc bounded channel requires buffer > 0: give it room for at least one value"
    );
    let (tx, rx) = chan::channel(Bounded {
        semaphore: Batch::new(buffer),
        bound: buffer,
    });
    (Sender { tx }, Receiver { rx })
}

impl<T> Receiver<T> {
    /// Receives the next value, waiting for it; `None` when the channel is empty and no more can come.
    ///
    /// That is when all senders are gone. After [`close`](Self::close) it is when, in addition, every
    /// [`Permit`] that was reserved before has been used or dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing: a value that it did not return is still in the channel.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(100);
    /// std::thread::spawn(move || tx.blocking_send("hello"));
    /// assert_eq!(rx.recv().await, Some("hello"));
    /// assert_eq!(rx.recv().await, None);
    /// # });
    /// ```
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
    /// let (tx, mut rx) = mpsc::channel(100);
    /// for i in 0..3 {
    ///     tx.send(i).await.unwrap();
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
    /// A value whose sending has begun on another thread counts as there; this waits the moment that it takes.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none yet, [`TryRecvError::Disconnected`] if none can come any more.
    ///
    /// ```
    /// use heist::sync::mpsc::{self, error::TryRecvError};
    ///
    /// let (tx, mut rx) = mpsc::channel(1);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.try_send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
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
    /// let (tx, mut rx) = mpsc::channel(1);
    /// let receives = std::thread::spawn(move || rx.blocking_recv());
    /// tx.blocking_send(10).unwrap();
    /// assert_eq!(receives.join().unwrap(), Some(10));
    /// ```
    #[track_caller]
    #[doc(alias = "recv_blocking")]
    pub fn blocking_recv(&mut self) -> Option<T> {
        blocking::block_on("`mpsc::Receiver::blocking_recv`", self.rx.recv())
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
            "`mpsc::Receiver::blocking_recv_many`",
            self.rx.recv_many(buffer, limit),
        )
    }

    /// Makes every `send` and `reserve` from now on fail, those that wait included.
    ///
    /// What is in the channel can still be received, and permits that were reserved before can still be used; after
    /// the last of both, [`recv`](Self::recv) returns `None`.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(2);
    /// tx.send(1).await.unwrap();
    /// rx.close();
    /// assert!(tx.send(2).await.is_err());
    /// assert_eq!(rx.recv().await, Some(1));
    /// assert_eq!(rx.recv().await, None);
    /// # });
    /// ```
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

    /// How many more values could be sent now: the channel's room less the values in it and the permits that
    /// were reserved.
    ///
    /// ```
    /// let (tx, rx) = heist::sync::mpsc::channel(5);
    /// tx.try_send(1).unwrap();
    /// assert_eq!((rx.capacity(), rx.max_capacity()), (4, 5));
    /// ```
    pub fn capacity(&self) -> usize {
        self.rx.chan().capacity.semaphore.available()
    }

    /// The room that [`channel`] was asked for.
    pub fn max_capacity(&self) -> usize {
        self.rx.chan().capacity.bound
    }

    /// [`recv`](Self::recv) for hand-written futures. Of several tasks, the last one that polled is woken.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.rx.poll_recv(cx)
    }

    /// [`recv_many`](Self::recv_many) for hand-written futures. Of several tasks, the last one that polled is woken.
    pub fn poll_recv_many(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<T>, limit: usize) -> Poll<usize> {
        self.rx.poll_recv_many(cx, buffer, limit)
    }

    /// How many [`Sender`]s there are.
    pub fn sender_strong_count(&self) -> usize {
        self.rx.chan().strong_count()
    }

    /// How many [`WeakSender`]s there are.
    pub fn sender_weak_count(&self) -> usize {
        self.rx.chan().weak_count()
    }
}

impl<T> Sender<T> {
    pub(super) fn new(tx: Tx<T, Bounded>) -> Self {
        Self { tx }
    }

    pub(super) fn tx(&self) -> &Tx<T, Bounded> {
        &self.tx
    }

    fn bounds(&self) -> &Bounded {
        &self.tx.chan().capacity
    }

    /// Sends `value`, waiting in line for room.
    ///
    /// `Ok` does not say that the value will be received: the receiver may be dropped before it gets to it.
    ///
    /// # Errors
    ///
    /// Gives `value` back if the receiver is dropped or closes the channel, before or during the wait.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait sends nothing and drops `value` with it; to keep the value, [`reserve`](Self::reserve) first.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (tx, rx) = mpsc::channel(1);
    /// tx.send(1).await.unwrap();
    /// drop(rx);
    /// assert_eq!(tx.send(2).await.unwrap_err().0, 2);
    /// # });
    /// ```
    pub async fn send(&self, value: T) -> Result<(), SendError<T>> {
        match self.reserve().await {
            Ok(permit) => {
                permit.send(value);
                Ok(())
            }
            Err(_) => Err(SendError(value)),
        }
    }

    /// Waits until the receiver is dropped or closes the channel: the moment to stop making values that nobody wants.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (tx, rx) = mpsc::channel::<()>(1);
    /// std::thread::spawn(move || drop(rx));
    /// tx.closed().await;
    /// # });
    /// ```
    pub async fn closed(&self) {
        self.tx.closed().await;
    }

    /// Sends `message` if there is room for it now and nobody waits for room. Can be called on any thread.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] if there is no room, [`TrySendError::Closed`] if the receiver was dropped or has closed the
    /// channel. Both give `message` back.
    ///
    /// ```
    /// use heist::sync::mpsc::{self, error::TrySendError};
    ///
    /// let (tx, rx) = mpsc::channel(1);
    /// tx.try_send(1).unwrap();
    /// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    /// drop(rx);
    /// assert_eq!(tx.try_send(3), Err(TrySendError::Closed(3)));
    /// ```
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        match self.bounds().semaphore.try_acquire(1) {
            Ok(()) => {
                self.tx.push(message);
                Ok(())
            }
            Err(TryAcquireError::NoPermits) => Err(TrySendError::Full(message)),
            Err(TryAcquireError::Closed) => Err(TrySendError::Closed(message)),
        }
    }

    /// [`send`](Self::send) with a limit to the wait for room.
    ///
    /// # Errors
    ///
    /// [`SendTimeoutError::Timeout`] if there was no room in that time, [`SendTimeoutError::Closed`] if the receiver is
    /// dropped or closes the channel, before or during the wait. Both give `value` back.
    ///
    /// # Panics
    ///
    /// Outside of a heist runtime, and if the runtime has timers disabled: needs a timer, other than the rest of
    /// this module.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait sends nothing and drops `value` with it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use heist::sync::mpsc::{self, error::SendTimeoutError};
    ///
    /// # let runtime = heist::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    /// # runtime.block_on(async {
    /// let (tx, _rx) = mpsc::channel(1);
    /// let wait = Duration::from_millis(1);
    /// tx.send_timeout(1, wait).await.unwrap();
    /// assert_eq!(tx.send_timeout(2, wait).await, Err(SendTimeoutError::Timeout(2)));
    /// # });
    /// ```
    pub async fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        match crate::time::timeout(timeout, self.reserve()).await {
            Ok(Ok(permit)) => {
                permit.send(value);
                Ok(())
            }
            Ok(Err(_)) => Err(SendTimeoutError::Closed(value)),
            Err(_) => Err(SendTimeoutError::Timeout(value)),
        }
    }

    /// [`send`](Self::send) for a thread outside of asynchronous code, which it blocks meanwhile.
    ///
    /// # Errors
    ///
    /// Gives `value` back if the receiver is dropped or closes the channel, before or during the wait.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`send`](Self::send).
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(1);
    /// std::thread::spawn(move || tx.blocking_send(10).unwrap());
    /// assert_eq!(rx.recv().await, Some(10));
    /// # });
    /// ```
    #[track_caller]
    #[doc(alias = "send_blocking")]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        blocking::block_on("`mpsc::Sender::blocking_send`", self.send(value))
    }

    /// Whether the receiver was dropped or has closed the channel.
    pub fn is_closed(&self) -> bool {
        self.tx.is_closed()
    }

    /// Waits in line for room for one value, to be sent later without waiting.
    ///
    /// # Errors
    ///
    /// If the receiver is dropped or closes the channel, before or during the wait.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait reserves nothing and gives up the place in the line.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(1);
    /// let permit = tx.reserve().await.unwrap();
    /// assert!(tx.try_send(1).is_err());
    /// permit.send(2);
    /// assert_eq!(rx.recv().await, Some(2));
    /// # });
    /// ```
    pub async fn reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        self.acquire(1).await?;
        Ok(Permit::new(&self.tx))
    }

    /// Waits in line for room for `n` values, to be sent later without waiting.
    ///
    /// # Errors
    ///
    /// If the receiver is dropped or closes the channel, before or during the wait, and if `n` exceeds
    /// [`max_capacity`](Self::max_capacity).
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait reserves nothing and gives up the place in the line.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(2);
    /// for (value, permit) in tx.reserve_many(2).await.unwrap().enumerate() {
    ///     permit.send(value);
    /// }
    /// assert_eq!((rx.recv().await, rx.recv().await), (Some(0), Some(1)));
    /// # });
    /// ```
    pub async fn reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, SendError<()>> {
        self.acquire(n).await?;
        Ok(PermitIterator::new(&self.tx, n))
    }

    /// [`reserve`](Self::reserve) with a permit that takes the sender along, so that it can move to another task.
    /// [`OwnedPermit::send`] and [`OwnedPermit::release`] give it back.
    ///
    /// # Errors
    ///
    /// If the receiver is dropped or closes the channel, before or during the wait. The sender is dropped then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait reserves nothing, and drops the sender.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (tx, mut rx) = mpsc::channel(1);
    /// let permit = tx.reserve_owned().await.unwrap();
    /// let tx = permit.send(1);
    /// assert_eq!(rx.recv().await, Some(1));
    /// # drop(tx);
    /// # });
    /// ```
    pub async fn reserve_owned(self) -> Result<OwnedPermit<T>, SendError<()>> {
        self.acquire(1).await?;
        Ok(OwnedPermit::new(self.tx))
    }

    async fn acquire(&self, n: usize) -> Result<(), SendError<()>> {
        if n > self.max_capacity() {
            return Err(SendError(()));
        }
        // What a wait that is given up had been assigned may be what the receiver of a closed channel waits for.
        let given_up = GivenUp(self);
        let outcome = self.bounds().semaphore.acquire(n).await;
        if outcome.is_ok() {
            std::mem::forget(given_up);
        }
        outcome.map_err(|_| SendError(()))
    }

    /// Reserves room for one value if there is some now and nobody waits for it.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] if there is no room, [`TrySendError::Closed`] if the receiver was dropped or has closed the
    /// channel.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.try_acquire(1)?;
        Ok(Permit::new(&self.tx))
    }

    /// Reserves room for `n` values if there is that much now and nobody waits for it.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] if there is too little room or `n` exceeds [`max_capacity`](Self::max_capacity),
    /// [`TrySendError::Closed`] if the receiver was dropped or has closed the channel.
    pub fn try_reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        self.try_acquire(n)?;
        Ok(PermitIterator::new(&self.tx, n))
    }

    fn try_acquire(&self, n: usize) -> Result<(), TrySendError<()>> {
        if n > self.max_capacity() {
            return Err(TrySendError::Full(()));
        }
        self.bounds()
            .semaphore
            .try_acquire(n)
            .map_err(|error| match error {
                TryAcquireError::NoPermits => TrySendError::Full(()),
                TryAcquireError::Closed => TrySendError::Closed(()),
            })
    }

    /// [`try_reserve`](Self::try_reserve) with a permit that takes the sender along.
    ///
    /// # Errors
    ///
    /// As [`try_reserve`](Self::try_reserve); the error gives the sender back.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        match self.try_acquire(1) {
            Ok(()) => Ok(OwnedPermit::new(self.tx)),
            Err(TrySendError::Full(())) => Err(TrySendError::Full(self)),
            Err(TrySendError::Closed(())) => Err(TrySendError::Closed(self)),
        }
    }

    /// Whether `other` is of the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.tx.same_channel(&other.tx)
    }

    /// How many more values could be sent now: the channel's room less the values in it and the permits that
    /// were reserved.
    pub fn capacity(&self) -> usize {
        self.bounds().semaphore.available()
    }

    /// Makes a sender that does not keep the channel open.
    #[must_use = "downgrade makes a weak sender and leaves this one as it is"]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            tx: self.tx.downgrade(),
        }
    }

    /// The room that [`channel`] was asked for.
    pub fn max_capacity(&self) -> usize {
        self.bounds().bound
    }

    /// How many [`Sender`]s there are.
    pub fn strong_count(&self) -> usize {
        self.tx.chan().strong_count()
    }

    /// How many [`WeakSender`]s there are.
    pub fn weak_count(&self) -> usize {
        self.tx.chan().weak_count()
    }
}

/// Tells the receiver, if need be, that a wait for room ended without getting any.
struct GivenUp<'a, T>(&'a Sender<T>);

impl<T> Drop for GivenUp<'_, T> {
    fn drop(&mut self) {
        self.0.tx.chan().wake_rx_if_over();
    }
}

impl<T> WeakSender<T> {
    /// Makes a sender again, `None` if there is none left.
    pub fn upgrade(&self) -> Option<Sender<T>> {
        Some(Sender {
            tx: self.tx.upgrade()?,
        })
    }

    /// How many [`Sender`]s there are.
    pub fn strong_count(&self) -> usize {
        self.tx.chan().strong_count()
    }

    /// How many [`WeakSender`]s there are.
    pub fn weak_count(&self) -> usize {
        self.tx.chan().weak_count()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { tx: self.tx.clone() }
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self { tx: self.tx.clone() }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("chan", self.tx.chan()).finish()
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("chan", self.rx.chan()).finish()
    }
}
