//! A signal to a child.
//!
//! Invariants
//!
//! - I1: `kill` takes two integers and no pointer.
//!
//! Absent on purpose: groups of processes, which `kill` means by 0 and below.

#![allow(unsafe_code)]

use std::io;

/// Sends `signal` to the process `id`, a child whose status nobody has collected: so the number is its own.
///
/// # Errors
/// What the operating system says.
pub(crate) fn kill(id: u32, signal: i32) -> io::Result<()> {
    let id = match libc::pid_t::try_from(id) {
        Ok(id @ 1..) => id,
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    // SAFETY: I1.
    match unsafe { libc::kill(id, signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
