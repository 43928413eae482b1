//! A channel that keeps the latest value only: senders replace it, receivers look at it and wait for a change.
//!
//! ```text
//!   state:  version × 2 + CLOSED
//!
//!   Sender ── write lock: value, version + 1 ──► notify all ──► Receiver { version it has seen }
//!      └───── the last one is dropped: CLOSED ──► notify all ──►    │
//!      ◄───────── notify ◄── the last one is dropped ───────────────┘
//! ```
//!
//! Invariants
//!
//! - I1: the version changes only under the write lock, with the value: whoever has the read lock sees the version that
//!   belongs to the value.
//! - I2: a notification comes after what it announces, and whoever waits asks for it before looking: so nobody sleeps
//!   through a change, a close or the departure of the last receiver.
//! - I3: CLOSED never goes away; the version counts on around it.
//!
//! Ordering pairs: the change of the state (Release) ↔ its load (Acquire), and the notification (Release) ↔ the
//! one who consumes it (Acquire), which orders I2. Models: `a_change_is_not_missed`, `the_last_change_and_the_close_are_seen`,
//! `the_last_receiver_is_missed` and `a_stream_ends_with_the_last_change` in loom-tests/tests/sync_watch.rs.
//!
//! Deliberately absent: values in between. Who needs each of them takes [`broadcast`](super::broadcast).

/// The errors of this module.
pub mod error;
mod receiver;
mod sender;
mod watching;

use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};

use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Arc, RwLock, RwLockReadGuard};

use super::notify::Notify;

pub use receiver::Receiver;
pub use sender::Sender;
pub(crate) use watching::Watching;

const CLOSED: usize = 1;

/// One version.
const VERSION: usize = 2;

/// How many lists the receivers that wait are spread over, so that not all of them meet at one lock.
#[cfg(not(heist_loom))]
const SHARDS: usize = 8;
#[cfg(heist_loom)]
const SHARDS: usize = 1;

/// Makes a channel that has a value from the start, which the receiver counts as seen.
///
/// ```
/// use heist::sync::watch;
///
/// # heist_executor::park::block_on(async {
/// let (sender, mut receiver) = watch::channel("hello");
/// std::thread::spawn(move || sender.send("goodbye").unwrap());
/// receiver.changed().await.unwrap();
/// assert_eq!(*receiver.borrow_and_update(), "goodbye");
/// assert!(receiver.changed().await.is_err());
/// # });
/// ```
pub fn channel<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(init);
    let receiver = sender.subscribe();
    (sender, receiver)
}

/// What the two sides share.
struct Shared<T> {
    value: RwLock<T>,
    state: AtomicUsize,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    /// The value has changed, or there will be no more changes.
    changed: [Notify; SHARDS],
    /// The last receiver is gone.
    unwatched: Notify,
}

impl<T> UnwindSafe for Shared<T> {}
impl<T> RefUnwindSafe for Shared<T> {}

impl<T> Shared<T> {
    fn new(value: T) -> Arc<Self> {
        Arc::new(Self {
            value: RwLock::new(value),
            state: AtomicUsize::new(0),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(0),
            changed: std::array::from_fn(|_| Notify::new()),
            unwatched: Notify::new(),
        })
    }

    fn state(&self) -> usize {
        self.state.load(Ordering::Acquire)
    }

    fn version(&self) -> usize {
        self.state() & !CLOSED
    }

    fn is_closed(&self) -> bool {
        self.state() & CLOSED != 0
    }

    fn receivers(&self) -> usize {
        self.receivers.load(Ordering::Acquire)
    }

    /// The value, and whether it is newer than the version `seen`.
    fn borrow(&self, seen: usize) -> (Ref<'_, T>, usize) {
        let value = self.value.read();
        let version = self.version();
        let has_changed = version != seen;
        (Ref { value, has_changed }, version)
    }

    fn notify_changed(&self) {
        for changed in &self.changed {
            changed.notify_waiters();
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("value", &self.value)
            .field("version", &(self.version() / VERSION))
            .field("closed", &self.is_closed())
            .field("receivers", &self.receivers())
            .finish_non_exhaustive()
    }
}

/// A look at the value of a watch channel. As long as it exists no sender can change the value, and a thread that tries
/// to blocks: keep it short, and never across an `.await`.
///
/// Borrowing a second time on the same thread may deadlock when a sender is waiting in between.
#[derive(Debug)]
#[clippy::has_significant_drop]
pub struct Ref<'a, T> {
    value: RwLockReadGuard<'a, T>,
    has_changed: bool,
}

impl<T> Ref<'_, T> {
    /// Whether the value is newer than the last that the receiver had seen when it borrowed this one. A sender's look
    /// never is.
    ///
    /// ```
    /// use heist::sync::watch;
    ///
    /// let (sender, mut receiver) = watch::channel(1);
    /// assert!(!receiver.borrow().has_changed());
    /// sender.send(2).unwrap();
    /// assert!(receiver.borrow().has_changed());
    /// assert!(receiver.borrow_and_update().has_changed());
    /// assert!(!receiver.borrow_and_update().has_changed());
    /// ```
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
