//! Pipes: the anonymous ones, and FIFO files.
//!
//! ```text
//!   pipe() ────────────────────────────────►┌─ Sender ──────► AsyncWrite
//!   OpenOptions ── open_sender ────────────►│
//!               └─ open_receiver ──────────►└─ Receiver ────► AsyncRead
//!   File, OwnedFd ── from_file, from_owned_fd ─────▲
//! ```
//!
//! A pipe has one direction. Once all receivers are gone, sending fails with `BrokenPipe`; once all senders are
//! gone, receiving comes to the end, after what they have sent.
//!
//! A read here clears readiness only by `WouldBlock`, never by being short: a pipe in packet mode (`O_DIRECT`)
//! gives one packet a read, whatever is queued behind it.
//!
//! Absent on purpose: making a FIFO file. Call `mkfifo` of a crate such as nix.

mod open_options;
mod receiver;
mod sender;

pub use open_options::OpenOptions;
pub use receiver::Receiver;
pub use sender::Sender;

use super::raw;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;

/// Makes an anonymous pipe, for instance to a child process: give it one end as
/// [`into_blocking_fd`](Sender::into_blocking_fd).
///
/// # Errors
/// What the operating system says, typically that no descriptor is left.
///
/// # Panics
/// Outside of a runtime, or if its I/O is not enabled.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::io::{AsyncReadExt, AsyncWriteExt};
/// use heist::net::unix::pipe;
///
/// let (mut sender, mut receiver) = pipe::pipe()?;
/// sender.write_all(b"hello").await?;
/// drop(sender);
/// let mut said = String::new();
/// receiver.read_to_string(&mut said).await?;
/// assert_eq!(said, "hello");
/// # Ok(()) })
/// # }
/// ```
#[track_caller]
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (sender, receiver) = mio::unix::pipe::new()?;
    Ok((Sender::fresh(sender)?, Receiver::from_mio(receiver)?))
}

/// Returns `fd` if it is a pipe.
fn require_pipe(fd: OwnedFd) -> io::Result<OwnedFd> {
    let file = File::from(fd);
    if file.metadata()?.file_type().is_fifo() {
        return Ok(file.into());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "the file is not a pipe; to use it as one all the same, there are OpenOptions::unchecked and the \
         constructors that end in _unchecked",
    ))
}

/// Refuses a descriptor that was opened for neither `mode` nor both directions.
fn require_access(fd: &OwnedFd, mode: libc::c_int, remedy: &'static str) -> io::Result<()> {
    let found = raw::status_flags(fd.as_fd())? & libc::O_ACCMODE;
    if found == mode || found == libc::O_RDWR {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, remedy))
}
