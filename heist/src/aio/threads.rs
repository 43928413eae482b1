//! Threads beside the event loop: [`to_thread`], pools with a name and limits of their own, and waiting on a thread for a
//! task.
//!
//! ```text
//!   submit ──(a permit, if the queue is bounded)──► the pool's queue ──► a thread runs it ──► permit and result back
//! ```
//!
//! Invariants
//!
//! - I1: a permit is held from `submit` until the closure has run or was dropped, so at most `max_workers` run and at most
//!   `queue_limit` wait.
//! - I2: a wait for the pool's end holds no lock of ours, so others may submit (and are refused) or shut down meanwhile.
//!
//! Deliberately absent: threads of our own. A pool is the executor's blocking pool, a second one.

use std::fmt;
use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use heist_executor::blocking::{self, AtClose, Refused};
use heist_executor::task::{AbortHandle, JoinError, JoinHandle, Meta};
use heist_primitive::sync::StdArc;
use heist_primitive::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use heist_primitive::thread::{self, Thread, available_parallelism};

use super::event_loop::{EventLoop, get_running_loop};
use crate::runtime::context;
use crate::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use crate::time::machine_now;

/// Runs `f`, which may block, on a thread of the default executor, and waits for what it returns. `asyncio.to_thread`.
///
/// # Errors
///
/// If `f` panicked, or was not run because the runtime or the default executor shuts down.
///
/// # Cancel safety
///
/// If the wait is dropped before its first poll, `f` is not run; later, `f` runs to its end and its result is dropped.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let sum = heist::aio::to_thread(|| (1..=100).sum::<u32>()).await.unwrap();
/// assert_eq!(sum, 5050);
/// # });
/// ```
pub async fn to_thread<F, R>(f: F) -> Result<R, JoinError>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let event_loop = get_running_loop();
    match event_loop.default_executor() {
        Some(executor) => executor.run(f).await,
        None => event_loop.runtime().spawn_blocking(f).await,
    }
}

/// A pool of threads with a name and limits of its own, for closures that block. `concurrent.futures.ThreadPoolExecutor`.
///
/// Cheap to clone. It belongs to no runtime; on its threads none is current. When the last clone is dropped, what was
/// submitted still runs, and the threads end.
///
/// ```
/// use heist::aio::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::builder().name("db").max_workers(4).queue_limit(100).build();
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let answer = pool.submit(|| std::thread::current().name().map(String::from)).unwrap();
/// assert_eq!(answer.await.unwrap().as_deref(), Some("db-0"));
/// # });
/// pool.shutdown(true, false);
/// ```
#[derive(Clone)]
pub struct ThreadPoolExecutor {
    inner: StdArc<Inner>,
}

struct Inner {
    name: String,
    max_workers: usize,
    /// For a bounded queue.
    room: Option<StdArc<Semaphore>>,
    is_shut_down: AtomicBool,
    threads: blocking::Handle,
    pool: blocking::Pool,
}

/// Settings of a [`ThreadPoolExecutor`].
#[derive(Clone, Debug)]
pub struct ThreadPoolExecutorBuilder {
    name: String,
    max_workers: usize,
    queue_limit: Option<usize>,
    keep_alive: Duration,
}

/// Why [`ThreadPoolExecutor::submit`] did not take a closure, which is dropped.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubmitError {
    /// As many closures wait as the queue takes.
    Full,
    /// The executor is shut down.
    ShutDown,
    /// The operating system refuses the only thread there would be.
    NoThread(io::Error),
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the executor's queue is full"),
            Self::ShutDown => f.write_str("the executor is shut down"),
            Self::NoThread(error) => write!(f, "the executor cannot start a thread: {error}"),
        }
    }
}

impl std::error::Error for SubmitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoThread(error) => Some(error),
            Self::Full | Self::ShutDown => None,
        }
    }
}

impl ThreadPoolExecutorBuilder {
    /// Names the threads: `name-0`, `name-1`, …. Unless set, `executor`.
    ///
    /// # Panics
    ///
    /// If it contains a zero byte, which the operating system does not accept.
    #[track_caller]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        assert!(
            !self.name.contains('\0'),
            "name: a thread's name cannot contain a zero byte"
        );
        self
    }

    /// Sets how many threads there may be. Unless set, four more than there are cores, and 32 at the most, as in Python.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        assert!(
            max_workers > 0,
            "max_workers must be greater than 0: nothing would ever run; allow at least 1"
        );
        self.max_workers = max_workers;
        self
    }

    /// Sets how many closures may wait for a thread. Unless set, any number.
    pub fn queue_limit(mut self, limit: usize) -> Self {
        self.queue_limit = Some(limit);
        self
    }

    /// Sets how long a thread stays without work; 10 seconds unless set.
    pub fn keep_alive(mut self, duration: Duration) -> Self {
        self.keep_alive = duration;
        self
    }

    /// Makes the executor. Its threads start when they are needed.
    ///
    /// # Panics
    ///
    /// If workers and queue together exceed [`Semaphore::MAX_PERMITS`].
    #[track_caller]
    pub fn build(self) -> ThreadPoolExecutor {
        let (name, number) = (self.name.clone(), AtomicUsize::new(0));
        let pool = blocking::Pool::new(blocking::Config {
            max_threads: self.max_workers,
            keep_alive: self.keep_alive,
            thread_name: StdArc::new(move || format!("{name}-{}", number.fetch_add(1, Ordering::Relaxed))),
            stack_size: None,
            watch: None,
            on_terminate: None,
            on_panic: Some(StdArc::new(crate::runtime::hooks::report_uncollected)),
        });
        let permits = self
            .queue_limit
            .map(|limit| limit.saturating_add(self.max_workers));
        ThreadPoolExecutor {
            inner: StdArc::new(Inner {
                name: self.name,
                max_workers: self.max_workers,
                room: permits.map(|permits| StdArc::new(Semaphore::new(permits))),
                is_shut_down: AtomicBool::new(false),
                threads: pool.handle().clone(),
                pool,
            }),
        }
    }
}

impl ThreadPoolExecutor {
    /// An executor with up to `max_workers` threads and a queue without limit.
    ///
    /// # Panics
    ///
    /// If `max_workers` is 0, or the name contains a zero byte.
    #[track_caller]
    pub fn new(name: impl Into<String>, max_workers: usize) -> Self {
        Self::builder().name(name).max_workers(max_workers).build()
    }

    /// The settings, to be changed.
    pub fn builder() -> ThreadPoolExecutorBuilder {
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        ThreadPoolExecutorBuilder {
            name: "executor".into(),
            max_workers: (cores + 4).min(32),
            queue_limit: None,
            keep_alive: Duration::from_secs(10),
        }
    }

    /// Gives `f` to a thread, or puts it into the queue. Dropping the handle does not stop it; aborting does, before it
    /// has begun.
    ///
    /// # Errors
    ///
    /// If the executor is shut down, its queue full, or no thread to be had.
    #[track_caller]
    pub fn submit<F, R>(&self, f: F) -> Result<JoinHandle<R>, SubmitError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let room = match self.inner.room.clone().map(Semaphore::try_acquire_owned) {
            None => None,
            Some(Ok(permit)) => Some(permit),
            Some(Err(TryAcquireError::NoPermits)) => return Err(SubmitError::Full),
            Some(Err(TryAcquireError::Closed)) => return Err(SubmitError::ShutDown),
        };
        self.enqueue(f, room, Location::caller())
    }

    /// Like [`submit`](Self::submit), and waits in line for room in the queue.
    ///
    /// # Errors
    ///
    /// If the executor is shut down, also during the wait, or no thread to be had.
    ///
    /// # Cancel safety
    ///
    /// A dropped wait has not submitted `f`, and drops it.
    pub async fn submit_wait<F, R>(&self, f: F) -> Result<JoinHandle<R>, SubmitError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let room = match &self.inner.room {
            None => None,
            Some(room) => match room.clone().acquire_owned().await {
                Ok(permit) => Some(permit),
                Err(_) => return Err(SubmitError::ShutDown),
            },
        };
        self.enqueue(f, room, Location::caller())
    }

    /// For [`to_thread`]: a closure that is refused is cancelled.
    async fn run<F, R>(&self, f: F) -> Result<R, JoinError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let room = match &self.inner.room {
            None => None,
            Some(room) => room.clone().acquire_owned().await.ok(),
        };
        let running = self.inner.threads.spawn(
            move || {
                let _room = room;
                f()
            },
            Meta::caller(),
        );
        running.await
    }

    fn enqueue<F, R>(
        &self,
        f: F,
        room: Option<OwnedSemaphorePermit>,
        location: &'static Location<'static>,
    ) -> Result<JoinHandle<R>, SubmitError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let meta = Meta { name: None, location };
        let closure = move || {
            let _room = room;
            f()
        };
        let submitted = self.inner.threads.try_spawn(closure, meta, AtClose::Run);
        submitted.map_err(|refused| match refused {
            Refused::Closed => SubmitError::ShutDown,
            Refused::NoThread(error) => SubmitError::NoThread(error),
        })
    }

    /// Takes nothing in any more. What was submitted runs, unless `cancel_futures`, when what has not begun is cancelled.
    /// With `wait` it returns when all has run and the threads have ended.
    ///
    /// # Panics
    ///
    /// With `wait` in asynchronous code, which would block the thread: use
    /// [`EventLoop::shutdown_default_executor`] or [`to_thread`] there.
    #[track_caller]
    pub fn shutdown(&self, wait: bool, cancel_futures: bool) {
        if wait {
            context::assert_may_block("`ThreadPoolExecutor::shutdown` with `wait`");
        }
        self.inner.is_shut_down.store(true, Ordering::Release);
        if let Some(room) = &self.inner.room {
            room.close();
        }
        if cancel_futures {
            self.inner.pool.begin_shutdown_and_cancel();
        } else {
            self.inner.pool.begin_shutdown();
        }
        if wait {
            self.inner.pool.join(None);
        }
    }

    /// Whether [`shutdown`](Self::shutdown) was called.
    pub fn is_shutdown(&self) -> bool {
        self.inner.is_shut_down.load(Ordering::Acquire)
    }

    /// The name of its threads, without the number.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// How many threads there may be.
    pub fn max_workers(&self) -> usize {
        self.inner.max_workers
    }

    /// Closures that wait for a thread.
    pub fn queue_depth(&self) -> usize {
        self.inner.threads.queue_depth()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.pool.begin_shutdown();
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolExecutor")
            .field("name", &self.name())
            .field("max_workers", &self.max_workers())
            .field("queue_depth", &self.queue_depth())
            .field("is_shutdown", &self.is_shutdown())
            .finish()
    }
}

/// Spawns a task from a thread outside of the runtime. `asyncio.run_coroutine_threadsafe`.
///
/// ```
/// use heist::aio::{EventLoop, run_coroutine_threadsafe};
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = heist::runtime::Runtime::new()?;
/// let event_loop = EventLoop::of(runtime.handle());
/// let thread = std::thread::spawn(move || {
///     let future = run_coroutine_threadsafe(async { 6 * 7 }, &event_loop);
///     future.result(None)
/// });
/// assert_eq!(thread.join().unwrap().unwrap(), 42);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn run_coroutine_threadsafe<F>(future: F, event_loop: &EventLoop) -> ThreadsafeFuture<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let task = event_loop.runtime().spawn_as(future, Meta::caller());
    ThreadsafeFuture {
        abort: task.abort_handle(),
        task,
    }
}

/// What [`run_coroutine_threadsafe`] returns: the result of a task, to be waited for by a thread, or awaited.
/// `concurrent.futures.Future`.
///
/// # Cancel safety
///
/// Awaiting `&mut future` loses nothing when cancelled; await it again later. Dropping the future lets the task run on.
#[derive(Debug)]
pub struct ThreadsafeFuture<T> {
    task: JoinHandle<T>,
    abort: AbortHandle,
}

/// Why [`ThreadsafeFuture::result`] has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResultError<T> {
    /// The time is over. The task runs on; here is its future.
    TimedOut(ThreadsafeFuture<T>),
    /// The task was cancelled, or it panicked.
    Failed(JoinError),
}

impl<T> fmt::Display for ResultError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(_) => f.write_str("the task did not end in time"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<T: fmt::Debug> std::error::Error for ResultError<T> {}

impl<T> ThreadsafeFuture<T> {
    /// Blocks this thread until the task has ended, for `timeout` at the most, and returns its output.
    ///
    /// # Errors
    ///
    /// [`ResultError::TimedOut`] with the future; [`ResultError::Failed`] if the task has no output.
    ///
    /// # Panics
    ///
    /// In asynchronous code: await the future there.
    #[track_caller]
    pub fn result(mut self, timeout: Option<Duration>) -> Result<T, ResultError<T>> {
        context::assert_may_block("`ThreadsafeFuture::result`");
        let deadline = timeout.map(|timeout| machine_now().after(timeout));
        let waker = Waker::from(StdArc::new(Unpark(thread::current())));
        let mut cx = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(result) = pin!(&mut self.task).poll(&mut cx) {
                return result.map_err(ResultError::Failed);
            }
            match deadline.map(|deadline| deadline.saturating_duration_since(machine_now())) {
                None => thread::park(),
                Some(Duration::ZERO) => return Err(ResultError::TimedOut(self)),
                Some(left) => thread::park_timeout(left),
            }
        }
    }

    /// Asks the task to stop at its next `.await`.
    pub fn cancel(&self) {
        self.abort.abort();
    }

    /// Whether the task has ended.
    pub fn done(&self) -> bool {
        self.abort.is_finished()
    }
}

impl<T> Future for ThreadsafeFuture<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.task).poll(cx)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: StdArc<Self>) {
        self.0.unpark();
    }
}
