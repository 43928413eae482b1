//! A runtime's ear: its driver hears of signals itself and wakes its tasks, without a hop through the thread `heist-signal`.
//!
//! ```text
//!   first poll of a listener in the runtime ──► the drivers' bell is registered with its reactor
//!   a turn finds the bell ──► wake: read it dry, wait for it again, tell all who wait
//! ```
//!
//! Invariants
//!
//! - E1: a driver attends only while it is certain to be turned: that of a multi-thread runtime from the first listener
//!   until its reactor shuts down, for the reactor thread turns it when no worker does; that of a current-thread runtime
//!   while a thread is in its `block_on`.
//! - E2: whoever has begun to attend leaves once. The last to leave passes on what no driver may come to (R2 of `route.rs`).
//! - E3: on a current-thread runtime a driver answers only for the task, or the future of `block_on`, that the scheduler
//!   itself is polling. One that is polled by another executor on that thread may block it, and so waits apart.
//! - E4: while the reactor lives, its source has the ear as its waiter, or the ear is being woken.
//!
//! Ordering: that of `route.rs`.
//!
//! Absent on purpose: a descriptor for each runtime. All watch one, and whoever comes first tells everybody.

use std::io::{ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::task::{Context, Poll, Wake, Waker};

use heist_primitive::sync::atomic::{AtomicBool, Ordering};
use heist_primitive::sync::{Mutex, OnceLock, StdArc};
use heist_reactor::{Direction, Interest, Registration};
use mio::unix::SourceFd;

use super::registry::registry;
use crate::runtime::context;

/// A runtime's place for its ear.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// From the first listener on; empty if the reactor refused.
    ear: OnceLock<Option<StdArc<Ear>>>,
    making: Mutex<()>,
}

/// One driver's registration.
#[derive(Debug)]
struct Ear {
    registration: Registration,
    /// The attendance that began with it, until it ends.
    first: AtomicBool,
}

/// Whether the current runtime's driver tells `waker` of signals. If not, the thread has to.
pub(super) fn hears_for(waker: &Waker) -> bool {
    context::try_current().is_ok_and(|runtime| runtime.hears_signals_for(waker))
}

impl Place {
    /// The driver hears of signals from now on, if it can. For a multi-thread runtime, and inside of `block_on`. Returns
    /// whether it does.
    pub(crate) fn listen(&self, reactor: Option<&heist_reactor::Handle>) -> bool {
        if self.ear.get().is_none() {
            self.make(reactor);
        }
        self.ear.get().is_some_and(Option::is_some)
    }

    #[cold]
    fn make(&self, reactor: Option<&heist_reactor::Handle>) {
        let making = self.making.lock();
        let mut heard = false;
        if self.ear.get().is_none() {
            let ear = reactor.and_then(Ear::new);
            heard = ear.as_ref().is_some_and(Ear::hear);
            let _ = self.ear.set(ear);
        }
        drop(making);
        if heard {
            registry().answer();
        }
    }

    /// Whether the attendance that began with the first listener goes on.
    pub(crate) fn attends(&self) -> bool {
        let ear = self.ear.get().and_then(Option::as_ref);
        ear.is_some_and(|ear| ear.first.load(Ordering::Relaxed))
    }

    /// A thread is in `block_on` of a current-thread runtime until the guard goes (E1).
    pub(crate) fn attend(&self) -> Attending<'_> {
        let heard = self.ear.get().is_some_and(Option::is_some);
        if heard {
            registry().route.attend();
        }
        Attending { place: self, heard }
    }
}

/// Leaves when dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attending<'a> {
    place: &'a Place,
    heard: bool,
}

impl Drop for Attending<'_> {
    fn drop(&mut self) {
        if self.heard {
            leave();
        } else if let Some(Some(ear)) = self.place.ear.get() {
            ear.leave();
        }
    }
}

/// E2.
fn leave() {
    if registry().route.leave() {
        registry().ring_thread();
    }
}

impl Ear {
    /// Attending; then it is to [`hear`](Self::hear).
    fn new(reactor: &heist_reactor::Handle) -> Option<StdArc<Self>> {
        let bell = registry().hearer()?.as_raw_fd();
        let registration = reactor.register(&mut SourceFd(&bell), Interest::READABLE).ok()?;
        let ear = StdArc::new(Self {
            registration,
            first: AtomicBool::new(true),
        });
        registry().route.attend();
        Some(ear)
    }

    fn leave(&self) {
        if self.first.swap(false, Ordering::Relaxed) {
            leave();
        }
    }

    /// E4: reads the bell dry and waits for it. True: it had been rung, so there may be something to tell.
    fn hear(self: &StdArc<Self>) -> bool {
        let waker = Waker::from(self.clone());
        let mut cx = Context::from_waker(&waker);
        let mut heard = false;
        loop {
            match self.registration.poll_ready(&mut cx, Direction::Read) {
                Poll::Pending => return heard,
                Poll::Ready(Ok(event)) => {
                    heard = true;
                    read_dry();
                    self.registration.clear(event);
                }
                // The reactor has shut down.
                Poll::Ready(Err(_)) => {
                    self.leave();
                    return heard;
                }
            }
        }
    }
}

/// A read that is short has left nothing: what comes later is an event of its own.
fn read_dry() {
    let mut bytes = [0; 256];
    let Some(mut bell) = registry().hearer() else {
        return;
    };
    loop {
        match bell.read(&mut bytes) {
            Ok(n) if n == bytes.len() => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

impl Wake for Ear {
    fn wake(self: StdArc<Self>) {
        if self.hear() {
            registry().answer();
        }
    }
}
