//! A closure as a task: a future that runs it in its first poll, and a scheduler that is never asked for a second one.
//!
//! Deliberately absent: a reference to the pool. A task keeps no pool alive.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use heist_primitive::sync::StdArc;

use super::Watch;
use crate::coop;
use crate::hooks::{Hooks, PanicHook};
use crate::multi_thread::closure_has_returned;
use crate::task::{How, JoinHandle, Meta, Queue, Runnable, Schedule, TaskRef, raw};

/// Makes the task of `f`.
pub(super) fn task<F, R>(
    f: F,
    meta: Meta,
    watch: Option<Watch>,
    hooks: Option<StdArc<Hooks>>,
) -> (Runnable, JoinHandle<R>)
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    if let Some(watch) = &watch {
        watch(true);
    }
    let (unregistered, task, join) = raw::new_task(Closure(Some(f)), Unscheduled { watch, hooks }, meta);
    drop(unregistered);
    (task, JoinHandle::new(join))
}

/// Runs a closure in its first poll.
struct Closure<F>(Option<F>);

impl<F> Unpin for Closure<F> {}

impl<F: FnOnce() -> R, R> Future for Closure<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        let f = self.0.take().expect("a blocking task is polled once");
        // Blocking is what it is for: no budget.
        coop::stop();
        let output = f();
        closure_has_returned();
        Poll::Ready(output)
    }
}

/// A blocking task is queued once, by `spawn`; an abort finds it scheduled, running or complete, never idle.
struct Unscheduled {
    watch: Option<Watch>,
    hooks: Option<StdArc<Hooks>>,
}

/// For a task that is scheduled without need.
struct Nowhere;

impl Queue for Nowhere {
    fn push(self, task: Runnable, _: How) {
        drop(task);
    }
}

impl Schedule for Unscheduled {
    type Queue = Nowhere;

    /// The watch is told after the wake.
    const RELEASES_LAST: bool = true;

    fn queue(&self) -> Nowhere {
        Nowhere
    }

    fn release(&self, _: u64) -> Option<TaskRef> {
        if let Some(watch) = &self.watch {
            watch(false);
        }
        None
    }

    fn hooks(&self) -> Option<&Hooks> {
        self.hooks.as_deref()
    }

    fn on_panic(&self) -> Option<&PanicHook> {
        self.hooks.as_ref()?.on_panic.as_ref()
    }
}
