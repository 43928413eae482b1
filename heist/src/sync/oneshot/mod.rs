//! A channel for one value, from one sender to one receiver.
//!
//! [`channel`] makes the pair. [`Sender::send`] is not asynchronous: it puts the value in and is done.
//! [`Receiver`] is the future of the value. When the sender is dropped without sending, the receiver gets
//! [`error::RecvError`]; when the receiver is dropped or [closed](Receiver::close), the sender gets its value
//! back, and [`Sender::closed`] resolves.
//!
//! ```
//! use heist::sync::oneshot;
//!
//! # heist_executor::park::block_on(async {
//! let (tx, rx) = oneshot::channel();
//!
//! std::thread::spawn(move || {
//!     if tx.send(3).is_err() {
//!         println!("the receiver is gone");
//!     }
//! });
//!
//! assert_eq!(rx.await, Ok(3));
//! # });
//! ```
//!
//! To receive in a `select!` loop, poll the receiver by reference: `&mut rx` is a future, too.
//!
//! How it works: one allocation holds a state word (state.rs, with the picture and the invariants), the value
//! and a waker for each side. The word's transitions hand out the keys to the slots, and say which side leaves last and
//! frees it: there is no reference count. A value that nobody waits for yet costs one read-modify-write.
//!
//! Deliberately absent: a lock, and an allocation for anything but the channel itself.

mod state;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use heist_executor::coop;

use self::error::{RecvError, TryRecvError};
use self::state::{Closing, Completed, RxLook, RxWait, State, TxLook};
use super::blocking;
use super::guarded::{Half, Slot};

pub(super) use self::state::{LastLeft, RxTaskKey, TxTaskKey, ValueKey};

/// The errors of a oneshot channel.
pub mod error {
    use std::error::Error;
    use std::fmt;

    /// The error of receiving: the [`Sender`](super::Sender) was dropped without sending.
    #[derive(Debug, Eq, PartialEq, Clone)]
    pub struct RecvError(pub(super) ());

    /// The error of [`Receiver::try_recv`](super::Receiver::try_recv).
    #[derive(Debug, Eq, PartialEq, Clone)]
    pub enum TryRecvError {
        /// No value has been sent yet.
        Empty,
        /// The sender was dropped without sending, the value has been received before, or the receiver closed the
        /// channel before a value came.
        Closed,
    }

    impl fmt::Display for RecvError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("channel closed")
        }
    }

    impl Error for RecvError {}

    impl fmt::Display for TryRecvError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(match self {
                Self::Empty => "channel empty",
                Self::Closed => "channel closed",
            })
        }
    }

    impl Error for TryRecvError {}
}

struct Channel<T> {
    state: State,
    value: Slot<T, ValueKey>,
    rx_task: Slot<Waker, RxTaskKey>,
    tx_task: Slot<Waker, TxTaskKey>,
}

/// The sender's end, before it has sent.
struct Unsent<T> {
    channel: Half<Channel<T>, LastLeft>,
    key: ValueKey,
}

/// Sends a value to the associated [`Receiver`].
///
/// Made together with it by [`channel`]. Dropping the sender without sending ends the receiver's wait with an
/// error.
pub struct Sender<T> {
    /// None once sent.
    unsent: Option<Unsent<T>>,
}

/// Receives the value of the associated [`Sender`]: a future that resolves to it, or to
/// [`RecvError`] if the sender is dropped before.
///
/// Made together with it by [`channel`].
///
/// # Cancel safety
///
/// `&mut receiver` is a future as well, so an unfinished wait can be dropped and taken up again without losing
/// the value. Dropping the receiver itself closes the channel; a value that was sent already is dropped with it.
#[must_use = "a receiver does nothing unless it is polled"]
pub struct Receiver<T> {
    /// None once received.
    channel: Option<Half<Channel<T>, LastLeft>>,
    parked: WakerId,
}

/// Which waker is in place, to see without opening its slot whether the next poll brings the same.
#[derive(Clone, Copy, PartialEq, Eq)]
struct WakerId {
    data: usize,
    vtable: usize,
}

impl WakerId {
    const NONE: Self = Self { data: 0, vtable: 0 };

    fn of(waker: &Waker) -> Self {
        Self {
            data: waker.data().addr(),
            vtable: std::ptr::from_ref(waker.vtable()).addr(),
        }
    }
}

/// Makes a channel for one value.
///
/// ```
/// let (tx, mut rx) = heist::sync::oneshot::channel();
/// assert!(rx.try_recv().is_err());
/// tx.send("hello").unwrap();
/// assert_eq!(rx.try_recv(), Ok("hello"));
/// ```
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (state, key) = State::new();
    let (value, rx_task, tx_task) = (Slot::new(None), Slot::new(None), Slot::new(None));
    let (sends, receives) = Half::pair(Channel {
        state,
        value,
        rx_task,
        tx_task,
    });
    let sender = Sender {
        unsent: Some(Unsent { channel: sends, key }),
    };
    (
        sender,
        Receiver {
            channel: Some(receives),
            parked: WakerId::NONE,
        },
    )
}

impl<T> Sender<T> {
    /// Sends `value` and consumes the sender. Never waits; callable from any thread, also outside of a runtime.
    ///
    /// `Ok` says that the receiver was there, not that it will take the value: it may be dropped before.
    ///
    /// # Errors
    ///
    /// Gives `value` back if the receiver was dropped or closed the channel.
    ///
    /// ```
    /// let (tx, rx) = heist::sync::oneshot::channel();
    /// drop(rx);
    /// assert_eq!(tx.send(1), Err(1));
    /// ```
    pub fn send(mut self, value: T) -> Result<(), T> {
        let Some(Unsent { channel, mut key }) = self.unsent.take() else {
            unreachable!("a sender that has sent is consumed");
        };
        let (refused, wakers) = channel.leave(|channel| {
            channel.value.replace(&mut key, value);
            channel.complete(key, true)
        });
        wakers.wake();
        match refused {
            None => Ok(()),
            Some(value) => Err(value),
        }
    }

    fn channel(&self) -> &Channel<T> {
        match &self.unsent {
            Some(unsent) => &unsent.channel,
            None => unreachable!("a sender that has sent is consumed"),
        }
    }

    /// Waits until the receiver is dropped or closes the channel: the moment to stop computing a value that
    /// nobody wants.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing.
    ///
    /// ```
    /// # heist_executor::park::block_on(async {
    /// let (mut tx, rx) = heist::sync::oneshot::channel::<()>();
    /// std::thread::spawn(move || drop(rx));
    /// tx.closed().await;
    /// # });
    /// ```
    pub async fn closed(&mut self) {
        poll_fn(|cx| self.poll_closed(cx)).await;
    }

    /// Whether the receiver was dropped or closed the channel, so that [`send`](Self::send) would fail.
    ///
    /// ```
    /// let (tx, rx) = heist::sync::oneshot::channel::<()>();
    /// assert!(!tx.is_closed());
    /// drop(rx);
    /// assert!(tx.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.channel().state.is_closed()
    }

    /// [`closed`](Self::closed) for hand-written futures: `Ready` if the channel is closed; else wakes the task of `cx`
    /// when it is. Of several tasks, the last one that polled is woken.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        let channel = self.channel();
        let key = match channel.state.look_tx() {
            TxLook::Closed => None,
            TxLook::Idle(key) => Some(key),
            TxLook::Parked => channel.state.unpark_tx(),
        };
        let Some(mut key) = key else {
            unit.made_progress();
            return Poll::Ready(());
        };
        let same = |slot: &mut Option<Waker>| slot.as_ref().is_some_and(|old| old.will_wake(cx.waker()));
        let old = if channel.tx_task.open(&mut key, same) {
            None
        } else {
            channel.tx_task.replace(&mut key, cx.waker().clone())
        };
        let open = channel.state.park_tx(key);
        drop(old);
        if open {
            return Poll::Pending;
        }
        unit.made_progress();
        Poll::Ready(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let Some(Unsent { channel, key }) = self.unsent.take() {
            let (_nothing, wakers) = channel.leave(|channel| channel.complete(key, false));
            wakers.wake();
        }
    }
}

/// The wakers that a side found in its last access.
#[derive(Default)]
struct Wakers {
    /// The other side's, which waits.
    wake: Option<Waker>,
    /// This side's own.
    own: Option<Waker>,
}

impl Wakers {
    fn wake(self) {
        if let Some(waker) = self.wake {
            waker.wake();
        }
        drop(self.own);
    }
}

impl<T> Channel<T> {
    /// The sender's last access: what it had put in, if it is refused, and the wakers that it owes.
    #[inline]
    fn complete(&self, key: ValueKey, has_value: bool) -> ((Option<T>, Wakers), Option<LastLeft>) {
        let outcome = match self.state.complete(key, has_value) {
            Completed::Left => return ((None, Wakers::default()), None),
            Completed::Delivered { wake, own } => {
                let wake = wake.and_then(|mut key| self.rx_task.take(&mut key));
                let own = own.and_then(|mut key| self.tx_task.take(&mut key));
                (None, Wakers { wake, own })
            }
            Completed::Refused(key) => (self.take(key), Wakers::default()),
        };
        (outcome, self.state.leave_tx())
    }

    fn take(&self, mut key: ValueKey) -> Option<T> {
        self.value.take(&mut key)
    }

    /// Closes the channel and returns the key to a value that had come before, or the wakers that the receiver owes.
    fn close(&self) -> (Option<ValueKey>, Wakers) {
        match self.state.close() {
            Closing::Complete(key) => (Some(key), Wakers::default()),
            Closing::Closed { wake, own } => {
                let wake = wake.and_then(|mut key| self.tx_task.take(&mut key));
                let own = own.and_then(|mut key| self.rx_task.take(&mut key));
                (None, Wakers { wake, own })
            }
        }
    }

    /// The key to the value, `None` if none will come.
    fn poll_complete(&self, parked: &mut WakerId, cx: &Context<'_>) -> Poll<Option<ValueKey>> {
        let waker = cx.waker();
        let mut key = match self.state.look_rx() {
            RxLook::Complete(key) => return Poll::Ready(Some(key)),
            RxLook::Closed => return Poll::Ready(None),
            RxLook::Idle(key) => key,
            RxLook::Parked if *parked == WakerId::of(waker) => return Poll::Pending,
            RxLook::Parked => match self.state.unpark_rx() {
                RxWait::Done(key) => key,
                RxWait::Complete(key) => return Poll::Ready(Some(key)),
            },
        };
        let old = self.rx_task.replace(&mut key, waker.clone());
        *parked = WakerId::of(waker);
        let outcome = match self.state.park_rx(key) {
            RxWait::Done(()) => Poll::Pending,
            RxWait::Complete(key) => Poll::Ready(Some(key)),
        };
        drop(old);
        outcome
    }
}

impl<T> Receiver<T> {
    /// Refuses a value that has not been sent yet: a [`send`](Sender::send) from now on fails.
    ///
    /// A value that was sent before stays, and can be received. On a channel that is closed or has been received
    /// from already this does nothing.
    ///
    /// ```
    /// use heist::sync::oneshot::{self, error::TryRecvError};
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// rx.close();
    /// assert_eq!(tx.send(1), Err(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn close(&mut self) {
        if let Some(channel) = &self.channel {
            // A value that came before stays where it is.
            let (_key, wakers) = channel.close();
            wakers.wake();
        }
    }

    /// Whether this receiver has yielded its value or error, so that it must not be polled again.
    ///
    /// ```
    /// let (tx, mut rx) = heist::sync::oneshot::channel();
    /// tx.send(1).unwrap();
    /// assert!(!rx.is_terminated());
    /// rx.try_recv().unwrap();
    /// assert!(rx.is_terminated());
    /// ```
    pub fn is_terminated(&self) -> bool {
        self.channel.is_none()
    }

    /// Whether there is no value to take at the moment.
    ///
    /// True before the value is sent, after it was received, and when the sender was dropped without sending; a
    /// receiver for which this is true may still have an error to yield, or have yielded all it had
    /// ([`is_terminated`](Self::is_terminated)).
    ///
    /// ```
    /// let (tx, mut rx) = heist::sync::oneshot::channel();
    /// assert!(rx.is_empty());
    /// tx.send(1).unwrap();
    /// assert!(!rx.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        // A receiver that has taken the value has left the channel.
        !self
            .channel
            .as_ref()
            .is_some_and(|channel| channel.state.has_value())
    }

    /// Takes the value if it is there, without waiting and without registering for a wake-up.
    ///
    /// Sees every send and drop of the sender that happened before.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if the sender is still to send; [`TryRecvError::Closed`] if no value will come.
    ///
    /// ```
    /// use heist::sync::oneshot::{self, error::TryRecvError};
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let Some(channel) = &self.channel else {
            return Err(TryRecvError::Closed);
        };
        let key = match channel.state.look_rx() {
            RxLook::Complete(key) => Some(key),
            RxLook::Closed => None,
            RxLook::Idle(_) | RxLook::Parked => return Err(TryRecvError::Empty),
        };
        self.finish(key).ok_or(TryRecvError::Closed)
    }

    /// Leaves the channel with what can be taken.
    #[inline]
    fn finish(&mut self, key: Option<ValueKey>) -> Option<T> {
        self.channel.take()?.leave(|channel| {
            let value = key.and_then(|key| channel.take(key));
            (value, channel.state.leave_rx())
        })
    }

    /// Receives on a thread outside of asynchronous code, which it blocks meanwhile.
    ///
    /// # Errors
    ///
    /// If the sender is dropped without sending.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, `.await` the receiver.
    ///
    /// ```
    /// let (tx, rx) = heist::sync::oneshot::channel();
    /// let receives = std::thread::spawn(move || rx.blocking_recv());
    /// tx.send(10).unwrap();
    /// assert_eq!(receives.join().unwrap(), Ok(10));
    /// ```
    #[track_caller]
    #[doc(alias = "recv_blocking")]
    pub fn blocking_recv(self) -> Result<T, RecvError> {
        blocking::block_on("`oneshot::Receiver::blocking_recv`", self)
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    /// # Panics
    ///
    /// If the receiver has yielded its value or error before: see [`Receiver::is_terminated`].
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.get_mut();
        let Some(channel) = &me.channel else {
            panic!(
                "a oneshot receiver was polled after it had completed: ask `is_terminated` before polling it again"
            );
        };
        let unit = ready!(coop::poll_proceed(cx));
        let key = ready!(channel.poll_complete(&mut me.parked, cx));
        unit.made_progress();
        Poll::Ready(me.finish(key).ok_or(RecvError(())))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let Some(channel) = self.channel.take() else {
            return;
        };
        let (value, wakers) = channel.leave(|channel| {
            let (key, wakers) = channel.close();
            let value = key.and_then(|key| channel.take(key));
            ((value, wakers), channel.state.leave_rx())
        });
        wakers.wake();
        drop(value);
    }
}

impl<T> fmt::Debug for Channel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channel = self.unsent.as_ref().map(|unsent| &*unsent.channel);
        f.debug_struct("Sender").field("channel", &channel).finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channel = self.channel.as_deref();
        f.debug_struct("Receiver")
            .field("channel", &channel)
            .finish_non_exhaustive()
    }
}
