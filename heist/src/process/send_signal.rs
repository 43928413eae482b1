#![allow(unsafe_code)]
//! Sending a signal other than the one that kills to a child.
//!
//! Invariants
//!
//! - I1: `kill` takes two integers and no pointer.
//! - I2: `id` is a child whose status nobody has collected, so the number is still its own.

use std::io;

/// Sends `signal` to the child with the number `id` (I2).
pub(super) fn send_signal(id: u32, signal: libc::c_int) -> io::Result<()> {
    // A number that does not fit is no process's; -1 and 0 would be many.
    let Ok(id @ 1..) = libc::pid_t::try_from(id) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    // SAFETY: I1.
    match unsafe { libc::kill(id, signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
