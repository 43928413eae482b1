//! Hooks: what a runtime's owner wants to be called when tasks and workers pass certain points.
//!
//! ```text
//!   a task:    spawn ──► on_spawn ──► [ before_poll ─► poll ─► after_poll ]* ──► on_terminate ──► freed
//!   a worker:  nothing to do ──► before_park ──► sleep ──► after_unpark ──► look for work
//! ```
//!
//! Invariants
//!
//! - O1: every `before_poll` has its `after_poll`, on the same thread, also if the poll panicked; so have `before_park`
//!   and `after_unpark`.
//! - O2: a task that was given to `on_spawn` is given to `on_terminate` once: when it has completed, was aborted, or its
//!   runtime has shut down.
//! - O3: without hooks a scheduler has no `Hooks`, and each of these points is one test of a pointer.
//!
//! Deliberately absent: protection against hooks that panic. Who makes the hooks wraps them.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::time::Duration;

use heist_primitive::sync::StdArc;

use crate::task::{Id, JoinError, TaskRef};

/// What a task's hook is told: which task it is.
#[derive(Clone, Copy, Debug)]
pub struct TaskMeta<'a> {
    id: Id,
    name: Option<&'a str>,
    spawned_at: &'static Location<'static>,
    latency: Option<Duration>,
    _task: PhantomData<&'a ()>,
}

impl<'a> TaskMeta<'a> {
    pub(crate) fn new(id: Id, name: Option<&'a str>, spawned_at: &'static Location<'static>) -> Self {
        Self {
            id,
            name,
            spawned_at,
            latency: None,
            _task: PhantomData,
        }
    }

    pub(crate) fn with_latency(self, latency: Option<Duration>) -> Self {
        Self { latency, ..self }
    }

    /// The task's id.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The name that the task was spawned with, if any.
    pub fn name(&self) -> Option<&'a str> {
        self.name
    }

    /// Where in the source code the task was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// How long the task has waited for this poll, since it was spawned, woken, or had yielded.
    ///
    /// It is `Some` in the hooks before and after a poll, the same in both, on a runtime that measures it
    /// (`Builder::track_task_schedule_latency` or `Builder::enable_metrics_schedule_latency_histogram`).
    pub fn schedule_latency(&self) -> Option<Duration> {
        self.latency
    }
}

/// Called with the task that it is about.
pub type TaskHook = StdArc<dyn Fn(&TaskMeta<'_>) + Send + Sync>;

/// Called with a task that has panicked, and its panic, when it is certain that nobody will collect that.
pub type PanicHook = StdArc<dyn Fn(&TaskMeta<'_>, &JoinError) + Send + Sync>;

/// Called on the thread that it is about.
pub type ThreadHook = StdArc<dyn Fn() + Send + Sync>;

/// The hooks of one runtime.
#[derive(Clone, Default)]
pub struct Hooks {
    /// Before a new task is put on a queue, on the thread that spawns it.
    pub on_spawn: Option<TaskHook>,
    /// Before each poll of a task.
    pub before_poll: Option<TaskHook>,
    /// After each poll of a task.
    pub after_poll: Option<TaskHook>,
    /// After a task has ended, however it did.
    pub on_terminate: Option<TaskHook>,
    /// Before a worker sleeps.
    pub before_park: Option<ThreadHook>,
    /// After a worker has slept.
    pub after_unpark: Option<ThreadHook>,
    /// When the panic of a task is dropped uncollected. Kept apart (O3): it is called on no task's ordinary way.
    pub on_panic: Option<PanicHook>,
}

impl Hooks {
    /// The hooks in a box, or nothing if there is none (O3).
    pub(crate) fn boxed(&self) -> Option<Box<Self>> {
        let Self {
            on_spawn,
            before_poll,
            after_poll,
            on_terminate,
            before_park,
            after_unpark,
            on_panic: _,
        } = self;
        let of_tasks = [on_spawn, before_poll, after_poll, on_terminate];
        let of_threads = [before_park, after_unpark];
        let any = of_tasks.iter().any(|hook| hook.is_some()) || of_threads.iter().any(|hook| hook.is_some());
        any.then(|| Box::new(self.clone()))
    }

    pub(crate) fn spawned(&self, task: &TaskRef) {
        call(&self.on_spawn, || task.meta());
    }

    pub(crate) fn before_poll<'a>(&self, meta: impl FnOnce() -> TaskMeta<'a>) {
        call(&self.before_poll, meta);
    }

    pub(crate) fn after_poll<'a>(&self, meta: impl FnOnce() -> TaskMeta<'a>) {
        call(&self.after_poll, meta);
    }

    pub(crate) fn terminated<'a>(&self, meta: impl FnOnce() -> TaskMeta<'a>) {
        call(&self.on_terminate, meta);
    }
}

fn call<'a>(hook: &Option<TaskHook>, meta: impl FnOnce() -> TaskMeta<'a>) {
    if let Some(hook) = hook {
        hook(&meta());
    }
}

/// The hooks around one sleep of a worker: `before_park` when made, `after_unpark` when dropped (O1).
pub(crate) struct Sleeping<'a>(&'a Hooks);

impl<'a> Sleeping<'a> {
    /// Nothing if neither hook is set.
    pub(crate) fn begin(hooks: Option<&'a Hooks>) -> Option<Self> {
        let hooks = hooks?;
        if hooks.before_park.is_none() && hooks.after_unpark.is_none() {
            return None;
        }
        if let Some(before_park) = &hooks.before_park {
            before_park();
        }
        Some(Self(hooks))
    }
}

impl Drop for Sleeping<'_> {
    fn drop(&mut self) {
        if let Some(after_unpark) = &self.0.after_unpark {
            after_unpark();
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("on_spawn", &self.on_spawn.is_some())
            .field("before_poll", &self.before_poll.is_some())
            .field("after_poll", &self.after_poll.is_some())
            .field("on_terminate", &self.on_terminate.is_some())
            .field("before_park", &self.before_park.is_some())
            .field("after_unpark", &self.after_unpark.is_some())
            .field("on_panic", &self.on_panic.is_some())
            .finish()
    }
}
