//! The channel under both kinds: the queue, the receiver's waker, and who is still there.
//!
//! ```text
//!   Tx ─┐                                               ┌── Rx (one)
//!   Tx ─┼──► Chan { queue, capacity, rx_waker, … } ◄────┤
//!   Weak┘      push ──► [guarded/queue.rs] ──► pop      └── Consumer: the right to pop
//!
//!   receiver: pop ── nothing ──► register waker ──► expect ──► pop again ── nothing ──► Pending
//!   sender:   push ── Awaited ──► wake        the last one: disconnect ──► wake
//! ```
//!
//! Invariants
//!
//! - I1: whatever may end a wait of the receiver is done before the wake that announces it: a push, the last
//!   sender's `disconnect`, the return of the last permit of a closed channel. The receiver registers its waker
//!   before it looks for the last time. So it sees the change or is woken.
//! - I2: each popped value gives one unit of capacity back, each value that was dropped with the receiver too.
//! - I3: `senders` never rises from 0. At 0 no push is under way.
//! - I4: a channel is closed in this order: capacity, queue, those who wait in `closed`.
//!
//! Ordering pairs: guarded/queue.rs (push ↔ pop), atomic_waker.rs (wake ↔ register), batch.rs (capacity). `senders`
//! is AcqRel, so that `disconnect` comes after the pushes of all senders. Model:
//! `the_end_comes_after_what_the_senders_did` in loom-tests/tests/sync_mpsc.rs.

use std::fmt;
use std::future::poll_fn;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, ready};

use heist_executor::coop;
use heist_primitive::CachePadded;
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};

use super::error::TryRecvError;
use crate::sync::atomic_waker::AtomicWaker;
use crate::sync::blocking;
use crate::sync::guarded::{Consumer, Pop, Pushed, Queue};
use crate::sync::notify::Notify;

/// How a channel is bounded.
pub(super) trait Capacity {
    /// `n` values have left the channel.
    fn give_back(&self, n: usize);
    /// Nobody has the right to push any more, provided that the channel is closed and the queue is empty.
    fn is_idle(&self) -> bool;
    /// Gives out no right to push any more.
    fn close(&self);
}

pub(super) struct Chan<T, C> {
    queue: Queue<T>,
    pub(super) capacity: C,
    rx_waker: CachePadded<AtomicWaker>,
    /// Notified when the receiver closes the channel.
    closed: Notify,
    senders: AtomicUsize,
    weak_senders: AtomicUsize,
}

// Every step that may panic (a waker, a drop of a value) leaves the channel usable.
impl<T, C> UnwindSafe for Chan<T, C> {}
impl<T, C> RefUnwindSafe for Chan<T, C> {}

/// A sender's end.
pub(super) struct Tx<T, C> {
    chan: Arc<Chan<T, C>>,
}

/// A sender's end that does not keep the channel open.
pub(super) struct Weak<T, C> {
    chan: Arc<Chan<T, C>>,
}

/// The receiver's end.
pub(super) struct Rx<T, C: Capacity> {
    chan: Arc<Chan<T, C>>,
    consumer: Consumer,
    /// Whether this side has closed the channel.
    closed: bool,
}

pub(super) fn channel<T, C: Capacity>(capacity: C) -> (Tx<T, C>, Rx<T, C>) {
    let (queue, consumer) = Queue::new();
    let chan = Arc::new(Chan {
        queue,
        capacity,
        rx_waker: CachePadded::new(AtomicWaker::new()),
        closed: Notify::new(),
        senders: AtomicUsize::new(1),
        weak_senders: AtomicUsize::new(0),
    });
    let tx = Tx { chan: chan.clone() };
    (
        tx,
        Rx {
            chan,
            consumer,
            closed: false,
        },
    )
}

impl<T, C> Chan<T, C> {
    fn wake_if(&self, pushed: Pushed) {
        if pushed == Pushed::Awaited {
            self.rx_waker.wake();
        }
    }

    pub(super) fn wake_rx(&self) {
        self.rx_waker.wake();
    }

    pub(super) fn strong_count(&self) -> usize {
        self.senders.load(Ordering::Acquire)
    }

    pub(super) fn weak_count(&self) -> usize {
        self.weak_senders.load(Ordering::Relaxed)
    }
}

impl<T, C> Tx<T, C> {
    pub(super) fn chan(&self) -> &Chan<T, C> {
        &self.chan
    }

    /// Pushes, closed or not: the caller has the right to.
    #[inline]
    pub(super) fn push(&self, value: T) {
        self.chan.wake_if(self.chan.queue.push(value));
    }

    /// Pushes unless the receiver has closed the channel.
    #[inline]
    pub(super) fn push_unless_closed(&self, value: T) -> Result<(), T> {
        self.chan.wake_if(self.chan.queue.push_unless_closed(value)?);
        Ok(())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.chan.queue.is_closed()
    }

    pub(super) async fn closed(&self) {
        // First the future, then the look: a close in between reaches the future.
        let notified = self.chan.closed.notified();
        if !self.is_closed() {
            notified.await;
        }
    }

    pub(super) fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chan, &other.chan)
    }

    pub(super) fn downgrade(&self) -> Weak<T, C> {
        self.chan.weak_senders.fetch_add(1, Ordering::Relaxed);
        Weak {
            chan: self.chan.clone(),
        }
    }
}

impl<T, C> Clone for Tx<T, C> {
    fn clone(&self) -> Self {
        // This sender keeps the count above 0 meanwhile.
        self.chan.senders.fetch_add(1, Ordering::Relaxed);
        Self {
            chan: self.chan.clone(),
        }
    }
}

impl<T, C> Drop for Tx<T, C> {
    fn drop(&mut self) {
        if self.chan.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.chan.queue.disconnect();
            self.chan.rx_waker.wake();
        }
    }
}

impl<T, C> Weak<T, C> {
    pub(super) fn chan(&self) -> &Chan<T, C> {
        &self.chan
    }

    pub(super) fn upgrade(&self) -> Option<Tx<T, C>> {
        let senders = &self.chan.senders;
        let mut count = senders.load(Ordering::Acquire);
        while count != 0 {
            match senders.compare_exchange_weak(count, count + 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    return Some(Tx {
                        chan: self.chan.clone(),
                    });
                }
                Err(now) => count = now,
            }
        }
        None
    }
}

impl<T, C> Clone for Weak<T, C> {
    fn clone(&self) -> Self {
        self.chan.weak_senders.fetch_add(1, Ordering::Relaxed);
        Self {
            chan: self.chan.clone(),
        }
    }
}

impl<T, C> Drop for Weak<T, C> {
    fn drop(&mut self) {
        self.chan.weak_senders.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T, C: Capacity> Rx<T, C> {
    pub(super) fn chan(&self) -> &Chan<T, C> {
        &self.chan
    }

    pub(super) fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            self.chan.capacity.close();
            self.chan.queue.close();
            self.chan.closed.notify_waiters();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed || self.chan.strong_count() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.chan.queue.len(&self.consumer)
    }

    /// A value (`Some`), the end (`None`), or neither (`Err`): nothing yet.
    #[inline]
    fn next(&mut self) -> Result<Option<T>, Unready> {
        match self.chan.queue.pop(&mut self.consumer) {
            Pop::Value(value) => {
                self.chan.capacity.give_back(1);
                Ok(Some(value))
            }
            Pop::Disconnected => Ok(None),
            Pop::Empty if self.closed && self.chan.capacity.is_idle() => Ok(None),
            Pop::Empty => Err(Unready::Empty),
            Pop::Busy => Err(Unready::Busy),
        }
    }

    /// Up to `limit` values into `buffer`: how many, 0 at the end, `Err` for nothing yet.
    fn next_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> Result<usize, Unready> {
        let mut added = 0;
        let unready = loop {
            if added == limit {
                break None;
            }
            match self.chan.queue.pop(&mut self.consumer) {
                Pop::Value(value) => buffer.push(value),
                Pop::Disconnected => break None,
                Pop::Empty => break Some(Unready::Empty),
                Pop::Busy => break Some(Unready::Busy),
            }
            added += 1;
        };
        if added > 0 {
            self.chan.capacity.give_back(added);
        }
        match unready {
            Some(Unready::Empty) if self.closed && self.chan.capacity.is_idle() => Ok(added),
            Some(unready) if added == 0 => Err(unready),
            _ => Ok(added),
        }
    }

    /// Puts the waker in place, so that what comes after this wakes the task. The caller looks once more.
    fn await_push(&mut self, cx: &Context<'_>) {
        self.chan.rx_waker.register(cx.waker());
        self.chan.queue.expect(&mut self.consumer);
    }

    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let unit = ready!(coop::poll_proceed(cx));
        // Returned from each place on its own: a value may be large, and is copied where two ways meet.
        if let Ok(outcome) = self.next() {
            unit.made_progress();
            return Poll::Ready(outcome);
        }
        self.await_push(cx);
        if let Ok(outcome) = self.next() {
            unit.made_progress();
            return Poll::Ready(outcome);
        }
        Poll::Pending
    }

    pub(super) fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        let unit = ready!(coop::poll_proceed(cx));
        let outcome = self.next_many(buffer, limit).or_else(|_| {
            self.await_push(cx);
            self.next_many(buffer, limit)
        });
        let Ok(added) = outcome else {
            return Poll::Pending;
        };
        unit.made_progress();
        Poll::Ready(added)
    }

    pub(super) async fn recv(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    pub(super) async fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        poll_fn(|cx| self.poll_recv_many(cx, buffer, limit)).await
    }

    pub(super) fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.next() {
            Ok(outcome) => outcome.ok_or(TryRecvError::Disconnected),
            Err(Unready::Empty) => Err(TryRecvError::Empty),
            Err(Unready::Busy) => self.recv_begun().ok_or(TryRecvError::Disconnected),
        }
    }

    /// Receives a value whose push has begun and needs a moment.
    #[cold]
    fn recv_begun(&mut self) -> Option<T> {
        // The task that waits, if there is one, would lose its place to this thread. It is about to be woken anyhow.
        self.chan.rx_waker.wake();
        blocking::park_on(poll_fn(|cx| {
            self.await_push(cx);
            match self.next() {
                Ok(outcome) => Poll::Ready(outcome),
                Err(_) => Poll::Pending,
            }
        }))
    }
}

/// Why there is nothing to receive, in a channel that has not ended.
enum Unready {
    /// Nothing was sent.
    Empty,
    /// Something is being sent this moment.
    Busy,
}

impl<T, C: Capacity> Drop for Rx<T, C> {
    fn drop(&mut self) {
        // At 0 senders nobody is left who could see that it is closed (I3).
        if self.chan.strong_count() > 0 {
            self.close();
        }
        // Nobody will poll any more.
        drop(self.chan.rx_waker.take());
        Drain(self).run();
    }
}

/// Drops what is in the channel, and goes on when the drop of one value panics.
struct Drain<'a, T, C: Capacity>(&'a mut Rx<T, C>);

impl<T, C: Capacity> Drain<'_, T, C> {
    fn run(&mut self) {
        while let Ok(Some(value)) = self.0.next() {
            drop(value);
        }
    }
}

impl<T, C: Capacity> Drop for Drain<'_, T, C> {
    fn drop(&mut self) {
        self.run();
    }
}

impl<T, C: fmt::Debug> fmt::Debug for Chan<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chan")
            .field("queue", &self.queue)
            .field("capacity", &self.capacity)
            .field("senders", &self.strong_count())
            .finish_non_exhaustive()
    }
}
