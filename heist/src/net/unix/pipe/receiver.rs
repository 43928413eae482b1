//! The reading end of a pipe.
//!
//! Absent on purpose: a short read that clears readiness; see the module's head.

use super::{raw, require_access, require_pipe};
use crate::io::{AsyncRead, ReadBuf, receive_buf_mut};
use crate::net::evented::Evented;
use bytes::BufMut;
use heist_reactor::{Direction, Interest, Ready};
use mio::unix::pipe;
use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The reading end of a pipe.
///
/// Reads through [`AsyncRead`].
#[derive(Debug)]
pub struct Receiver {
    io: Evented<pipe::Receiver>,
}

impl Receiver {
    #[track_caller]
    pub(super) fn from_mio(receiver: pipe::Receiver) -> io::Result<Receiver> {
        let io = Evented::new(receiver, Interest::READABLE)?;
        Ok(Receiver { io })
    }

    /// Takes over a file that is a pipe open for reading, and puts it into non-blocking mode.
    ///
    /// # Errors
    /// `InvalidInput` if it is not a pipe or not open for reading; what the operating system says.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn from_file(file: File) -> io::Result<Receiver> {
        Receiver::from_owned_fd(file.into())
    }

    /// Takes over a descriptor, as [`from_file`](Receiver::from_file) does.
    ///
    /// # Errors
    /// As for `from_file`.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn from_owned_fd(owned_fd: OwnedFd) -> io::Result<Receiver> {
        let fd = require_pipe(owned_fd)?;
        require_access(
            &fd,
            libc::O_RDONLY,
            "the pipe is not open for reading; open it so",
        )?;
        let receiver = pipe::Receiver::from(fd);
        receiver.set_nonblocking(true)?;
        Receiver::from_mio(receiver)
    }

    /// Takes over a file without looking: it is to be a pipe, open for reading and in non-blocking mode.
    ///
    /// # Errors
    /// The reactor does not accept it, for instance because it is a regular file.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn from_file_unchecked(file: File) -> io::Result<Receiver> {
        Receiver::from_owned_fd_unchecked(file.into())
    }

    /// Takes over a descriptor without looking, as [`from_file_unchecked`](Receiver::from_file_unchecked) does.
    ///
    /// # Errors
    /// As for `from_file_unchecked`.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn from_owned_fd_unchecked(owned_fd: OwnedFd) -> io::Result<Receiver> {
        Receiver::from_mio(owned_fd.into())
    }

    /// Waits until any of `interest` is ready, and says what is; only `Interest::READABLE` and `ERROR` ever are.
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

    /// Waits until a read would answer: data, or the end.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// [`readable`](Receiver::readable) as a poll function. Only the task of the latest call that reads or polls
    /// is woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read).map_ok(drop)
    }

    /// Reads what is there, without waiting; 0 is the end (or an empty buffer).
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing yet; what the operating system says.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.try_io(Interest::READABLE, |mut pipe| pipe.read(buf))
    }

    /// [`try_read`](Receiver::try_read) into several buffers, in turn.
    ///
    /// # Errors
    /// As for `try_read`.
    pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |mut pipe| pipe.read_vectored(bufs))
    }

    /// [`try_read`](Receiver::try_read) into the spare room of a [`BufMut`], which grows by what was read.
    ///
    /// # Errors
    /// As for `try_read`.
    pub fn try_read_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.io.try_io(Interest::READABLE, |pipe| {
            receive_buf_mut(buf, |spare| read_into(pipe, spare))
        })
    }

    /// Does `f`, a non-blocking operation on this pipe, once if it is readable.
    ///
    /// `f` must say `WouldBlock` only if there is nothing to read: the readiness is gone then.
    ///
    /// # Errors
    /// `WouldBlock` if it is not readable; what `f` says.
    pub fn try_io<R>(&self, f: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.io.try_io(Interest::READABLE, |pipe| pipe.try_io(f))
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

fn read_into(pipe: &pipe::Receiver, buf: &mut ReadBuf<'_>) -> io::Result<usize> {
    pipe.try_io(|| raw::read_into(pipe.as_fd(), buf))
}

impl AsyncRead for Receiver {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.io
            .poll_io(cx, Direction::Read, |pipe| read_into(pipe, buf))
            .map_ok(drop)
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsRawFd for Receiver {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_raw_fd()
    }
}
