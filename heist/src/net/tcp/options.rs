//! What sockets need from the operating system beyond mio, per platform.

use crate::runtime::context;
use heist_reactor::Interest;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::net::SocketAddr;

/// What a stream is registered for: urgent bytes too where the system tells of them, since reads stop there.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const STREAM_INTEREST: Interest =
    Interest::READABLE.add(Interest::WRITABLE).add(Interest::PRIORITY);
/// What a stream is registered for.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const STREAM_INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A non-blocking socket that listens on `address`.
pub(super) fn listen(address: SocketAddr, backlog: i32) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    reuse_address(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    Ok(socket.into())
}

/// Lets a restarted server bind its port while connections of its predecessor are in `TIME_WAIT`.
#[cfg(unix)]
fn reuse_address(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_address(true)
}

/// On Windows the option would let two listeners share a port.
#[cfg(windows)]
fn reuse_address(_: &Socket) -> io::Result<()> {
    Ok(())
}

/// Whether `connect` has said that the answer is still to come.
#[cfg(unix)]
pub(super) fn is_in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}

/// Whether `connect` has said that the answer is still to come.
#[cfg(windows)]
pub(super) fn is_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Refuses a socket whose operations would block the worker.
///
/// # Panics
/// Where it could not be registered in any mode: outside of a runtime, or if its I/O is not enabled.
#[cfg(unix)]
#[track_caller]
pub(in crate::net) fn check_nonblocking(socket: &impl std::os::fd::AsFd) -> io::Result<()> {
    drop(context::io());
    if SockRef::from(socket).nonblocking()? {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "the socket is in blocking mode and would block a worker thread; call set_nonblocking(true) on it first",
    ))
}

/// Windows does not tell.
///
/// # Panics
/// As elsewhere.
#[cfg(windows)]
#[track_caller]
pub(in crate::net) fn check_nonblocking<S>(_: &S) -> io::Result<()> {
    drop(context::io());
    Ok(())
}
