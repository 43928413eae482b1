//! What a task, its handle and its tokens share: how it ended, who asked it to stop, and whom to tell.
//!
//! ```text
//!                 cancel                                     ┌── hold (holds + 1) ──┐
//!   running ─────(1)──────► requested, holds = 0 ──abort──► future dropped          │
//!      ▲                                                                            ▼
//!      └─── uncancel (requests - 1) ◄── requested, holds > 0: the task sees it, and goes on
//!                                            │ the last hold goes, requests > 0
//!                                            └──(2)──► abort
//! ```
//!
//! Invariants
//!
//! - I1: with a request and no hold the task has been aborted, by the one who brought about that state: (1), (2), or
//!   [`attach`](Shared::attach) if that was before the handle was known.
//! - I2: `end` is written once, after the future is gone; the callbacks are taken out in the same hold of the lock, and one
//!   that comes later is called by who brings it. So each is called once.
//! - I3: no callback, waker or abort runs under the lock.
//! - I4: the handle to abort with, which keeps the task's cell, is let go at the end: no cycle stays.
//!
//! Ordering pairs: the lock, alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use heist_primitive::sync::Mutex;

use crate::aio::context::{Context, copy_context};
use crate::sync::Notify;
use crate::task::AbortHandle;

use super::{CallbackId, TaskEnd};

struct Callback {
    id: CallbackId,
    context: Context,
    call: Box<dyn FnOnce(TaskEnd) + Send>,
}

struct State {
    end: Option<TaskEnd>,
    requests: usize,
    holds: usize,
    message: Option<Box<str>>,
    abort: Option<AbortHandle>,
    callbacks: Vec<Callback>,
    next_callback: u64,
}

impl State {
    /// What is to be aborted now, after the lock (I1).
    fn due(&self) -> Option<AbortHandle> {
        let due = self.requests > 0 && self.holds == 0;
        self.abort.as_ref().filter(|_| due).cloned()
    }
}

/// See the module.
pub(super) struct Shared {
    pub(super) name: Option<Box<str>>,
    state: Mutex<State>,
    /// Requests or holds have changed, or the task has ended.
    pub(super) changed: Notify,
}

impl Shared {
    pub(super) fn new(name: Option<Box<str>>) -> Self {
        Self {
            name,
            state: Mutex::new(State {
                end: None,
                requests: 0,
                holds: 0,
                message: None,
                abort: None,
                callbacks: Vec::new(),
                next_callback: 0,
            }),
            changed: Notify::new(),
        }
    }

    /// The task is spawned: from now on it can be aborted.
    pub(super) fn attach(&self, task: AbortHandle) {
        let due = {
            let mut state = self.state.lock();
            if state.end.is_some() {
                return;
            }
            state.abort = Some(task);
            state.due()
        };
        abort(due);
    }

    pub(super) fn cancel(&self, message: Option<Box<str>>) -> bool {
        let (due, old) = {
            let mut state = self.state.lock();
            if state.end.is_some() {
                return false;
            }
            state.requests += 1;
            let old = std::mem::replace(&mut state.message, message);
            (state.due(), old)
        };
        drop(old);
        self.changed.notify_waiters();
        abort(due);
        true
    }

    pub(super) fn uncancel(&self) -> usize {
        let mut state = self.state.lock();
        state.requests = state.requests.saturating_sub(1);
        if state.requests == 0 {
            state.message = None;
        }
        state.requests
    }

    pub(super) fn requests(&self) -> usize {
        self.state.lock().requests
    }

    pub(super) fn message(&self) -> Option<Box<str>> {
        self.state.lock().message.clone()
    }

    /// Returns how many holds there are with this one.
    pub(super) fn hold(&self) -> usize {
        let mut state = self.state.lock();
        state.holds += 1;
        state.holds
    }

    /// Returns whether the task has been aborted now: this was the last hold, and there is a request.
    pub(super) fn release(&self) -> bool {
        let due = {
            let mut state = self.state.lock();
            state.holds -= 1;
            state.due()
        };
        let aborted = due.is_some();
        self.changed.notify_waiters();
        abort(due);
        aborted
    }

    /// Whether somebody asks for the end and no more than `depth` hold it up.
    pub(super) fn reaches(&self, depth: usize) -> bool {
        let state = self.state.lock();
        state.requests > 0 && state.holds <= depth
    }

    pub(super) fn end(&self) -> Option<TaskEnd> {
        self.state.lock().end
    }

    /// The future is gone.
    pub(super) fn set_end(&self, end: TaskEnd) {
        let (callbacks, abort) = {
            let mut state = self.state.lock();
            if state.end.is_some() {
                return;
            }
            state.end = Some(end);
            (std::mem::take(&mut state.callbacks), state.abort.take())
        };
        drop(abort);
        self.changed.notify_waiters();
        for callback in callbacks {
            callback.call(end);
        }
    }

    pub(super) fn add_callback(&self, call: Box<dyn FnOnce(TaskEnd) + Send>) -> CallbackId {
        let context = copy_context();
        let (callback, end) = {
            let mut state = self.state.lock();
            let id = CallbackId(state.next_callback);
            state.next_callback += 1;
            let callback = Callback { id, context, call };
            match state.end {
                Some(end) => (callback, end),
                None => {
                    state.callbacks.push(callback);
                    return id;
                }
            }
        };
        let id = callback.id;
        callback.call(end);
        id
    }

    pub(super) fn remove_callback(&self, id: CallbackId) -> bool {
        let removed = {
            let mut state = self.state.lock();
            let place = state.callbacks.iter().position(|callback| callback.id == id);
            place.map(|place| state.callbacks.remove(place))
        };
        removed.is_some()
    }
}

impl Callback {
    /// A panic in it has been reported by the panic hook, and has nobody to go to.
    fn call(self, end: TaskEnd) {
        let Self {
            mut context, call, ..
        } = self;
        let _ = catch_unwind(AssertUnwindSafe(|| context.run(|| call(end))));
    }
}

fn abort(due: Option<AbortHandle>) {
    if let Some(task) = due {
        task.abort();
    }
}
