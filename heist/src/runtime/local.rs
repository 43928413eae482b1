//! `LocalRuntime`: a current-thread runtime whose tasks need not be `Send`, bound to the thread that made it.
//!
//! ```text
//!   LocalRuntime ── set ──► a local set: tasks of spawn_local ◄── HOME (thread-local): found by the runtime's id
//!        └──── runtime ───► a current-thread runtime: tasks of spawn, I/O, timers, blocking pool
//! ```
//!
//! Invariants
//!
//! - I1: the set is polled as a part of the root future of `block_on`, on the owner's thread only.
//! - I2: an entry of `HOME` is there as long as its `LocalRuntime`, on the same thread.
//! - I3: the set's tasks are dropped before the runtime is shut down, with the runtime current.
//!
//! Absent on purpose: a scheduler of its own.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::time::Duration;

use heist_executor::local;
use heist_executor::task::{JoinHandle, Meta};
use heist_primitive::thread;

use super::handle::{RuntimeFlavor, Scheduler};
use super::{Builder, EnterGuard, Handle, Id, Runtime, RuntimeMetrics, context};

const FOREIGN: &str = "Local tasks can only be spawned on a LocalRuntime from the thread the runtime was created on: \
     use `heist::spawn` or `Handle::spawn` for futures that are `Send`";
const NOT_LOCAL: &str = "`spawn_local` called from outside of a `task::LocalSet` or `runtime::LocalRuntime`: call it \
     in `LocalSet::run_until` or `LocalRuntime::block_on`, or hold the guard of `LocalSet::enter`";

heist_primitive::thread_local! {
    /// The local runtimes of this thread.
    static HOME: RefCell<Vec<(Id, Weak<local::LocalSet>)>> = const { RefCell::new(Vec::new()) };
}

/// A runtime on one thread whose tasks may hold things that are not `Send`.
///
/// All tasks run on the thread that made the runtime, while it is in [`block_on`](Self::block_on). In there
/// [`spawn_local`](crate::task::spawn_local) takes futures that are not `Send`, without a
/// [`LocalSet`](crate::task::LocalSet), and [`spawn`](crate::spawn) those that are.
///
/// It shuts down as [`Runtime`] does, when dropped or by [`shutdown_timeout`](Self::shutdown_timeout) and
/// [`shutdown_background`](Self::shutdown_background).
///
/// ```
/// use std::rc::Rc;
///
/// use heist::runtime::LocalRuntime;
/// use heist::task::spawn_local;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = LocalRuntime::new()?;
/// let length = runtime.block_on(async {
///     let text = Rc::new("not Send".to_owned());
///     spawn_local(async move { text.len() }).await.unwrap()
/// });
/// assert_eq!(length, 8);
/// # Ok(())
/// # }
/// ```
pub struct LocalRuntime {
    /// `None` once its tasks are dropped.
    set: Option<Rc<local::LocalSet>>,
    /// `None` once it is shut down.
    runtime: Option<Runtime>,
}

/// Settings of a [`LocalRuntime`]; there are none so far.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LocalOptions {
    _not_send: PhantomData<*mut ()>,
}

impl Builder {
    /// Builds a runtime that is bound to this thread.
    ///
    /// # Errors
    ///
    /// If the operating system denies a descriptor.
    ///
    /// # Panics
    ///
    /// If this is a builder of a multi-thread runtime.
    ///
    /// ```
    /// use heist::runtime::{Builder, LocalOptions};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::new_current_thread().build_local(LocalOptions::default())?;
    /// assert_eq!(runtime.block_on(async { 5 }), 5);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn build_local(&mut self, options: LocalOptions) -> io::Result<LocalRuntime> {
        let LocalOptions { _not_send: _ } = options;
        assert!(
            self.flavor == RuntimeFlavor::CurrentThread,
            "multi_thread is not supported for LocalRuntime: start with `Builder::new_current_thread`"
        );
        self.local_owner = Some(thread::current().id());
        let built = super::build::build(self);
        self.local_owner = None;
        let runtime = built?;
        let set = match &runtime.handle().shared.scheduler {
            Scheduler::CurrentThread(scheduler) => local::LocalSet::at(scheduler),
            Scheduler::MultiThread(_) => unreachable!("the flavour was looked at above"),
        };
        set.shut_down_on_panic(self.shut_down_on_panic);
        let set = Rc::new(set);
        let entry = (runtime.handle().id(), Rc::downgrade(&set));
        HOME.with(|home| home.borrow_mut().push(entry));
        Ok(LocalRuntime {
            set: Some(set),
            runtime: Some(runtime),
        })
    }
}

impl LocalRuntime {
    /// A local runtime with I/O and timers enabled and otherwise the default settings.
    ///
    /// # Errors
    ///
    /// If the operating system denies a descriptor.
    pub fn new() -> io::Result<LocalRuntime> {
        Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
    }

    fn set(&self) -> &local::LocalSet {
        self.set.as_deref().expect("the set is there until the end")
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("the runtime is there until the end")
    }

    /// A reference to this runtime, to spawn from elsewhere, such futures as are `Send`.
    pub fn handle(&self) -> &Handle {
        self.runtime().handle()
    }

    /// Spawns a task onto this runtime; its future need not be `Send`. It runs while this thread is in
    /// [`block_on`](Self::block_on).
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let handle = self.handle();
        let _current = handle.shared.enters_to_spawn.then(|| handle.enter());
        self.set().spawn(future, Meta::caller())
    }

    /// Runs `f` on the blocking pool of this runtime.
    ///
    /// See [`task::spawn_blocking`](crate::task::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.runtime().spawn_blocking(f)
    }

    /// Runs `future` to its end on this thread, and the runtime's tasks, I/O and timers meanwhile.
    ///
    /// # Panics
    ///
    /// If `future` panics, and if called from asynchronous code.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let set = self.set();
        // For tasks of `spawn`, which run outside of the root future's polls.
        let _here = set.enter();
        let mut future = pin!(future);
        self.runtime()
            .block_on(poll_fn(|cx| set.poll_beside(cx, |cx| future.as_mut().poll(cx))))
    }

    /// Makes this runtime the current one of this thread until the guard is dropped.
    ///
    /// See [`Handle::enter`].
    ///
    /// # Panics
    ///
    /// The guard panics when it is dropped before one that was made after it.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.runtime().enter()
    }

    /// Shuts the runtime down and waits up to `duration` for blocking closures that have started.
    ///
    /// # Panics
    ///
    /// If called in asynchronous code with a `duration` that is not zero.
    #[track_caller]
    pub fn shutdown_timeout(mut self, duration: Duration) {
        self.drop_tasks();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(duration);
        }
    }

    /// Shuts the runtime down without waiting for anything.
    pub fn shutdown_background(mut self) {
        self.drop_tasks();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// The runtime's own counters. Tasks of `spawn_local` are among them.
    pub fn metrics(&self) -> RuntimeMetrics {
        self.runtime().metrics()
    }

    /// I3.
    fn drop_tasks(&mut self) {
        if let (Some(set), Some(runtime)) = (self.set.take(), &self.runtime) {
            let _current = runtime.enter();
            let id = runtime.handle().id();
            let _ = HOME.try_with(|home| home.borrow_mut().retain(|(other, _)| *other != id));
            drop(set);
        }
    }
}

impl Drop for LocalRuntime {
    fn drop(&mut self) {
        self.drop_tasks();
    }
}

impl UnwindSafe for LocalRuntime {}
impl RefUnwindSafe for LocalRuntime {}

impl fmt::Debug for LocalRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRuntime")
            .field("handle", self.handle())
            .finish_non_exhaustive()
    }
}

/// Spawns onto the local set that is current, else onto the local runtime that is.
#[track_caller]
pub(crate) fn spawn<F>(future: F, meta: Meta) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let (future, meta) = match local::spawn(future, meta) {
        Ok(task) => return task,
        Err(back) => back,
    };
    let Ok(handle) = context::try_current() else {
        panic!("{NOT_LOCAL}");
    };
    match handle.local_owner() {
        None => panic!("{NOT_LOCAL}"),
        Some(owner) if owner != thread::current().id() => panic!("{FOREIGN}"),
        Some(_) => {}
    }
    let set = HOME.with(|home| {
        let home = home.borrow();
        let entry = home.iter().find(|(id, _)| *id == handle.id());
        entry.and_then(|(_, set)| set.upgrade())
    });
    match set {
        Some(set) => set.spawn(future, meta),
        // It is being dropped, or gone: nothing runs any more.
        None => local::LocalSet::new().spawn(future, meta),
    }
}
