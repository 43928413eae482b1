//! The ready queue of a loop, and the one task that runs what is in it.
//!
//! ```text
//!   call_soon ───────────────────────────► soon ───┐
//!   a descriptor, a signal ──────────────► soon ───┤  (1) Drain: a batch at a time, one callback after the other
//!   a timer, on the reactor thread ──────► fired ──┘      in a task of the runtime
//!                                (sorted by deadline)
//! ```
//!
//! Invariants
//!
//! - Q1: a callback runs in the drain only: never on the reactor thread, never two of one loop at once.
//! - Q2: what is in `soon` runs in the order in which it came. What has fired comes behind what was ready by then, in the
//!   order of the deadlines.
//! - Q3: a push wakes the drain if it waits: it leaves its waker under the lock in which it finds both lists empty.
//! - Q4: a batch is what was there when it began, as in asyncio: callbacks that callbacks add come in the next, and
//!   other tasks have their turn between.
//! - Q5: callbacks and wakers are called and dropped without the lock.
//! - Q6: when the drain is dropped, so at the shutdown of the runtime, the loop is closed: what is in the lists is dropped,
//!   and so is what comes later.
//!
//! Ordering pairs: the lock, alone.
//!
//! Absent on purpose: a task for each callback, and for each timer.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use heist_executor::task::{Id, Meta};
use heist_primitive::sync::{Mutex, StdArc};

use super::exception::{ExceptionContext, Handler};
use super::watch::Watches;
use crate::aio::threads::ThreadPoolExecutor;
use crate::runtime::debug::{self, CALLBACKS};
use crate::runtime::{Handle as RuntimeHandle, forget_quietly, report};
use crate::time::Instant;

/// Something that the drain calls.
pub(super) trait Callback: Send + Sync {
    /// Calls it, unless it was cancelled.
    fn call(&self);

    /// Drops what it would call.
    fn cancel(&self);

    /// Whether it was cancelled before it was called.
    fn is_cancelled(&self) -> bool;

    /// Where it was given to the loop.
    fn location(&self) -> &'static Location<'static>;

    /// When it is due, for a timer.
    fn when(&self) -> Option<Instant>;
}

/// What a runtime keeps of its event loop.
pub(crate) struct LoopState {
    ready: Mutex<Ready>,
    pub(super) handler: Mutex<Option<Handler>>,
    pub(super) watches: Watches,
    pub(crate) executor: Mutex<Option<ThreadPoolExecutor>>,
    /// In debug mode, how long a callback may take.
    pub(super) slow: Option<Duration>,
}

#[derive(Default)]
struct Ready {
    soon: VecDeque<StdArc<dyn Callback>>,
    fired: Vec<StdArc<dyn Callback>>,
    drain: Phase,
    /// Of the drain, when it waits.
    waker: Option<Waker>,
    stop: Stop,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// There has been no callback yet.
    #[default]
    Unstarted,
    /// The id is there once it is known.
    Started(Option<Id>),
    Closed,
}

/// Between [`EventLoop::stop`](super::EventLoop::stop) and `run_forever`.
#[derive(Default)]
struct Stop {
    /// `stop` was called, and no `run_forever` has returned since.
    requested: bool,
    /// A batch has been run to its end since.
    reached: bool,
    /// A `run_forever` waits.
    forever: bool,
    waker: Option<Waker>,
}

impl LoopState {
    pub(crate) fn new(slow: Option<Duration>) -> Self {
        Self {
            ready: Mutex::new(Ready::default()),
            handler: Mutex::new(None),
            watches: Watches::default(),
            executor: Mutex::new(None),
            slow,
        }
    }

    /// In debug mode, how long a callback may take.
    pub(crate) fn slow(&self) -> Option<Duration> {
        self.slow
    }

    /// Makes sure that there is a drain.
    pub(crate) fn start(self: &StdArc<Self>, runtime: &RuntimeHandle) {
        let mut ready = self.ready.lock();
        if ready.drain != Phase::Unstarted {
            return;
        }
        ready.drain = Phase::Started(None);
        drop(ready);
        let drain = Drain {
            state: self.clone(),
            batch: VecDeque::new(),
        };
        let id = runtime.spawn_as(drain, Meta::named(CALLBACKS)).id();
        let mut ready = self.ready.lock();
        if ready.drain == Phase::Started(None) {
            ready.drain = Phase::Started(Some(id));
        }
    }

    /// Puts a callback behind the others.
    pub(super) fn push(&self, callback: StdArc<dyn Callback>) {
        self.add(callback, |ready, callback| ready.soon.push_back(callback));
    }

    /// Puts a timer among those that have fired.
    pub(super) fn push_fired(&self, callback: StdArc<dyn Callback>) {
        self.add(callback, |ready, callback| ready.fired.push(callback));
    }

    fn add(&self, callback: StdArc<dyn Callback>, put: impl FnOnce(&mut Ready, StdArc<dyn Callback>)) {
        let mut ready = self.ready.lock();
        if ready.drain == Phase::Closed {
            drop(ready);
            return callback.cancel();
        }
        put(&mut ready, callback);
        let waker = ready.waker.take();
        drop(ready);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Whether a task is the loop's own.
    pub(crate) fn owns(&self, task: Id) -> bool {
        self.ready.lock().drain == Phase::Started(Some(task)) || self.watches.owns(task)
    }

    /// Q4: all that is ready, in order.
    fn take_batch(&self, batch: &mut VecDeque<StdArc<dyn Callback>>) {
        let mut ready = self.ready.lock();
        let mut fired = mem::take(&mut ready.fired);
        fired.sort_by_key(|callback| callback.when());
        ready.soon.extend(fired.drain(..));
        ready.fired = fired;
        mem::swap(&mut ready.soon, batch);
    }

    /// After a batch: true if there is more to do at once; else `waker` is left (Q3).
    fn rest(&self, waker: Waker) -> bool {
        let mut ready = self.ready.lock();
        let mut stopped = None;
        if ready.stop.requested && ready.stop.forever {
            ready.stop.reached = true;
            stopped = ready.stop.waker.take();
        }
        let may_run = !ready.stop.reached;
        let more = may_run && !(ready.soon.is_empty() && ready.fired.is_empty());
        let before = if more {
            Some(waker)
        } else {
            ready.waker.replace(waker)
        };
        drop(ready);
        drop(before);
        stopped.into_iter().for_each(Waker::wake);
        more
    }

    fn call(&self, callback: &dyn Callback) {
        let location = callback.location();
        let report_slow = |took| {
            report(format_args!(
                "debug: a callback from {location} took {took:?} without a break"
            ))
        };
        let called = debug::measured(self.slow, report_slow, || {
            catch_unwind(AssertUnwindSafe(|| callback.call()))
        });
        if let Err(payload) = called {
            self.fail(&ExceptionContext::of_callback(location, &*payload));
            forget_quietly(payload);
        }
    }

    /// Q6, and everything else that keeps foreign values: what is left of the loop is the queue that takes nothing.
    pub(crate) fn shut_down(&self) {
        self.close();
        self.watches.clear();
        let handler = self.handler.lock().take();
        drop(handler);
        let executor = self.executor.lock().take();
        drop(executor);
    }

    fn close(&self) {
        let mut ready = self.ready.lock();
        ready.drain = Phase::Closed;
        let (soon, fired) = (mem::take(&mut ready.soon), mem::take(&mut ready.fired));
        let wakers = (ready.waker.take(), ready.stop.waker.take());
        drop(ready);
        soon.into_iter()
            .chain(fired)
            .for_each(|callback| callback.cancel());
        wakers.1.into_iter().for_each(Waker::wake);
    }
}

/// For `stop` and `run_forever`.
impl LoopState {
    pub(super) fn stop(&self) {
        let mut ready = self.ready.lock();
        ready.stop.requested = true;
        let waker = ready.waker.take();
        drop(ready);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Ready when the loop was stopped, after the batch of that moment; or when it is closed.
    pub(crate) fn poll_stopped(&self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut ready = self.ready.lock();
        let is_new = !mem::replace(&mut ready.stop.forever, true);
        if ready.stop.reached || ready.drain == Phase::Closed {
            ready.stop = Stop::default();
            // What has come meanwhile waits for the next time, if nobody but `run_forever` runs the tasks.
            let drain = ready.waker.take();
            drop(ready);
            drain.into_iter().for_each(Waker::wake);
            return Poll::Ready(());
        }
        let before = ready.stop.waker.replace(waker);
        let drain = if is_new { ready.waker.take() } else { None };
        drop(ready);
        drop(before);
        drain.into_iter().for_each(Waker::wake);
        Poll::Pending
    }
}

impl fmt::Debug for LoopState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopState").finish_non_exhaustive()
    }
}

/// The future of the task that runs the callbacks.
struct Drain {
    state: StdArc<LoopState>,
    /// Empty between polls; the two lists change places, so that neither is allocated anew.
    batch: VecDeque<StdArc<dyn Callback>>,
}

impl Future for Drain {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { state, batch } = &mut *self;
        if !state.is_held_back() {
            state.take_batch(batch);
            while let Some(callback) = batch.pop_front() {
                state.call(&*callback);
            }
        }
        if state.rest(cx.waker().clone()) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl LoopState {
    /// Stopped, and `run_forever` has not seen it yet.
    fn is_held_back(&self) -> bool {
        self.ready.lock().stop.reached
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.state.close();
        while let Some(callback) = self.batch.pop_front() {
            callback.cancel();
        }
    }
}
