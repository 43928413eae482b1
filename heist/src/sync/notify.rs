//! [`Notify`]: tells tasks that something happened, without saying what.
//!
//! ```text
//!   word:  calls of notify_waiters × 4 + one of
//!
//!               (1) notify_one, notify_last
//!     EMPTY ─────────────────────────────► NOTIFIED      one permit is kept
//!     │   ▲ ◄───────────────────────────── (2) notified, takes the permit
//!     │   │
//!     (3) notified          (4) the last one in the list is notified or leaves, notify_waiters
//!     │   │
//!     ▼   │
//!    WAITING ◄──┐ (5) notified, notify_one with others left
//!         └─────┘
//! ```
//!
//! Invariants
//!
//! - I1: the state is WAITING exactly when the list is not empty. While it is, the word changes only under the lock.
//! - I2: a notification of `notify_one` is consumed by exactly one `Notified`: if the one it was given to is
//!   dropped before it saw it, it goes to the next in line, or is kept as the permit.
//! - I3: `notify_waiters` reaches every `Notified` that was made before, polled or not: the polled ones are in the
//!   list, and the others see that the number of calls has changed. It leaves a permit as it is.
//!
//! Ordering pairs: the CAS of a notification (Release) ↔ the CAS or the lock of the one who consumes it (Acquire), or, for
//! one in line, those of guarded/waiters.rs: what was done before the first is seen after the second. A store to the
//! word (under I1) hides no earlier notification: who set WAITING has acquired it, and the lock hands it on. Models:
//! `a_permit_publishes`, `a_second_permit_publishes_too`,
//! `notify_waiters_reaches_the_unpolled` and `a_dropped_notification_is_passed_on` in
//! loom-tests/tests/sync_notify.rs.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Mutex, MutexGuard, StdArc as Arc};
use pin_project_lite::pin_project;

use super::guarded::{Waiter, Waiters};
use super::wakers::Wakers;

const STATE: usize = 0b11;
const EMPTY: usize = 0;
const WAITING: usize = 1;
const NOTIFIED: usize = 2;

/// One call of `notify_waiters`.
const CALL: usize = 0b100;

/// How a waiter was notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// Not yet.
    Nobody,
    /// By `notify_one`.
    First,
    /// By `notify_last`.
    Last,
    /// By `notify_waiters`.
    All,
}

/// Notifies tasks that wait, one or all of them, and carries no data.
///
/// A `Notify` is like a [`Semaphore`](super::Semaphore) that can have one permit at the most.
/// [`notified().await`](Self::notified) waits for the permit and consumes it; [`notify_one`](Self::notify_one)
/// wakes the one who waits longest or, when nobody waits, leaves the permit for the next who will. So a
/// notification that comes first is not lost, and several that come first count as one.
///
/// ```
/// use std::sync::Arc;
/// use heist::sync::Notify;
///
/// # heist_executor::park::block_on(async {
/// let ready = Arc::new(Notify::new());
/// let theirs = ready.clone();
/// std::thread::spawn(move || theirs.notify_one());
/// ready.notified().await;
/// # });
/// ```
///
/// # A condition and many who wait for it
///
/// Make the future first, look at the condition then, and wait only if it does not hold: a
/// [`notify_waiters`](Self::notify_waiters) in between is not missed, because it reaches every future that
/// exists. For [`notify_one`](Self::notify_one) the future has to be in line, too: [`Notified::enable`].
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use heist::sync::Notify;
///
/// struct Flag { set: AtomicBool, changed: Notify }
///
/// impl Flag {
///     fn set(&self) {
///         self.set.store(true, Ordering::Release);
///         self.changed.notify_waiters();
///     }
///
///     async fn wait(&self) {
///         let changed = self.changed.notified();
///         if !self.set.load(Ordering::Acquire) {
///             changed.await;
///         }
///     }
/// }
///
/// # let flag = Flag { set: AtomicBool::new(false), changed: Notify::new() };
/// # flag.set();
/// # heist_executor::park::block_on(flag.wait());
/// ```
pub struct Notify {
    word: AtomicUsize,
    waiters: Mutex<Waiters<By>>,
}

impl UnwindSafe for Notify {}
impl RefUnwindSafe for Notify {}

impl Notify {
    /// Makes a `Notify` without a permit.
    pub fn new() -> Self {
        Self {
            word: AtomicUsize::new(EMPTY),
            waiters: Mutex::new(Waiters::new()),
        }
    }

    /// Waits for a notification.
    ///
    /// With a permit there this is ready at once and consumes it. Futures get notifications in the order in which
    /// they were first polled or [enabled](Notified::enable); a future that was neither gets none of
    /// [`notify_one`](Self::notify_one), but does get those of [`notify_waiters`](Self::notify_waiters) from the moment it
    /// is made.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in the line. A notification of `notify_one` that it had been given and
    /// not seen goes to the next.
    pub fn notified(&self) -> Notified<'_> {
        Notified {
            wait: Wait::new(self),
        }
    }

    /// [`notified`](Self::notified) with a future that keeps its share of the `Notify` alive.
    ///
    /// # Cancel safety
    ///
    /// As for [`notified`](Self::notified).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use heist::sync::Notify;
    ///
    /// # heist_executor::park::block_on(async {
    /// let notify = Arc::new(Notify::new());
    /// let notified = notify.clone().notified_owned();
    /// notify.notify_waiters();
    /// notified.await;
    /// # });
    /// ```
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        OwnedNotified {
            wait: Wait::new(self),
        }
    }

    /// Notifies the one who waits longest; if nobody waits, the next who will. At most one notification is kept.
    ///
    /// ```
    /// use heist::sync::Notify;
    ///
    /// # heist_executor::park::block_on(async {
    /// let notify = Notify::new();
    /// notify.notify_one();
    /// notify.notified().await;
    /// # });
    /// ```
    #[doc(alias = "notify")]
    pub fn notify_one(&self) {
        self.notify(By::First);
    }

    /// [`notify_one`](Self::notify_one), but for the one who has come last.
    pub fn notify_last(&self) {
        self.notify(By::Last);
    }

    fn notify(&self, by: By) {
        let mut word = self.word.load(Ordering::Acquire);
        while word & STATE != WAITING {
            // From NOTIFIED to NOTIFIED as well: the one who consumes it must see what this caller did before.
            match self.swap_word(word, word & !STATE | NOTIFIED) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.notify_locked(by, self.waiters.lock());
    }

    #[cold]
    fn notify_locked(&self, by: By, mut waiters: MutexGuard<'_, Waiters<By>>) {
        let waker = match by {
            By::Last => waiters.pop_back(|_| by),
            By::Nobody | By::First | By::All => waiters.pop_front(|_| by),
        };
        let Some(waker) = waker else {
            // All left before the lock was taken, and nobody can come while it is held.
            let mut word = self.word.load(Ordering::Relaxed);
            while let Err(now) = self.swap_word(word, word & !STATE | NOTIFIED) {
                word = now;
            }
            return;
        };
        if waiters.is_empty() {
            self.leave_waiting();
        }
        drop(waiters);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Notifies all who wait now, and every future of [`notified`](Self::notified) that exists. Keeps no permit for later.
    ///
    /// ```
    /// use heist::sync::Notify;
    ///
    /// # heist_executor::park::block_on(async {
    /// let notify = Notify::new();
    /// let (first, second) = (notify.notified(), notify.notified());
    /// notify.notify_waiters();
    /// first.await;
    /// second.await;
    /// # });
    /// ```
    pub fn notify_waiters(&self) {
        let mut word = self.word.load(Ordering::Acquire);
        while word & STATE != WAITING {
            // Nobody is in line (I1): the call is counted for those that were not polled.
            match self.swap_word(word, word.wrapping_add(CALL)) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.notify_waiters_locked(self.waiters.lock());
    }

    #[cold]
    fn notify_waiters_locked(&self, mut waiters: MutexGuard<'_, Waiters<By>>) {
        let mut wakers = Wakers::new();
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word & STATE == WAITING {
                // I1: so a store will do.
                let next = (word & !STATE).wrapping_add(CALL) | EMPTY;
                self.word.store(next, Ordering::Release);
                break;
            }
            match self.swap_word(word, word.wrapping_add(CALL)) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        while let Some(waker) = waiters.pop_front(|_| By::All) {
            wakers.push(waker);
        }
        drop(waiters);
        wakers.wake_all();
    }

    fn swap_word(&self, from: usize, to: usize) -> Result<usize, usize> {
        self.word
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
    }

    /// From WAITING to EMPTY, under the lock: nobody else writes the word then (I1), so a store will do.
    fn leave_waiting(&self) {
        let calls = self.word.load(Ordering::Relaxed) & !STATE;
        self.word.store(calls | EMPTY, Ordering::Release);
    }

    /// Consumes a permit or joins the line. Whether it has joined; else it is notified.
    fn join(&self, calls: usize, waiter: Pin<&mut Waiter<By>>, cx: Option<&mut Context<'_>>) -> bool {
        let mut word = self.word.load(Ordering::Acquire);
        while word & !STATE == calls && word & STATE == NOTIFIED {
            match self.swap_word(word, word & !STATE | EMPTY) {
                Ok(_) => return false,
                Err(now) => word = now,
            }
        }
        if word & !STATE != calls {
            return false;
        }
        // Cloned before the lock and, if not needed, dropped after it.
        let waker = cx.map(|cx| cx.waker().clone());
        let mut waiters = self.waiters.lock();
        word = self.word.load(Ordering::Acquire);
        loop {
            if word & !STATE != calls {
                drop(waiters);
                return false;
            }
            let next = match word & STATE {
                WAITING => break,
                NOTIFIED => EMPTY,
                _ => WAITING,
            };
            match self.swap_word(word, word & !STATE | next) {
                Ok(_) if next == EMPTY => {
                    drop(waiters);
                    return false;
                }
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        waiters.push(waiter, By::Nobody, waker);
        true
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.word.load(Ordering::Relaxed) & STATE {
            EMPTY => "empty",
            WAITING => "waiting",
            _ => "notified",
        };
        f.debug_struct("Notify")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

/// For statics. loom's primitives have no constant constructors.
#[cfg(not(heist_loom))]
impl Notify {
    /// [`new`](Self::new) in a constant or a static.
    ///
    /// ```
    /// use heist::sync::Notify;
    ///
    /// static STOP: Notify = Notify::const_new();
    /// STOP.notify_one();
    /// ```
    pub const fn const_new() -> Self {
        Self {
            word: AtomicUsize::new(EMPTY),
            waiters: Mutex::new(Waiters::new()),
        }
    }
}

pin_project! {
    /// A wait for a notification, whoever keeps the `Notify`.
    #[derive(Debug)]
    pub(super) struct Wait<N>
    where
        N: Deref<Target = Notify>,
    {
        notify: N,
        // The calls of `notify_waiters` when this was made, as in the word.
        calls: usize,
        stage: Stage,
        #[pin]
        waiter: Waiter<By>,
    }

    impl<N> PinnedDrop for Wait<N>
    where
        N: Deref<Target = Notify>,
    {
        fn drop(this: Pin<&mut Self>) {
            if let Stage::Joined = this.stage {
                this.leave();
            }
        }
    }
}

#[derive(Debug)]
enum Stage {
    /// Not in line.
    New,
    /// In line, or notified since.
    Joined,
    /// Has seen its notification.
    Notified,
}

impl<N: Deref<Target = Notify>> Wait<N> {
    #[inline]
    pub(super) fn new(notify: N) -> Self {
        let calls = notify.word.load(Ordering::Acquire) & !STATE;
        Self {
            notify,
            calls,
            stage: Stage::New,
            waiter: Waiter::new(),
        }
    }

    #[inline]
    pub(super) fn poll(self: Pin<&mut Self>, cx: Option<&mut Context<'_>>) -> Poll<()> {
        let mut me = self.project();
        let notified = match me.stage {
            Stage::New => !me.notify.join(*me.calls, me.waiter, cx),
            Stage::Joined => {
                me.waiter.as_mut().leave().is_some() || me.notify.look_again(me.waiter, cx).is_ready()
            }
            Stage::Notified => true,
        };
        if !notified {
            *me.stage = Stage::Joined;
            return Poll::Pending;
        }
        *me.stage = Stage::Notified;
        Poll::Ready(())
    }

    /// Gives up the place in the line.
    #[cold]
    fn leave(self: Pin<&mut Self>) {
        let mut me = self.project();
        *me.stage = Stage::Notified;
        let notify = &**me.notify;
        let (by, waker, queued) = match me.waiter.as_mut().leave() {
            Some(by) => (by, None, false),
            None => {
                let mut waiters = notify.waiters.lock();
                let queued = waiters.is_queued(me.waiter.as_mut());
                let (by, waker) = waiters.remove(me.waiter);
                if queued && waiters.is_empty() {
                    notify.leave_waiting();
                }
                (by, waker, queued)
            }
        };
        // I2: given and not seen.
        if !queued && matches!(by, By::First | By::Last) {
            notify.notify(by);
        }
        drop(waker);
    }
}

impl Notify {
    /// A poll of one who has joined the line.
    #[cold]
    fn look_again(&self, mut waiter: Pin<&mut Waiter<By>>, cx: Option<&mut Context<'_>>) -> Poll<()> {
        let mut fresh: Option<Waker> = None;
        loop {
            let mut waiters = self.waiters.lock();
            if !waiters.is_queued(waiter.as_mut()) {
                let _taken_by_the_notification = waiters.remove(waiter);
                return Poll::Ready(());
            }
            let Some(cx) = &cx else { return Poll::Pending };
            if waiters.will_wake(waiter.as_mut(), cx) {
                return Poll::Pending;
            }
            if let Some(waker) = fresh.take() {
                let old = waiters.replace_waker(waiter, waker);
                drop(waiters);
                drop(old);
                return Poll::Pending;
            }
            drop(waiters);
            fresh = Some(cx.waker().clone());
        }
    }
}

pin_project! {
    /// The future of [`Notify::notified`]. Once it has completed it stays complete.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Notified<'a> {
        #[pin]
        wait: Wait<&'a Notify>,
    }
}

pin_project! {
    /// The future of [`Notify::notified_owned`]. Once it has completed it stays complete.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct OwnedNotified {
        #[pin]
        wait: Wait<Arc<Notify>>,
    }
}

impl Notified<'_> {
    /// Joins the line as if polled, without waiting. Whether a notification was there, which it has consumed then.
    ///
    /// Call it before looking at the condition that [`notify_one`](Notify::notify_one) announces: if several tasks
    /// look and wait, and several notifications come, each task in line gets one, while those not in line would share
    /// the one permit.
    ///
    /// ```
    /// use std::pin::pin;
    /// use heist::sync::Notify;
    ///
    /// # heist_executor::park::block_on(async {
    /// let notify = Notify::new();
    /// let mut first = pin!(notify.notified());
    /// let mut second = pin!(notify.notified());
    /// assert!(!first.as_mut().enable());
    /// assert!(!second.as_mut().enable());
    /// notify.notify_one();
    /// notify.notify_one();
    /// first.await;
    /// second.await;
    /// # });
    /// ```
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.project().wait.poll(None).is_ready()
    }
}

impl OwnedNotified {
    /// Joins the line as if polled, without waiting: see [`Notified::enable`].
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.project().wait.poll(None).is_ready()
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll(Some(cx))
    }
}

impl Future for OwnedNotified {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll(Some(cx))
    }
}
