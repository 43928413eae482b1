//! The writing end of a pipe.
//!
//! Absent on purpose: a shutdown that tells the receiver. Only closing the descriptor does; drop the sender.

use super::{require_access, require_pipe};
use crate::io::AsyncWrite;
use crate::net::evented::Evented;
use heist_reactor::{Direction, Interest, Ready};
use mio::unix::pipe;
use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The writing end of a pipe.
///
/// Writes through [`AsyncWrite`], whose `shutdown` does nothing: drop the sender to end the pipe. Writes of at most
/// `PIPE_BUF` bytes (4096 on Linux) are made whole or not at all.
#[derive(Debug)]
pub struct Sender {
    io: Evented<pipe::Sender>,
}

impl Sender {
    #[track_caller]
    fn from_mio(sender: pipe::Sender) -> io::Result<Sender> {
        let io = Evented::new(sender, Interest::WRITABLE)?;
        Ok(Sender { io })
    }

    /// The sender of a new pipe, in which there is room.
    #[track_caller]
    pub(super) fn fresh(sender: pipe::Sender) -> io::Result<Sender> {
        let sender = Sender::from_mio(sender)?;
        sender.io.assume_ready(Ready::WRITABLE);
        Ok(sender)
    }

    /// Takes over a file that is a pipe open for writing, and puts it into non-blocking mode.
    ///
    /// # Errors
    /// `InvalidInput` if it is not a pipe or not open for writing; what the operating system says.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn from_file(file: File) -> io::Result<Sender> {
        Sender::from_owned_fd(file.into())
    }

    /// Takes over a descriptor, as [`from_file`](Sender::from_file) does.
    ///
    /// # Errors
    /// As for `from_file`.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn from_owned_fd(owned_fd: OwnedFd) -> io::Result<Sender> {
        let fd = require_pipe(owned_fd)?;
        require_access(
            &fd,
            libc::O_WRONLY,
            "the pipe is not open for writing; open it so",
        )?;
        let sender = pipe::Sender::from(fd);
        sender.set_nonblocking(true)?;
        Sender::from_mio(sender)
    }

    /// Takes over a file without looking: it is to be a pipe, open for writing and in non-blocking mode.
    ///
    /// # Errors
    /// The reactor does not accept it, for instance because it is a regular file.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn from_file_unchecked(file: File) -> io::Result<Sender> {
        Sender::from_owned_fd_unchecked(file.into())
    }

    /// Takes over a descriptor without looking, as [`from_file_unchecked`](Sender::from_file_unchecked) does.
    ///
    /// # Errors
    /// As for `from_file_unchecked`.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn from_owned_fd_unchecked(owned_fd: OwnedFd) -> io::Result<Sender> {
        Sender::from_mio(owned_fd.into())
    }

    /// Waits until any of `interest` is ready, and says what is; only `Interest::WRITABLE` and `ERROR` ever are.
    ///
    /// Readiness is a hint: follow it with a `try_*` call, and wait again if that says `WouldBlock`.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.io.ready(interest).await
    }

    /// Waits until a write would answer: room, or an error.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// [`writable`](Sender::writable) as a poll function. Only the task of the latest call that writes or polls
    /// is woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Write).map_ok(drop)
    }

    /// Writes what there is room for, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room, `BrokenPipe` if no receiver is left; what the operating system says.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        self.io.try_io(Interest::WRITABLE, |mut pipe| pipe.write(buf))
    }

    /// [`try_write`](Sender::try_write) from several buffers, in turn.
    ///
    /// # Errors
    /// As for `try_write`.
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.io
            .try_io(Interest::WRITABLE, |mut pipe| pipe.write_vectored(bufs))
    }

    /// Does `f`, a non-blocking operation on this pipe, once if it is writable.
    ///
    /// `f` must say `WouldBlock` only if there is no room: the readiness is gone then.
    ///
    /// # Errors
    /// `WouldBlock` if it is not writable; what `f` says.
    pub fn try_io<R>(&self, f: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.io.try_io(Interest::WRITABLE, |pipe| pipe.try_io(f))
    }

    /// Gives the descriptor away, in blocking mode: for a child process, or for `std`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
        let pipe = self.io.into_inner()?;
        pipe.set_nonblocking(false)?;
        Ok(pipe.into())
    }

    /// Gives the descriptor away, in non-blocking mode.
    ///
    /// # Errors
    /// What the operating system says about deregistering it.
    pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
        self.io.into_inner().map(OwnedFd::from)
    }
}

impl AsyncWrite for Sender {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.io
            .poll_transfer(cx, Direction::Write, buf.len(), |mut pipe| pipe.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.io
            .poll_io(cx, Direction::Write, |mut pipe| pipe.write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsFd for Sender {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsRawFd for Sender {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_raw_fd()
    }
}
