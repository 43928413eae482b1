//! Capacity that was reserved before there is a value to send.
//!
//! Invariant I1: a permit stands for one unit of the channel's capacity. It is spent by `send`, which succeeds also
//! after the receiver has closed the channel, or given back when dropped. Whoever gives the last unit of a closed
//! channel back wakes the receiver, which waits for just that.

use std::fmt;
use std::iter::FusedIterator;
use std::mem;

use super::bounded::{Bounded, Sender};
use super::chan::{Chan, Tx};

/// The right to send one value; made by [`Sender::reserve`] and [`Sender::try_reserve`].
///
/// Dropping it gives the capacity back.
#[must_use = "a permit that is not used gives its capacity back at once"]
pub struct Permit<'a, T> {
    tx: &'a Tx<T, Bounded>,
}

/// The right to send one value, with the sender it was made from; made by [`Sender::reserve_owned`] and
/// [`Sender::try_reserve_owned`].
///
/// Dropping it gives the capacity back, and drops the sender.
#[must_use = "a permit that is not used gives its capacity back at once"]
pub struct OwnedPermit<T> {
    /// None once the sender was given back.
    tx: Option<Tx<T, Bounded>>,
}

/// So many [`Permit`]s; made by [`Sender::reserve_many`] and [`Sender::try_reserve_many`].
///
/// Dropping it gives the capacity of those that are left back.
#[must_use = "permits that are not used give their capacity back at once"]
pub struct PermitIterator<'a, T> {
    tx: &'a Tx<T, Bounded>,
    left: usize,
}

impl<T> Chan<T, Bounded> {
    /// Gives `n` reserved units back that were not used.
    pub(super) fn unreserve(&self, n: usize) {
        self.capacity.semaphore.release(n);
        self.wake_rx_if_over();
    }

    /// Wakes a receiver that waits for the last permit of a closed channel.
    pub(super) fn wake_rx_if_over(&self) {
        // One word says both, so this sees the close if the receiver did not see the release.
        if self.capacity.semaphore.is_closed() && self.capacity.is_unused() {
            self.wake_rx();
        }
    }
}

impl<'a, T> Permit<'a, T> {
    /// The caller has just acquired a unit.
    pub(super) fn new(tx: &'a Tx<T, Bounded>) -> Self {
        Self { tx }
    }

    /// Sends `value` with the reserved capacity. Never waits, and succeeds also if the receiver has closed the
    /// channel since; a receiver that is gone never sees the value.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// let (tx, mut rx) = mpsc::channel(1);
    /// let permit = tx.try_reserve().unwrap();
    /// assert!(tx.try_send(1).is_err());
    /// permit.send(2);
    /// assert_eq!(rx.try_recv(), Ok(2));
    /// ```
    pub fn send(self, value: T) {
        let tx = self.tx;
        // The unit goes with the value.
        mem::forget(self);
        tx.push(value);
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.tx.chan().unreserve(1);
    }
}

impl<'a, T> PermitIterator<'a, T> {
    /// The caller has just acquired `left` units.
    pub(super) fn new(tx: &'a Tx<T, Bounded>, left: usize) -> Self {
        Self { tx, left }
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(Permit { tx: self.tx })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}
impl<T> FusedIterator for PermitIterator<'_, T> {}

impl<T> Drop for PermitIterator<'_, T> {
    fn drop(&mut self) {
        if self.left > 0 {
            self.tx.chan().unreserve(self.left);
        }
    }
}

impl<T> OwnedPermit<T> {
    /// The caller has just acquired a unit.
    pub(super) fn new(tx: Tx<T, Bounded>) -> Self {
        Self { tx: Some(tx) }
    }

    fn into_tx(mut self) -> Tx<T, Bounded> {
        match self.tx.take() {
            Some(tx) => tx,
            None => unreachable!("taken by methods only that consume the permit"),
        }
    }

    /// Sends `value` with the reserved capacity and gives the sender back. Never waits, and succeeds also if the
    /// receiver has closed the channel since.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// let (tx, mut rx) = mpsc::channel(1);
    /// let permit = tx.try_reserve_owned().unwrap();
    /// let tx = permit.send(1);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// tx.try_send(2).unwrap();
    /// ```
    pub fn send(self, value: T) -> Sender<T> {
        let tx = self.into_tx();
        tx.push(value);
        Sender::new(tx)
    }

    /// Gives the capacity and the sender back.
    ///
    /// ```
    /// use heist::sync::mpsc;
    ///
    /// let (tx, _rx) = mpsc::channel(1);
    /// let tx = tx.try_reserve_owned().unwrap().release();
    /// tx.try_send(1).unwrap();
    /// ```
    pub fn release(self) -> Sender<T> {
        let tx = self.into_tx();
        tx.chan().unreserve(1);
        Sender::new(tx)
    }

    /// Whether `other` is of the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        matches!((&self.tx, &other.tx), (Some(a), Some(b)) if a.same_channel(b))
    }

    /// Whether `sender` is of the same channel.
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.tx.as_ref().is_some_and(|tx| tx.same_channel(sender.tx()))
    }
}

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if let Some(tx) = &self.tx {
            tx.chan().unreserve(1);
        }
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("chan", self.tx.chan()).finish()
    }
}

impl<T> fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PermitIterator")
            .field("chan", self.tx.chan())
            .field("capacity", &self.left)
            .finish()
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit")
            .field("chan", &self.tx.as_ref().map(Tx::chan))
            .finish()
    }
}
