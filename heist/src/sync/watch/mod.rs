//! A channel that keeps the latest value only: senders replace it, receivers look at it and wait for a change.
//!
//! ```text
//!   state:  version, a WAITING for each list of those who wait, CLOSED
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
//! - I2: whoever waits for a change is in a list whose WAITING it has seen in the state together with the version it has
//!   seen: so nobody sleeps through a change or a close (wait.rs). The departure of the last receiver is a [`Notify`].
//! - I3: CLOSED never goes away; the version counts on around it.
//!
//! Ordering pairs: the change of the state (Release) ↔ its load (Acquire): what was done before the change or the
//! close. Models: `a_change_is_not_missed`, `the_last_change_and_the_close_are_seen`, `a_change_finds_two_who_wait`,
//! `a_wait_after_one_that_was_given_up_is_found`, `the_last_receiver_is_missed` and
//! `a_stream_ends_with_the_last_change` in loom-tests/tests/sync_watch.rs.
//!
//! Deliberately absent: values in between. Who needs each of them takes [`broadcast`](super::broadcast).

/// The errors of this module.
pub mod error;
mod receiver;
mod sender;
mod wait;
mod watching;

use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};

use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Arc, Mutex, RwLock, RwLockReadGuard};

use super::guarded::Waiters;
use super::notify::Notify;

pub use receiver::Receiver;
pub use sender::Sender;
pub(crate) use watching::Watching;

const CLOSED: usize = 1;

/// Somebody waits in the first list; of the others the bits above.
const WAITING: usize = 2;

/// One version.
const VERSION: usize = WAITING << SHARDS;

/// How many lists the receivers that wait are spread over, so that not all of them meet at one lock.
#[cfg(all(not(heist_loom), target_pointer_width = "64"))]
const SHARDS: usize = 8;
/// Fewer where each list costs the versions a bit that they need, and in models.
#[cfg(any(heist_loom, not(target_pointer_width = "64")))]
const SHARDS: usize = 2;

/// The version in a state, in steps of [`VERSION`].
fn version_of(state: usize) -> usize {
    state & !(VERSION - 1)
}

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
    /// The receivers that wait for a change.
    waiting: [Mutex<Waiters<()>>; SHARDS],
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
            waiting: std::array::from_fn(|_| Mutex::new(Waiters::new())),
            unwatched: Notify::new(),
        })
    }

    fn state(&self) -> usize {
        self.state.load(Ordering::Acquire)
    }

    fn version(&self) -> usize {
        version_of(self.state())
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
