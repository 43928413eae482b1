//! TCP, UDP and Unix-domain sockets that wait without holding a thread, and the addresses they take.
//!
//! | to do | use |
//! |---|---|
//! | accept connections | [`TcpListener`] |
//! | set options before it listens or connects | [`TcpSocket`] |
//! | connect, read, write | [`TcpStream`], [`heist::io`](crate::io) |
//! | read and write in two tasks | [`TcpStream::into_split`], [`tcp`] |
//! | send and receive datagrams | [`UdpSocket`] |
//! | send datagrams within the machine | `UnixDatagram` (Unix only) |
//! | resolve a host name | [`lookup_host`], or give the name to `bind` or `connect` |
//!
//! ```text
//!   TcpListener ─┐                      ┌─ context::io() at creation
//!   TcpStream  ──┼──► Evented<mio type> ┤
//!   UdpSocket  ──┘    evented.rs        └─ heist_reactor::Registration: readiness, wakers
//! ```
//!
//! A socket belongs to the runtime it was created in. It may be used from any other place, but once that
//! runtime has shut down its waits end with an error.
//!
//! Absent on purpose, so far: Unix-domain streams.

mod addr;
mod evented;
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
pub use unix::UnixDatagram;
