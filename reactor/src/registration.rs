//! What a socket holds: its registration, and the handle it got it from.
//!
//! Invariants
//!
//! - I1: a slot is taken before the source is given to mio and given back if mio refuses, so that an event
//!   always finds its slot and a failed registration leaks none.
//! - I2: a registration gives its slot back once: by `deregister`, or when it is dropped.
//!
//! Absent on purpose: the file descriptor. Its owner deregisters it before closing it; a registration that
//! is merely dropped frees its slot, and events that the poll may still report for the descriptor hit
//! nothing until it is closed.

use crate::interest::Interest;
use crate::interrupt::Interrupt;
use crate::ready::Ready;
use crate::slots::{Key, Slots};
use crate::source::{Direction, Readiness, ReadyEvent, Source};
use heist_primitive::sync::{Arc, StdArc};
use std::fmt;
use std::io;
use std::task::{Context, Poll, Waker};

/// The part of a reactor that all threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) registry: mio::Registry,
    pub(crate) slots: Slots,
    pub(crate) interrupt: StdArc<Interrupt>,
}

/// Registers sources with a reactor. Cloning it is one reference count.
#[derive(Clone)]
pub struct Handle(pub(crate) Arc<Shared>);

/// Counters of a reactor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Sources registered since the start.
    pub fds_registered: u64,
    /// Sources deregistered since the start.
    pub fds_deregistered: u64,
    /// Events the poll has reported for sources since the start.
    pub ready_events: u64,
}

impl Metrics {
    /// Sources registered at this moment.
    pub fn fds(&self) -> u64 {
        self.fds_registered - self.fds_deregistered
    }
}

impl Handle {
    /// Registers `source`, edge-triggered, for all of `interest` at once and for good.
    ///
    /// # Errors
    /// What the operating system says: `EMFILE` or `ENOSPC` when a limit is reached, `EPERM` for a file the
    /// poll cannot watch (a regular file, a directory), `EEXIST` for a descriptor that is registered
    /// already. Or the reactor has shut down. The source is not registered then, and no slot is lost.
    pub fn register(
        &self,
        source: &mut impl mio::event::Source,
        interest: Interest,
    ) -> io::Result<Registration> {
        let (key, state) = self.0.slots.insert()?;
        if let Err(error) = self.0.registry.register(source, key.token(), interest.to_mio()) {
            self.0.slots.remove(key);
            return Err(error);
        }
        Ok(Registration {
            handle: self.clone(),
            key,
            source: state,
            is_registered: true,
        })
    }

    /// The counters.
    pub fn metrics(&self) -> Metrics {
        let table = self.0.slots.lock();
        Metrics {
            fds_registered: table.registered,
            fds_deregistered: table.deregistered,
            ready_events: table.ready_events,
        }
    }

    /// A waker that interrupts a turn: see [`Reactor::unparker`](crate::Reactor::unparker).
    pub fn unparker(&self) -> Waker {
        Waker::from(StdArc::clone(&self.0.interrupt))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// One source's place in the reactor.
///
/// Whoever owns the source calls [`deregister`](Registration::deregister) before closing it.
#[derive(Debug)]
pub struct Registration {
    handle: Handle,
    key: Key,
    source: Arc<Source>,
    is_registered: bool,
}

impl Registration {
    /// Waits until `direction` is ready. Only the waker of the latest call per direction is kept: for
    /// `poll_*` functions whose callers take turns.
    ///
    /// # Errors
    /// The reactor has shut down.
    pub fn poll_ready(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<ReadyEvent>> {
        self.source.poll_ready(cx, direction)
    }

    /// Waits until any of `interest` is ready; any number of tasks may wait at the same time.
    ///
    /// # Errors
    /// The reactor has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing; the future may be dropped at any time.
    pub fn readiness(&self, interest: Interest) -> Readiness<'_> {
        self.source.readiness(interest)
    }

    /// What is ready now, out of `interest`.
    pub fn ready_now(&self, interest: Interest) -> ReadyEvent {
        self.source.ready_now(interest)
    }

    /// Says that a system call made after `event` was seen has found the source not ready. Loses against
    /// any event that came later, and leaves a closed direction as it is.
    pub fn clear(&self, event: ReadyEvent) {
        self.source.clear(event);
    }

    /// [`clear`](Registration::clear) for a system call that has tried exactly what `event` says. If that was a
    /// closed direction, it is open again: the one of a FIFO after its next sender has come, or of a datagram
    /// socket after an error that was passed on. A source that stayed ready for it would spin.
    pub fn refute(&self, event: ReadyEvent) {
        self.source.refute(event);
    }

    /// Takes the source for `ready` until a system call says otherwise, which saves a fresh source its first
    /// wait. To be called before anybody waits.
    pub fn assume_ready(&self, ready: Ready) {
        self.source.assume_ready(ready);
    }

    /// Takes `source`, the one this was made for, out of the poll and frees the slot. Events in flight hit
    /// nothing. A second call does nothing.
    ///
    /// # Errors
    /// What the operating system says, for instance when `source` is another one. The slot is free all the
    /// same.
    pub fn deregister(&mut self, source: &mut impl mio::event::Source) -> io::Result<()> {
        if !self.is_registered {
            return Ok(());
        }
        let result = self.handle.0.registry.deregister(source);
        self.release();
        result
    }

    fn release(&mut self) {
        if self.is_registered {
            self.is_registered = false;
            self.handle.0.slots.remove(self.key);
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.release();
        self.source.forget_pollers();
    }
}
