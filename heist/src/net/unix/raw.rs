//! The system calls of Unix sockets and pipes that have no safe interface in std, mio or socket2.
//!
//! Invariants
//!
//! - I1: a descriptor is borrowed or owned by the caller for the whole call, so it is open.
//! - I2: a pointer handed to the system points to a live, writable value of exactly the size that is handed along.
//! - I3: the system has initialised as many bytes at the start of a buffer as it says it has read.
//!
//! Absent on purpose: anything that waits, retries or decides. The callers do.

#![allow(unsafe_code)]

use super::UCred;
use crate::io::ReadBuf;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Reads into the unfilled part of `buf` without clearing it first, and says how many bytes were filled.
///
/// # Errors
/// What the operating system says.
pub(crate) fn read_into(fd: BorrowedFd<'_>, buf: &mut ReadBuf<'_>) -> io::Result<usize> {
    // SAFETY: the slice goes only to the system, which makes no byte uninitialised.
    let unfilled = unsafe { buf.unfilled_mut() };
    let (start, room) = (unfilled.as_mut_ptr().cast(), unfilled.len());
    // SAFETY: I1 and I2: the slice is borrowed for the call and `room` bytes long.
    let n = unsafe { libc::read(fd.as_raw_fd(), start, room) };
    let n = usize::try_from(n).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: I3.
    unsafe { buf.assume_init(n) };
    buf.advance(n);
    Ok(n)
}

/// The status flags and the access mode of a descriptor (`F_GETFL`).
///
/// # Errors
/// What the operating system says.
pub(super) fn status_flags(fd: BorrowedFd<'_>) -> io::Result<i32> {
    // SAFETY: I1; the command takes no pointer.
    match unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) } {
        -1 => Err(io::Error::last_os_error()),
        flags => Ok(flags),
    }
}

pub(super) use peer::peer_cred;

/// Reads the socket option `name` into `value`.
#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "openbsd",
    target_vendor = "apple"
))]
fn option<T: Copy>(fd: BorrowedFd<'_>, level: libc::c_int, name: libc::c_int, mut value: T) -> io::Result<T> {
    let mut len = libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)?;
    let target = (&raw mut value).cast();
    // SAFETY: I1 and I2: `value` is live and `len` is its size.
    let result = unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, target, &mut len) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    if usize::try_from(len) != Ok(size_of::<T>()) {
        return Err(io::Error::other(
            "the system's answer has another size than it should",
        ));
    }
    Ok(value)
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "openbsd"))]
mod peer {
    use super::*;
    #[cfg(target_os = "openbsd")]
    use libc::sockpeercred as ucred;
    #[cfg(not(target_os = "openbsd"))]
    use libc::ucred;

    /// Who is at the other end of `fd` (`SO_PEERCRED`).
    pub(in crate::net::unix) fn peer_cred(fd: BorrowedFd<'_>) -> io::Result<UCred> {
        let nobody = ucred {
            pid: 0,
            uid: 0,
            gid: 0,
        };
        let peer = option(fd, libc::SOL_SOCKET, libc::SO_PEERCRED, nobody)?;
        Ok(UCred {
            pid: Some(peer.pid),
            uid: peer.uid,
            gid: peer.gid,
        })
    }
}

#[cfg(target_vendor = "apple")]
mod peer {
    use super::*;

    /// Who is at the other end of `fd` (`getpeereid` and `LOCAL_PEEREPID`).
    pub(in crate::net::unix) fn peer_cred(fd: BorrowedFd<'_>) -> io::Result<UCred> {
        let pid: libc::pid_t = option(fd, libc::SOL_LOCAL, libc::LOCAL_PEEREPID, 0)?;
        super::peer_eid(fd, Some(pid))
    }
}

#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
mod peer {
    use super::*;

    /// Who is at the other end of `fd` (`getpeereid`).
    pub(in crate::net::unix) fn peer_cred(fd: BorrowedFd<'_>) -> io::Result<UCred> {
        super::peer_eid(fd, None)
    }
}

#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "dragonfly"
))]
fn peer_eid(fd: BorrowedFd<'_>, pid: Option<super::pid_t>) -> io::Result<UCred> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: I1 and I2: both are live and of the types that the function writes.
    match unsafe { libc::getpeereid(fd.as_raw_fd(), &mut uid, &mut gid) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(UCred { pid, uid, gid }),
    }
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "openbsd",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "dragonfly"
)))]
mod peer {
    use super::*;

    /// This system does not say who is at the other end.
    pub(in crate::net::unix) fn peer_cred(_: BorrowedFd<'_>) -> io::Result<UCred> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
