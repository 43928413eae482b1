//! What the threads of a pool and its users share: the queue, the gate, and who is idle.
//!
//! ```text
//!   push ──► queue ──► pop
//!     │
//!     └─► gate ──(CALL)──► lock: a thread comes, the latest idle one or a new one
//! ```
//!
//! Invariants (B1–B5 are those of `mod.rs`)
//!
//! - G1: whenever the lock is released the gate says what the state says: CALL if a pusher has something to do, because no
//!   thread is coming and there is an idle one or room for another; COMING if one is and another could; CLOSED once the pool
//!   is closing.
//! - G2: `coming` counts the threads that were taken off the idle or are being made and have not come yet. Each is counted
//!   down once: when it has looked into the queue, with what it found in its hands or nothing, or when it cannot be made. If
//!   more is queued then than others are coming for, it calls the next one, or two if idle ones are there and it was not the
//!   first to come after a push: what is still queued when the second comes is likely to block, and then threads come twice
//!   as many at a time.
//! - G3: who takes a thread off the idle owes it an unpark; a thread that takes itself off, nobody does.
//! - G4: a thread is counted out under the lock, with nothing in the queue.
//!
//! Ordering pairs
//!
//! - push; fence in [`Shared::submit`]; read the gate ↔ write the gate; fence in [`Shared::arrived`], [`Shared::rest`],
//!   [`Shared::count_out`]; look into the queue. Of two fences one is first, so either the pusher sees that it has to call,
//!   or the thread sees the closure. Models, in loom-tests/tests/blocking.rs: `who_has_come_calls_the_next`,
//!   `a_push_that_meets_an_idle_thread_is_seen`, `who_counts_on_a_refused_thread_is_told` (which does not notice the fence's
//!   absence; the argument is in loom-tests/mutants.toml).
//! - push; fence in [`Shared::submit`]; read the gate ↔ write CLOSED; fence in [`Shared::close`]; empty the queue: a closure
//!   is swept by who closes, or taken back by its pusher. Model:
//!   `a_push_that_meets_the_closing_is_not_left_behind_a_stuck_closure`.
//!
//! Deliberately absent: a count of what is queued that all write.

use std::collections::HashMap;
use std::io;
use std::mem::{forget, replace, take};
use std::panic::{AssertUnwindSafe, catch_unwind};

use heist_primitive::CachePadded;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering, fence};
use heist_primitive::sync::{Arc, Condvar, Mutex, StdArc};
use heist_primitive::thread;

use super::thread::PoolThread;
use super::{AtClose, Config, Refused};
use crate::driver::Around;
use crate::hooks::Hooks;
use crate::park::Parker;
use crate::queue::Fifo;
use crate::task::{Id, Runnable};

/// In the gate: a pusher has to take the lock.
const CALL: usize = 1;
/// In the gate: nothing is accepted any more.
const CLOSED: usize = 2;
/// In the gate: a thread is coming, and another could. For pushers as good as nothing.
const COMING: usize = 3;

/// A closure that has not begun.
pub(super) struct Queued {
    pub(super) task: Runnable,
    pub(super) at_close: AtClose,
}

impl Queued {
    /// Completes a task that will not run with a cancellation.
    pub(super) fn cancel(self) {
        self.task.into_task().shutdown();
    }
}

pub(super) struct Shared {
    queue: Fifo<Queued>,
    gate: CachePadded<AtomicUsize>,
    pub(super) state: Mutex<State>,
    /// A thread has ended, or is not there after all.
    pub(super) ended: Condvar,
    /// With `on_terminate` and `on_panic` only: closures are neither hooked when given to the pool nor around their only poll.
    pub(super) hooks: Option<StdArc<Hooks>>,
    pub(super) config: Config,
}

pub(super) struct State {
    /// The latest last: its caches are warm, and the first may go when it has been idle for long.
    pub(super) idle: Vec<Idle>,
    pub(super) threads: usize,
    /// G2.
    coming: usize,
    /// Whether a thread has come since a push called one.
    has_come: bool,
    pub(super) closing: bool,
    /// There is nothing left to make threads for.
    ending: bool,
    pub(super) around: Option<Around>,
    /// Of the threads that have not ended.
    pub(super) handles: HashMap<u64, thread::JoinHandle<()>>,
    next_handle: u64,
    /// Of threads that have been counted out, for `Pool::join`: all since the closing, before that the latest only. Ended
    /// threads do not join each other, for the destructor of a thread-local may be what waits for the pool.
    pub(super) ended: Vec<thread::JoinHandle<()>>,
}

pub(super) struct Idle {
    number: u64,
    parker: Arc<Parker>,
}

/// Who comes for what is queued.
enum Help {
    Wake(Arc<Parker>),
    /// It is counted already.
    Make,
}

/// What a thread does that has found the queue empty, or has been idle for long.
pub(super) enum Rest {
    /// It is idle, and sleeps.
    Sleep,
    /// There is something in the queue, and it is coming for it.
    Work,
    /// It has been counted out.
    Leave,
}

impl State {
    /// Whether a thread works, waits, or is on its way out through the hooks.
    pub(super) fn has_threads(&self) -> bool {
        self.threads > 0 || !self.handles.is_empty()
    }
}

impl Shared {
    pub(super) fn new(config: Config, hooks: Option<StdArc<Hooks>>) -> Self {
        let state = State {
            idle: Vec::new(),
            threads: 0,
            coming: 0,
            has_come: false,
            closing: false,
            ending: false,
            around: None,
            handles: HashMap::new(),
            next_handle: 0,
            ended: Vec::new(),
        };
        Self {
            queue: Fifo::new(),
            gate: CachePadded::new(AtomicUsize::new(CALL)),
            state: Mutex::new(state),
            ended: Condvar::new(),
            hooks,
            config,
        }
    }

    pub(super) fn queue_depth(&self) -> usize {
        self.queue.len()
    }

    /// Whether one of its threads may do something else for a while: nothing is queued that has no thread coming for it, and
    /// what is queued next could have one. A hint.
    pub(super) fn can_spare_a_thread(&self) -> bool {
        match self.gate.load(Ordering::Relaxed) {
            CALL => self.queue.is_empty(),
            gate => gate == COMING,
        }
    }

    pub(super) fn pop(&self) -> Option<Queued> {
        self.queue.pop()
    }

    /// Keeps G1. With the lock held, and before it is released.
    fn publish(&self, state: &State) {
        let room = state.threads < self.config.max_threads || !state.idle.is_empty();
        let gate = match () {
            () if state.closing => CLOSED,
            () if !room => 0,
            () if state.coming == 0 => CALL,
            () => COMING,
        };
        self.gate.store(gate, Ordering::Relaxed);
    }

    /// Takes a closure in. On an error it is cancelled.
    pub(super) fn submit(shared: &Arc<Self>, queued: Queued, id: Id) -> Result<(), Refused> {
        if shared.gate.load(Ordering::Relaxed) == CLOSED {
            queued.cancel();
            return Err(Refused::Closed);
        }
        shared.queue.push(queued);
        fence(Ordering::SeqCst);
        match shared.gate.load(Ordering::Relaxed) {
            CALL => Self::call(shared, id),
            CLOSED => shared.take_back(id),
            _ => Ok(()),
        }
    }

    #[cold]
    fn call(shared: &Arc<Self>, id: Id) -> Result<(), Refused> {
        let help = {
            let mut state = shared.state.lock();
            if state.closing {
                drop(state);
                return shared.take_back(id);
            }
            if state.coming > 0 {
                return Ok(());
            }
            state.has_come = false;
            shared.help(&mut state)
        };
        match help {
            None => Ok(()),
            Some(Help::Wake(parker)) => {
                parker.unpark();
                Ok(())
            }
            Some(Help::Make) => Self::make(shared),
        }
    }

    /// After a push that the closing has overtaken: the closure is run only if it is to be and a thread is left. Others' are
    /// left to their pushers.
    #[cold]
    fn take_back(&self, id: Id) -> Result<(), Refused> {
        let own = {
            let state = self.state.lock();
            let has_threads = state.threads > 0;
            self.sweep(|queued| queued.task.id() != id || (has_threads && queued.at_close == AtClose::Run))
        };
        // Else it was swept by who closes, or a thread has it or will.
        if own.is_empty() {
            return Ok(());
        }
        own.into_iter().for_each(Queued::cancel);
        Err(Refused::Closed)
    }

    /// Takes out of the queue what is not to be kept. With the lock held, so that no thread is counted out meanwhile (G4).
    fn sweep(&self, mut is_kept: impl FnMut(&mut Queued) -> bool) -> Vec<Queued> {
        let mut all = Vec::new();
        while let Some(queued) = self.queue.pop() {
            all.push(queued);
        }
        let mut swept = Vec::new();
        for mut queued in all {
            if is_kept(&mut queued) {
                self.queue.push(queued);
            } else {
                swept.push(queued);
            }
        }
        swept
    }

    /// Nothing is accepted from now on, and what has not begun is cancelled unless it is to be run or has a thread (B3, B5).
    pub(super) fn close(&self, is_to_be_run: impl Fn(&Queued) -> bool) {
        let (cancelled, idle, around) = {
            let mut state = self.state.lock();
            state.closing = true;
            self.publish(&state);
            fence(Ordering::SeqCst);
            let mut begun = self.begun(&state);
            let cancelled = self.sweep(|queued| {
                let has_begun = begun > 0;
                begun -= usize::from(has_begun);
                if has_begun {
                    queued.at_close = AtClose::Run;
                }
                has_begun || is_to_be_run(queued)
            });
            state.coming += state.idle.len();
            (cancelled, take(&mut state.idle), self.last_around(&mut state))
        };
        for thread in idle {
            thread.parker.unpark();
        }
        cancelled.into_iter().for_each(Queued::cancel);
        drop(around);
    }

    /// B5: how many of the oldest in the queue have a thread that is coming, or would have been made for them by now if
    /// threads came all at once.
    fn begun(&self, state: &State) -> usize {
        let missing = self.queue.len().saturating_sub(state.idle.len() + state.coming);
        state.coming + missing.min(self.config.max_threads - state.threads)
    }

    /// What users put around the threads may hold the pool, so it is let go when no thread is to be made any more.
    pub(super) fn last_around(&self, state: &mut State) -> Option<Around> {
        let is_last = state.threads == 0 || (state.coming == 0 && self.queue.is_empty());
        if state.closing && is_last {
            state.ending = true;
            state.around.take()
        } else {
            None
        }
    }

    /// Lets a thread come if there is something to come for (G2).
    fn help(&self, state: &mut State) -> Option<Help> {
        if self.queue.len() <= state.coming {
            return None;
        }
        let help = if let Some(idle) = state.idle.pop() {
            Help::Wake(idle.parker)
        } else if state.threads < self.config.max_threads && !state.ending {
            state.threads += 1;
            Help::Make
        } else {
            return None;
        };
        state.coming += 1;
        self.publish(state);
        Some(help)
    }

    /// The thread that was coming has come, and has taken a closure. Called by it.
    pub(super) fn arrived(shared: &Arc<Self>) {
        let helps = {
            let mut state = shared.state.lock();
            state.coming -= 1;
            shared.publish(&state);
            fence(Ordering::SeqCst);
            let is_first = !replace(&mut state.has_come, true);
            let first = shared.help(&mut state);
            let second = if is_first || state.idle.is_empty() {
                None
            } else {
                shared.help(&mut state)
            };
            [first, second]
        };
        for help in helps.into_iter().flatten() {
            match help {
                Help::Wake(parker) => parker.unpark(),
                // The panic of a function that names threads has been reported. In any case this thread is there for what
                // is queued, and the next push tries again.
                Help::Make => drop(catch_unwind(AssertUnwindSafe(|| Self::make(shared)))),
            }
        }
    }

    /// A thread has found the queue empty. It is idle from here on, unless there is something after all or it is to go.
    pub(super) fn rest(&self, number: u64, parker: &Arc<Parker>, was_coming: bool) -> Rest {
        let mut state = self.state.lock();
        state.coming -= usize::from(was_coming);
        if !state.closing {
            let parker = parker.clone();
            state.idle.push(Idle { number, parker });
        }
        self.publish(&state);
        fence(Ordering::SeqCst);
        if !self.queue.is_empty() {
            state.idle.pop();
            return self.go_on(&mut state);
        }
        if state.closing {
            return self.leave(&mut state);
        }
        Rest::Sleep
    }

    /// A thread has been idle for as long as threads are kept.
    pub(super) fn rest_is_over(&self, number: u64) -> Rest {
        let mut state = self.state.lock();
        let Some(place) = state.idle.iter().position(|idle| idle.number == number) else {
            // It was taken off, and an unpark is on its way (G3).
            return Rest::Sleep;
        };
        state.idle.remove(place);
        if self.queue.is_empty() {
            self.leave(&mut state)
        } else {
            self.go_on(&mut state)
        }
    }

    fn go_on(&self, state: &mut State) -> Rest {
        state.coming += 1;
        self.publish(state);
        Rest::Work
    }

    fn leave(&self, state: &mut State) -> Rest {
        state.threads -= 1;
        self.publish(state);
        Rest::Leave
    }

    /// Makes a thread, which is counted and is the one that is coming.
    ///
    /// # Errors
    ///
    /// If there is none then; everything that is queued is cancelled.
    fn make(shared: &Arc<Self>) -> Result<(), Refused> {
        let missing = Missing(shared);
        let builder = thread::Builder::new().name((shared.config.thread_name)());
        let started = Self::start(shared, builder);
        forget(missing);
        match started {
            Err(error) if !shared.count_out(true) => Err(Refused::NoThread(error)),
            _ => Ok(()),
        }
    }

    fn start(shared: &Arc<Self>, mut builder: thread::Builder) -> io::Result<()> {
        if let Some(bytes) = shared.config.stack_size {
            builder = builder.stack_size(bytes);
        }
        // Under the lock, so that the thread finds its own handle when it ends.
        let mut state = shared.state.lock();
        let number = state.next_handle;
        state.next_handle += 1;
        let (own, around) = (shared.clone(), state.around.clone());
        let handle = builder.spawn(move || PoolThread::new(own, number).live(around))?;
        state.handles.insert(number, handle);
        Ok(())
    }

    /// B1: a thread that was counted is not there, or not any more. False: nor is any other, so what was queued is cancelled.
    pub(super) fn count_out(&self, was_coming: bool) -> bool {
        let (help, stranded, others) = {
            let mut state = self.state.lock();
            state.threads -= 1;
            state.coming -= usize::from(was_coming);
            self.publish(&state);
            fence(Ordering::SeqCst);
            let others = state.threads > 0;
            let stranded = if others { Vec::new() } else { self.sweep(|_| false) };
            // Not another one that would not come either.
            let help = if state.idle.is_empty() {
                None
            } else {
                self.help(&mut state)
            };
            (help, stranded, others)
        };
        if let Some(Help::Wake(parker)) = help {
            parker.unpark();
        }
        self.ended.notify_all();
        stranded.into_iter().for_each(Queued::cancel);
        others
    }
}

/// A thread that is counted and not yet made. Counts it out if making it panics, as the function for its name may.
struct Missing<'a>(&'a Shared);

impl Drop for Missing<'_> {
    fn drop(&mut self) {
        self.0.count_out(true);
    }
}
