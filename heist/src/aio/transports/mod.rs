//! The push API: a [`Protocol`] is told what happens on a connection, a [`Transport`] is told what to do with it.
//!
//! ```text
//!   create_connection, create_server, connect_read_pipe, …
//!          │ spawn one task per transport
//!          ▼
//!   ┌─ driver task ────────────┐ callbacks   ┌──────────┐
//!   │ Pump: waits, flushes     ├────────────►│ protocol │  owned by the task
//!   └───────┬──────────────────┘             └────┬─────┘
//!           │ polls                               │ write, close, pause_reading, …
//!      ┌────▼─────┐                          ┌────▼──────┐
//!      │ Wire     │◄──── tries at once ──────┤ Transport │  any number of clones, in any thread
//!      │ (socket) │                          │ = Shared  │──► wakes the driver
//!      └──────────┘                          └───────────┘
//! ```
//!
//! Invariants
//!
//! - I1: only the driver task calls the protocol. So callbacks of one protocol never run at the same time, never inside
//!   each other, and stop when the task does.
//! - I2: the order is `connection_made` once, then any number of `data_received`, `pause_writing` and `resume_writing`, at
//!   most one `eof_received` and no data after it, then `connection_lost` once, and nothing after it.
//! - I3: no lock is held while a callback runs, a protocol is dropped or a waker is woken.
//! - I4: bytes go out in the order of the calls of `write`: a call tries the socket itself only if nothing waits in the
//!   buffer, and both under the lock.
//! - I5: only the driver takes bytes out of the buffer, and it tells the protocol to pause before it does. So no crossing of
//!   the high-water mark is missed.
//! - I6: the socket is closed when `connection_lost` has returned, however many handles there still are.
//! - I7: a panic in a callback ends this connection: `connection_lost` is called with an error, and the task ends with the
//!   panic, which the runtime reports as that of any other task.
//!
//! Where this differs from asyncio, for Rust's sake: the protocol belongs to its task, so there is no `get_protocol`, and
//! `create_connection` returns the transport alone; share what others shall see. `pause_writing` comes when the running
//! callback has returned, and not from inside `write`. `get_extra_info` is a method for each thing.
//!
//! Deliberately absent: TLS on transports. Streams have it.

mod connect;
mod datagram;
mod datagram_protocol;
mod drive;
mod marks;
mod protocol;
mod pump;
mod server;
mod shared;
mod transport;
#[cfg(unix)]
mod unix;
mod wire;

pub use self::connect::{TransportSocket, connect_accepted_socket, create_connection};
pub use self::datagram::{DatagramTransport, create_datagram_endpoint, create_datagram_endpoint_on};
pub use self::datagram_protocol::DatagramProtocol;
pub use self::protocol::{AnyProtocol, BufferedProtocol, Protocol};
pub use self::server::{TransportServer, create_server};
pub use self::transport::{ReadTransport, Transport, WriteTransport};
#[cfg(unix)]
pub use self::unix::{connect_read_pipe, connect_write_pipe, create_unix_connection, create_unix_server};

#[cfg(all(unix, feature = "process"))]
mod subprocess;
#[cfg(all(unix, feature = "process"))]
mod subprocess_drive;
#[cfg(all(unix, feature = "process"))]
pub use self::subprocess::{
    SubprocessProtocol, SubprocessTransport, subprocess_command, subprocess_exec, subprocess_shell,
};
