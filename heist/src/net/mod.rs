//! TCP, UDP and Unix-domain sockets that wait without holding a thread, and the addresses they take.
//!
//! | to do | use |
//! |---|---|
//! | accept connections | [`TcpListener`] |
//! | set options before it listens or connects | [`TcpSocket`] |
//! | connect, read, write | [`TcpStream`], [`heist::io`](crate::io) |
//! | read and write in two tasks | [`TcpStream::into_split`], [`tcp`] |
//! | send and receive datagrams | [`UdpSocket`] |
//! | do the same within the machine | `UnixListener`, `UnixStream`, `UnixDatagram` (Unix only) |
//! | pipes | `unix::pipe` (Unix only) |
//! | resolve a host name | [`lookup_host`], or give the name to `bind` or `connect` |
//!
//! ```text
//!   TcpListener, UnixListener ─┐                      ┌─ context::io() at creation
//!   TcpStream, UnixStream ─────┼──► Evented<mio type> ┤
//!   UdpSocket, UnixDatagram ───┤    evented.rs        └─ heist_reactor::Registration: readiness, wakers
//!   pipes, io::unix::AsyncFd ──┘
//! ```
//!
//! A socket belongs to the runtime it was created in. It may be used from any other place, but once that
//! runtime has shut down its waits end with an error.

mod addr;
mod backoff;
pub(crate) mod evented;
mod halves;
mod stream_methods;
pub mod tcp;
mod udp;
#[cfg(unix)]
pub mod unix;

pub use addr::{ToSocketAddrs, lookup_host};
pub use tcp::listener::TcpListener;
pub use tcp::socket::TcpSocket;
pub use tcp::stream::TcpStream;
pub use udp::UdpSocket;
#[cfg(unix)]
pub use unix::{UnixDatagram, listener::UnixListener, socket::UnixSocket, stream::UnixStream};
