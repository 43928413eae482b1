//! The poll and its turn.
//!
//! Invariants
//!
//! - I1: `turn` holds no lock while it waits, and the table's lock once per batch of events afterwards.
//! - I2: `turn` and `shutdown` only collect wakers; whoever calls them wakes, with no lock held.
//! - I3: an interrupted system call (EINTR) is an early return, not an error.
//!
//! Absent on purpose: a clock. A turn may return early for many reasons; its caller looks at the time and
//! turns again.

use crate::fine_timer::FineTimer;
use crate::interrupt::Interrupt;
use crate::ready::Ready;
use crate::registration::{Handle, Shared};
use crate::slots::{FINE_TIMER, INTERRUPT, Key, Slots};
use heist_primitive::sync::{Arc, StdArc};
use std::fmt;
use std::io;
use std::task::Waker;
use std::time::Duration;

/// Events taken from the operating system in one turn, unless told otherwise.
const EVENTS: usize = 1024;

/// One `mio::Poll`, turned by one thread at a time.
pub struct Reactor {
    poll: mio::Poll,
    events: mio::Events,
    /// For turns that do not wait, if those are to take another number of events.
    busy_events: Option<mio::Events>,
    fine_timer: FineTimer,
    shared: Arc<Shared>,
}

impl Reactor {
    /// Opens a poll.
    ///
    /// # Errors
    /// What the operating system says, typically that no descriptor is left.
    pub fn new() -> io::Result<Reactor> {
        Reactor::with_capacity(EVENTS, None)
    }

    /// Opens a poll that takes at most `events` events in a turn, or `busy_events` in a turn that does not wait; the
    /// others come with the next.
    ///
    /// # Errors
    /// As [`new`](Reactor::new).
    ///
    /// # Panics
    /// If a number is 0.
    pub fn with_capacity(events: usize, busy_events: Option<usize>) -> io::Result<Reactor> {
        assert!(
            events > 0 && busy_events != Some(0),
            "a turn takes at least 1 event"
        );
        let poll = mio::Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let interrupt = StdArc::new(Interrupt::new(&registry, INTERRUPT)?);
        let fine_timer = FineTimer::new(&registry, FINE_TIMER)?;
        let shared = Arc::new(Shared {
            registry,
            slots: Slots::new(),
            interrupt,
        });
        Ok(Reactor {
            poll,
            events: mio::Events::with_capacity(events),
            busy_events: busy_events.map(mio::Events::with_capacity),
            fine_timer,
            shared,
        })
    }

    /// A handle for registering sources.
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.shared))
    }

    /// A waker that makes a waiting [`turn`](Reactor::turn) return; if none waits, the next one returns at
    /// once. Repeated unparks cost a system call only once per turn.
    pub fn unparker(&self) -> Waker {
        self.handle().unparker()
    }

    /// Waits for events for at most `timeout` (for ever if `None`), then moves the wakers of everyone they
    /// concern into `wakers`. The caller wakes them.
    ///
    /// A `turn` may return before the timeout with nothing to wake; on Linux it does so on purpose, to
    /// spend the last two milliseconds of a wait on a precise timer. It does not return late by more than
    /// the scheduler's own delay.
    ///
    /// # Errors
    /// What the operating system says about waiting; never `Interrupted`.
    pub fn turn(&mut self, timeout: Option<Duration>, wakers: &mut Vec<Waker>) -> io::Result<()> {
        let wait = self.fine_timer.start(timeout);
        let events = match &mut self.busy_events {
            Some(events) if timeout == Some(Duration::ZERO) => events,
            _ => &mut self.events,
        };
        match self.poll.poll(events, wait) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut table = None;
        for event in &*events {
            match event.token() {
                INTERRUPT => self.shared.interrupt.consume(),
                FINE_TIMER => {}
                token => table.get_or_insert_with(|| self.shared.slots.lock()).dispatch(
                    Key::of(token),
                    Ready::from_mio(event),
                    wakers,
                ),
            }
        }
        Ok(())
    }

    /// Ends every wait with an error, refuses further registrations, and moves all wakers into `wakers`.
    pub fn shutdown(&mut self, wakers: &mut Vec<Waker>) {
        self.shared.slots.shutdown(wakers);
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").finish_non_exhaustive()
    }
}
