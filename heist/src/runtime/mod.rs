//! The runtime: what owns the threads that run tasks, and the doors into it.
//!
//! A [`Runtime`] is made by a [`Builder`] and comes in two flavours.
//!
//! | | multi-thread | current-thread |
//! |---|---|---|
//! | tasks run on | worker threads, stealing from each other | the thread in [`Runtime::block_on`] |
//! | I/O and timers are turned by | one thread, `heist-reactor` | the thread in [`Runtime::block_on`] |
//! | blocking closures run on | the blocking pool | the blocking pool |
//! | made by | [`Builder::new_multi_thread`], [`Runtime::new`], `#[heist::main]` | [`Builder::new_current_thread`] |
//!
//! A [`Handle`] is the way to a runtime from anywhere: it spawns, and its [`enter`](Handle::enter) makes the
//! runtime *current* for a thread, which is what [`heist::spawn`](crate::spawn), sockets and timers look for.
//!
//! ```
//! use std::time::Duration;
//!
//! # fn main() -> std::io::Result<()> {
//! let runtime = heist::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
//! let answer = runtime.block_on(async { heist::spawn(async { 6 * 7 }).await.unwrap() });
//! assert_eq!(answer, 42);
//! runtime.shutdown_timeout(Duration::from_secs(1));
//! # Ok(())
//! # }
//! ```
//!
//! A [`LocalRuntime`] is a current-thread runtime bound to one thread, whose tasks need not be `Send`.
//!
//! The map of the module:
//!
//! ```text
//! builder.rs  what was asked for ──► build.rs  parts, put together ──► runtime.rs  owner: block_on, shutdown
//!                                                                        │
//! context.rs  the current runtime of a thread ◄── handle.rs  Arc of what is shared ──► metrics.rs  counters
//!                                                                        │
//! local.rs    LocalRuntime: a runtime with a local set
//! tasks.rs    the list of live tasks
//! hooks.rs, debug.rs, poll_times.rs, seed.rs   more of the builder's settings
//! driver.rs   the only file where executor, reactor and timer meet ◄─────┘
//! ```
//!
//! Absent on purpose: queues, task cells and worker loops (they are heist-executor's), readiness
//! (heist-reactor's) and deadlines (`crate::time`).

mod build;
mod builder;
pub(crate) mod context;
pub(crate) mod debug;
mod driver;
#[cfg(all(unix, feature = "signal"))]
use crate::signal::ear;
#[cfg(not(all(unix, feature = "signal")))]
#[path = "deaf.rs"]
mod ear;
mod handle;
pub(crate) mod hooks;
mod id;
mod limit;
pub(crate) mod local;
mod metrics;
mod poll_times;
mod processor;
#[expect(
    clippy::module_inception,
    reason = "tokio's path of the type is runtime::Runtime too"
)]
mod runtime;
mod seed;
mod tasks;

pub use self::builder::Builder;
pub(crate) use self::driver::{forget_quietly, panic_text, report};
pub use self::handle::{EnterGuard, Handle, RuntimeFlavor, TryCurrentError};
pub use self::hooks::UnhandledPanic;
pub use self::id::Id;
pub use self::local::{LocalOptions, LocalRuntime};
pub use self::metrics::RuntimeMetrics;
pub use self::runtime::Runtime;
pub use self::seed::RngSeed;
pub use heist_executor::histogram::{
    HistogramConfiguration, HistogramScale, InvalidHistogramConfiguration, LogHistogram, LogHistogramBuilder,
};
pub use heist_executor::hooks::TaskMeta;
pub use heist_executor::task::{TaskInfo, TaskState};

/// Which worker of its runtime this thread is, as [`RuntimeMetrics`] counts them; `None` if it is none.
///
/// A thread in the [`Runtime::block_on`] of a current-thread runtime is worker 0 while it is the one that runs the tasks.
/// In the `block_on` of a multi-thread runtime (for a task that is polled there as well), on a thread of the blocking pool and outside of a runtime there is no
/// worker. A task may be on another worker after each `.await`.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let runtime = heist::runtime::Runtime::new()?;
/// let task = runtime.spawn(async { heist::runtime::worker_index() });
/// assert!(runtime.block_on(task).unwrap().unwrap() < runtime.metrics().num_workers());
/// assert_eq!(heist::runtime::worker_index(), None);
/// # Ok(())
/// # }
/// ```
pub fn worker_index() -> Option<usize> {
    let of_pool = heist_executor::multi_thread::current_worker();
    of_pool.or_else(|| heist_executor::current_thread::is_current().then_some(0))
}

/// Whether an I/O operation failed because the runtime of its socket, or that of a file operation, has shut down.
///
/// ```
/// use heist::net::TcpListener;
/// use heist::runtime::{Runtime, is_rt_shutdown_err};
///
/// # fn main() -> std::io::Result<()> {
/// let first = Runtime::new()?;
/// let listener = first.block_on(TcpListener::bind("127.0.0.1:0"))?;
/// drop(first);
/// let error = Runtime::new()?.block_on(listener.accept()).unwrap_err();
/// assert!(is_rt_shutdown_err(&error));
/// # Ok(())
/// # }
/// ```
pub fn is_rt_shutdown_err(err: &std::io::Error) -> bool {
    err.get_ref().is_some_and(|inner| {
        inner.is::<heist_reactor::ShutDown>() || inner.is::<crate::io::blocking::ShutDown>()
    })
}
