//! Tasks: futures that the runtime runs concurrently.
//!
//! A task is spawned with [`spawn`] and runs at once, on whichever worker is free. Its [`JoinHandle`] waits for
//! its output, aborts it, or is dropped to let the task run on detached. A task is polled by one thread at a
//! time and may move to another between polls; it gives way at every `.await` that is not ready, and after
//! 128 operations that were (see [`coop`]).
//!
//! | what | with |
//! |---|---|
//! | run a future | [`spawn`], [`Builder`] for a name |
//! | run a future that is not `Send` | [`LocalSet`], [`spawn_local`] |
//! | run many and wait for them | [`JoinSet`] |
//! | run a blocking closure | [`spawn_blocking`], [`block_in_place`] |
//! | let others run | [`yield_now`], [`consume_budget`] |
//! | stop a task | [`JoinHandle::abort`], [`AbortHandle`] |
//! | know the task one is in | [`id`], [`try_id`] |
//! | give what a task calls a value | [`task_local!`](crate::task_local), [`LocalKey`] |
//!
//! A panic in a task ends the task, not the worker: it is in the [`JoinError`] that its handle returns.
//!
//! ```
//! # heist::runtime::Runtime::new().unwrap().block_on(async {
//! let tasks: Vec<_> = (0..10).map(|i| heist::spawn(async move { i * i })).collect();
//! let mut sum = 0;
//! for task in tasks {
//!     sum += task.await.unwrap();
//! }
//! assert_eq!(sum, 285);
//! # });
//! ```
//!
//! Absent on purpose: task cells and queues, which are heist-executor's.

mod blocking;
mod builder;
pub mod coop;
pub mod join_set;
mod local;
mod spawn;
mod task_local;
mod yield_now;

pub use self::blocking::{block_in_place, spawn_blocking};
pub use self::builder::Builder;
pub use self::coop::{Unconstrained, consume_budget, unconstrained};
pub use self::join_set::JoinSet;
pub use self::local::{LocalEnterGuard, LocalSet, spawn_local};
pub use self::spawn::spawn;
#[doc(hidden)]
pub use self::task_local::TaskLocalCell;
pub use self::task_local::{AccessError, LocalKey};
pub use self::yield_now::yield_now;
pub use heist_executor::task::{AbortHandle, Id, JoinError, JoinHandle, id, try_id};

/// Futures that this module's functions return.
pub mod futures {
    pub use super::task_local::TaskLocalFuture;
}
