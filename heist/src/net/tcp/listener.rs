//! The TCP listener.
//!
//! Absent on purpose: socket options before `bind` beyond the usual ones. [`TcpSocket`](super::socket::TcpSocket)
//! has them.

use super::options;
use super::stream::TcpStream;
use crate::net::addr::{ToSocketAddrs, first_that, resolve};
use crate::net::backoff::Backoff;
use crate::net::evented::Evented;
use heist_reactor::{Direction, Interest};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

/// Connections waiting to be accepted, at most; the system may allow fewer (`net.core.somaxconn`).
const BACKLOG: i32 = 1024;

/// A TCP socket that listens for connections.
///
/// Dropping it closes the port: the system resets the connections that have not been accepted, which their peers
/// took for established, and refuses new ones. Those that have been accepted live on.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (server, peer) = listener.accept().await?;
/// assert_eq!(peer, client.local_addr()?);
/// # drop(server);
/// # Ok(()) })
/// # }
/// ```
pub struct TcpListener {
    io: Evented<mio::net::TcpListener>,
    backoff: Backoff,
}

impl TcpListener {
    /// Listens on `address`; of several, on the first one that can be bound.
    ///
    /// Port 0 lets the system choose: see [`local_addr`](TcpListener::local_addr). The address may be in
    /// `TIME_WAIT` from an earlier listener (`SO_REUSEADDR`, except on Windows, where that means something
    /// else). Up to 1024 connections wait to be accepted.
    ///
    /// # Errors
    /// The address cannot be resolved or bound, for instance because the port is taken; the last address's
    /// error if there are several.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<TcpListener> {
        first_that(resolve(address).await?, async |address| {
            TcpListener::from_mio(mio::net::TcpListener::from_std(options::listen(
                address, BACKLOG,
            )?))
        })
        .await
    }

    /// Waits for a connection and returns it with its peer's address.
    ///
    /// Any number of tasks may accept from one listener.
    ///
    /// # Errors
    /// What the operating system says. Most errors concern a single connection: log them and accept again.
    /// When descriptors or memory have run out (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`), a line on stderr says what
    /// to raise, once a minute at most, and the next accept waits before it tries again, for 10 ms at first and
    /// up to 1 s while the shortage lasts: a loop that just goes on neither spins nor loses the connection, which
    /// waits in the system's queue. (In a runtime without timers it does not wait.)
    ///
    /// # Cancel safety
    /// A connection is taken from the queue only by the poll that returns it, so none is lost when the
    /// future is dropped, as in `select!`.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
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
    /// As for [`accept`](TcpListener::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        ready!(self.backoff.poll_wait(cx));
        let accepted = ready!(self.io.poll_io(cx, Direction::Read, |listener| listener.accept()));
        Poll::Ready(self.finish(accepted))
    }

    fn finish(
        &self,
        accepted: io::Result<(mio::net::TcpStream, SocketAddr)>,
    ) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.backoff.note(accepted)?;
        Ok((TcpStream::accepted(stream)?, peer))
    }

    /// Takes over a listener of the standard library.
    ///
    /// # Errors
    /// The listener is in blocking mode (call `set_nonblocking(true)` on it first), or the reactor does
    /// not accept it.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// listener.set_nonblocking(true)?;
    /// let listener = heist::net::TcpListener::from_std(listener)?;
    /// # drop(listener);
    /// # Ok(()) })
    /// # }
    /// ```
    #[track_caller]
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        options::check_nonblocking(&listener)?;
        TcpListener::from_mio(mio::net::TcpListener::from_std(listener))
    }

    /// Turns this into a listener of the standard library, which stays in non-blocking mode.
    ///
    /// # Errors
    /// What the operating system says about deregistering it.
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        self.io.into_inner().map(std::net::TcpListener::from)
    }

    #[track_caller]
    pub(super) fn from_mio(listener: mio::net::TcpListener) -> io::Result<TcpListener> {
        let io = Evented::new(listener, Interest::READABLE)?;
        Ok(TcpListener {
            io,
            backoff: Backoff::default(),
        })
    }

    /// The address this listens on.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// The time-to-live of outgoing packets, in hops.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.ttl()
    }

    /// Sets the time-to-live of outgoing packets, in hops.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.set_ttl(ttl)
    }
}

impl TryFrom<std::net::TcpListener> for TcpListener {
    type Error = io::Error;

    /// As [`TcpListener::from_std`].
    fn try_from(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        TcpListener::from_std(listener)
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

#[cfg(unix)]
mod sys {
    use super::TcpListener;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

    impl AsFd for TcpListener {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.io.as_fd()
        }
    }

    impl AsRawFd for TcpListener {
        fn as_raw_fd(&self) -> RawFd {
            self.io.as_raw_fd()
        }
    }
}

#[cfg(windows)]
mod sys {
    use super::TcpListener;
    use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};

    impl AsSocket for TcpListener {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.io.as_socket()
        }
    }

    impl AsRawSocket for TcpListener {
        fn as_raw_socket(&self) -> RawSocket {
            self.io.as_raw_socket()
        }
    }
}
