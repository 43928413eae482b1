//! How a FIFO file is opened.
//!
//! Absent on purpose: creating it.

use super::{Receiver, Sender, require_pipe};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Options for opening one end of a FIFO file.
///
/// ```no_run
/// # async fn f() -> std::io::Result<()> {
/// use heist::io::{AsyncBufReadExt, BufReader};
/// use heist::net::unix::pipe;
///
/// let receiver = pipe::OpenOptions::new().open_receiver("/run/user/1000/commands")?;
/// let mut lines = BufReader::new(receiver).lines();
/// while let Some(line) = lines.next_line().await? {
///     println!("{line}");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    read_write: bool,
    unchecked: bool,
}

impl OpenOptions {
    /// Both options off.
    pub fn new() -> OpenOptions {
        OpenOptions::default()
    }

    /// Whether to open for reading and for writing.
    ///
    /// A receiver then holds a sending end of its own, so it sees no end when the last sender goes and can wait
    /// for the next one. A sender can be opened before there is a receiver, and what it sends waits in the pipe.
    /// POSIX does not say what opening a FIFO so does; Linux does.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn read_write(&mut self, value: bool) -> &mut OpenOptions {
        self.read_write = value;
        self
    }

    /// Whether to skip the check that the file is a pipe, for those who know.
    pub fn unchecked(&mut self, value: bool) -> &mut OpenOptions {
        self.unchecked = value;
        self
    }

    /// Opens the receiving end, whether or not there is a sender.
    ///
    /// Without [`read_write`](OpenOptions::read_write) a read finds the end while there is no sender.
    ///
    /// # Errors
    /// `InvalidInput` if the file is not a pipe; what the operating system says.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn open_receiver<P: AsRef<Path>>(&self, path: P) -> io::Result<Receiver> {
        let both = self.read_write;
        let fd = self.open(fs::OpenOptions::new().read(true).write(both), path.as_ref())?;
        Receiver::from_owned_fd_unchecked(fd)
    }

    /// Opens the sending end.
    ///
    /// # Errors
    /// `InvalidInput` if the file is not a pipe; `ENXIO` if there is no receiver, except with
    /// [`read_write`](OpenOptions::read_write); what the operating system says.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn open_sender<P: AsRef<Path>>(&self, path: P) -> io::Result<Sender> {
        let both = self.read_write;
        let fd = self.open(fs::OpenOptions::new().write(true).read(both), path.as_ref())?;
        Sender::from_owned_fd_unchecked(fd)
    }

    fn open(&self, options: &mut fs::OpenOptions, path: &Path) -> io::Result<OwnedFd> {
        let fd = OwnedFd::from(options.custom_flags(libc::O_NONBLOCK).open(path)?);
        if self.unchecked {
            return Ok(fd);
        }
        require_pipe(fd)
    }
}
