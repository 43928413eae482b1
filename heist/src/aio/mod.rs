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
//! | runners | [`run`], [`Runner`] |
//! | event loop | [`get_running_loop`], [`EventLoop`], [`Handle`], [`TimerHandle`], [`ExceptionContext`] |
//! | threads | [`to_thread`], [`ThreadPoolExecutor`], [`run_coroutine_threadsafe`] |
//! | introspection | [`current_task`], [`all_tasks`], [`ps`], [`pstree`] |
//! | synchronization primitives | [`Lock`], [`Event`], [`Condition`], [`Semaphore`], [`BoundedSemaphore`], [`Barrier`] |
//! | tasks | [`create_task`], [`TaskBuilder`], [`Task`], [`CancelToken`], [`TaskGroup`] |
//! | waiting | [`sleep`], [`gather`], [`wait()`], [`as_completed`], [`shield`], [`wait_for`], [`timeout`] |
//! | contextvars | [`ContextVar`], [`Context`], [`copy_context`] |
//! | streams | [`open_connection`], [`start_server`], [`Server`], [`StreamReader`], [`StreamWriter`] |
//! | subprocesses | `create_subprocess_exec`, `create_subprocess_shell`, `Process` (Unix, feature `process`) |
//! | queues | [`Queue`], [`PriorityQueue`], [`LifoQueue`] |
//! | transports and protocols | [`Protocol`], [`DatagramProtocol`], `SubprocessProtocol`, [`Transport`], [`create_connection`], [`create_server`] |

mod barrier;
mod condition;
mod context;
mod event;
mod event_loop;
mod line;
mod ps;
mod queue;
mod run;
mod semaphore;
mod streams;
#[cfg(all(unix, feature = "process"))]
mod subprocess;
mod task;
mod task_group;
mod threads;
mod transports;
mod wait;

pub use self::barrier::{Barrier, BrokenBarrierError};
pub use self::condition::{Condition, ConditionGuard};
pub use self::context::{Context, ContextToken, ContextVar, InContext, copy_context};
pub use self::event::Event;
pub(crate) use self::event_loop::LoopState;
pub use self::event_loop::{EventLoop, ExceptionContext, Handle, TimerHandle, get_running_loop};
pub use self::ps::{all_tasks, current_task, ps, pstree};
pub use self::queue::{
    LifoQueue, PriorityQueue, Queue, QueueEmpty, QueueFull, QueueShutDown, TaskDoneError, TryGetError,
    TryPutError,
};
pub use self::run::{RunError, Runner, run};
pub use self::semaphore::{BoundedPermit, BoundedSemaphore, ReleasedTooOftenError};
pub use self::task::{CallbackId, CancelHold, CancelToken, Task, TaskBuilder, TaskEnd, create_task};
pub use self::task_group::{TaskFailure, TaskGroup, TaskGroupError, TaskGroupHandle, TaskPanic};
pub use self::wait::{
    AsCompleted, Gather, ReturnWhen, Shield, Timeout, TryGather, as_completed, gather,
    gather_return_exceptions, shield, sleep, timeout, timeout_at, wait, wait_for,
};

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
pub use self::threads::{
    ResultError, SubmitError, ThreadPoolExecutor, ThreadPoolExecutorBuilder, ThreadsafeFuture,
    run_coroutine_threadsafe, to_thread,
};
pub use self::transports::{
    AnyProtocol, BufferedProtocol, DatagramProtocol, DatagramTransport, Protocol, ReadTransport, Transport,
    TransportServer, TransportSocket, WriteTransport, connect_accepted_socket, create_connection,
    create_datagram_endpoint, create_datagram_endpoint_on, create_server,
};
#[cfg(all(unix, feature = "process"))]
pub use self::transports::{
    SubprocessProtocol, SubprocessTransport, subprocess_command, subprocess_exec, subprocess_shell,
};
#[cfg(unix)]
pub use self::transports::{
    connect_read_pipe, connect_write_pipe, create_unix_connection, create_unix_server,
};

/// `asyncio.Lock`: the mutex, which lets tasks through in the order in which they came and has the value inside.
pub use crate::sync::Mutex as Lock;
/// `asyncio.Semaphore`.
pub use crate::sync::Semaphore;
