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
//! The map of the module:
//!
//! ```text
//! builder.rs  what was asked for ──► build.rs  parts, put together ──► runtime.rs  owner: block_on, shutdown
//!                                                                        │
//! context.rs  the current runtime of a thread ◄── handle.rs  Arc of what is shared ──► metrics.rs  counters
//!                                                                        │
//! driver.rs   the only file where executor, reactor and timer meet ◄─────┘
//! ```
//!
//! Absent on purpose: queues, task cells and worker loops (they are heist-executor's), readiness
//! (heist-reactor's) and deadlines (`crate::time`).

mod build;
mod builder;
pub(crate) mod context;
mod driver;
mod handle;
mod id;
mod limit;
mod metrics;
#[expect(
    clippy::module_inception,
    reason = "tokio's path of the type is runtime::Runtime too"
)]
mod runtime;

pub use self::builder::Builder;
pub use self::handle::{EnterGuard, Handle, RuntimeFlavor, TryCurrentError};
pub use self::id::Id;
pub use self::metrics::RuntimeMetrics;
pub use self::runtime::Runtime;
