//! Local sets: tasks that stay on the thread that spawned them, so their futures need not be `Send`.
//!
//! ```text
//!   owner's thread:  spawn, wake ──► queue ──────────────┐
//!                                                        ├──► tick: polls up to TASKS_PER_TICK
//!   other threads:   wake ──► Shared's queue, its waker ─┘
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `shared.rs` | the side that other threads see |
//! | `here.rs` | which set this thread is in |
//!
//! Invariants (M1, M2 of `shared.rs`, N1–N3 of `here.rs`, R8 of `../task/raw.rs`)
//!
//! - L1: a [`LocalSet`] is neither `Send` nor `Sync`; tasks are spawned, polled, cancelled and shut down through it or
//!   through what [`here`] holds, so on its owner's thread only.
//! - L2: its drop shuts down every task in the registry, on the owner's thread, and closes the queue: whatever wakers are
//!   left on other threads drop references to cells without a future.
//! - L3: each tick looks at the other threads' queue, so a set that is kept busy from within does not starve them.
//!
//! - L4: a set may belong to a current-thread scheduler of the same thread ([`LocalSet::at`]), which then sees its tasks as
//!   its own: hooks, counters, latency, what a panic does. It is polled only by that scheduler's root future, so by the
//!   holder of the core, who alone writes those counters; the count of guests is the owner's thread's.
//!
//! Deliberately absent: threads and the driver. Somebody polls the set.

mod here;
mod shared;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll};

use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::Ordering;

use crate::coop;
use crate::current_thread;
use crate::hooks::PanicHook;
use crate::task::registry::Desk;
use crate::task::{How, JoinHandle, Lent, Meta, Runnable, Scheduler, raw};

use shared::Shared;

const PANICKED: &str = "a spawned task panicked and the LocalSet is configured to shutdown on unhandled panic: see `unhandled_panic`";

/// Tasks polled before the set lets others run.
const TASKS_PER_TICK: usize = 61;

/// The owner's side.
struct Local {
    shared: Arc<Shared>,
    desk: Desk,
    queue: RefCell<VecDeque<Runnable>>,
}

/// Tasks bound to the thread that made it.
pub struct LocalSet {
    local: Rc<Local>,
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

impl LocalSet {
    /// A set without tasks, owned by this thread.
    pub fn new() -> Self {
        Self::with_shared(Shared::new(None, None))
    }

    /// A set without tasks, owned by this thread, which tells `on_panic` of panics that nobody collects.
    pub fn with_panic_hook(on_panic: PanicHook) -> Self {
        Self::with_shared(Shared::new(None, Some(on_panic)))
    }

    /// A set whose tasks pass the hooks and counters of `scheduler`, which nobody but this thread runs. It is to be polled
    /// within that scheduler's `block_on` only (L4).
    pub fn at(scheduler: &current_thread::Handle) -> Self {
        Self::with_shared(Shared::new(Some(scheduler.shared.clone()), None))
    }

    fn with_shared(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        shared.lifeline.tie(&shared);
        Self {
            local: Rc::new(Local {
                shared,
                desk: Desk::new(0),
                queue: RefCell::new(VecDeque::new()),
            }),
        }
    }

    /// Spawns a task, which is polled when the set is.
    pub fn spawn<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.local.spawn(future, meta)
    }

    /// Whether a panic of a task drops all tasks and panics in who polls the set.
    pub fn shut_down_on_panic(&self, yes: bool) {
        self.local.shared.shut_down_on_panic.store(yes, Ordering::Relaxed);
    }

    /// Makes the set current for [`spawn`] on this thread, until the guard is dropped.
    pub fn enter(&self) -> Entered {
        Entered {
            _guard: here::enter(&self.local, false),
        }
    }

    /// Polls tasks that can run, a limited number; ready when the set has none left, woken or not.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let _here = here::enter(&self.local, true);
        self.local.shared.wait(cx.waker());
        self.tick(cx);
        if self.local.shared.registry.live() == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Polls `future` with the set current, and unless it is ready, tasks that can run.
    pub fn poll_beside<R>(
        &self,
        cx: &mut Context<'_>,
        future: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let _here = here::enter(&self.local, true);
        self.local.shared.wait(cx.waker());
        let polled = future(cx);
        if polled.is_pending() {
            self.tick(cx);
        } else if !self.local.queue.borrow().is_empty() {
            // Whoever else polls the set shall come to them.
            self.local.shared.wake();
        }
        polled
    }

    fn tick(&self, cx: &mut Context<'_>) {
        // L3: at once, however much there is here.
        self.local.take_woken();
        let panicked = &self.local.shared.panicked;
        for _ in 0..TASKS_PER_TICK {
            if panicked.load(Ordering::Relaxed) {
                self.local.shut_down();
                if self.local.shared.home.is_some() {
                    // Its `block_on` panics, with words of its own.
                    return;
                }
                panic!("{PANICKED}");
            }
            let Some(task) = self.local.next_task() else {
                return;
            };
            self.local.run(task);
        }
        // There may be more.
        cx.waker().wake_by_ref();
    }
}

impl Local {
    fn spawn<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (task, runnable, join) = raw::new_local_task(future, Lent::of(&self.shared), meta);
        if let Some(home) = &self.shared.home {
            home.guests.spawned.add(1);
            if let Some(hooks) = &home.hooks {
                hooks.spawned(&task);
            }
        }
        match self.shared.registry.insert(Some(&self.desk), task) {
            Ok(()) => {
                if let Some(task) = self.shared.schedule_here(runnable, How::Spawned) {
                    self.shared.schedule_elsewhere(task);
                }
            }
            // R8: on the owner's thread (L1).
            Err(task) => task.shutdown(),
        }
        JoinHandle::new(join)
    }

    /// L2. What a task's drop wakes or spawns meets a closed registry, or is drained after.
    fn shut_down(&self) {
        self.shared.registry.shut_down(0);
        self.shared.lifeline.cut();
        self.shared.close();
        while let Some(task) = self.pop() {
            drop(task);
        }
    }

    fn run(&self, task: Runnable) {
        match &self.shared.home {
            None => coop::budget(|| task.run()),
            Some(home) => home.run(task),
        }
    }

    /// The borrow ends before the task runs.
    fn pop(&self) -> Option<Runnable> {
        self.queue.borrow_mut().pop_front()
    }

    fn next_task(&self) -> Option<Runnable> {
        self.pop().or_else(|| {
            self.take_woken();
            self.pop()
        })
    }

    /// Queues what other threads have woken, behind what is here.
    fn take_woken(&self) {
        self.queue.borrow_mut().append(&mut self.shared.take_woken());
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        let _here = here::enter(&self.local, true);
        self.local.shut_down();
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet").finish_non_exhaustive()
    }
}

/// Keeps a set current.
#[must_use]
pub struct Entered {
    _guard: here::Guard,
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

/// Spawns onto the set that is current on this thread.
///
/// # Errors
///
/// What was given, if none is.
pub fn spawn<F>(future: F, meta: Meta) -> Result<JoinHandle<F::Output>, (F, Meta)>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match here::current() {
        Some(local) => Ok(local.spawn(future, meta)),
        None => Err((future, meta)),
    }
}

/// Whether this thread is inside of a poll or the drop of a set.
pub fn is_running() -> bool {
    here::is_running()
}
