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
//! | queues | [`Queue`], [`PriorityQueue`], [`LifoQueue`] |
//! | transports and protocols | [`Protocol`], [`DatagramProtocol`], `SubprocessProtocol`, [`Transport`], [`create_connection`], [`create_server`] |

mod barrier;
mod condition;
mod event;
mod line;
mod queue;
mod semaphore;
mod transports;

pub use self::barrier::{Barrier, BrokenBarrierError};
pub use self::condition::{Condition, ConditionGuard};
pub use self::event::Event;
pub use self::queue::{
    LifoQueue, PriorityQueue, Queue, QueueEmpty, QueueFull, QueueShutDown, TaskDoneError, TryGetError,
    TryPutError,
};
pub use self::semaphore::{BoundedPermit, BoundedSemaphore, ReleasedTooOftenError};
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
