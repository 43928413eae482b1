//! Unix-domain sockets and pipes: streams, datagrams, what prepares them, their addresses and credentials.
//!
//! ```text
//!   UnixSocket ── listen ──► UnixListener ── accept ──► UnixStream ── split, into_split ──► halves
//!       │  └───── connect ─────────────────────────────────►┘
//!       └──────── datagram ──► UnixDatagram                        pipe() ──► Sender, Receiver
//! ```
//!
//! The sockets themselves are re-exported by [`heist::net`](crate::net).
//!
//! Absent on purpose: ancillary data (descriptors, credentials sent along). Take it with `async_io` and a system
//! call.

mod datagram;
pub(super) mod listener;
pub mod pipe;
pub(crate) mod raw;
pub(super) mod socket;
mod socket_addr;
mod split;
mod split_owned;
pub(super) mod stream;
mod ucred;

pub use datagram::UnixDatagram;
pub use socket_addr::SocketAddr;
pub use split::{ReadHalf, WriteHalf};
pub use split_owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use ucred::UCred;

/// A user's number.
#[allow(non_camel_case_types)]
pub type uid_t = u32;

/// A group's number.
#[allow(non_camel_case_types)]
pub type gid_t = u32;

/// A process's number.
#[allow(non_camel_case_types)]
pub type pid_t = i32;
