//! What Python's asyncio has and tokio has not, under asyncio's names in Rust spelling.
//!
//! Where the rest of heist has the thing already, under tokio's name, it is not here a second time: docs/ASYNCIO.md
//! is the table from each name of asyncio to the one of heist.
//!
//! Everything here is a thin layer over the public modules of this crate: no protocol with the scheduler, the reactor
//! or the wheel of its own.
//!
//! | module of asyncio | here |
//! |---|---|
//! | synchronization primitives | [`Lock`], [`Event`], [`Condition`], [`Semaphore`], [`BoundedSemaphore`], [`Barrier`] |
//! | streams | [`open_connection`], [`start_server`], [`Server`], [`StreamReader`], [`StreamWriter`] |
//! | subprocesses | `create_subprocess_exec`, `create_subprocess_shell`, `Process` (Unix, feature `process`) |
//! | queues | [`Queue`], [`PriorityQueue`], [`LifoQueue`] |

mod barrier;
mod condition;
mod event;
mod line;
mod queue;
mod semaphore;
mod streams;
#[cfg(all(unix, feature = "process"))]
mod subprocess;

pub use self::barrier::{Barrier, BrokenBarrierError};
pub use self::condition::{Condition, ConditionGuard};
pub use self::event::Event;
pub use self::queue::{
    LifoQueue, PriorityQueue, Queue, QueueEmpty, QueueFull, QueueShutDown, TaskDoneError, TryGetError,
    TryPutError,
};
pub use self::semaphore::{BoundedPermit, BoundedSemaphore, ReleasedTooOftenError};
#[cfg(feature = "tls")]
pub use self::streams::TlsInfo;
pub use self::streams::{
    ConnectionOptions, ConnectionResult, Endpoint, IncompleteReadError, LimitOverrunError, Separators,
    Server, ServerOptions, StreamError, StreamLines, StreamReader, StreamSocket, StreamWriter,
    open_connection, start_server,
};
#[cfg(unix)]
pub use self::streams::{open_unix_connection, start_unix_server};
#[cfg(all(unix, feature = "process"))]
pub use self::subprocess::{Process, Subprocess, create_subprocess_exec, create_subprocess_shell};

/// `asyncio.Lock`: the mutex, which lets tasks through in the order in which they came and has the value inside.
pub use crate::sync::Mutex as Lock;
/// `asyncio.Semaphore`.
pub use crate::sync::Semaphore;
