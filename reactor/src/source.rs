//! The readiness of one source, and everybody who waits for it.
//!
//! ```text
//!   word (u64):   | shutdown | tick                | ready |
//!                 |  bit 63  | bits 8..63          | 0..8  |
//!
//!                     (1) set_ready: ready |= event, tick += 1, wake the waiters it answers
//!                  ┌─────────────────────────────────────────────────────┐
//!                  │                                                     ▼
//!             ┌─────────┐                                           ┌─────────┐
//!   new ────► │  idle   │ ◄──────────────────────────────────────── │  ready  │ ◄── assume_ready
//!             └─────────┘   (2) clear or refute, if no newer tick   └─────────┘
//!                  │                                                     │
//!                  └────────────► shutdown (final) ◄─────────────────────┘
//!                                 (3) shutdown: every wait ends in an error
//! ```
//!
//! Two kinds of waiter: one waker per [`Direction`] for `poll_*` functions (the last poller wins, as is
//! usual for them), and any number of [`Readiness`] futures, each with a slot of its own.
//!
//! Invariants
//!
//! - I1: a waiter is registered and the word read again under the lock; an event changes the word first and
//!   looks for waiters under the lock afterwards. So one of the two sees the other.
//! - I2: every event raises the tick; a clear takes effect only if the tick is still the one of the event it
//!   was made for. So a clear never erases an event its system call did not see.
//! - I3: a closed bit goes only by `refute`, and the shutdown bit never.
//! - I4: a slot in `futures` belongs to exactly one `Readiness`, which alone removes it; an event only takes
//!   its waker out. So an index never means another future.
//! - I5: no waker is cloned, woken or dropped under the lock.
//!
//! Ordering. The lock orders registration against events; the word carries what the kernel did before an
//! event to whoever makes a system call because of it, so that a clear with the newest tick is honest:
//!
//! | pair | model in loom-tests/tests/reactor_readiness.rs |
//! |---|---|
//! | set_ready: word, then waiters ↔ poll_ready: waiter, then word | `event_and_poll_ready_lose_no_wake` |
//! | the same ↔ Readiness | `event_wakes_every_readiness_future`, `a_dropped_readiness_takes_nobody_with_it` |
//! | set_ready ↔ clear or refute with an older tick | `a_clear_loses_against_a_newer_event`, `a_refuted_end_loses_against_a_newer_event` |
//! | Release in set_ready ↔ Acquire in look and ready_now, publishes the state of the socket | `clears_of_two_readers_erase_no_event`, `a_reader_that_waited_sees_what_the_event_was_about` |
//! | shutdown: word, then waiters ↔ poll_ready | `shutdown_ends_every_wait` |
//!
//! A clear is relaxed: it publishes nothing, and as an exchange it continues the release of the event.
//!
//! Absent on purpose: mio, the file descriptor, the token. What identifies a source is in `slots.rs`.

use crate::interest::Interest;
use crate::ready::Ready;
use heist_primitive::sync::Mutex;
use heist_primitive::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use slab::Slab;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

const READY: u64 = 0xff;
const ONE_TICK: u64 = 1 << 8;
const SHUTDOWN: u64 = 1 << 63;
const TICK: u64 = !(READY | SHUTDOWN);

/// The two directions that have a waker of their own for `poll_*` functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Reading, accepting, receiving.
    Read,
    /// Writing, connecting, sending.
    Write,
}

impl Direction {
    fn mask(self) -> Ready {
        match self {
            Direction::Read => Ready::READABLE | Ready::READ_CLOSED,
            Direction::Write => Ready::WRITABLE | Ready::WRITE_CLOSED,
        }
    }
}

/// Readiness as it was seen at one moment, to be handed to `clear` if it turns out to be used up.
#[derive(Debug, Clone, Copy)]
pub struct ReadyEvent {
    ready: Ready,
    tick: u64,
}

impl ReadyEvent {
    /// What was ready, out of what was asked for.
    pub fn ready(self) -> Ready {
        self.ready
    }

    /// The same moment, about `ready`: to clear other bits than all that were seen.
    #[must_use = "this returns another event and changes neither"]
    pub fn about(self, ready: Ready) -> ReadyEvent {
        ReadyEvent { ready, ..self }
    }
}

/// The readiness word and the waiters of one source.
#[derive(Debug)]
pub struct Source {
    word: AtomicU64,
    waiters: Mutex<Waiters>,
}

#[derive(Debug, Default)]
struct Waiters {
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Made by the first `Readiness` that waits: a connection that is only read and written never has one.
    futures: Option<Box<Slab<Waiter>>>,
}

#[derive(Debug)]
struct Waiter {
    interest: Interest,
    /// Taken by the event that wakes it.
    waker: Option<Waker>,
}

impl Waiters {
    fn slot(&mut self, direction: Direction) -> &mut Option<Waker> {
        match direction {
            Direction::Read => &mut self.reader,
            Direction::Write => &mut self.writer,
        }
    }

    /// Moves the wakers of everyone whom `ready` answers into `wakers`.
    fn take(&mut self, ready: Ready, wakers: &mut Vec<Waker>) {
        for direction in [Direction::Read, Direction::Write] {
            if !(ready & direction.mask()).is_empty() {
                wakers.extend(self.slot(direction).take());
            }
        }
        for (_, waiter) in self.futures.iter_mut().flat_map(|futures| &mut **futures) {
            if !ready.of(waiter.interest).is_empty() {
                wakers.extend(waiter.waker.take());
            }
        }
    }
}

impl Default for Source {
    fn default() -> Source {
        Source::new()
    }
}

impl Source {
    /// A source that is ready for nothing.
    pub fn new() -> Source {
        Source {
            word: AtomicU64::new(0),
            waiters: Mutex::new(Waiters::default()),
        }
    }

    /// An event: adds `ready`, and moves the wakers of those who waited for it into `wakers`.
    pub fn set_ready(&self, ready: Ready, wakers: &mut Vec<Waker>) {
        self.update(|word| (word | u64::from(ready.bits())).wrapping_add(ONE_TICK));
        self.waiters.lock().take(ready, wakers);
    }

    /// Adds `ready` without an event, so that the first operation is tried at once. For a source that
    /// nobody waits on yet.
    pub fn assume_ready(&self, ready: Ready) {
        self.update(|word| word | u64::from(ready.bits()));
    }

    /// Ends every wait, now and later, with an error.
    pub fn shutdown(&self, wakers: &mut Vec<Waker>) {
        self.update(|word| word | SHUTDOWN);
        self.waiters.lock().take(Ready::ALL, wakers);
    }

    /// Takes away the readiness of `event`, unless a newer event has come since. A closed direction stays so.
    pub fn clear(&self, event: ReadyEvent) {
        self.take_away(event.about(event.ready - Ready::CLOSED));
    }

    /// [`clear`](Source::clear) that takes a closed direction away, too.
    pub fn refute(&self, event: ReadyEvent) {
        self.take_away(event);
    }

    fn take_away(&self, event: ReadyEvent) {
        let gone = u64::from(event.ready.bits());
        let mut word = self.word.load(Relaxed);
        // I2: a newer tick means the failed system call may have come before the event.
        while word & TICK == event.tick {
            match self
                .word
                .compare_exchange_weak(word, word & !gone, Relaxed, Relaxed)
            {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    /// What is ready now, without waiting.
    pub fn ready_now(&self, interest: Interest) -> ReadyEvent {
        let word = self.word.load(Acquire);
        ReadyEvent {
            ready: ready_of(word).of(interest),
            tick: word & TICK,
        }
    }

    /// Waits for `direction`. Only the waker of the latest poll is kept.
    ///
    /// # Errors
    /// The reactor has shut down.
    pub fn poll_ready(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<ReadyEvent>> {
        let mask = direction.mask();
        if let Some(now) = self.look(mask) {
            return Poll::Ready(now);
        }
        let waker = cx.waker().clone();
        let mut waiters = self.waiters.lock();
        let old = waiters.slot(direction).replace(waker);
        // I1: an event between the look above and the lock left its mark in the word.
        let now = self.look(mask);
        drop(waiters);
        drop(old);
        now.map_or(Poll::Pending, Poll::Ready)
    }

    /// Waits for any of `interest`, beside any number of others.
    pub fn readiness(&self, interest: Interest) -> Readiness<'_> {
        Readiness {
            source: self,
            interest,
            index: None,
        }
    }

    /// Forgets the wakers of `poll_ready`. They may own, through their task, the very socket that owns this
    /// source; the registration breaks that circle when it is dropped.
    pub fn forget_pollers(&self) {
        let mut waiters = self.waiters.lock();
        let old = (waiters.reader.take(), waiters.writer.take());
        drop(waiters);
        drop(old);
    }

    /// How many readiness futures are waiting.
    #[doc(hidden)]
    pub fn waiting(&self) -> usize {
        self.waiters
            .lock()
            .futures
            .as_ref()
            .map_or(0, |futures| futures.len())
    }

    /// The outcome a wait for `mask` would have at this moment, if any.
    fn look(&self, mask: Ready) -> Option<io::Result<ReadyEvent>> {
        let word = self.word.load(Acquire);
        if word & SHUTDOWN != 0 {
            return Some(Err(gone()));
        }
        let ready = ready_of(word) & mask;
        (!ready.is_empty()).then_some(Ok(ReadyEvent {
            ready,
            tick: word & TICK,
        }))
    }

    fn update(&self, next: impl Fn(u64) -> u64) {
        let mut word = self.word.load(Relaxed);
        while let Err(now) = self
            .word
            .compare_exchange_weak(word, next(word), Release, Relaxed)
        {
            word = now;
        }
    }
}

fn ready_of(word: u64) -> Ready {
    Ready::from_bits((word & READY) as u8)
}

/// What the errors of waits on a reactor that has shut down hold.
#[derive(Debug)]
pub struct ShutDown(());

impl fmt::Display for ShutDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the heist runtime is shutting down and watches no sockets any more; finish I/O before the \
             Runtime is dropped, or keep the Runtime alive for as long as its sockets are used",
        )
    }
}

impl Error for ShutDown {}

/// The error of every wait on a reactor that has shut down.
pub(crate) fn gone() -> io::Error {
    io::Error::other(ShutDown(()))
}

/// A wait for readiness, from `Registration::readiness`.
///
/// # Errors
/// The reactor has shut down.
///
/// # Cancel safety
/// Dropping it removes the waiter; no readiness is consumed by waiting.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Readiness<'a> {
    source: &'a Source,
    interest: Interest,
    /// I4: our slot among the source's futures, from the first `Pending` on.
    index: Option<usize>,
}

impl Future for Readiness<'_> {
    type Output = io::Result<ReadyEvent>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mask = Ready::mask(self.interest);
        if let Some(now) = self.source.look(mask) {
            return Poll::Ready(now);
        }
        let mut waker = Some(cx.waker().clone());
        let mut waiters = self.source.waiters.lock();
        let futures = waiters.futures.get_or_insert_default();
        match self.index {
            Some(index) => mem::swap(&mut futures[index].waker, &mut waker),
            None => {
                let waiter = Waiter {
                    interest: self.interest,
                    waker: waker.take(),
                };
                self.index = Some(futures.insert(waiter));
            }
        }
        // I1: as in poll_ready.
        let now = self.source.look(mask);
        drop(waiters);
        drop(waker);
        now.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Readiness<'_> {
    fn drop(&mut self) {
        if let Some(index) = self.index {
            let mut waiters = self.source.waiters.lock();
            // I4: there is the list that the slot is in.
            let waiter = waiters.futures.as_mut().map(|futures| futures.remove(index));
            drop(waiters);
            drop(waiter);
        }
    }
}
