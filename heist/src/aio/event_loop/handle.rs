//! What `call_soon` and its like return, and the one allocation behind it.
//!
//! ```text
//!   call_soon ─► Entry ◄─ ready queue              call_at ─► Entry ◄─ waker in the wheel ─(fires)─► ready queue
//!                  ▲                                             ▲
//!                Handle                                     TimerHandle: the wheel's key too
//! ```
//!
//! Invariants
//!
//! - I1: an entry is one allocation: the callback, whether it was called, and the counts. A timer adds an entry of the
//!   wheel, whose slab is reused; neither adds a task.
//! - I2: the wake of a timer puts the entry on the ready queue and does nothing else.
//! - I3: the callback leaves the entry under the lock, and is called and dropped after it.
//!
//! Absent on purpose: dropping as cancelling. A handle that is dropped lets the callback come, as in asyncio.

use std::fmt;
use std::mem;
use std::panic::Location;
use std::task::{Wake, Waker};

use heist_primitive::CachePadded;
use heist_primitive::sync::{Arc, Mutex, StdArc};

use super::ready::{Callback, LoopState};
use crate::time::Instant;
use crate::time::shard::{Key, Outcome, Shard};

/// A callback that is to be called once.
pub(super) struct Entry<F> {
    slot: Mutex<Slot<F>>,
    location: &'static Location<'static>,
    when: Option<Instant>,
    state: StdArc<LoopState>,
}

enum Slot<F> {
    Waiting(F),
    Called,
    Cancelled,
}

impl<F: FnOnce() + Send + 'static> Entry<F> {
    pub(super) fn new(
        callback: F,
        state: &StdArc<LoopState>,
        when: Option<Instant>,
        location: &'static Location<'static>,
    ) -> StdArc<Self> {
        StdArc::new(Self {
            slot: Mutex::new(Slot::Waiting(callback)),
            location,
            when,
            state: state.clone(),
        })
    }

    /// Puts it into the wheel, or at once onto the queue if it is due.
    pub(super) fn schedule(
        self: StdArc<Self>,
        when: Instant,
        timers: Arc<CachePadded<Shard>>,
    ) -> TimerHandle {
        let waker = Waker::from(self.clone());
        let key = match timers.register(timers.tick_of(when), &waker) {
            Outcome::Waits(key) => Some(key),
            Outcome::Due | Outcome::Gone => {
                self.state.push_fired(self.clone());
                None
            }
            Outcome::ShutDown => {
                self.cancel();
                None
            }
        };
        TimerHandle {
            handle: Handle { entry: self },
            when,
            timers,
            key,
        }
    }
}

impl<F> Entry<F> {
    /// Takes the callback out, if it is still there.
    fn take(&self, leave: Slot<F>) -> Option<F> {
        let mut slot = self.slot.lock();
        match mem::replace(&mut *slot, leave) {
            Slot::Waiting(callback) => Some(callback),
            before => {
                *slot = before;
                None
            }
        }
    }
}

impl<F: FnOnce() + Send> Callback for Entry<F> {
    fn call(&self) {
        if let Some(callback) = self.take(Slot::Called) {
            callback();
        }
    }

    fn cancel(&self) {
        let callback = self.take(Slot::Cancelled);
        drop(callback);
    }

    fn is_cancelled(&self) -> bool {
        matches!(*self.slot.lock(), Slot::Cancelled)
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn when(&self) -> Option<Instant> {
        self.when
    }
}

impl<F: FnOnce() + Send + 'static> Wake for Entry<F> {
    fn wake(self: StdArc<Self>) {
        // I2.
        let state = self.state.clone();
        state.push_fired(self);
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.clone().wake();
    }
}

/// A callback that was given to [`EventLoop::call_soon`](super::EventLoop::call_soon). `asyncio.Handle`.
///
/// Dropping it cancels nothing.
#[derive(Clone)]
pub struct Handle {
    entry: StdArc<dyn Callback>,
}

impl Handle {
    pub(super) fn new(entry: StdArc<dyn Callback>) -> Self {
        Self { entry }
    }

    /// Lets the callback not be called, and drops it. Without effect if it was called, or cancelled, already.
    pub fn cancel(&self) {
        self.entry.cancel();
    }

    /// Whether the callback was cancelled before it was called: by [`cancel`](Self::cancel), or because the runtime has
    /// shut down.
    pub fn cancelled(&self) -> bool {
        self.entry.is_cancelled()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("cancelled", &self.cancelled())
            .field("created_at", &format_args!("{}", self.entry.location()))
            .finish()
    }
}

/// A callback that was given to [`EventLoop::call_later`](super::EventLoop::call_later) or
/// [`call_at`](super::EventLoop::call_at). `asyncio.TimerHandle`.
///
/// Dropping it cancels nothing.
#[derive(Clone)]
pub struct TimerHandle {
    handle: Handle,
    when: Instant,
    timers: Arc<CachePadded<Shard>>,
    /// `None` if it was due at once.
    key: Option<Key>,
}

impl TimerHandle {
    /// Takes the timer back and drops the callback. Without effect if that was called, or cancelled, already.
    pub fn cancel(&self) {
        self.handle.cancel();
        if let Some(key) = self.key {
            // A key is good for one entry of the wheel: if that has fired it finds nothing.
            self.timers.cancel(key);
        }
    }

    /// Whether the callback was cancelled before it was called.
    pub fn cancelled(&self) -> bool {
        self.handle.cancelled()
    }

    /// When the callback is due, by the clock of [`EventLoop::time`](super::EventLoop::time).
    pub fn when(&self) -> Instant {
        self.when
    }
}

impl fmt::Debug for TimerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerHandle")
            .field("when", &self.when)
            .field("cancelled", &self.cancelled())
            .finish_non_exhaustive()
    }
}
