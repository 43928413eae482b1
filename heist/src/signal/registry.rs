//! The one signal handler of this process, and the thread that wakes who waits for a signal.
//!
//! ```text
//!  kernel ──1──► handler ──2──► arrived[n] = true
//!                   └──────3──► a byte to the bell ──4──► thread heist-signal
//!                                     arrived[n].swap(false) ◄──5──┤
//!                                     events[n].arrivals += 1 ◄──6─┤
//!                                     wake all of events[n] ◄──7───┘
//! ```
//!
//! 1 `signal_hook_registry`, 2-3 [`ring`], 4-6 [`Registry::drain`] and [`Registry::collect`], 7 [`wake_all`].
//!
//! Invariants
//!
//! - I1: a handler stores one atomic and writes one byte to a non-blocking socket. It allocates nothing, locks
//!   nothing and cannot panic.
//! - I2: the flag is set before the byte is written, and taken after a byte was read. So whatever flag the
//!   thread does not see has a byte still to come; a bell too full for the byte has other bytes to come.
//! - I3: `arrivals` only grows, under the lock. A listener is ready when it differs from what the listener has
//!   seen, so signals in between are one, and none after the listener was made is lost.
//! - I4: wakers are taken and replaced under the lock, cloned, woken and dropped outside of it.
//! - I5: what is set up stays: the handler of a signal, the bell and the thread live as long as the process.
//!
//! Ordering: the store in `ring` is Release and the swap in `collect` Acquire, though the socket orders them
//! already. No loom test: the other half of the protocol is the kernel's.
//!
//! Absent on purpose: unregistering, and a part in any runtime's driver. A signal is rare, so a thread that
//! is asleep is cheaper than a descriptor in every reactor, and it works for all flavours of runtime and none.
//! After a `fork` without `exec` the child has the handlers but not the thread: it hears nothing.

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
use heist_primitive::sync::atomic::{AtomicBool, Ordering};
use heist_primitive::thread;

/// One more than the highest signal number of any system.
const SIGNALS: usize = 129;

static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// All there is for signals in this process.
struct Registry {
    /// Indexed by signal number.
    arrived: Box<[AtomicBool]>,
    /// The writing end; set when the thread runs.
    bell: OnceLock<UnixStream>,
    events: Mutex<Events>,
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
    waiting: BTreeMap<u64, Waker>,
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
        let registry = REGISTRY.get_or_init(Registry::new);
        let mut events = registry.events.lock();
        let bell = registry.start()?;
        let event = &mut events.events[index];
        if !event.handled {
            handle(number, &registry.arrived[index], bell)?;
            event.handled = true;
        }
        event.listeners += 1;
        let seen = event.arrivals;
        let id = events.next_listener;
        events.next_listener += 1;
        Ok(Listener { index, id, seen })
    }

    /// How many listen to the signal, this one included.
    pub(crate) fn listeners(&self) -> usize {
        registry().events.lock().events[self.index].listeners
    }

    /// Ready if the signal has arrived since the last time; otherwise keeps the waker.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Cloned before and dropped after the lock (I4): either may be code of the user's.
        let waker = cx.waker().clone();
        let mut events = registry().events.lock();
        let event = &mut events.events[self.index];
        if event.arrivals != self.seen {
            self.seen = event.arrivals;
            drop(events);
            return Poll::Ready(());
        }
        let replaced = match event.waiting.get_mut(&self.id) {
            Some(old) if old.will_wake(&waker) => Some(waker),
            Some(old) => Some(mem::replace(old, waker)),
            None => event.waiting.insert(self.id, waker),
        };
        drop(events);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut events = registry().events.lock();
        let event = &mut events.events[self.index];
        event.listeners -= 1;
        let waker = event.waiting.remove(&self.id);
        drop(events);
        drop(waker);
    }
}

/// The registry that a listener came from.
fn registry() -> &'static Registry {
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
            arrived: (0..SIGNALS).map(|_| AtomicBool::new(false)).collect(),
            bell: OnceLock::new(),
            events: Mutex::new(Events {
                next_listener: 0,
                events: (0..SIGNALS).map(|_| Event::default()).collect(),
            }),
        }
    }

    /// The bell, and a thread at its other end. Called with `events` locked, so that there is one.
    fn start(&'static self) -> io::Result<&'static UnixStream> {
        if let Some(bell) = self.bell.get() {
            return Ok(bell);
        }
        let (bell, hearer) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        let thread = thread::Builder::new().name("heist-signal".to_owned());
        thread.spawn(move || self.drain(hearer))?;
        Ok(self.bell.get_or_init(|| bell))
    }

    /// The thread's loop.
    fn drain(&self, mut hearer: UnixStream) {
        let mut bytes = [0; 256];
        loop {
            match hearer.read(&mut bytes) {
                Ok(1..) => wake_all(self.collect()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // By I5 the bell is never closed, so neither happens.
                Ok(0) | Err(_) => return,
            }
        }
    }

    /// Counts what has arrived and takes the wakers that wait for it.
    fn collect(&self) -> Vec<Waker> {
        let mut wakers = Vec::new();
        let mut events = self.events.lock();
        for (arrived, event) in self.arrived.iter().zip(&mut events.events) {
            if arrived.swap(false, Ordering::Acquire) {
                event.arrivals += 1;
                wakers.extend(mem::take(&mut event.waiting).into_values());
            }
        }
        wakers
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
fn handle(number: c_int, arrived: &'static AtomicBool, bell: &'static UnixStream) -> io::Result<()> {
    // SAFETY: by I1 the action does only what POSIX allows in a signal handler.
    unsafe { signal_hook_registry::register(number, move || ring(arrived, bell)) }?;
    Ok(())
}

/// Runs in the signal handler: I1, I2.
fn ring(arrived: &AtomicBool, mut bell: &UnixStream) {
    arrived.store(true, Ordering::Release);
    // Full: then there are bytes to read, by I2 enough.
    let _ = bell.write(&[1]);
}
