#![allow(unsafe_code)]
//! Linux: a descriptor that becomes readable when a process has exited.
//!
//! Invariants
//!
//! - I1: `pidfd_open` takes two integers and no pointer, and returns a new descriptor, which is closed on `exec`,
//!   or -1.
//!
//! Absent on purpose: waiting through it. The status is collected by the process's number, which is safe for a
//! child whose status nobody has collected, and works without this file too.

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Readable from the exit of its process on.
#[derive(Debug)]
pub(super) struct Pidfd(OwnedFd);

impl Pidfd {
    /// Watches the process `id`, a child whose status nobody has collected.
    ///
    /// # Errors
    /// A kernel before 5.3, a filter that forbids the call, or no descriptors left.
    pub(super) fn open(id: u32) -> io::Result<Pidfd> {
        // SAFETY: I1.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, id, 0) };
        match RawFd::try_from(fd) {
            // SAFETY: I1: just created, and owned by nobody else.
            Ok(fd @ 0..) => Ok(Pidfd(unsafe { OwnedFd::from_raw_fd(fd) })),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Source for Pidfd {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        SourceFd(&self.0.as_raw_fd()).register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        SourceFd(&self.0.as_raw_fd()).reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        SourceFd(&self.0.as_raw_fd()).deregister(registry)
    }
}
