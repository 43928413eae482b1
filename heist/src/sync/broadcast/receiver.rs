//! The side of a broadcast channel that receives: a position in the ring.
//!
//! Deliberately absent: `Clone`. A copy would be of two minds about what it has missed; there is
//! [`resubscribe`](Receiver::resubscribe).

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use heist_executor::coop;
use heist_primitive::sync::{Arc, MutexGuard};
use pin_project_lite::pin_project;

use super::error::{RecvError, TryRecvError};
use super::{MAX_RECEIVERS, Shared, Slot, Tail};
use crate::sync::blocking;
use crate::sync::guarded::Waiter;

/// The side of a broadcast channel that receives every value sent since it was made. Made by
/// [`channel`](super::channel) and [`Sender::subscribe`](super::Sender::subscribe).
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The position to read next.
    next: u64,
}

impl<T> Receiver<T> {
    #[track_caller]
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        let mut tail = shared.tail.lock();
        assert!(
            tail.receivers < MAX_RECEIVERS,
            "too many receivers of one broadcast channel: drop some"
        );
        tail.receivers += 1;
        let next = tail.position;
        drop(tail);
        Self { shared, next }
    }

    /// How many values were sent that this receiver has not received. More than the capacity if it has lagged.
    ///
    /// ```
    /// use heist::sync::broadcast;
    ///
    /// let (sender, mut receiver) = broadcast::channel(4);
    /// sender.send(1).unwrap();
    /// sender.send(2).unwrap();
    /// assert_eq!(receiver.len(), 2);
    /// receiver.try_recv().unwrap();
    /// assert_eq!(receiver.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.shared.tail.lock().position.wrapping_sub(self.next) as usize
    }

    /// Whether nothing was sent that this receiver has not received.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both are receivers of the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// How many [`Sender`](super::Sender)s there are.
    pub fn sender_strong_count(&self) -> usize {
        self.shared.senders()
    }

    /// How many [`WeakSender`](super::WeakSender)s there are.
    pub fn sender_weak_count(&self) -> usize {
        self.shared.weak_senders()
    }

    /// Whether all senders are gone. There may be values left to receive.
    ///
    /// ```
    /// use heist::sync::broadcast;
    ///
    /// let (sender, receiver) = broadcast::channel::<u8>(4);
    /// assert!(!receiver.is_closed());
    /// drop(sender);
    /// assert!(receiver.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.shared.senders() == 0
    }
}

impl<T: Clone> Receiver<T> {
    /// Makes a receiver of the values that are sent from now on, whatever this one has not received.
    ///
    /// ```
    /// use heist::sync::broadcast;
    ///
    /// let (sender, mut receiver) = broadcast::channel(4);
    /// sender.send(1).unwrap();
    /// let mut later = receiver.resubscribe();
    /// sender.send(2).unwrap();
    /// assert_eq!(later.try_recv(), Ok(2));
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// ```
    pub fn resubscribe(&self) -> Self {
        Self::new(self.shared.clone())
    }

    /// Receives the next value, waiting for it.
    ///
    /// Each receiver gets a clone of the value, made while no other receiver can read the same one: a `clone` that uses
    /// the channel may deadlock.
    ///
    /// # Errors
    ///
    /// [`RecvError::Closed`] if all senders are gone and every value was received; [`RecvError::Lagged`] if values were
    /// forgotten before this receiver got them: it goes on with the oldest one that is there.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses no value.
    ///
    /// ```
    /// use heist::sync::broadcast;
    ///
    /// # heist_executor::park::block_on(async {
    /// let (sender, mut receiver) = broadcast::channel(16);
    /// std::thread::spawn(move || sender.send(10).unwrap());
    /// assert_eq!(receiver.recv().await, Ok(10));
    /// # });
    /// ```
    pub async fn recv(&mut self) -> Result<T, RecvError> {
        Recv {
            next: &mut self.next,
            place: Place::new(&*self.shared),
        }
        .await
    }

    /// Receives the next value if it is there.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv), and [`TryRecvError::Empty`] if there is no value now.
    ///
    /// ```
    /// use heist::sync::broadcast::{self, error::TryRecvError};
    ///
    /// let (sender, mut receiver) = broadcast::channel(16);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(10).unwrap();
    /// assert_eq!(receiver.try_recv(), Ok(10));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let slot = next_slot(&self.shared, &mut self.next, None)?;
        Ok(read(slot))
    }

    /// Receives the next value on a thread outside of asynchronous code, which it blocks meanwhile.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`recv`](Self::recv).
    ///
    /// ```
    /// use heist::sync::broadcast;
    ///
    /// let (sender, mut receiver) = broadcast::channel(16);
    /// let thread = std::thread::spawn(move || receiver.blocking_recv());
    /// sender.send(10).unwrap();
    /// assert_eq!(thread.join().unwrap(), Ok(10));
    /// ```
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
        blocking::block_on("`broadcast::Receiver::blocking_recv`", self.recv())
    }
}

/// Moves `next` on and returns the slot of the value that was there. If there is none yet and the channel is open, joins
/// the waiters with what is in `wait`.
fn next_slot<'a, T>(
    shared: &'a Shared<T>,
    next: &mut u64,
    wait: Option<(Seat<'_>, &Context<'_>)>,
) -> Result<MutexGuard<'a, Slot<T>>, TryRecvError> {
    let slot = shared.slot(*next).lock();
    if slot.position == *next {
        *next = next.wrapping_add(1);
        return Ok(slot);
    }
    // I2: tail first.
    drop(slot);
    // Cloned before the lock and, if not needed, dropped after it.
    let wait = wait.map(|(seat, cx)| (seat, cx.waker().clone()));
    let mut tail = shared.tail.lock();
    let (behind, capacity) = (tail.position.wrapping_sub(*next), shared.ring.len() as u64);
    if behind == 0 && tail.closed {
        drop(tail);
        return Err(TryRecvError::Closed);
    }
    if behind == 0 {
        let unused = wait.and_then(|(seat, waker)| seat.join(&mut tail, waker));
        drop(tail);
        drop(unused);
        return Err(TryRecvError::Empty);
    }
    if behind > capacity {
        let missed = behind - capacity;
        *next = next.wrapping_add(missed);
        drop(tail);
        return Err(TryRecvError::Lagged(missed));
    }
    // I1: it has come since the look.
    let slot = shared.slot(*next).lock();
    drop(tail);
    *next = next.wrapping_add(1);
    Ok(slot)
}

/// Takes this receiver's share of the value (I3, I4).
fn read<T: Clone>(mut slot: MutexGuard<'_, Slot<T>>) -> T {
    slot.unread -= 1;
    let clone = if slot.unread == 0 {
        // Out of the slot first, so that a clone that panics leaves nothing behind.
        let last = slot.value.take();
        drop(slot);
        last.clone()
    } else {
        slot.value.clone()
    };
    match clone {
        Some(value) => value,
        None => unreachable!("I3: a value stays until all who may read it have"),
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut tail = self.shared.tail.lock();
        tail.receivers -= 1;
        let (last, end) = (tail.receivers == 0, tail.position);
        drop(tail);
        // Gives up its share of what it has not read, before anybody hears that it has gone.
        while (end.wrapping_sub(self.next) as i64) > 0 {
            match next_slot(&self.shared, &mut self.next, None) {
                Ok(mut slot) => {
                    slot.unread -= 1;
                    let unwanted = if slot.unread == 0 { slot.value.take() } else { None };
                    drop(slot);
                    drop(unwanted);
                }
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if last {
            self.shared.unheard.notify_waiters();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broadcast::Receiver")
    }
}

pin_project! {
    /// The future of [`Receiver::recv`].
    struct Recv<'a, T> {
        next: &'a mut u64,
        #[pin]
        place: Place<T, &'a Shared<T>>,
    }
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.project();
        me.place.poll_next(me.next, cx)
    }
}

/// A receiver whose place among the waiters is kept from one poll to the next, for a stream.
pub(crate) struct Listening<T> {
    receiver: Receiver<T>,
    place: Pin<Box<Place<T, Arc<Shared<T>>>>>,
}

impl<T> Listening<T> {
    pub(crate) fn new(receiver: Receiver<T>) -> Self {
        let place = Box::pin(Place::new(receiver.shared.clone()));
        Self { receiver, place }
    }

    pub(crate) fn receiver(&self) -> &Receiver<T> {
        &self.receiver
    }

    pub(crate) fn into_receiver(self) -> Receiver<T> {
        self.receiver
    }
}

impl<T: Clone> Listening<T> {
    /// [`Receiver::recv`] as a poll function; the waker of the latest call counts.
    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        let output = ready!(self.place.as_mut().poll_next(&mut self.receiver.next, cx));
        self.place.as_mut().leave();
        Poll::Ready(output)
    }
}

pin_project! {
    /// A place among the waiters, which is left when this is dropped.
    struct Place<T, S>
    where
        S: Deref<Target = Shared<T>>,
    {
        shared: S,
        // Whether it has joined the waiters; it may have been taken off since.
        joined: bool,
        #[pin]
        waiter: Waiter<()>,
        values: PhantomData<fn(T)>,
    }

    impl<T, S> PinnedDrop for Place<T, S>
    where
        S: Deref<Target = Shared<T>>,
    {
        fn drop(this: Pin<&mut Self>) {
            this.leave();
        }
    }
}

impl<T, S: Deref<Target = Shared<T>>> Place<T, S> {
    fn new(shared: S) -> Self {
        Self {
            shared,
            joined: false,
            waiter: Waiter::new(),
            values: PhantomData,
        }
    }

    /// The value at `next`, or a place among the waiters.
    fn poll_next(self: Pin<&mut Self>, next: &mut u64, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>>
    where
        T: Clone,
    {
        let unit = ready!(coop::poll_proceed(cx));
        let me = self.project();
        let seat = Seat {
            joined: me.joined,
            waiter: me.waiter,
        };
        let output = match next_slot(me.shared, next, Some((seat, cx))) {
            Ok(slot) => Ok(read(slot)),
            Err(TryRecvError::Empty) => return Poll::Pending,
            Err(TryRecvError::Closed) => Err(RecvError::Closed),
            Err(TryRecvError::Lagged(missed)) => Err(RecvError::Lagged(missed)),
        };
        unit.made_progress();
        Poll::Ready(output)
    }

    /// Gives the place up, if there is one.
    fn leave(self: Pin<&mut Self>) {
        let mut me = self.project();
        if !std::mem::take(me.joined) || me.waiter.as_mut().leave().is_some() {
            return;
        }
        let mut tail = me.shared.tail.lock();
        let (_, waker) = tail.waiters.remove(me.waiter);
        drop(tail);
        drop(waker);
    }
}

/// The place of one who may have to wait.
struct Seat<'a> {
    joined: &'a mut bool,
    waiter: Pin<&'a mut Waiter<()>>,
}

impl Seat<'_> {
    /// Joins the waiters, or stays among them with another waker. Returns a waker that is not needed.
    fn join(mut self, tail: &mut Tail, waker: Waker) -> Option<Waker> {
        if std::mem::replace(self.joined, true) {
            if tail.waiters.is_queued(self.waiter.as_mut()) {
                return tail.waiters.replace_waker(self.waiter, waker);
            }
            let _by_a_send = self.waiter.as_mut().leave();
        }
        tail.waiters.push(self.waiter, (), Some(waker));
        None
    }
}
