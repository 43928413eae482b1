//! A channel whose every value reaches every receiver, and which forgets the oldest values when it is full.
//!
//! ```text
//!   position:      4      5      6      7     tail.position = 8
//!               ┌──────┬──────┬──────┬──────┐
//!   ring        │ u=1  │ u=1  │ u=3  │ u=3  │     u: receivers that have not read the value
//!               └──────┴──────┴──────┴──────┘
//!                  ▲             ▲                 a receiver that is at 2 has lagged by 2
//!               next = 4      next = 6, twice
//! ```
//!
//! Invariants
//!
//! - I1: position p is in slot p mod capacity. A send writes its slot while it holds the tail lock, so under that lock the
//!   slots hold exactly the last `capacity` positions before the tail's.
//! - I2: locks are taken in the order tail, slot.
//! - I3: a slot's `unread` is the number of receivers that existed when the value was sent and have neither read it
//!   nor gone. The last one takes the value out.
//! - I4: a value is cloned only under its slot's lock, or after it was taken out: by one thread at a time, so `T: Send`
//!   is enough.
//! - I5: a receiver joins the waiters under the tail lock and only while it is at the tail's position; a send and the close
//!   change the tail and take all waiters off under the same lock. So nobody sleeps through a value.
//!
//! Ordering pairs: the locks. Models: `every_receiver_gets_the_value`, `a_close_is_seen_after_the_last_value`,
//! `a_lagging_reader_meets_the_writer`, `streams_get_each_value_and_leave_in_good_order` and `clones_do_not_overlap` in
//! loom-tests/tests/sync_broadcast.rs.
//!
//! Deliberately absent: waiting for room. A sender never waits for slow receivers; who needs that takes one
//! [`mpsc`](super::mpsc) channel per receiver.

/// The errors of this module.
pub mod error;
mod receiver;
mod sender;

use std::panic::{RefUnwindSafe, UnwindSafe};

use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Arc, Mutex};

use super::guarded::Waiters;
use super::notify::Notify;
use super::wakers::Wakers;

pub(crate) use receiver::Listening;
pub use receiver::Receiver;
pub use sender::{Sender, WeakSender};

/// The most receivers at a time.
const MAX_RECEIVERS: usize = usize::MAX >> 2;

/// Makes a channel that keeps the last `capacity` values, rounded up to a power of two.
///
/// # Panics
///
/// If `capacity` is 0 or more than `usize::MAX / 2`.
///
/// ```
/// use heist::sync::broadcast;
///
/// # heist_executor::park::block_on(async {
/// let (sender, mut first) = broadcast::channel(16);
/// let mut second = sender.subscribe();
/// sender.send(10).unwrap();
/// assert_eq!(first.recv().await.unwrap(), 10);
/// assert_eq!(second.recv().await.unwrap(), 10);
/// # });
/// ```
///
/// A receiver that is too slow is told how many values it has missed, and goes on with the oldest that is there:
///
/// ```
/// use heist::sync::broadcast::{self, error::RecvError};
///
/// # heist_executor::park::block_on(async {
/// let (sender, mut receiver) = broadcast::channel(2);
/// for n in 1..=3 {
///     sender.send(n).unwrap();
/// }
/// assert_eq!(receiver.recv().await, Err(RecvError::Lagged(1)));
/// assert_eq!(receiver.recv().await, Ok(2));
/// # });
/// ```
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(capacity);
    let receiver = sender.subscribe();
    (sender, receiver)
}

/// What all sides share.
struct Shared<T> {
    ring: Box<[Mutex<Slot<T>>]>,
    tail: Mutex<Tail>,
    senders: AtomicUsize,
    weak_senders: AtomicUsize,
    /// The last receiver is gone.
    unheard: Notify,
}

impl<T> UnwindSafe for Shared<T> {}
impl<T> RefUnwindSafe for Shared<T> {}

struct Slot<T> {
    position: u64,
    unread: usize,
    value: Option<T>,
}

struct Tail {
    /// Of the next value.
    position: u64,
    receivers: usize,
    /// All senders are gone.
    closed: bool,
    waiters: Waiters<()>,
}

impl Tail {
    /// Takes all waiters off the list.
    fn wakers(&mut self) -> Wakers {
        let mut wakers = Wakers::new();
        while let Some(waker) = self.waiters.pop_front(|()| ()) {
            wakers.push(waker);
        }
        wakers
    }
}

impl<T> Shared<T> {
    #[track_caller]
    fn new(capacity: usize) -> Arc<Self> {
        assert!(
            capacity > 0,
            "broadcast channel capacity cannot be zero: keep at least 1 value"
        );
        assert!(
            capacity <= usize::MAX >> 1,
            "broadcast channel capacity exceeded `usize::MAX / 2`"
        );
        let capacity = capacity.next_power_of_two();
        let empty = |index: usize| {
            Mutex::new(Slot {
                // One round before the first that will be here.
                position: (index as u64).wrapping_sub(capacity as u64),
                unread: 0,
                value: None,
            })
        };
        Arc::new(Self {
            ring: (0..capacity).map(empty).collect(),
            tail: Mutex::new(Tail {
                position: 0,
                receivers: 0,
                closed: false,
                waiters: Waiters::new(),
            }),
            senders: AtomicUsize::new(1),
            weak_senders: AtomicUsize::new(0),
            unheard: Notify::new(),
        })
    }

    /// The slot of a position (I1).
    fn slot(&self, position: u64) -> &Mutex<Slot<T>> {
        &self.ring[position as usize & (self.ring.len() - 1)]
    }

    fn senders(&self) -> usize {
        self.senders.load(Ordering::Acquire)
    }

    fn weak_senders(&self) -> usize {
        self.weak_senders.load(Ordering::Relaxed)
    }
}
