//! The owner of a runtime's threads: `block_on`, and the shutdown.
//!
//! ```text
//!             multi-thread                              current-thread
//!  1 close    workers: cancel all tasks                 drop all tasks, here and now
//!  2 close    blocking pool: drop what has not started  the same
//!  3 join     workers, which drop the tasks             -
//!  4 stop     heist-reactor: sources and timers shut    drop the driver: sources and timers shut
//!             down, their waiters woken, thread joined  down, their waiters woken
//!  5 join     blocking threads                          blocking threads
//! ```
//!
//! Invariants
//!
//! - I1: the driver is shut down after the tasks are dropped (3 before 4): what a task drops is deregistered
//!   from a reactor that still runs.
//! - I2: the driver is shut down before the blocking threads are waited for (4 before 5): one that waits for
//!   a socket or a timer by `Handle::block_on` gets its error instead of holding the drop up for ever.
//! - I3: with no time limit, no thread of the runtime is left when the shutdown returns.
//! - I4: with a limit, what has not ended by then is left alone; it ends by itself as soon as it can. I1 holds then, too:
//!   if a worker has not ended, 4 is left to the last of them. A poll that goes on may wait for a timer or a socket once more.
//! - I5: nothing waits where waiting could deadlock: in asynchronous code, or for the calling thread itself.
//!
//! Absent on purpose: graceful draining. Tasks are cancelled at their next `.await`.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe, panic_any};
use std::time::Duration;

use heist_executor::task::{JoinHandle, Meta};
use heist_executor::{blocking, current_thread, multi_thread};
use heist_primitive::sync::Mutex;
use heist_primitive::thread;

use super::Builder;
use super::context::{self, Role};
use super::driver::ReactorThread;
use super::handle::{EnterGuard, Handle};
use super::limit::Limit;
use super::metrics::RuntimeMetrics;

/// A runtime: threads that run tasks, turn I/O and timers, and run blocking closures.
///
/// Make one with [`Runtime::new`] or a [`Builder`], or let `#[heist::main]` do it. An `Arc` shares it, a
/// [`Handle`] reaches it from elsewhere.
///
/// # Shutdown
///
/// Dropping the runtime cancels its tasks: each is dropped at its next `.await`, or where it waits. Then the
/// drop waits for the worker threads and for blocking closures that have started, however long they take;
/// those that have not started are dropped. [`shutdown_timeout`](Self::shutdown_timeout) waits for a limited
/// time and [`shutdown_background`](Self::shutdown_background) not at all.
///
/// # Panics
///
/// Dropping a runtime in asynchronous code panics (after a shutdown in the background), because the drop
/// would block the thread.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let runtime = heist::runtime::Runtime::new()?;
/// assert_eq!(runtime.block_on(async { 2 + 2 }), 4);
/// # Ok(())
/// # }
/// ```
pub struct Runtime {
    handle: Handle,
    kind: Kind,
    blocking: blocking::Pool,
    is_shut_down: bool,
}

pub(super) enum Kind {
    /// `None` once shut down.
    CurrentThread(Option<current_thread::Scheduler>),
    MultiThread {
        /// Never locked: it makes the pool `Sync`, which the workers' ends of its deques, before they start,
        /// are not.
        pool: Mutex<multi_thread::Pool>,
        /// `None` if nothing needs it, and once stopped.
        reactor: Option<ReactorThread>,
    },
}

impl Runtime {
    /// A multi-thread runtime with everything enabled and the default settings of
    /// [`Builder::new_multi_thread`].
    ///
    /// # Errors
    ///
    /// If the operating system denies a thread or a descriptor.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// runtime.block_on(async { println!("hello") });
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> io::Result<Self> {
        Builder::new_multi_thread().enable_all().build()
    }

    pub(super) fn from_parts(handle: Handle, kind: Kind, blocking: blocking::Pool) -> Self {
        Self {
            handle,
            kind,
            blocking,
            is_shut_down: false,
        }
    }

    pub(super) fn kind_mut(&mut self) -> &mut Kind {
        &mut self.kind
    }

    /// A reference to this runtime, to spawn from elsewhere.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task onto this runtime; it starts to run at once, whether or not its handle is awaited.
    ///
    /// On a current-thread runtime it runs while a thread is in [`block_on`](Self::block_on).
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let task = runtime.spawn(async { "ran on a worker" });
    /// assert_eq!(runtime.block_on(task).unwrap(), "ran on a worker");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn_as(future, Meta::caller())
    }

    /// Runs `f` on the blocking pool of this runtime.
    ///
    /// See [`task::spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let text = runtime.spawn_blocking(|| std::fs::read_to_string("/proc/version").unwrap_or_default());
    /// println!("{}", runtime.block_on(text).unwrap());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking_as(f, Meta::caller())
    }

    /// Runs `future` to its end on this thread and returns its output.
    ///
    /// The runtime is current meanwhile. On a multi-thread runtime the workers go on by themselves. On a
    /// current-thread runtime this is what runs the tasks and turns I/O and timers; of several threads that
    /// call it at once, one does so and the others wait for their own futures.
    ///
    /// A multi-thread runtime may poll tasks on this thread, too, between two polls of the future: those that the future
    /// is in conversation with, that is, that it wakes and that have answered quickly several times in a row. So an answer
    /// needs no other thread. What the future waits for beside that answer, a timer say, is seen after the task's poll,
    /// which should be short, as any poll should. [`Builder::tasks_in_block_on`] turns it off.
    ///
    /// # Panics
    ///
    /// If `future` panics, and if called from asynchronous code.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_current_thread().enable_all().build()?;
    /// let answer = runtime.block_on(async { heist::spawn(async { 42 }).await.unwrap() });
    /// assert_eq!(answer, 42);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _driving = context::start_driving(&self.handle, Role::Visitor);
        match &self.kind {
            Kind::CurrentThread(Some(scheduler)) => {
                let _attending = self.handle.shared.ear.attend();
                scheduler.block_on(future)
            }
            Kind::CurrentThread(None) => self.handle.wait_for(future),
            Kind::MultiThread { .. } => self.handle.wait_for_as_guest(future),
        }
    }

    /// Makes this runtime the current one of this thread until the guard is dropped.
    ///
    /// See [`Handle::enter`].
    ///
    /// # Panics
    ///
    /// The guard panics when it is dropped before one that was made after it.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let _guard = runtime.enter();
    /// heist::spawn(async {});
    /// # Ok(())
    /// # }
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// The runtime's own counters.
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }

    /// Shuts the runtime down and waits up to `limit` for its threads.
    ///
    /// What has not ended by then, such as a blocking closure, is left to end by itself.
    ///
    /// # Panics
    ///
    /// If called in asynchronous code with a `limit` that is not zero: use
    /// [`shutdown_background`](Self::shutdown_background) there.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let (release, wait) = std::sync::mpsc::channel::<()>();
    /// runtime.spawn_blocking(move || wait.recv());
    /// runtime.shutdown_timeout(Duration::from_millis(10));
    /// drop(release);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn shutdown_timeout(mut self, limit: Duration) {
        match context::refuse_to_wait_for(self.handle.id()) {
            Some(reason) if !limit.is_zero() => {
                self.shutdown(Some(Duration::ZERO));
                if !thread::panicking() {
                    panic_any(reason);
                }
            }
            _ => {
                self.shutdown(Some(limit));
            }
        }
    }

    /// Shuts the runtime down without waiting for anything.
    ///
    /// The one way to let go of a runtime in asynchronous code. Tasks are dropped at their next `.await`,
    /// blocking closures that have started run to their end.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let outer = heist::runtime::Runtime::new()?;
    /// outer.block_on(async {
    ///     let inner = heist::runtime::Runtime::new().unwrap();
    ///     inner.shutdown_background();
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown_background(mut self) {
        self.shutdown(Some(Duration::ZERO));
    }

    /// The shutdown of the picture above. Returns whether every thread has ended.
    pub(super) fn shutdown(&mut self, limit: Option<Duration>) -> bool {
        self.is_shut_down = true;
        let limit = Limit::new(limit);

        match &mut self.kind {
            Kind::CurrentThread(scheduler) => {
                let _guard = self.handle.enter();
                if let Some(scheduler) = scheduler {
                    scheduler.shutdown();
                }
            }
            Kind::MultiThread { pool, .. } => pool.get_mut().begin_shutdown(),
        }
        self.blocking.begin_shutdown();
        let mut all_ended = true;
        match &mut self.kind {
            Kind::CurrentThread(scheduler) => drop(scheduler.take()),
            Kind::MultiThread { pool, reactor } => {
                let pool = pool.get_mut();
                all_ended &= pool.join(limit.left());
                match reactor.take() {
                    Some(mut reactor) if all_ended => {
                        reactor.stop();
                        all_ended &= reactor.join(limit);
                    }
                    Some(reactor) => pool.at_end(move || reactor.stop()),
                    None => {}
                }
            }
        }
        all_ended &= self.blocking.join(limit.left());
        self.handle.event_loop().shut_down();
        all_ended
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.is_shut_down {
            return;
        }
        match context::refuse_to_wait_for(self.handle.id()) {
            None => {
                self.shutdown(None);
            }
            Some(reason) => {
                self.shutdown(Some(Duration::ZERO));
                if !thread::panicking() {
                    panic_any(reason);
                }
            }
        }
    }
}

/// A panic in [`block_on`](Runtime::block_on) leaves the runtime as it was.
impl UnwindSafe for Runtime {}

/// A panic in [`block_on`](Runtime::block_on) leaves the runtime as it was.
impl RefUnwindSafe for Runtime {}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}
