//! Which local set this thread is in, if any.
//!
//! ```text
//!            enter                     run                      end of run           drop of the guard
//!   (none) ─────────► Entered: spawns ─────► Running: spawns, ──────────► Entered ─────────────────► (none)
//!                     wake the set            wakes stay here
//! ```
//!
//! Invariants
//!
//! - N1: the set that is current was entered on this thread, which is its owner, for it cannot be sent.
//! - N2: a guard puts back what was there before it.
//! - N3: no borrow of the thread-local is held while foreign code runs.
//!
//! Deliberately absent: atomics. All of it is one thread's.

use std::cell::RefCell;
use std::rc::Rc;

use super::Local;
use super::shared::Shared;
use crate::task::Runnable;
use crate::task::registry::Desk;

#[derive(Clone)]
struct Here {
    local: Rc<Local>,
    running: bool,
}

heist_primitive::thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

/// Keeps a local set current for this thread.
#[must_use]
pub(super) struct Guard {
    before: Option<Here>,
    /// False if the thread-locals are destroyed.
    entered: bool,
}

/// Makes `local` current; `running` if its queue will be looked at before this thread does anything else.
pub(super) fn enter(local: &Rc<Local>, running: bool) -> Guard {
    let here = Here {
        local: local.clone(),
        running,
    };
    match HERE.try_with(|current| current.replace(Some(here))) {
        Ok(before) => Guard {
            before,
            entered: true,
        },
        Err(_) => Guard {
            before: None,
            entered: false,
        },
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.entered {
            let before = self.before.take();
            // Dropped after the borrow (N3).
            let left = HERE.try_with(|current| current.replace(before));
            drop(left);
        }
    }
}

/// The set that is current.
pub(super) fn current() -> Option<Rc<Local>> {
    HERE.try_with(|current| current.borrow().as_ref().map(|here| here.local.clone()))
        .ok()
        .flatten()
}

/// Whether this thread is running a set's tasks, or the future beside them.
pub(super) fn is_running() -> bool {
    HERE.try_with(|current| current.borrow().as_ref().is_some_and(|here| here.running))
        .unwrap_or(false)
}

/// Calls `f` with the end of the registry that the set's owner has, if that set is current.
pub(super) fn with_desk<R>(shared: &Shared, f: impl FnOnce(Option<&Desk>) -> R) -> R {
    let mut f = Some(f);
    let here = HERE.try_with(|current| {
        let current = current.borrow();
        let here = current
            .as_ref()
            .filter(|here| std::ptr::eq(&*here.local.shared, shared))?;
        f.take().map(|f| f(Some(&here.local.desk)))
    });
    match (here.ok().flatten(), f) {
        (Some(done), _) => done,
        (None, Some(f)) => f(None),
        (None, None) => unreachable!("it was called here"),
    }
}

/// Queues `task` without a lock if its set runs on this thread; else gives it back.
pub(super) fn schedule(shared: &Shared, task: Runnable) -> Option<Runnable> {
    let mut task = Some(task);
    let _ = HERE.try_with(|current| {
        if let Some(here) = &*current.borrow() {
            if here.running && std::ptr::eq(&*here.local.shared, shared) {
                here.local.queue.borrow_mut().extend(task.take());
                if let Some(home) = &shared.home {
                    home.counters.local_schedules.add(1);
                }
            }
        }
    });
    task
}
