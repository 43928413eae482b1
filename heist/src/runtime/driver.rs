//! The driver: the only file where executor, reactor and timer meet.
//!
//! ```text
//!   multi-thread runtime                            current-thread runtime
//!   a worker with nothing to do, for one turn       thread in Runtime::block_on, when it has no task to run:
//!   the thread heist-reactor, when no worker does     scheduler.block_on
//!     └─► Loan ─► TurnDriver::park(..)                   └─► TurnDriver::park(..)
//!
//!   TurnDriver::park(limit)
//!     1. timeout = min(limit, timers.next_timeout()); with a stopped clock zero, and then the clock jumps there
//!     2. reactor.turn(timeout, &mut wakers)     or Parker::park(timeout) when I/O is disabled
//!     3. timers.advance(&mut wakers)
//!     4. wake them all: no lock is held, each under catch_unwind
//! ```
//!
//! Invariants
//!
//! - I1: no lock of reactor, timers or seat is held while a waker is woken or dropped.
//! - I2: a waker that panics costs one line on stderr; the others of its batch are woken all the same.
//! - I3: whoever drops a `TurnDriver` shuts sources and timers down and wakes every waiter. It happens once
//!   for a runtime, after its workers have ended (or were told to end and not waited for).
//! - I4: the reactor thread ends only by [`ReactorThread::stop`]. An error of a turn is reported and waited
//!   out, not spun on.
//! - I5: with nothing ready and no deadline due the thread sleeps without a time limit: an idle runtime has
//!   no wake-ups.
//!
//! Ordering pairs: none of its own. Who turns the driver, and how the reactor thread is stopped, is the
//! executor's `loan.rs`; the end of the thread is under a lock.
//!
//! Absent on purpose: any policy about who turns the driver, and polling of futures.

use std::any::Any;
use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Wake, Waker};
use std::time::Duration;

use heist_executor::loan::Loan;
use heist_executor::{Driver, multi_thread};
use heist_primitive::sync::{Arc, Condvar, Mutex, StdArc};
use heist_primitive::thread;
use heist_reactor::Reactor;

use super::builder::Builder;
use super::context::{self, Role};
use super::debug;
use super::limit::Limit;
use crate::time::Clock;
use crate::time::timers::Timers;

/// The name of the thread that turns a multi-thread runtime's driver.
const THREAD_NAME: &str = "heist-reactor";

/// How long to hold back after a turn failed, before the next one.
const BACK_OFF: Duration = Duration::from_millis(10);

/// What of the driver the other threads use.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    pub(super) io: Option<heist_reactor::Handle>,
    pub(super) timers: Option<Arc<Timers>>,
    pub(super) clock: Clock,
}

/// Waits for readiness and deadlines, and wakes who waits for them.
pub(super) struct TurnDriver {
    wait: Wait,
    timers: Option<Arc<Timers>>,
    clock: Clock,
    unparker: Waker,
    /// Empty between two parks; kept for its capacity.
    wakers: Vec<Waker>,
    /// In debug mode, how long it may take to wake who is ready.
    slow: Option<Duration>,
}

enum Wait {
    Reactor(Reactor),
    Plain(StdArc<Parker>),
}

impl TurnDriver {
    /// A driver with what is enabled, and the handle to it.
    ///
    /// # Errors
    ///
    /// If the operating system denies the reactor its descriptors.
    pub(super) fn new(
        settings: &Builder,
        clock: Clock,
        slow: Option<Duration>,
    ) -> io::Result<(Self, Handle)> {
        let wait = if settings.enable_io {
            Wait::Reactor(Reactor::with_capacity(
                settings.max_io_events_per_tick,
                settings.max_io_events_per_busy_tick,
            )?)
        } else {
            Wait::Plain(StdArc::new(Parker::default()))
        };
        let io = match &wait {
            Wait::Reactor(reactor) => Some(reactor.handle()),
            Wait::Plain(_) => None,
        };
        let unparker = clock.unparker(match &wait {
            Wait::Reactor(reactor) => reactor.unparker(),
            Wait::Plain(parker) => Waker::from(parker.clone()),
        });
        let timers = settings
            .enable_time
            .then(|| Arc::new(Timers::new(clock.clone(), unparker.clone())));
        let handle = Handle {
            io,
            timers: timers.clone(),
            clock: clock.clone(),
        };
        let driver = Self {
            wait,
            timers,
            clock,
            unparker,
            wakers: Vec::new(),
            slow,
        };
        Ok((driver, handle))
    }

    /// Whether there is anything to wait for that concerns workers.
    pub(super) fn has_sources(&self) -> bool {
        matches!(self.wait, Wait::Reactor(_)) || self.timers.is_some()
    }

    fn wait(&mut self, timeout: Option<Duration>) {
        match &mut self.wait {
            Wait::Reactor(reactor) => {
                if let Err(error) = reactor.turn(timeout, &mut self.wakers) {
                    report(format_args!("the reactor failed to wait for I/O: {error}"));
                    thread::sleep(BACK_OFF.min(timeout.unwrap_or(BACK_OFF)));
                }
            }
            Wait::Plain(parker) => parker.park(timeout),
        }
    }

    /// Waits without a limit, with the clock stopped: if nothing is ready, the time to the next timer passes at once.
    fn wait_stopped(&mut self, deadline: Option<Duration>) {
        match deadline {
            Some(left) if !self.clock.is_held() => {
                self.wait(Some(Duration::ZERO));
                if self.wakers.is_empty() {
                    self.clock.jump(left);
                }
            }
            _ => self.wait(None),
        }
    }
}

impl Driver for TurnDriver {
    fn park(&mut self, timeout: Option<Duration>) {
        let deadline = self.timers.as_ref().and_then(|timers| timers.next_timeout());
        match (timeout, deadline) {
            (None, deadline) if self.clock.is_stopped() => self.wait_stopped(deadline),
            (Some(a), Some(b)) => self.wait(Some(a.min(b))),
            (a, b) => self.wait(a.or(b)),
        }
        let report_slow = |took| {
            report(format_args!(
                "debug: a turn of the reactor took {took:?} beside its wait"
            ))
        };
        debug::measured(self.slow, report_slow, || {
            if let Some(timers) = &self.timers {
                timers.advance(&mut self.wakers);
            }
            wake_all(&mut self.wakers);
        });
    }

    fn unparker(&self) -> Waker {
        self.unparker.clone()
    }
}

impl Drop for TurnDriver {
    fn drop(&mut self) {
        if let Some(timers) = &self.timers {
            timers.shutdown(&mut self.wakers);
        }
        if let Wait::Reactor(reactor) = &mut self.wait {
            reactor.shutdown(&mut self.wakers);
        }
        wake_all(&mut self.wakers);
    }
}

impl fmt::Debug for TurnDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnDriver")
            .field("io", &matches!(self.wait, Wait::Reactor(_)))
            .field("time", &self.timers.is_some())
            .finish()
    }
}

fn wake_all(wakers: &mut Vec<Waker>) {
    for waker in wakers.drain(..) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            report(format_args!(
                "a waker panicked, and was dropped: {}",
                panic_text(&*payload)
            ));
            forget_quietly(payload);
        }
    }
}

/// One line on stderr, written at once so that others' lines do not come between; or nothing if that is closed.
pub(crate) fn report(what: fmt::Arguments<'_>) {
    let line = format!("heist: {what}\n");
    let _ = io::stderr().write_all(line.as_bytes());
}

/// What a panic said, if it said it in words.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    match (
        payload.downcast_ref::<&'static str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "(not a text)",
    }
}

/// Drops a panic's payload, whose own drop may panic.
pub(crate) fn forget_quietly(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

/// Parks the thread of a runtime without I/O; an unpark before the park makes it return at once.
#[derive(Debug, Default)]
struct Parker {
    unparked: Mutex<bool>,
    changed: Condvar,
}

impl Parker {
    fn park(&self, timeout: Option<Duration>) {
        let mut unparked = self.unparked.lock();
        if !*unparked {
            match timeout {
                // A return without a reason is allowed here: the caller looks at its queues and parks again.
                Some(timeout) => drop(self.changed.wait_for(&mut unparked, timeout)),
                None => self.changed.wait(&mut unparked),
            }
        }
        *unparked = false;
    }
}

impl Wake for Parker {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        let mut unparked = self.unparked.lock();
        if !*unparked {
            *unparked = true;
            self.changed.notify_one();
        }
    }
}

struct Control {
    loan: StdArc<Loan>,
    ended: Mutex<bool>,
    at_end: Condvar,
}

/// The thread `heist-reactor`: it turns the driver of a multi-thread runtime when no worker does, until stopped.
pub(super) struct ReactorThread {
    control: StdArc<Control>,
    thread: Option<thread::JoinHandle<()>>,
}

impl ReactorThread {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// If the operating system denies the thread.
    pub(super) fn start(
        loan: StdArc<Loan>,
        runtime: super::Handle,
        scheduler: multi_thread::Handle,
    ) -> io::Result<Self> {
        let control = StdArc::new(Control {
            loan,
            ended: Mutex::new(false),
            at_end: Condvar::new(),
        });
        let shared = control.clone();
        let thread = thread::Builder::new().name(THREAD_NAME.into()).spawn(move || {
            let _end = End(shared.clone());
            // Entered, because a future whose last reference is a waker is dropped on this thread.
            let _driving = context::start_driving(&runtime, Role::Driver);
            let driver = shared
                .loan
                .attend(|turn| scheduler.batch(turn), scheduler.sentinel());
            scheduler.batch(|| drop(driver));
        })?;
        Ok(Self {
            control,
            thread: Some(thread),
        })
    }

    /// Tells the thread to shut sources and timers down, and to end. Does not wait.
    pub(super) fn stop(&self) {
        self.control.loan.stop();
    }

    /// Waits for the thread to end. Returns false if it had not within `limit`, and leaves it alone then.
    pub(super) fn join(&mut self, limit: Limit) -> bool {
        let mut ended = self.control.ended.lock();
        while !*ended {
            match limit.left() {
                None => self.control.at_end.wait(&mut ended),
                Some(Duration::ZERO) => break,
                Some(left) => drop(self.control.at_end.wait_for(&mut ended, left)),
            }
        }
        let has_ended = *ended;
        drop(ended);
        if let Some(thread) = self.thread.take() {
            if has_ended {
                // The thread catches panics itself; there is nothing to pass on.
                let _ = thread.join();
            }
        }
        has_ended
    }
}

/// Tells who joins that the thread has ended, however it did.
struct End(StdArc<Control>);

impl Drop for End {
    fn drop(&mut self) {
        *self.0.ended.lock() = true;
        self.0.at_end.notify_all();
    }
}
