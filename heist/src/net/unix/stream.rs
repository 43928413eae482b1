//! The Unix-domain stream.
//!
//! What it has in common with the TCP stream, reading and writing among it, is in `net/stream_methods.rs`.
//!
//! A read here clears readiness only by `WouldBlock`, never by being short: it ends where descriptors, credentials or an
//! urgent byte were sent along, whatever is queued behind them.
//!
//! Absent on purpose: a buffer. Wrap the stream in a `BufReader` or `BufWriter` for many small transfers.

use super::split::{self, ReadHalf, WriteHalf};
use super::split_owned::{self, OwnedReadHalf, OwnedWriteHalf};
use super::{SocketAddr, UCred, raw};
use crate::io::{ReadBuf, recv_into};
use crate::net::evented::Evented;
use crate::net::stream_methods::stream_methods;
use crate::net::tcp::options::check_nonblocking;
use heist_reactor::{Direction, Interest, Ready};
use socket2::SockRef;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net;
use std::path::Path;
use std::task::{Context, Poll};

/// A connection between two processes of one machine.
///
/// Dropping it closes both directions. To end only the writing one, so that the peer reads to the end and may
/// still answer, call `shutdown` of [`AsyncWriteExt`](crate::io).
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::io::{AsyncReadExt, AsyncWriteExt};
/// use heist::net::UnixStream;
///
/// let (mut left, mut right) = UnixStream::pair()?;
/// left.write_all(b"ping").await?;
/// left.shutdown().await?;
///
/// let mut said = String::new();
/// right.read_to_string(&mut said).await?;
/// assert_eq!(said, "ping");
/// # Ok(()) })
/// # }
/// ```
pub struct UnixStream {
    io: Evented<mio::net::UnixStream>,
}

impl UnixStream {
    /// Connects to the listener at `path`. On Linux, a path that starts with a zero byte is an abstract name.
    ///
    /// # Errors
    /// `NotFound` without a file there, `ConnectionRefused` without a listener behind it, `WouldBlock` if as
    /// many connections wait to be accepted as may (Linux); what the operating system says.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&SocketAddr::of_path(path.as_ref())?).await
    }

    /// The same for an address, such as that of a listener.
    ///
    /// # Errors
    /// As for [`connect`](UnixStream::connect).
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    pub async fn connect_addr(socket_addr: &SocketAddr) -> io::Result<UnixStream> {
        UnixStream::connecting(mio::net::UnixStream::connect_addr(socket_addr.as_std())?).await
    }

    /// Waits for the end of an attempt to connect. Most systems connect at once, but the listener may be dropped
    /// before it accepts; waiting for the event finds that out.
    pub(super) async fn connecting(stream: mio::net::UnixStream) -> io::Result<UnixStream> {
        let stream = UnixStream::from_mio(stream)?;
        poll_fn(|cx| stream.io.poll_ready(cx, Direction::Write)).await?;
        match stream.io.take_error()? {
            None => Ok(stream),
            Some(error) => Err(error),
        }
    }

    /// A connection from a listener: the peer has often sent something already, so try first.
    pub(super) fn accepted(stream: mio::net::UnixStream) -> io::Result<UnixStream> {
        let stream = UnixStream::from_mio(stream)?;
        stream.io.assume_ready(Ready::READABLE | Ready::WRITABLE);
        Ok(stream)
    }

    #[track_caller]
    fn from_mio(stream: mio::net::UnixStream) -> io::Result<UnixStream> {
        let io = Evented::new(stream, Interest::READABLE | Interest::WRITABLE)?;
        Ok(UnixStream { io })
    }

    /// Reads once.
    pub(crate) fn read_poll(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.io
            .poll_io(cx, Direction::Read, |stream| {
                stream.try_io(|| recv_into(SockRef::from(stream), buf))
            })
            .map_ok(drop)
    }

    /// Makes two streams without address that are connected to each other.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (left, right) = mio::net::UnixStream::pair()?;
        let (left, right) = (UnixStream::from_mio(left)?, UnixStream::from_mio(right)?);
        // Nobody has sent anything yet, so there is room.
        left.io.assume_ready(Ready::WRITABLE);
        right.io.assume_ready(Ready::WRITABLE);
        Ok((left, right))
    }

    /// Takes over a connection of the standard library.
    ///
    /// # Errors
    /// The stream is in blocking mode (call `set_nonblocking(true)` on it first), or the reactor does not
    /// accept it.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// ```no_run
    /// # async fn f() -> std::io::Result<()> {
    /// let stream = std::os::unix::net::UnixStream::connect("/run/user/1000/door")?;
    /// stream.set_nonblocking(true)?;
    /// let stream = heist::net::UnixStream::from_std(stream)?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn from_std(stream: net::UnixStream) -> io::Result<UnixStream> {
        let stream = UnixStream::from_mio(mio::net::UnixStream::from_std(stream))?;
        check_nonblocking(&stream)?;
        Ok(stream)
    }

    /// Turns this into a connection of the standard library, which stays in non-blocking mode.
    ///
    /// # Errors
    /// What the operating system says about deregistering it.
    pub fn into_std(self) -> io::Result<net::UnixStream> {
        self.io.into_inner().map(net::UnixStream::from)
    }

    /// The address of this end.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr().map(SocketAddr::from)
    }

    /// The address of the other end, which most clients do not have.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.peer_addr().map(SocketAddr::from)
    }

    /// The user, the group and the process at the other end, as the system vouches for them.
    ///
    /// # Errors
    /// What the operating system says; `Unsupported` where it does not tell.
    pub fn peer_cred(&self) -> io::Result<UCred> {
        raw::peer_cred(self.as_fd())
    }

    /// Lends a reading and a writing half, for two futures in one task.
    ///
    /// It costs nothing. For halves that go to different tasks there is
    /// [`into_split`](UnixStream::into_split).
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        split::split(self)
    }

    /// Splits the stream into a reading and a writing half, which may go to different tasks.
    ///
    /// It costs one allocation. Dropping the writing half shuts writing down. The halves can be
    /// [reunited](OwnedReadHalf::reunite).
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split_owned::split(self)
    }
}

stream_methods!(UnixStream);

impl TryFrom<net::UnixStream> for UnixStream {
    type Error = io::Error;

    /// As [`UnixStream::from_std`].
    fn try_from(stream: net::UnixStream) -> io::Result<UnixStream> {
        UnixStream::from_std(stream)
    }
}

impl AsFd for UnixStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsRawFd for UnixStream {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_raw_fd()
    }
}
