//! The ends of a child's pipes that stay with this process.
//!
//! ```text
//!   ChildStdin  ──► Evented<mio Sender>   ──► the child's standard input
//!   ChildStdout ◄── Evented<mio Receiver> ◄── its standard output
//!   ChildStderr ◄── Evented<mio Receiver> ◄── its standard error
//! ```
//!
//! Invariants
//!
//! - I1: a pipe is in non-blocking mode while it is registered, and in blocking mode when it is handed out. The mode
//!   belongs to this end alone: the child's end keeps its own.
//!
//! Absent on purpose: a buffer. What is written is the kernel's at once, so flushing does nothing, and neither does
//! `shutdown`: only dropping the last [`ChildStdin`] tells the child that no more is coming.

use crate::io::{AsyncRead, AsyncWrite, ReadBuf};
use crate::net::evented::Evented;
use crate::net::unix::raw::read_into;
use heist_reactor::{Direction, Interest, Ready};
use mio::unix::pipe::{Receiver, Sender};
use std::io::{self, IoSlice, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::process::{self, Stdio};
use std::task::{Context, Poll};

/// The writing end of the pipe to a child's standard input.
///
/// The child reads the end of its input when this is dropped; `shutdown` does nothing. A write to a child that has
/// closed its end fails with `BrokenPipe`.
#[derive(Debug)]
pub struct ChildStdin {
    pipe: Evented<Sender>,
}

/// The reading end of the pipe from a child's standard output.
///
/// It ends when everybody who has the other end has closed it: the child, and whomever the child has passed it to.
#[derive(Debug)]
pub struct ChildStdout {
    pipe: Evented<Receiver>,
}

/// The reading end of the pipe from a child's standard error; as [`ChildStdout`].
#[derive(Debug)]
pub struct ChildStderr {
    pipe: Evented<Receiver>,
}

impl AsyncWrite for ChildStdin {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let write = |mut pipe: &Sender| pipe.write(buf);
        self.pipe.poll_transfer(cx, Direction::Write, buf.len(), write)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let asked = bufs.iter().map(|buf| buf.len()).sum();
        let write = |mut pipe: &Sender| pipe.write_vectored(bufs);
        self.pipe.poll_transfer(cx, Direction::Write, asked, write)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn poll_read(pipe: &Evented<Receiver>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
    // Not by `poll_transfer`: in packet mode, which a pipe of std's may have been put into, a short read says nothing.
    pipe.poll_io(cx, Direction::Read, |pipe| read_into(pipe.as_fd(), buf))
        .map_ok(drop)
}

macro_rules! child_pipe {
    ($type:ident, $mio:ident, $interest:ident, $first:expr) => {
        impl $type {
            /// Takes over a pipe of a child that the standard library has started.
            ///
            /// # Errors
            /// The pipe cannot be put into non-blocking mode, or the reactor does not accept it.
            ///
            /// # Panics
            /// Outside of a runtime, or if its I/O is not enabled.
            #[track_caller]
            pub fn from_std(inner: process::$type) -> io::Result<$type> {
                let pipe = $mio::from(inner);
                pipe.set_nonblocking(true)?;
                let pipe = Evented::new(pipe, Interest::$interest)?;
                pipe.assume_ready($first);
                Ok($type { pipe })
            }

            /// The descriptor, in blocking mode, as other programs expect it.
            ///
            /// # Errors
            /// What the operating system says about deregistering it or changing its mode. The pipe is closed then.
            pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
                let pipe = self.pipe.into_inner()?;
                pipe.set_nonblocking(false)?;
                Ok(pipe.into())
            }
        }

        impl TryInto<Stdio> for $type {
            type Error = io::Error;

            /// For another child to take over, in blocking mode.
            fn try_into(self) -> io::Result<Stdio> {
                self.into_owned_fd().map(Stdio::from)
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.pipe.as_raw_fd()
            }
        }

        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.pipe.as_fd()
            }
        }
    };
}

macro_rules! read_pipe {
    ($type:ident) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                poll_read(&self.pipe, cx, buf)
            }
        }
    };
}

// A fresh pipe has room, so the first write is tried at once. It is empty, so the first read waits for an event.
child_pipe!(ChildStdin, Sender, WRITABLE, Ready::WRITABLE);
child_pipe!(ChildStdout, Receiver, READABLE, Ready::EMPTY);
child_pipe!(ChildStderr, Receiver, READABLE, Ready::EMPTY);
read_pipe!(ChildStdout);
read_pipe!(ChildStderr);
