//! Callbacks that are called again and again: for a descriptor that is ready, for a signal that has arrived.
//!
//! ```text
//!   a task for each: waits ─► puts the watch on the ready queue ─► waits until it was called ─► waits …
//! ```
//!
//! Invariants
//!
//! - I1: the callback is called by the loop's drain, one call after the other, and not any more once the watch is cancelled.
//! - I2: it is out of its slot while it is called, so no lock is held; a panic puts it back as a return does.
//! - I3: there is one watch in the list for a source; removing it aborts its task.
//!
//! Absent on purpose: what is waited for.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::mem;
use std::panic::Location;

use heist_executor::task::{AbortHandle, Id, Meta};
use heist_primitive::sync::{Mutex, StdArc};

use super::EventLoop;
use super::exception::ExceptionContext;
use super::ready::{Callback, LoopState};
use crate::sync::Notify;
use crate::time::Instant;

/// What is watched, and its number: at most one watch for each.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Source(pub(super) &'static str, pub(super) i32);

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.1)
    }
}

type Action = Box<dyn FnMut() + Send>;

enum Slot {
    /// `None` while it is called.
    Open(Option<Action>),
    Cancelled,
}

/// A callback for something that comes again and again.
pub(super) struct Watch {
    slot: Mutex<Slot>,
    location: &'static Location<'static>,
    called: Notify,
}

impl Watch {
    /// Lets the loop call it once, and waits until that is done.
    pub(super) async fn fire(self: &StdArc<Self>, state: &LoopState) {
        state.push(self.clone());
        self.called.notified().await;
    }
}

/// Puts the callback back when dropped, and tells that it was called (I2).
struct PutBack<'a> {
    watch: &'a Watch,
    action: Option<Action>,
}

impl Drop for PutBack<'_> {
    fn drop(&mut self) {
        if let Slot::Open(slot) = &mut *self.watch.slot.lock() {
            *slot = self.action.take();
        }
        // If it was cancelled meanwhile it goes here, without the lock.
        self.watch.called.notify_one();
    }
}

impl Callback for Watch {
    fn call(&self) {
        let action = match &mut *self.slot.lock() {
            Slot::Open(action) => action.take(),
            Slot::Cancelled => None,
        };
        let mut back = PutBack { watch: self, action };
        if let Some(action) = &mut back.action {
            action();
        }
    }

    fn cancel(&self) {
        let before = mem::replace(&mut *self.slot.lock(), Slot::Cancelled);
        drop(before);
    }

    fn is_cancelled(&self) -> bool {
        matches!(*self.slot.lock(), Slot::Cancelled)
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn when(&self) -> Option<Instant> {
        None
    }
}

/// The watches of one loop.
#[derive(Default)]
pub(super) struct Watches {
    list: Mutex<HashMap<Source, (StdArc<Watch>, AbortHandle)>>,
}

impl Watches {
    pub(super) fn owns(&self, task: Id) -> bool {
        self.list.lock().values().any(|(_, waiting)| waiting.id() == task)
    }

    fn remove(&self, source: Source) -> bool {
        let removed = self.list.lock().remove(&source);
        let is_there = removed.is_some();
        if let Some((watch, waiting)) = removed {
            watch.cancel();
            waiting.abort();
        }
        is_there
    }

    pub(super) fn clear(&self) {
        let all = mem::take(&mut *self.list.lock());
        for (watch, waiting) in all.into_values() {
            watch.cancel();
            waiting.abort();
        }
    }
}

impl EventLoop {
    /// Calls `action` each time `wait` ends, in place of what was called for `source` before. `wait` is given the watch, to
    /// fire it.
    pub(super) fn watch<W>(
        &self,
        source: Source,
        location: &'static Location<'static>,
        action: impl FnMut() + Send + 'static,
        wait: impl FnOnce(StdArc<Watch>, StdArc<LoopState>) -> W,
    ) where
        W: Future<Output = io::Result<()>> + Send + 'static,
    {
        let watch = StdArc::new(Watch {
            slot: Mutex::new(Slot::Open(Some(Box::new(action)))),
            location,
            called: Notify::new(),
        });
        let state = self.state().clone();
        state.start(self.runtime());
        let waiting = wait(watch.clone(), state.clone());
        let task = async move {
            if let Err(error) = waiting.await {
                let message = format!("waiting for {source} has failed");
                state.fail(&ExceptionContext::new(message).with_exception(error));
            }
        };
        self.unwatch(source);
        let meta = Meta {
            name: Some(source.to_string().into()),
            location,
        };
        let waiting = self.runtime().spawn_as(task, meta).abort_handle();
        let before = self.state().watches.list.lock().insert(source, (watch, waiting));
        if let Some((watch, waiting)) = before {
            watch.cancel();
            waiting.abort();
        }
    }

    /// Whether `source` was watched.
    pub(super) fn unwatch(&self, source: Source) -> bool {
        self.state().watches.remove(source)
    }
}
