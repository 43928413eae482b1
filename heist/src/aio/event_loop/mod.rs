//! The event loop as asyncio shows it: callbacks that are called soon, later, or when something is ready.
//!
//! | file | holds |
//! |---|---|
//! | here | [`EventLoop`]: the way to the loop of a runtime |
//! | `ready.rs` | the ready queue, and the task that runs what is in it |
//! | `handle.rs` | what a callback is, and what its giver holds |
//! | `watch.rs`, `descriptors.rs`, `signals.rs` | callbacks that come again and again |
//! | `exception.rs` | failures that nobody collects |
//!
//! The loop is a view of a runtime, not a second scheduler: its callbacks are run by one task, started by the first of them.
//! So they are called one after the other, as asyncio promises, while tasks run beside them on other workers.
//!
//! Deliberately absent: what the runtime does by itself (sockets, name resolution, subprocesses), protocols and transports.

#[cfg(unix)]
mod descriptors;
mod exception;
mod handle;
mod ready;
#[cfg(all(unix, feature = "signal"))]
mod signals;
mod watch;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use heist_executor::task::{JoinHandle, Meta};
use heist_primitive::sync::{Arc, StdArc};

pub use self::exception::ExceptionContext;
pub use self::handle::{Handle, TimerHandle};
pub(crate) use self::ready::LoopState;

use self::handle::Entry;
use super::threads::{SubmitError, ThreadPoolExecutor};
use crate::runtime::context;
use crate::runtime::{Handle as RuntimeHandle, TryCurrentError, report};
use crate::time::Instant;
use crate::time::timers::Timers;

const NO_TIME: &str = "this heist runtime has timers disabled, which `call_later` and `call_at` need: call `enable_time` or \
     `enable_all` on its `runtime::Builder` before `build`";

/// The event loop of a runtime, cheap to clone and to send. `asyncio.AbstractEventLoop`.
///
/// Each runtime has one. Its callbacks are called one after the other, in a task of the runtime; so a callback that
/// computes for long holds up the others of its loop, though not the tasks on other workers.
///
/// ```
/// use std::time::Duration;
///
/// use heist::aio::get_running_loop;
/// use heist::sync::oneshot;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let event_loop = get_running_loop();
/// let (send, receive) = oneshot::channel();
/// event_loop.call_soon(|| println!("soon"));
/// let never = event_loop.call_later(Duration::from_secs(3_600), || println!("never"));
/// event_loop.call_later(Duration::from_millis(1), move || {
///     never.cancel();
///     send.send("later").unwrap();
/// });
/// assert_eq!(receive.await, Ok("later"));
/// # });
/// ```
#[derive(Clone)]
pub struct EventLoop {
    runtime: RuntimeHandle,
}

/// The event loop of the runtime this code runs in. `asyncio.get_running_loop`.
///
/// # Panics
///
/// Outside of a runtime; [`EventLoop::try_current`] returns an error instead.
#[track_caller]
pub fn get_running_loop() -> EventLoop {
    EventLoop::of(&RuntimeHandle::current())
}

impl EventLoop {
    /// The event loop of a runtime.
    pub fn of(runtime: &RuntimeHandle) -> Self {
        Self {
            runtime: runtime.clone(),
        }
    }

    /// The event loop of the runtime this code runs in.
    ///
    /// # Errors
    ///
    /// As [`runtime::Handle::try_current`](RuntimeHandle::try_current).
    pub fn try_current() -> Result<Self, TryCurrentError> {
        RuntimeHandle::try_current().map(|runtime| Self { runtime })
    }

    /// The runtime.
    pub fn runtime(&self) -> &RuntimeHandle {
        &self.runtime
    }

    pub(super) fn state(&self) -> &StdArc<LoopState> {
        self.runtime.event_loop()
    }

    #[track_caller]
    fn timers(&self) -> &Arc<Timers> {
        match self.runtime.timers() {
            Some(timers) => timers,
            None => panic!("{NO_TIME}"),
        }
    }

    /// In debug mode, reports a call from a thread where the runtime is not current.
    #[track_caller]
    fn check_thread(&self) {
        if !self.get_debug() {
            return;
        }
        let is_here = RuntimeHandle::try_current().is_ok_and(|current| current.id() == self.runtime.id());
        if !is_here {
            report(format_args!(
                "debug: a call to an event loop from a thread outside of its runtime, at {}: use `call_soon_threadsafe`",
                Location::caller()
            ));
        }
    }

    /// Calls `callback` as soon as the callbacks that are ready by now have been called. First come, first called.
    ///
    /// A callback that panics goes to the [exception handler](Self::set_exception_handler) and no further. When the runtime
    /// shuts down, callbacks that have not been called are dropped.
    ///
    /// ```
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let (send, mut order) = heist::sync::mpsc::unbounded_channel();
    /// for number in 0..3 {
    ///     let send = send.clone();
    ///     heist::aio::get_running_loop().call_soon(move || send.send(number).unwrap());
    /// }
    /// assert_eq!(order.recv().await, Some(0));
    /// assert_eq!(order.recv().await, Some(1));
    /// # });
    /// ```
    #[track_caller]
    pub fn call_soon<F>(&self, callback: F) -> Handle
    where
        F: FnOnce() + Send + 'static,
    {
        self.check_thread();
        self.call_soon_threadsafe(callback)
    }

    /// [`call_soon`](Self::call_soon) from any thread. In heist both may be called anywhere; this one says that it is meant.
    #[track_caller]
    pub fn call_soon_threadsafe<F>(&self, callback: F) -> Handle
    where
        F: FnOnce() + Send + 'static,
    {
        let entry = Entry::new(callback, self.state(), None, Location::caller());
        self.state().start(&self.runtime);
        self.state().push(entry.clone());
        Handle::new(entry)
    }

    /// Calls `callback` when `delay` has passed, at the cost of one allocation and an entry of the timer wheel, not of a
    /// task.
    ///
    /// Callbacks come in the order of their deadlines. A delay that the platform cannot add to the present counts as about
    /// 30 years.
    ///
    /// # Panics
    ///
    /// If the runtime has timers disabled.
    #[track_caller]
    pub fn call_later<F>(&self, delay: Duration, callback: F) -> TimerHandle
    where
        F: FnOnce() + Send + 'static,
    {
        self.call_at(self.time().after(delay), callback)
    }

    /// Calls `callback` at `when`, by the clock of [`time`](Self::time); if that has passed, as soon as it can. See
    /// [`call_later`](Self::call_later).
    ///
    /// # Panics
    ///
    /// If the runtime has timers disabled.
    #[track_caller]
    pub fn call_at<F>(&self, when: Instant, callback: F) -> TimerHandle
    where
        F: FnOnce() + Send + 'static,
    {
        self.check_thread();
        let timers = self.timers().shard(context::thread_number()).clone();
        let entry = Entry::new(callback, self.state(), Some(when), Location::caller());
        self.state().start(&self.runtime);
        entry.schedule(when, timers)
    }

    /// The time by the loop's clock, which never goes back. With the runtime's clock paused it stands still.
    ///
    /// # Panics
    ///
    /// If the runtime has timers disabled.
    #[track_caller]
    pub fn time(&self) -> Instant {
        self.timers().clock().now()
    }

    /// Whether threads run the runtime's tasks, and so the loop's callbacks: always until a multi-thread runtime is shut
    /// down, and while a thread is in the `block_on` of a current-thread one.
    pub fn is_running(&self) -> bool {
        self.runtime.is_running()
    }

    /// Lets [`Runner::run_forever`](super::Runner::run_forever) return when the callbacks that are ready by now have been
    /// called. If it is not running, the next one returns after one round of callbacks.
    pub fn stop(&self) {
        self.state().stop();
    }

    /// Whether the runtime was built in [debug mode](crate::runtime::Builder::debug).
    pub fn get_debug(&self) -> bool {
        self.state().slow.is_some()
    }

    /// Spawns a task onto the runtime of this loop. `loop.create_task`.
    #[track_caller]
    pub fn create_task<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.runtime.spawn_as(future, Meta::caller())
    }

    /// Runs `f` on a thread of `executor`, or for `None` of the default executor: the one that was
    /// [set](Self::set_default_executor), else the runtime's blocking pool.
    ///
    /// # Errors
    ///
    /// If the executor is shut down or its queue is full. The blocking pool is never full, and after its shutdown the
    /// handle returns a cancelled [`JoinError`](crate::task::JoinError).
    ///
    /// ```
    /// use heist::aio::{ThreadPoolExecutor, get_running_loop};
    ///
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let images = ThreadPoolExecutor::new("images", 2);
    /// let event_loop = get_running_loop();
    /// let resized = event_loop.run_in_executor(Some(&images), || "resized").unwrap();
    /// let read = event_loop.run_in_executor(None, || "read").unwrap();
    /// assert_eq!((resized.await.unwrap(), read.await.unwrap()), ("resized", "read"));
    /// # });
    /// ```
    #[track_caller]
    pub fn run_in_executor<F, R>(
        &self,
        executor: Option<&ThreadPoolExecutor>,
        f: F,
    ) -> Result<JoinHandle<R>, SubmitError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        match executor.cloned().or_else(|| self.default_executor()) {
            Some(executor) => executor.submit(f),
            None => Ok(self.runtime.spawn_blocking_as(f, Meta::caller())),
        }
    }

    /// Sets the executor for [`run_in_executor`](Self::run_in_executor) with `None` and for
    /// [`to_thread`](super::to_thread). It is shut down with the runtime, without waiting; [`Runner`](super::Runner) waits.
    pub fn set_default_executor(&self, executor: ThreadPoolExecutor) {
        let before = self.state().executor.lock().replace(executor);
        drop(before);
    }

    /// The executor that was set, if one was.
    pub fn default_executor(&self) -> Option<ThreadPoolExecutor> {
        self.state().executor.lock().clone()
    }

    /// Takes the executor that was [set](Self::set_default_executor) out of use, and waits until everything that it was
    /// given has run and its threads have ended. The runtime's own blocking pool ends with the runtime.
    ///
    /// # Cancel safety
    ///
    /// A dropped wait leaves the executor shut down.
    pub async fn shutdown_default_executor(&self) {
        let executor = self.state().executor.lock().take();
        if let Some(executor) = executor {
            executor.shutdown(false, false);
            let joined = self
                .runtime
                .spawn_blocking(move || executor.shutdown(true, false));
            // Refused only if the runtime is shut down too.
            let _ = joined.await;
        }
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop")
            .field("runtime", &self.runtime.id())
            .field("running", &self.is_running())
            .field("debug", &self.get_debug())
            .finish()
    }
}
