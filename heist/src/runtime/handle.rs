//! The handle: a reference-counted way to a runtime from any thread.
//!
//! Invariants
//!
//! - I1: a `Handle` is one `Arc`; it keeps the queues, the reactor's registry and the timers allocated, but
//!   no thread running. After the runtime has shut down it spawns tasks that are cancelled at birth.
//! - I2: `Shared` owns no thread, so its last reference may be dropped anywhere, also on a worker.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
#[cfg(all(unix, feature = "signal"))]
use std::task::Waker;

use heist_executor::blocking::{AtClose, Refused};
use heist_executor::task::{JoinHandle, Meta};
use heist_executor::{blocking, current_thread, multi_thread};
use heist_primitive::sync::{Arc, MutexGuard, StdArc};
use heist_primitive::thread::ThreadId;

use super::context::{self, Role};
use super::driver;
use super::ear;
use super::id::Id;
use super::metrics::RuntimeMetrics;
use super::seed::Seeds;
use crate::aio::LoopState;
#[cfg(feature = "test-util")]
use crate::time::Clock;
use crate::time::timers::Timers;

/// What a runtime, its handles and its threads share.
pub(super) struct Shared {
    pub(super) id: Id,
    pub(super) name: Option<Box<str>>,
    pub(super) scheduler: Scheduler,
    pub(super) blocking: blocking::Handle,
    pub(super) driver: driver::Handle,
    pub(super) seeds: Seeds,
    /// There is a hook on spawning, in which the runtime is to be current.
    pub(super) enters_to_spawn: bool,
    /// The thread of the `LocalRuntime` that this is a part of.
    pub(super) local_owner: Option<ThreadId>,
    pub(super) event_loop: StdArc<LoopState>,
    pub(super) ear: ear::Place,
}

/// The queue that a spawn goes to.
#[derive(Debug)]
pub(super) enum Scheduler {
    CurrentThread(current_thread::Handle),
    MultiThread(multi_thread::Handle),
}

/// A reference to a runtime, cheap to clone and to send.
///
/// It does not keep the runtime running: once the [`Runtime`](super::Runtime) is dropped or shut down, what is spawned
/// through a handle is cancelled at once.
///
/// ```
/// use heist::runtime::{Handle, Runtime};
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Runtime::new()?;
/// let handle = runtime.handle().clone();
/// let thread = std::thread::spawn(move || handle.block_on(async { Handle::current().id() }));
/// assert_eq!(thread.join().unwrap(), runtime.handle().id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Handle {
    pub(super) shared: StdArc<Shared>,
}

/// The kind of scheduler a runtime has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// Tasks run on the thread that calls [`Runtime::block_on`](super::Runtime::block_on).
    CurrentThread,
    /// Tasks run on a fixed set of worker threads.
    MultiThread,
}

impl Handle {
    /// Makes this runtime the current one of this thread until the guard is dropped.
    ///
    /// Sockets and timers can be made and [`heist::spawn`](crate::spawn) works while the guard lives. Guards
    /// nest; drop them in the reverse order.
    ///
    /// Don't hold the guard over an `.await`: the code between two polls would run with it too.
    ///
    /// # Panics
    ///
    /// The guard panics when it is dropped before one that was made after it.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let task = {
    ///     let _guard = runtime.handle().enter();
    ///     heist::spawn(async { "spawned from outside" })
    /// };
    /// assert_eq!(runtime.block_on(task).unwrap(), "spawned from outside");
    /// # Ok(())
    /// # }
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard {
            _entered: Entered {
                depth: context::enter(self),
                _not_send: PhantomData,
            },
            _handle: PhantomData,
        }
    }

    /// The handle of the runtime this code runs in.
    ///
    /// # Panics
    ///
    /// Outside of a runtime: call it from a task, from the future given to `block_on`, on a thread of the
    /// blocking pool, or while holding the guard of [`Runtime::enter`](super::Runtime::enter) or [`Handle::enter`].
    /// [`try_current`](Self::try_current) returns an error instead.
    ///
    /// ```
    /// use heist::runtime::{Handle, Runtime};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// Runtime::new()?.block_on(async {
    ///     let handle = Handle::current();
    ///     std::thread::spawn(move || handle.spawn(async {})).join().unwrap().await.unwrap();
    /// });
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn current() -> Self {
        (*context::current()).clone()
    }

    /// The handle of the runtime this code runs in.
    ///
    /// # Errors
    ///
    /// Outside of a runtime, and while the thread-locals of this thread are destroyed.
    ///
    /// ```
    /// assert!(heist::runtime::Handle::try_current().unwrap_err().is_missing_context());
    /// ```
    pub fn try_current() -> Result<Self, TryCurrentError> {
        context::try_current().map(|handle| (*handle).clone())
    }

    /// Spawns a task onto this runtime; it starts to run at once, whether or not its handle is awaited.
    ///
    /// On a runtime that has shut down the task is dropped, and its [`JoinHandle`] returns a cancelled
    /// [`JoinError`](crate::task::JoinError).
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let task = runtime.handle().spawn(async { 1 + 1 });
    /// assert_eq!(runtime.block_on(task).unwrap(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_as(future, Meta::caller())
    }

    /// Runs `f` on the blocking pool of this runtime.
    ///
    /// See [`task::spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let sum = runtime.handle().spawn_blocking(|| (1..=100).sum::<u32>());
    /// assert_eq!(runtime.block_on(sum).unwrap(), 5050);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_blocking_as(f, Meta::caller())
    }

    /// Runs `future` to its end on this thread, with this runtime current.
    ///
    /// On a current-thread runtime this does not run the runtime's tasks nor turn its I/O and timers: only
    /// [`Runtime::block_on`](super::Runtime::block_on) does. If no thread is in there, a future that waits for one of these waits
    /// forever.
    ///
    /// Once the runtime has shut down, sockets return errors and timers panic; futures that need
    /// neither run as usual.
    ///
    /// # Panics
    ///
    /// If `future` panics, and if called from asynchronous code, where blocking would stop other tasks. In
    /// [`spawn_blocking`](crate::task::spawn_blocking) it is allowed.
    ///
    /// ```
    /// use heist::runtime::Handle;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let task = runtime.spawn_blocking(|| Handle::current().block_on(async { "from a blocking thread" }));
    /// assert_eq!(runtime.block_on(task).unwrap(), "from a blocking thread");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _driving = context::start_driving(self, Role::Visitor);
        self.wait_for(future)
    }

    /// Which scheduler the runtime has.
    ///
    /// ```
    /// use heist::runtime::{Handle, Runtime, RuntimeFlavor};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let flavor = Runtime::new()?.block_on(async { Handle::current().runtime_flavor() });
    /// assert_eq!(flavor, RuntimeFlavor::MultiThread);
    /// # Ok(())
    /// # }
    /// ```
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        match self.shared.scheduler {
            Scheduler::CurrentThread(_) => RuntimeFlavor::CurrentThread,
            Scheduler::MultiThread(_) => RuntimeFlavor::MultiThread,
        }
    }

    /// What tells this runtime from the others of the process.
    pub fn id(&self) -> Id {
        self.shared.id
    }

    /// The name given by [`Builder::name`](super::Builder::name).
    pub fn name(&self) -> Option<&str> {
        self.shared.name.as_deref()
    }

    /// The runtime's own counters.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_multi_thread().worker_threads(3).build()?;
    /// assert_eq!(runtime.handle().metrics().num_workers(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics::new(self.clone())
    }

    /// Polls `future` on this thread and sleeps between the polls.
    pub(super) fn wait_for<F: Future>(&self, future: F) -> F::Output {
        match &self.shared.scheduler {
            Scheduler::CurrentThread(scheduler) => scheduler.block_on(future),
            Scheduler::MultiThread(scheduler) => scheduler.block_on(future),
        }
    }

    /// As [`wait_for`](Self::wait_for); the runtime is not shut down meanwhile, so this thread may poll tasks as well.
    pub(super) fn wait_for_as_guest<F: Future>(&self, future: F) -> F::Output {
        match &self.shared.scheduler {
            Scheduler::CurrentThread(scheduler) => scheduler.block_on(future),
            Scheduler::MultiThread(scheduler) => scheduler.block_on_as_guest(future),
        }
    }

    pub(crate) fn spawn_as<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let _current = self.shared.enters_to_spawn.then(|| self.enter());
        match &self.shared.scheduler {
            Scheduler::CurrentThread(scheduler) => scheduler.spawn(future, meta),
            Scheduler::MultiThread(scheduler) => scheduler.spawn(future, meta),
        }
    }

    /// As [`spawn_as`](Self::spawn_as), with the first poll on the calling thread, before this returns.
    pub(crate) fn spawn_eager_as<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let _current = self.shared.enters_to_spawn.then(|| self.enter());
        match &self.shared.scheduler {
            Scheduler::CurrentThread(scheduler) => scheduler.spawn_eager(future, meta),
            Scheduler::MultiThread(scheduler) => scheduler.spawn_eager(future, meta),
        }
    }

    pub(crate) fn spawn_blocking_as<F, R>(&self, f: F, meta: Meta) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.shared.blocking.spawn(f, meta)
    }

    /// Runs `f` on the blocking pool, or says why not.
    #[track_caller]
    pub(crate) fn try_spawn_blocking<F, R>(&self, f: F, at_close: AtClose) -> Result<JoinHandle<R>, Refused>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.shared.blocking.try_spawn(f, Meta::caller(), at_close)
    }

    pub(super) fn local_owner(&self) -> Option<ThreadId> {
        self.shared.local_owner
    }

    /// Whether this runtime's driver tells `waker` of signals: E1 and E3 of `signal/ear.rs`.
    #[cfg(all(unix, feature = "signal"))]
    pub(crate) fn hears_signals_for(&self, waker: &Waker) -> bool {
        let ear = &self.shared.ear;
        match &self.shared.scheduler {
            Scheduler::CurrentThread(scheduler) => scheduler.polls_for(waker) && ear.listen(self.io()),
            Scheduler::MultiThread(_) => ear.listen(self.io()) && ear.attends(),
        }
    }

    pub(crate) fn event_loop(&self) -> &StdArc<LoopState> {
        &self.shared.event_loop
    }

    pub(crate) fn io(&self) -> Option<&heist_reactor::Handle> {
        self.shared.driver.io.as_ref()
    }

    pub(crate) fn timers(&self) -> Option<&Arc<Timers>> {
        self.shared.driver.timers.as_ref()
    }

    #[cfg(feature = "test-util")]
    pub(crate) fn clock(&self) -> &Clock {
        &self.shared.driver.clock
    }
}

/// A panic in what it spawns or runs leaves the runtime as it was.
impl UnwindSafe for Handle {}

/// A panic in what it spawns or runs leaves the runtime as it was.
impl RefUnwindSafe for Handle {}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("flavor", &self.runtime_flavor())
            .finish()
    }
}

/// Keeps a runtime current for this thread; made by [`Handle::enter`] and [`Runtime::enter`](super::Runtime::enter).
///
/// It stays on its thread (`!Send`). When dropped, the runtime that was current before is so again.
#[must_use = "the runtime is current only while the guard lives"]
pub struct EnterGuard<'a> {
    _entered: Entered,
    _handle: PhantomData<&'a Handle>,
}

/// What is to be undone. Apart from the guard, which so has no `Drop` of its own: its borrow may end before it does,
/// and a runtime be shut down while it is entered.
struct Entered {
    depth: usize,
    /// A lock's guard is what is `Sync` but not `Send`.
    _not_send: PhantomData<MutexGuard<'static, ()>>,
}

impl Drop for Entered {
    #[track_caller]
    fn drop(&mut self) {
        context::leave(self.depth);
    }
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

/// Why [`Handle::try_current`] found no runtime.
#[derive(Clone, PartialEq, Eq)]
pub struct TryCurrentError {
    destroyed: bool,
}

impl TryCurrentError {
    pub(super) fn missing_context() -> Self {
        Self { destroyed: false }
    }

    pub(super) fn thread_local_destroyed() -> Self {
        Self { destroyed: true }
    }

    /// Whether no runtime is current on this thread.
    pub fn is_missing_context(&self) -> bool {
        !self.destroyed
    }

    /// Whether the thread is ending and its thread-locals, among them heist's, are destroyed.
    pub fn is_thread_local_destroyed(&self) -> bool {
        self.destroyed
    }
}

impl fmt::Debug for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.destroyed {
            "ThreadLocalDestroyed"
        } else {
            "MissingContext"
        };
        f.debug_tuple("TryCurrentError")
            .field(&format_args!("{kind}"))
            .finish()
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(context::message(self))
    }
}

impl std::error::Error for TryCurrentError {}
