//! The counting semaphore under [`Semaphore`], `Mutex` and the bounded channel: any number of permits at a time,
//! in strict order of arrival.
//!
//! ```text
//!   word:  permits × 4 + QUEUED × 2 + CLOSED
//!
//!              (1) try_acquire, release: one compare-and-swap
//!            ┌───┐
//!            ▼   │        (2) acquire, too few permits: takes what there is and queues for the rest
//!         ┌────────┐ ──────────────────────────────────────────────► ┌────────┐
//!         │  free  │                                                 │ QUEUED │ permits = 0
//!         └────────┘ ◄────────────────────────────────────────────── └────────┘
//!              │          (3) release or cancel, the queue is empty       │   │  ▲ (4) release, the queue is not
//!              │                                                          │   └──┘
//!              └──────────────────────► CLOSED ◄──────────────────────────┘ (5) close: the queue is emptied
//! ```
//!
//! Invariants
//!
//! - I1: QUEUED is set exactly when the queue is not empty. Both change together, under the lock.
//! - I2: while QUEUED is set there are no free permits, so nobody can get any but through the queue.
//! - I3: a released permit goes to the first in the queue; what a cancelled acquire had been assigned goes on as
//!   if it were released then.
//! - I4: permits + assigned + held is constant but for `release` of new ones and `forget`.
//! - I6: while QUEUED is set the word changes only under the lock.
//! - I5: once CLOSED is set no acquire succeeds, nor one that had been assigned all it needs and was not polled.
//!
//! Ordering pairs: the CAS or lock in `release` (Release) ↔ the CAS or lock of the acquirer (Acquire): what was
//! done under a permit happens before what is done under it next. Models: `a_permit_orders_what_is_done_under_it`,
//! `a_cancelled_acquire_passes_its_permits_on` in loom-tests/tests/sync_semaphore.rs.
//!
//! Deliberately absent: a lock on the way of an uncontended acquire or release.
//!
//! [`Semaphore`]: super::Semaphore

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use heist_executor::coop;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Mutex, MutexGuard};

use pin_project_lite::pin_project;

use super::guarded::{Waiter, Waiters};
use super::wakers::Wakers;

/// The most permits a semaphore can have.
pub(super) const MAX_PERMITS: usize = usize::MAX >> 3;

const CLOSED: usize = 0b01;
const QUEUED: usize = 0b10;
const SHIFT: u32 = 2;

/// See the module.
pub(crate) struct Batch {
    word: AtomicUsize,
    /// Of each waiter: how many permits it still lacks.
    waiters: Mutex<Waiters<usize>>,
}

/// The error of acquiring from a [`Semaphore`](super::Semaphore): it has been
/// [closed](super::Semaphore::close).
#[derive(Debug)]
pub struct AcquireError(());

/// The error of trying to acquire from a [`Semaphore`](super::Semaphore) without waiting.
#[derive(Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// The semaphore has been [closed](super::Semaphore::close) and gives out no permits any more.
    Closed,
    /// The semaphore has too few permits at the moment.
    NoPermits,
}

impl Batch {
    /// A semaphore with this many permits.
    ///
    /// # Panics
    ///
    /// If `permits` exceeds [`MAX_PERMITS`].
    #[track_caller]
    pub(crate) fn new(permits: usize) -> Self {
        assert_within_limit(permits);
        Self {
            word: AtomicUsize::new(permits << SHIFT),
            waiters: Mutex::new(Waiters::new()),
        }
    }

    pub(crate) fn available(&self) -> usize {
        self.word.load(Ordering::Acquire) >> SHIFT
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Takes `wanted` permits if they are free now.
    #[track_caller]
    #[inline]
    pub(crate) fn try_acquire(&self, wanted: usize) -> Result<(), TryAcquireError> {
        assert_within_limit(wanted);
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if word & CLOSED != 0 {
                return Err(TryAcquireError::Closed);
            }
            if word >> SHIFT < wanted {
                return Err(TryAcquireError::NoPermits);
            }
            match self.swap_word(word, word - (wanted << SHIFT)) {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
    }

    /// Takes `wanted` permits, waiting in line for them.
    #[track_caller]
    #[inline]
    pub(crate) fn acquire(&self, wanted: usize) -> Acquire<'_> {
        assert_within_limit(wanted);
        Acquire {
            batch: self,
            wanted,
            stage: Stage::New,
            waiter: Waiter::new(),
        }
    }

    /// Gives `added` permits to those who wait, and sets what is left free.
    ///
    /// # Panics
    ///
    /// If there would be more than [`MAX_PERMITS`] free ones. Those who wait have got theirs then.
    #[track_caller]
    #[inline]
    pub(crate) fn release(&self, added: usize) {
        if added == 0 {
            return;
        }
        let mut word = self.word.load(Ordering::Relaxed);
        while word & QUEUED == 0 {
            let Some(more) = add(word, added) else {
                overflow(added);
            };
            match self
                .word
                .compare_exchange_weak(word, more, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.assign(added, self.waiters.lock());
    }

    /// Takes up to `most` free permits away for good and says how many.
    pub(crate) fn forget(&self, most: usize) -> usize {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let taken = most.min(word >> SHIFT);
            match self.swap_word(word, word - (taken << SHIFT)) {
                Ok(_) => return taken,
                Err(now) => word = now,
            }
        }
    }

    /// Refuses every acquire from now on, and those that wait.
    pub(crate) fn close(&self) {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & QUEUED == 0 {
            // Nobody waits (I1).
            match self.swap_word(word, word | CLOSED) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.close_queued(self.waiters.lock());
    }

    #[cold]
    fn close_queued(&self, mut waiters: MutexGuard<'_, Waiters<usize>>) {
        let mut wakers = Wakers::new();
        let mut word = self.word.load(Ordering::Relaxed);
        while let Err(now) = self.swap_word(word, (word | CLOSED) & !QUEUED) {
            word = now;
        }
        while let Some(waker) = waiters.pop_front(|lacks| lacks) {
            wakers.push(waker);
        }
        drop(waiters);
        wakers.wake_all();
    }

    fn swap_word(&self, from: usize, to: usize) -> Result<usize, usize> {
        self.word
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
    }

    /// Gives `added` permits out in order, the rest to nobody, and settles QUEUED.
    #[track_caller]
    #[cold]
    fn assign(&self, mut added: usize, mut waiters: MutexGuard<'_, Waiters<usize>>) {
        let mut wakers = Wakers::new();
        while added > 0 {
            let lacks = waiters.with_front(|lacks| {
                let given = added.min(*lacks);
                *lacks -= given;
                added -= given;
                *lacks
            });
            match lacks {
                Some(0) => wakers.push(waiters.pop_front(|lacks| lacks).flatten()),
                Some(_) => {}
                None => break,
            }
        }
        let fits = !waiters.is_empty() || self.set_free(added);
        drop(waiters);
        wakers.wake_all();
        if !fits {
            overflow(added);
        }
    }

    /// Sets `added` permits free and clears QUEUED, under the lock. False: there would be too many.
    fn set_free(&self, added: usize) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let more = add(word, added);
            let next = more.unwrap_or(word) & !QUEUED;
            if word & QUEUED != 0 {
                // I6: so a store will do.
                self.word.store(next, Ordering::Release);
                return more.is_some();
            }
            match self.swap_word(word, next) {
                Ok(_) => return more.is_some(),
                Err(now) => word = now,
            }
        }
    }

    /// Takes `wanted` permits or a place in the queue.
    #[cold]
    fn enqueue(
        &self,
        wanted: usize,
        waiter: Pin<&mut Waiter<usize>>,
        cx: &Context<'_>,
    ) -> Result<Stage, AcquireError> {
        // Cloned before the lock and, if not needed, dropped after it.
        let waker = cx.waker().clone();
        let mut waiters = self.waiters.lock();
        let mut word = self.word.load(Ordering::Acquire);
        let lacks = loop {
            if word & CLOSED != 0 {
                drop(waiters);
                return Err(AcquireError(()));
            }
            if word & QUEUED != 0 {
                // I2: nothing to take.
                break wanted;
            }
            let taken = wanted.min(word >> SHIFT);
            let flag = if taken == wanted { 0 } else { QUEUED };
            match self.swap_word(word, (word - (taken << SHIFT)) | flag) {
                Ok(_) => break wanted - taken,
                Err(now) => word = now,
            }
        };
        if lacks == 0 {
            drop(waiters);
            return Ok(Stage::Held);
        }
        waiters.push(waiter, lacks, Some(waker));
        Ok(Stage::Queued)
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("permits", &self.available())
            .finish()
    }
}

/// `word` with `added` more free permits, if they fit.
#[inline]
fn add(word: usize, added: usize) -> Option<usize> {
    let sum = (word >> SHIFT).checked_add(added)?;
    (sum <= MAX_PERMITS).then(|| word + (added << SHIFT))
}

#[track_caller]
#[inline]
fn assert_within_limit(permits: usize) {
    assert!(
        permits <= MAX_PERMITS,
        "a semaphore may not have more than MAX_PERMITS permits ({MAX_PERMITS})"
    );
}

#[track_caller]
#[cold]
fn overflow(added: usize) -> ! {
    panic!(
        "number of added permits ({added}) would overflow MAX_PERMITS ({MAX_PERMITS}): add only permits that were \
         taken or forgotten before, or fewer"
    );
}

pin_project! {
    /// A wait for permits. Once it is [`Ready`](Poll::Ready) the caller has them.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub(crate) struct Acquire<'a> {
        batch: &'a Batch,
        wanted: usize,
        stage: Stage,
        // How many permits it still lacks.
        #[pin]
        waiter: Waiter<usize>,
    }

    impl PinnedDrop for Acquire<'_> {
        fn drop(this: Pin<&mut Self>) {
            if !matches!(this.stage, Stage::New | Stage::Done) {
                this.give_back();
            }
        }
    }
}

#[derive(Debug)]
enum Stage {
    /// Not polled.
    New,
    /// In the queue, or taken off it since.
    Queued,
    /// Has all its permits; the caller has not been told.
    Held,
    /// The permits are the caller's, or there are none.
    Done,
}

impl Acquire<'_> {
    /// Gets as far as `Held`.
    #[inline]
    fn poll_permits(mut self: Pin<&mut Self>, cx: &Context<'_>) -> Poll<Result<(), AcquireError>> {
        let me = self.as_mut().project();
        match me.stage {
            Stage::New => match me.batch.try_acquire(*me.wanted) {
                Ok(()) => {
                    *me.stage = Stage::Held;
                    Poll::Ready(Ok(()))
                }
                Err(TryAcquireError::Closed) => self.refuse(),
                Err(TryAcquireError::NoPermits) => self.poll_enqueue(cx),
            },
            Stage::Queued => self.poll_queued(cx),
            Stage::Held => Poll::Ready(Ok(())),
            Stage::Done => panic!("an acquire was polled after it had finished"),
        }
    }

    #[cold]
    fn poll_enqueue(mut self: Pin<&mut Self>, cx: &Context<'_>) -> Poll<Result<(), AcquireError>> {
        let me = self.as_mut().project();
        match me.batch.enqueue(*me.wanted, me.waiter, cx) {
            Ok(stage) => *me.stage = stage,
            Err(_) => return self.refuse(),
        }
        match me.stage {
            Stage::Queued => Poll::Pending,
            _ => Poll::Ready(Ok(())),
        }
    }

    #[cold]
    fn poll_queued(mut self: Pin<&mut Self>, cx: &Context<'_>) -> Poll<Result<(), AcquireError>> {
        let mut fresh = None;
        loop {
            let mut me = self.as_mut().project();
            if let Some(lacks) = me.waiter.as_mut().leave() {
                *me.stage = Stage::Held;
                if !me.batch.is_closed() {
                    return Poll::Ready(Ok(()));
                }
                // I5: what it has been assigned goes on.
                *me.stage = Stage::Done;
                me.batch.release(*me.wanted - lacks);
                return Poll::Ready(Err(AcquireError(())));
            }
            let mut waiters = me.batch.waiters.lock();
            if !waiters.is_queued(me.waiter.as_mut()) {
                continue;
            }
            if waiters.will_wake(me.waiter.as_mut(), cx) {
                return Poll::Pending;
            }
            if let Some(waker) = fresh.take() {
                let old = waiters.replace_waker(me.waiter, waker);
                drop(waiters);
                drop(old);
                return Poll::Pending;
            }
            drop(waiters);
            fresh = Some(cx.waker().clone());
        }
    }

    #[cold]
    fn refuse(self: Pin<&mut Self>) -> Poll<Result<(), AcquireError>> {
        self.give_back();
        Poll::Ready(Err(AcquireError(())))
    }

    /// Leaves the queue; what had been assigned goes on.
    fn give_back(self: Pin<&mut Self>) {
        let me = self.project();
        match std::mem::replace(me.stage, Stage::Done) {
            Stage::New | Stage::Done => {}
            Stage::Held => me.batch.release(*me.wanted),
            Stage::Queued => {
                let mut waiters = me.batch.waiters.lock();
                let (lacks, waker) = waiters.remove(me.waiter);
                me.batch.assign(*me.wanted - lacks, waiters);
                drop(waker);
            }
        }
    }
}

impl Future for Acquire<'_> {
    type Output = Result<(), AcquireError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(self.as_mut().poll_permits(cx))?;
        // The permits stay here until the budget allows the caller to have them.
        let unit = ready!(coop::poll_proceed(cx));
        unit.made_progress();
        *self.project().stage = Stage::Done;
        Poll::Ready(Ok(()))
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("semaphore closed")
    }
}

impl Error for AcquireError {}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "semaphore closed",
            Self::NoPermits => "no permits available",
        })
    }
}

impl Error for TryAcquireError {}

/// For statics. loom's primitives have no constant constructors.
#[cfg(not(heist_loom))]
impl Batch {
    /// [`new`](Self::new) in a constant.
    pub(crate) const fn const_new(permits: usize) -> Self {
        assert!(
            permits <= MAX_PERMITS,
            "a semaphore may not have more than MAX_PERMITS permits"
        );
        Self {
            word: AtomicUsize::new(permits << SHIFT),
            waiters: Mutex::new(Waiters::new()),
        }
    }
}
