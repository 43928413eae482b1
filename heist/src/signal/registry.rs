//! The one signal handler of this process, and who tells those that wait for a signal.
//!
//! ```text
//!                              ┌──3a──► drivers' bell ──4a──► each driver that attends, at the end of its turn (ear.rs)
//!  kernel ──1──► handler ──2──►│ route                                              │
//!                              └──3b──► thread's bell ──4b──► thread heist-signal ──┤
//!                                          take the marks of what has arrived ◄──5──┤
//!                                          events[n].arrivals += 1 ◄────────────6───┤
//!                                          wake all of events[n] ◄──────────────7───┘
//! ```
//!
//! 1 `signal_hook_registry`, 2-3 [`ring`], 4-6 [`Registry::answer`] and [`Registry::drain`], 7 [`wake_all`]. Which bell is
//! `route.rs`'s: a task is told by the driver of its own runtime, without a hop to another thread; whoever else waits, by the
//! thread.
//!
//! Invariants
//!
//! - I1: a handler makes two steps on atomics and writes one byte to a non-blocking socket. It allocates nothing, locks
//!   nothing and cannot panic.
//! - I2: the arrival is marked before the byte is written, and taken after a byte was read. So whatever mark is not seen
//!   then has a byte still to come; a bell too full for the byte has other bytes to come.
//! - I3: `arrivals` only grows, under the lock. A listener is ready when it differs from what the listener has
//!   seen, so signals in between are one, and none after the listener was made is lost.
//! - I4: wakers are taken and replaced under the lock, cloned, woken and dropped outside of it.
//! - I5: what is set up stays: the handler of a signal, the bells and the thread live as long as the process.
//! - I6: `waiting` and the route agree, under the lock, on how many wait apart.
//!
//! Ordering: that of `route.rs`, which has the models. The other half of the protocol is the kernel's.
//!
//! Absent on purpose: unregistering. After a `fork` without `exec` the child has the handlers but not the thread: outside of
//! a runtime of its own it hears nothing.

#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::io::{self, Read, Write};
use std::mem;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use heist_primitive::sync::Mutex;
use heist_primitive::thread;

use super::ear;
use super::route::{Bell, Route, SIGNALS};

static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// All there is for signals in this process.
pub(super) struct Registry {
    pub(super) route: Route,
    /// Set when the thread runs.
    bells: OnceLock<Bells>,
    events: Mutex<Events>,
}

/// The ends that handlers write to, and the one that drivers read from.
struct Bells {
    thread: UnixStream,
    drivers: UnixStream,
    hearer: UnixStream,
}

struct Events {
    next_listener: u64,
    /// Indexed by signal number.
    events: Box<[Event]>,
}

/// One signal number.
#[derive(Default)]
struct Event {
    handled: bool,
    /// How many listeners there are, waiting or not.
    listeners: usize,
    arrivals: u64,
    /// By listener.
    waiting: BTreeMap<u64, Waiter>,
}

struct Waiter {
    waker: Waker,
    apart: bool,
}

/// Somebody who waits for one signal.
#[derive(Debug)]
pub(crate) struct Listener {
    index: usize,
    id: u64,
    /// The `arrivals` at the last time it was ready.
    seen: u64,
}

impl Listener {
    /// Listens from now on, setting up what is not there yet.
    pub(crate) fn new(number: c_int) -> io::Result<Listener> {
        let index = index(number)?;
        let registry = registry();
        let mut wakers = Vec::new();
        let mut events = registry.events.lock();
        let bells = registry.start()?;
        if !events.events[index].handled {
            handle(number, index, &registry.route, bells)?;
            events.events[index].handled = true;
        }
        // What came before it is nothing to this one, told or not.
        if registry.route.take(index) {
            registry.count(&mut events, index, &mut wakers);
        }
        let event = &mut events.events[index];
        event.listeners += 1;
        let seen = event.arrivals;
        let id = events.next_listener;
        events.next_listener += 1;
        drop(events);
        wake_all(wakers);
        Ok(Listener { index, id, seen })
    }

    /// How many listen to the signal, this one included.
    pub(crate) fn listeners(&self) -> usize {
        registry().events.lock().events[self.index].listeners
    }

    /// Ready if the signal has arrived since the last time; otherwise keeps the waker, and wakes it from the thread
    /// `heist-signal`, however stuck all other threads are.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_as(cx, true)
    }

    /// As [`poll`](Self::poll); but what the current runtime polls is woken by its driver.
    pub(crate) fn poll_here(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_as(cx, !ear::hears_for(cx.waker()))
    }

    fn poll_as(&mut self, cx: &mut Context<'_>, apart: bool) -> Poll<()> {
        let registry = registry();
        // Cloned before and dropped after the lock (I4): either may be code of the user's.
        let waker = cx.waker().clone();
        let mut events = registry.events.lock();
        let event = &mut events.events[self.index];
        if event.arrivals != self.seen {
            self.seen = event.arrivals;
            drop(events);
            return Poll::Ready(());
        }
        let replaced = event.waiting.insert(self.id, Waiter { waker, apart });
        let was_apart = replaced.as_ref().is_some_and(|waiter| waiter.apart);
        match (was_apart, apart) {
            (false, true) => registry.route.wait_apart(self.index),
            (true, false) => registry.route.stop_waiting_apart(self.index, 1),
            _ => {}
        }
        if !registry.route.take(self.index) {
            drop(events);
            drop(replaced);
            return Poll::Pending;
        }
        let own = events.remove(&registry.route, self);
        let mut wakers = Vec::new();
        self.seen = registry.count(&mut events, self.index, &mut wakers);
        drop(events);
        drop((replaced, own));
        wake_all(wakers);
        Poll::Ready(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut events = registry().events.lock();
        events.events[self.index].listeners -= 1;
        let waiter = events.remove(&registry().route, self);
        drop(events);
        drop(waiter);
    }
}

impl Events {
    /// Takes out a listener that waits no more.
    fn remove(&mut self, route: &Route, listener: &Listener) -> Option<Waiter> {
        let waiter = self.events[listener.index].waiting.remove(&listener.id)?;
        if waiter.apart {
            route.stop_waiting_apart(listener.index, 1);
        }
        Some(waiter)
    }
}

/// The registry that a listener came from.
pub(super) fn registry() -> &'static Registry {
    REGISTRY.get_or_init(Registry::new)
}

/// The index of a signal that may be listened to.
fn index(number: c_int) -> io::Result<usize> {
    let refused = |text: &str| {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("signal {number} {text}"),
        ))
    };
    if signal_hook_registry::FORBIDDEN.contains(&number) {
        return refused("cannot be listened to: the system or the program's own faults need it");
    }
    match usize::try_from(number) {
        Ok(index @ 1..SIGNALS) => Ok(index),
        _ => refused("does not exist on any system"),
    }
}

impl Registry {
    fn new() -> Registry {
        Registry {
            route: Route::default(),
            bells: OnceLock::new(),
            events: Mutex::new(Events {
                next_listener: 0,
                events: (0..SIGNALS).map(|_| Event::default()).collect(),
            }),
        }
    }

    /// The bells, and a thread at the other end of one. Called with `events` locked, so that there is one.
    fn start(&'static self) -> io::Result<&'static Bells> {
        if let Some(bells) = self.bells.get() {
            return Ok(bells);
        }
        let (drivers, hearer) = UnixStream::pair()?;
        let (bell, hearer_of_thread) = UnixStream::pair()?;
        for end in [&drivers, &hearer, &bell] {
            end.set_nonblocking(true)?;
        }
        let thread = thread::Builder::new().name("heist-signal".to_owned());
        thread.spawn(move || self.drain(hearer_of_thread))?;
        Ok(self.bells.get_or_init(|| Bells {
            thread: bell,
            drivers,
            hearer,
        }))
    }

    /// What drivers read from.
    pub(super) fn hearer(&self) -> Option<&UnixStream> {
        self.bells.get().map(|bells| &bells.hearer)
    }

    /// Has the thread look for what has arrived.
    pub(super) fn ring_thread(&self) {
        if let Some(bells) = self.bells.get() {
            bells.ring(Bell::Thread);
        }
    }

    /// The thread's loop.
    fn drain(&self, mut hearer: UnixStream) {
        let mut bytes = [0; 256];
        loop {
            match hearer.read(&mut bytes) {
                Ok(1..) => self.answer(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // By I5 the bell is never closed, so neither happens.
                Ok(0) | Err(_) => return,
            }
        }
    }

    /// Tells those who wait of what has arrived. After a bell was heard.
    pub(super) fn answer(&self) {
        let mut wakers = Vec::new();
        let mut events = self.events.lock();
        self.route.take_all(|index| {
            self.count(&mut events, index, &mut wakers);
        });
        drop(events);
        wake_all(wakers);
    }

    /// Counts an arrival and takes the wakers that wait for it. Returns how many arrivals there have been.
    fn count(&self, events: &mut Events, index: usize, wakers: &mut Vec<Waker>) -> u64 {
        let event = &mut events.events[index];
        event.arrivals += 1;
        let waiting = mem::take(&mut event.waiting);
        let apart = waiting.values().filter(|waiter| waiter.apart).count();
        self.route.stop_waiting_apart(index, apart);
        wakers.extend(waiting.into_values().map(|waiter| waiter.waker));
        event.arrivals
    }
}

impl Bells {
    /// I1.
    fn ring(&self, bell: Bell) {
        let mut bell = match bell {
            Bell::Drivers => &self.drivers,
            Bell::Thread => &self.thread,
        };
        // Full: then there are bytes to read, by I2 enough.
        let _ = bell.write(&[1]);
    }
}

/// I4. A waker that panics does not end the thread.
fn wake_all(wakers: Vec<Waker>) {
    for waker in wakers {
        // The panic was reported by the hook; there is nobody here to hand it to.
        let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    }
}

/// Makes the kernel call [`ring`] when the signal arrives.
fn handle(number: c_int, index: usize, route: &'static Route, bells: &'static Bells) -> io::Result<()> {
    // SAFETY: by I1 the action does only what POSIX allows in a signal handler.
    unsafe { signal_hook_registry::register(number, move || ring(index, route, bells)) }?;
    Ok(())
}

/// Runs in the signal handler: I1, I2.
fn ring(index: usize, route: &Route, bells: &Bells) {
    bells.ring(route.arrive(index));
}
