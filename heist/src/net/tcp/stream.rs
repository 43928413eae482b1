//! The TCP stream.
//!
//! Reading and writing go through `AsyncRead` and `AsyncWrite` (in `net/stream_methods.rs`) with the extension methods of
//! [`heist::io`](crate::io), or through readiness: `readable().await`, then `try_read`. Flushing does
//! nothing: what is written is the kernel's.
//!
//! Absent on purpose: a buffer. Wrap the stream in a `BufReader` or `BufWriter` for many small transfers.

use super::connect;
use super::options;
use super::split::{self, ReadHalf, WriteHalf};
use super::split_owned::{self, OwnedReadHalf, OwnedWriteHalf};
use crate::io::{ReadBuf, peek_into, recv_into};
use crate::net::addr::{ToSocketAddrs, resolve};
use crate::net::evented::Evented;
use crate::net::stream_methods::stream_methods;
use heist_reactor::{Direction, Interest, Ready};
use socket2::SockRef;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A TCP connection.
///
/// Dropping it closes both directions. To end only the writing one, so that the peer reads to the end and may
/// still answer, call `shutdown` of [`AsyncWriteExt`](crate::io).
///
/// # When something goes wrong
///
/// | what happens | what this end sees |
/// |---|---|
/// | the peer shuts its writing direction down | a read of 0 bytes, again and again; writing goes on |
/// | the peer closes, then is written to | a write that succeeds or two, then `ConnectionReset` or `BrokenPipe` |
/// | the peer resets the connection | `ConnectionReset`, once: a waiting write at once, a read after what has arrived (which systems other than Linux may drop) |
/// | after that | reads of 0 bytes, writes with `BrokenPipe` |
/// | the peer stops reading | a write waits when both sides' buffers are full: put a `timeout` around it |
/// | the peer stops sending, or sends a byte now and then | a read waits: put a `timeout` around the whole request |
/// | a read into an empty buffer | waits as any read does, then 0; it takes nothing and says nothing of the end |
/// | a write of an empty buffer | waits for room as any write does, then 0; nothing is sent |
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (server, _) = listener.accept().await?;
///
/// client.writable().await?;
/// client.try_write(b"hello")?;
/// let mut buffer = [0; 16];
/// assert_eq!(server.peek(&mut buffer).await?, 5);
/// # Ok(()) })
/// # }
/// ```
pub struct TcpStream {
    io: Evented<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects to `address`; of several, to the first one that answers.
    ///
    /// Addresses of one family, IPv4 or IPv6, are tried in turn, the next one when that before has failed. Those of
    /// both are tried alternately, starting with the first (RFC 8305, "happy eyeballs"): the next attempt begins when
    /// one has failed, or after 250 ms while the earlier ones go on, and once one succeeds the others are dropped. So
    /// a family that leads nowhere costs a quarter of a second. (In a runtime without timers they are all tried in
    /// turn.)
    ///
    /// # Errors
    /// The address cannot be resolved, or none can be connected to. Of several addresses it is the last one's error,
    /// but where there are both families an answer (refused, reset, timed out) comes before any error of this
    /// machine's, such as that it has no way to the other family.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// # Cancel safety
    /// Dropping the future gives all attempts up.
    pub async fn connect<A: ToSocketAddrs>(address: A) -> io::Result<TcpStream> {
        connect::connect(resolve(address).await?).await
    }

    pub(super) async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connected(TcpStream::begin(address)?).await
    }

    /// Goes on with an attempt that has begun on a socket set up by hand.
    pub(super) async fn connecting(stream: mio::net::TcpStream) -> io::Result<TcpStream> {
        TcpStream::connected(TcpStream::from_mio(stream)?).await
    }

    async fn connected(stream: TcpStream) -> io::Result<TcpStream> {
        poll_fn(|cx| stream.poll_connected(cx)).await?;
        Ok(stream)
    }

    /// Begins an attempt.
    pub(super) fn begin(address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::from_mio(mio::net::TcpStream::connect(address)?)
    }

    /// How the attempt that `begin` has begun came out.
    pub(super) fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The attempt is over, one way or the other, when the socket becomes writable.
        ready!(self.io.poll_ready(cx, Direction::Write))?;
        Poll::Ready(self.io.take_error()?.map_or(Ok(()), Err))
    }

    /// A connection from a listener: the peer has often sent something already, so try first.
    pub(super) fn accepted(stream: mio::net::TcpStream) -> io::Result<TcpStream> {
        let stream = TcpStream::from_mio(stream)?;
        stream.io.assume_ready(Ready::READABLE | Ready::WRITABLE);
        Ok(stream)
    }

    #[track_caller]
    fn from_mio(stream: mio::net::TcpStream) -> io::Result<TcpStream> {
        let io = Evented::new(stream, options::STREAM_INTEREST)?;
        Ok(TcpStream { io })
    }

    /// Reads once. Less than there is room for is all there was, unless an urgent byte comes next.
    pub(crate) fn read_poll(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.io
            .poll_transfer(cx, Direction::Read, buf.remaining(), |stream| {
                stream.try_io(|| recv_into(SockRef::from(stream), buf))
            })
            .map_ok(drop)
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
    /// let stream = std::net::TcpStream::connect("127.0.0.1:8080")?;
    /// stream.set_nonblocking(true)?;
    /// let stream = heist::net::TcpStream::from_std(stream)?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        options::check_nonblocking(&stream)?;
        TcpStream::from_mio(mio::net::TcpStream::from_std(stream))
    }

    /// Turns this into a connection of the standard library, which stays in non-blocking mode.
    ///
    /// # Errors
    /// What the operating system says about deregistering it.
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
        self.io.into_inner().map(std::net::TcpStream::from)
    }

    /// The address of this end.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// What the operating system says; `NotConnected` if the connection is over.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.peer_addr()
    }

    /// Waits for data and copies it into `buf` without taking it from the stream; 0 is the end of the stream
    /// (or an empty buffer).
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Cancel safety
    /// Nothing is taken in any case.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io
            .async_io(Interest::READABLE, |stream| stream.peek(buf))
            .await
    }

    /// [`peek`](TcpStream::peek) as a poll function. Only the task of the latest call that reads, peeks or
    /// polls for reading is woken.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Read, |stream| {
            stream.try_io(|| peek_into(SockRef::from(stream), buf))
        })
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// What the operating system says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.io.nodelay()
    }

    /// Sets whether small writes are sent at once rather than gathered (`TCP_NODELAY`).
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io.set_nodelay(nodelay)
    }

    /// Whether data is acknowledged at once (`TCP_QUICKACK`).
    ///
    /// # Errors
    /// What the operating system says.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn quickack(&self) -> io::Result<bool> {
        SockRef::from(self).tcp_quickack()
    }

    /// Sets whether data is acknowledged at once (`TCP_QUICKACK`). The system may go back on it.
    ///
    /// # Errors
    /// What the operating system says.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        SockRef::from(self).set_tcp_quickack(quickack)
    }

    /// How long closing waits for unsent data (`SO_LINGER`), or `None` if it does not.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self).linger()
    }

    /// Sets how long closing waits for unsent data, in whole seconds.
    ///
    /// # Errors
    /// What the operating system says.
    #[deprecated = "a socket with `SO_LINGER` blocks the thread that drops it; `set_zero_linger` does not"]
    pub fn set_linger(&self, duration: Option<Duration>) -> io::Result<()> {
        SockRef::from(self).set_linger(duration)
    }

    /// Makes closing reset the connection and drop unsent data.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        SockRef::from(self).set_linger(Some(Duration::ZERO))
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

    /// Lends a reading and a writing half, for two futures in one task.
    ///
    /// It costs nothing. For halves that go to different tasks there is
    /// [`into_split`](TcpStream::into_split).
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

stream_methods!(TcpStream);

impl TryFrom<std::net::TcpStream> for TcpStream {
    type Error = io::Error;

    /// As [`TcpStream::from_std`].
    fn try_from(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        TcpStream::from_std(stream)
    }
}

#[cfg(unix)]
mod sys {
    use super::TcpStream;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

    impl AsFd for TcpStream {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.io.as_fd()
        }
    }

    impl AsRawFd for TcpStream {
        fn as_raw_fd(&self) -> RawFd {
            self.io.as_raw_fd()
        }
    }
}

#[cfg(windows)]
mod sys {
    use super::TcpStream;
    use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};

    impl AsSocket for TcpStream {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.io.as_socket()
        }
    }

    impl AsRawSocket for TcpStream {
        fn as_raw_socket(&self) -> RawSocket {
            self.io.as_raw_socket()
        }
    }
}
