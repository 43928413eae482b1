//! What other threads see of a local set: the queue through which their wakes come.
//!
//! Invariants
//!
//! - M1: after [`Shared::close`] no `Runnable` stays in the queue: a later one is dropped by who brings it. That drops a
//!   reference, never a future (R8 of `raw.rs`).
//! - M2: a push takes the waker out and wakes it after the lock; the owner leaves a waker before it looks at the queue, in
//!   the same hold of the lock. So a push is seen by this look or wakes for another.
//!
//! Ordering pairs: the lock, alone. Model: loom-tests/tests/local_set.rs.
//!
//! Deliberately absent: the tasks that the owner's own thread woke. They are in `Local`'s queue, without a lock.

use std::collections::VecDeque;
use std::task::Waker;

use heist_primitive::sync::atomic::{AtomicBool, Ordering};
use heist_primitive::sync::{Arc, Mutex};

use crate::current_thread;
use crate::hooks::{Hooks, PanicHook};
use crate::task::registry::Registry;
use crate::task::{How, Lifeline, Runnable, Scheduler, TaskRef};

use super::here;

struct Remote {
    queue: VecDeque<Runnable>,
    /// Of whoever polls the set.
    waker: Option<Waker>,
    closed: bool,
}

/// What other threads see.
pub(super) struct Shared {
    remote: Mutex<Remote>,
    pub(super) registry: Registry,
    /// Keeps this for its tasks, until all are shut down.
    pub(super) lifeline: Lifeline<Self>,
    /// Touched by the owner's thread only.
    pub(super) shut_down_on_panic: AtomicBool,
    pub(super) panicked: AtomicBool,
    /// The scheduler that the set belongs to: it counts, measures and hooks the set's tasks as its own (L4).
    pub(super) home: Option<Arc<current_thread::Shared>>,
    /// For a set without a home.
    on_panic: Option<PanicHook>,
}

impl Shared {
    pub(super) fn new(home: Option<Arc<current_thread::Shared>>, on_panic: Option<PanicHook>) -> Self {
        Self {
            remote: Mutex::new(Remote {
                queue: VecDeque::new(),
                waker: None,
                closed: false,
            }),
            registry: Registry::new(1),
            lifeline: Lifeline::new(),
            shut_down_on_panic: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            home,
            on_panic,
        }
    }

    /// From another thread, or from the owner's while it does not run the set.
    fn push(&self, task: Runnable) {
        let mut remote = self.remote.lock();
        if remote.closed {
            // M1: not under the lock.
            drop(remote);
            return drop(task);
        }
        remote.queue.push_back(task);
        let waker = remote.waker.take();
        drop(remote);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Wakes whoever polls the set.
    pub(super) fn wake(&self) {
        let waker = self.remote.lock().waker.take();
        waker.into_iter().for_each(Waker::wake);
    }

    /// The next push wakes `waker`.
    pub(super) fn wait(&self, waker: &Waker) {
        let mut remote = self.remote.lock();
        if !remote.waker.as_ref().is_some_and(|left| left.will_wake(waker)) {
            let before = remote.waker.replace(waker.clone());
            drop(remote);
            drop(before);
        }
    }

    /// Takes what other threads have woken.
    pub(super) fn take_woken(&self) -> VecDeque<Runnable> {
        std::mem::take(&mut self.remote.lock().queue)
    }

    /// Takes nothing in from now on, and drops what there is.
    pub(super) fn close(&self) {
        let (queue, waker) = {
            let mut remote = self.remote.lock();
            remote.closed = true;
            (std::mem::take(&mut remote.queue), remote.waker.take())
        };
        drop(queue);
        drop(waker);
    }
}

impl Scheduler for Shared {
    fn schedule_here(&self, task: Runnable, _: How) -> Option<Runnable> {
        if let Some(home) = &self.home {
            home.stamp(&task);
        }
        here::schedule(self, task)
    }

    fn is_kept_here(&self) -> bool {
        false
    }

    fn schedule_elsewhere(&self, task: Runnable) {
        if let Some(home) = &self.home {
            home.count_remote_schedule();
        }
        self.push(task);
    }

    fn stamps(&self) -> bool {
        self.home.as_ref().is_some_and(|home| home.stamps())
    }

    fn release(&self, registry_slot: u64) -> Option<TaskRef> {
        if let Some(home) = &self.home {
            home.guests.ended.add(1);
        }
        here::with_desk(self, |desk| self.registry.remove(desk, registry_slot))
    }

    fn hooks(&self) -> Option<&Hooks> {
        self.home.as_ref()?.hooks.as_deref()
    }

    fn on_panic(&self) -> Option<&PanicHook> {
        match &self.home {
            Some(home) => home.on_panic.as_ref(),
            None => self.on_panic.as_ref(),
        }
    }

    fn task_panicked(&self) {
        if self.shut_down_on_panic.load(Ordering::Relaxed) {
            self.panicked.store(true, Ordering::Relaxed);
        }
        if let Some(home) = &self.home {
            home.task_panicked();
        }
    }
}
