//! The Unix-domain listener.
//!
//! Absent on purpose: removing the socket file, before or after. Another process may be using it.

use super::SocketAddr;
use super::stream::UnixStream;
use crate::net::backoff::Backoff;
use crate::net::evented::Evented;
use crate::net::tcp::options::check_nonblocking;
use heist_reactor::{Direction, Interest};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net;
use std::path::Path;
use std::task::{Context, Poll, ready};

/// A Unix-domain socket that listens for connections.
///
/// Its file stays when it is dropped, and a listener that is bound there again finds it in the way: remove it
/// yourself. Connections that nobody has accepted by then are closed.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::io::{AsyncReadExt, AsyncWriteExt};
/// use heist::net::{UnixListener, UnixStream};
///
/// let path = std::env::temp_dir().join(format!("heist-doc-{}", std::process::id()));
/// let listener = UnixListener::bind(&path)?;
/// let mut client = UnixStream::connect(&path).await?;
/// let (mut server, _) = listener.accept().await?;
/// std::fs::remove_file(&path)?;
///
/// client.write_all(b"hello").await?;
/// drop(client);
/// let mut said = String::new();
/// server.read_to_string(&mut said).await?;
/// assert_eq!(said, "hello");
/// # Ok(()) })
/// # }
/// ```
pub struct UnixListener {
    io: Evented<mio::net::UnixListener>,
    backoff: Backoff,
}

impl UnixListener {
    /// Listens at `path`, where a socket file appears. On Linux, a path that starts with a zero byte is an
    /// abstract name instead, without a file.
    ///
    /// As many connections wait to be accepted as the system allows (`net.core.somaxconn`).
    ///
    /// # Errors
    /// `AddrInUse` if there is a file already, which may be left from an earlier listener; `InvalidInput` for a
    /// path that is too long (107 bytes on Linux) or has a zero byte inside; what the operating system says.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        UnixListener::bind_addr(&SocketAddr::of_path(path.as_ref())?)
    }

    /// The same for an address, such as [`local_addr`](UnixListener::local_addr) tells.
    ///
    /// # Errors
    /// As for [`bind`](UnixListener::bind).
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn bind_addr(socket_addr: &SocketAddr) -> io::Result<UnixListener> {
        UnixListener::from_mio(mio::net::UnixListener::bind_addr(socket_addr.as_std())?)
    }

    #[track_caller]
    pub(super) fn from_mio(listener: mio::net::UnixListener) -> io::Result<UnixListener> {
        let io = Evented::new(listener, Interest::READABLE)?;
        Ok(UnixListener {
            io,
            backoff: Backoff::default(),
        })
    }

    /// Takes over a listener of the standard library.
    ///
    /// # Errors
    /// The listener is in blocking mode (call `set_nonblocking(true)` on it first), or the reactor does not
    /// accept it.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// ```no_run
    /// # async fn f() -> std::io::Result<()> {
    /// let listener = std::os::unix::net::UnixListener::bind("/run/user/1000/door")?;
    /// listener.set_nonblocking(true)?;
    /// let listener = heist::net::UnixListener::from_std(listener)?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn from_std(listener: net::UnixListener) -> io::Result<UnixListener> {
        let listener = UnixListener::from_mio(mio::net::UnixListener::from_std(listener))?;
        check_nonblocking(&listener)?;
        Ok(listener)
    }

    /// Turns this into a listener of the standard library, which stays in non-blocking mode.
    ///
    /// # Errors
    /// What the operating system says about deregistering it.
    pub fn into_std(self) -> io::Result<net::UnixListener> {
        self.io.into_inner().map(net::UnixListener::from)
    }

    /// The address this listens at.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr().map(SocketAddr::from)
    }

    /// Takes the pending error of the socket (`SO_ERROR`), if there is one.
    ///
    /// # Errors
    /// The option cannot be read.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.take_error()
    }

    /// Waits for a connection and returns it with its peer's address, which most peers do not have.
    ///
    /// Any number of tasks may accept from one listener.
    ///
    /// # Errors
    /// As [`TcpListener::accept`](crate::net::TcpListener::accept): when descriptors or memory have run out, the
    /// next accept waits before it tries again.
    ///
    /// # Cancel safety
    /// A connection is taken from the queue only by the poll that returns it, so none is lost when the
    /// future is dropped, as in `select!`.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        self.backoff.wait().await;
        let accepted = self
            .io
            .async_io(Interest::READABLE, |listener| listener.accept())
            .await;
        self.finish(accepted)
    }

    /// The same as a poll function. Only the task of the latest call is woken.
    ///
    /// # Errors
    /// As for [`accept`](UnixListener::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        ready!(self.backoff.poll_wait(cx));
        let accepted = ready!(self.io.poll_io(cx, Direction::Read, |listener| listener.accept()));
        Poll::Ready(self.finish(accepted))
    }

    fn finish(
        &self,
        accepted: io::Result<(mio::net::UnixStream, net::SocketAddr)>,
    ) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, peer) = self.backoff.note(accepted)?;
        Ok((UnixStream::accepted(stream)?, peer.into()))
    }
}

impl TryFrom<net::UnixListener> for UnixListener {
    type Error = io::Error;

    /// As [`UnixListener::from_std`].
    fn try_from(listener: net::UnixListener) -> io::Result<UnixListener> {
        UnixListener::from_std(listener)
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsRawFd for UnixListener {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_raw_fd()
    }
}
