//! [`File`] to and from the operating system's descriptor.
//!
//! Unsafe because std's trait is: whoever calls `from_raw_fd` vouches for the number.
//!
//! Invariant I1: the descriptor goes to exactly one `std::fs::File`, which owns it from then on; the duty of the
//! caller here is word for word that of the trait, so it is passed on as it is.
//!
//! Absent on purpose: any use of the descriptor.
#![allow(
    unsafe_code,
    reason = "std's trait for raw descriptors is unsafe to implement"
)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, RawFd};

use super::File;

/// What was read ahead is put back first, and nothing is read ahead any more: the position is where the user is,
/// unless an operation is in flight.
impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.show();
        self.std.as_raw_fd()
    }
}

/// As [`AsRawFd`].
impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.show();
        self.std.as_fd()
    }
}

impl FromRawFd for File {
    /// Takes over a descriptor.
    ///
    /// # Safety
    ///
    /// As the trait says: `fd` is open, and owned by nobody else.
    unsafe fn from_raw_fd(fd: RawFd) -> File {
        // SAFETY: I1: the caller owns the descriptor and gives it away.
        let file = unsafe { std::fs::File::from_raw_fd(fd) };
        File::from_std(file)
    }
}
