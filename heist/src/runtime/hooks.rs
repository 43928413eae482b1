//! The builder's hooks: what is called when tasks and threads pass certain points.
//!
//! Invariants
//!
//! - I1: a panicking hook costs one line on stderr. It neither ends nor skips what it is called around.
//! - I2: a hook that is not set costs the test of a pointer, which is the same every time.
//!
//! Absent on purpose: several hooks for one point. Call two functions from one.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use heist_executor::hooks::{PanicHook, TaskHook, TaskMeta, ThreadHook};
use heist_executor::task::JoinError;
use heist_primitive::sync::StdArc;

use super::builder::Builder;
use super::debug::Named;
use super::driver;
use super::handle::RuntimeFlavor;
use crate::aio::{ExceptionContext, LoopState};

/// What a runtime does when a task panics; given to [`Builder::unhandled_panic`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum UnhandledPanic {
    /// Nothing: the panic is in the [`JoinError`](crate::task::JoinError) that the task's handle returns, and the other
    /// tasks go on. The default.
    Ignore,
    /// It shuts down: all tasks are dropped, later ones are cancelled as they are spawned, and every
    /// [`Runtime::block_on`](super::Runtime::block_on), whether running or later, panics.
    ShutdownRuntime,
}

/// Calls a hook, whose panic goes no further (I1).
pub(super) fn guard(name: fmt::Arguments<'_>, hook: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
        driver::report(format_args!(
            "the {name} hook panicked: {}",
            driver::panic_text(&*payload)
        ));
        driver::forget_quietly(payload);
    }
}

fn thread_hook(name: &'static str, f: impl Fn() + Send + Sync + 'static) -> Option<ThreadHook> {
    Some(StdArc::new(move || guard(format_args!("{name}"), &f)))
}

fn task_hook(name: &'static str, f: impl Fn(&TaskMeta<'_>) + Send + Sync + 'static) -> Option<TaskHook> {
    Some(StdArc::new(move |task| guard(format_args!("{name}"), || f(task))))
}

/// What happens to a panic that nobody collects, unless the builder was told otherwise: it goes to the exception handler of
/// the event loop, or as one line to stderr.
pub(super) fn uncollected_panic(event_loop: StdArc<LoopState>) -> PanicHook {
    StdArc::new(move |task, error| {
        guard(format_args!("exception"), || {
            event_loop.fail(&ExceptionContext::of_task(task, error))
        });
    })
}

/// The same for a task that belongs to no runtime: one line on stderr.
pub(crate) fn report_uncollected(task: &TaskMeta<'_>, error: &JoinError) {
    driver::report(format_args!(
        "{} failed and nobody awaited it: {error}",
        Named(task)
    ));
}

impl Builder {
    /// Sets a function that each worker thread and each thread of the blocking pool calls at its start.
    ///
    /// The runtime is current in it. A panic in it is reported on stderr and goes no further.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .on_thread_start(|| println!("{:?} starts", std::thread::current().name()))
    ///     .on_thread_stop(|| println!("{:?} stops", std::thread::current().name()))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_thread_start<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.on_thread_start = thread_hook("on_thread_start", f);
        self
    }

    /// Sets a function that each worker thread and each thread of the blocking pool calls at its end.
    ///
    /// The runtime is current in it. A panic in it is reported on stderr and goes no further.
    pub fn on_thread_stop<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.on_thread_stop = thread_hook("on_thread_stop", f);
        self
    }

    /// Sets a function that a worker calls each time it has run out of tasks and is about to sleep.
    ///
    /// It may spawn and wake: the worker looks for tasks once more before it sleeps. On a current-thread
    /// runtime it is called in [`Runtime::block_on`](super::Runtime::block_on) before that waits. A panic in it is reported on
    /// stderr and goes no further.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let idle = Arc::new(AtomicUsize::new(0));
    /// let count = idle.clone();
    /// let runtime = heist::runtime::Builder::new_current_thread()
    ///     .enable_time()
    ///     .on_thread_park(move || {
    ///         count.fetch_add(1, Ordering::Relaxed);
    ///     })
    ///     .build()?;
    /// runtime.block_on(async { heist::time::sleep(std::time::Duration::from_millis(1)).await });
    /// assert!(idle.load(Ordering::Relaxed) >= 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_thread_park<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.hooks.before_park = thread_hook("on_thread_park", f);
        self
    }

    /// Sets a function that a worker calls each time after [`on_thread_park`](Self::on_thread_park), when it has
    /// slept or found that it need not.
    ///
    /// A panic in it is reported on stderr and goes no further.
    pub fn on_thread_unpark<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.hooks.after_unpark = thread_hook("on_thread_unpark", f);
        self
    }

    /// Sets a function that is called with each new task, before it can run, on the thread that spawns it.
    ///
    /// The runtime is current in it, so it may spawn, which calls it anew. Blocking closures and tasks of a
    /// [`LocalSet`](crate::task::LocalSet) do not count as tasks here; those of a
    /// [`LocalRuntime`](super::LocalRuntime) do. A panic in it is reported on stderr and goes no further.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_current_thread()
    ///     .on_task_spawn(|task| println!("{} is spawned at {}", task.id(), task.spawned_at()))
    ///     .on_task_terminate(|task| println!("{} has ended", task.id()))
    ///     .build()?;
    /// runtime.block_on(async { heist::spawn(async {}).await.unwrap() });
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_task_spawn<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.on_spawn = task_hook("on_task_spawn", f);
        self
    }

    /// Sets a function that is called before each poll of a task, on the thread that polls it.
    ///
    /// Keep it short: it is called for every poll. A panic in it is reported on stderr and goes no further.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_current_thread()
    ///     .on_before_task_poll(|task| println!("{} is polled", task.id()))
    ///     .on_after_task_poll(|task| println!("{} was polled", task.id()))
    ///     .build()?;
    /// runtime.block_on(async { heist::spawn(heist::task::yield_now()).await.unwrap() });
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_before_task_poll<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.before_poll = task_hook("on_before_task_poll", f);
        self
    }

    /// Sets a function that is called after each poll of a task, on the thread that polled it, also if the task
    /// panicked.
    ///
    /// A panic in it is reported on stderr and goes no further.
    pub fn on_after_task_poll<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.after_poll = task_hook("on_after_task_poll", f);
        self
    }

    /// Sets a function that is called once with each task after it has ended: returned, panicked, or was
    /// dropped because of an abort or the shutdown.
    ///
    /// Closures of [`spawn_blocking`](crate::task::spawn_blocking) are among them, tasks of a
    /// [`LocalSet`](crate::task::LocalSet) are not.
    ///
    /// It is called on the thread where the task has ended, at about the time when its handle learns of it. A panic
    /// in it is reported on stderr and goes no further.
    pub fn on_task_terminate<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn(&TaskMeta<'_>) + Send + Sync + 'static,
    {
        self.hooks.on_terminate = task_hook("on_task_terminate", f);
        self
    }

    /// Sets a function that is called with each task, or closure of the blocking pool, whose panic nobody will collect: its
    /// handle was dropped before it was awaited to its end. The second argument is the panic.
    ///
    /// Unless set, such a panic goes to the exception handler of the runtime's [event loop](crate::aio::EventLoop), and that
    /// writes one line with the task's name to stderr unless it was [set](crate::aio::EventLoop::set_exception_handler) to
    /// something else. A panic in the function is reported on stderr and goes no further.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (send, lost) = mpsc::channel();
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .on_task_panic(move |task, error| send.send((task.id(), error.to_string())).unwrap())
    ///     .build()?;
    /// let id = runtime.spawn(async { panic!("boom") }).id(); // nobody awaits it
    /// let (of, text) = lost.recv().unwrap();
    /// assert_eq!(of, id);
    /// assert!(text.contains("boom"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_task_panic<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn(&TaskMeta<'_>, &JoinError) + Send + Sync + 'static,
    {
        self.hooks.on_panic = Some(StdArc::new(move |task, error| {
            guard(format_args!("on_task_panic"), || f(task, error));
        }));
        self
    }

    /// Sets what the runtime does when a task panics: unless set, nothing but to hand the panic to who joins
    /// the task.
    ///
    /// # Panics
    ///
    /// On a multi-thread runtime with [`UnhandledPanic::ShutdownRuntime`], which is only for current-thread ones.
    ///
    /// ```should_panic
    /// use heist::runtime::{Builder, UnhandledPanic};
    ///
    /// let runtime = Builder::new_current_thread()
    ///     .unhandled_panic(UnhandledPanic::ShutdownRuntime)
    ///     .build()
    ///     .unwrap();
    /// runtime.spawn(async { panic!("boom") });
    /// runtime.block_on(std::future::pending::<()>());
    /// ```
    #[track_caller]
    pub fn unhandled_panic(&mut self, behavior: UnhandledPanic) -> &mut Self {
        self.shut_down_on_panic = match behavior {
            UnhandledPanic::Ignore => false,
            UnhandledPanic::ShutdownRuntime => true,
        };
        assert!(
            !self.shut_down_on_panic || self.flavor == RuntimeFlavor::CurrentThread,
            "UnhandledPanic::ShutdownRuntime is only supported in current thread runtime: use \
             `Builder::new_current_thread`, or look at the `JoinError` of each task"
        );
        self
    }
}
