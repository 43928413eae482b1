//! Unix-domain sockets: the datagram socket and the addresses that all of them have.
//!
//! Absent on purpose, so far: the stream, its listener, pipes, and the credentials of a peer.

mod datagram;
mod socket_addr;

pub use datagram::UnixDatagram;
pub use socket_addr::SocketAddr;
