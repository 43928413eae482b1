//! The UDP socket: how it is made, its addresses, and waiting for it.
//!
//! | file | what is in it |
//! |---|---|
//! | `send.rs` | sending |
//! | `recv.rs` | receiving |
//! | `peek.rs` | looking at a datagram that stays |
//! | `options.rs` | socket options |
//!
//! Invariants
//!
//! - I1: a datagram is one event: a transfer shorter than the buffer says nothing about the next one, so only
//!   `WouldBlock` ends readiness here, and 0 bytes are an empty datagram and not an end.
//! - I2: nothing waits after the system call, so a future that is dropped has sent or received nothing.
//!
//! Absent on purpose: a stream or sink of datagrams, and halves. All methods take `&self`: share the socket by
//! reference or `Arc`.

mod options;
mod peek;
mod recv;
mod send;

use super::addr::{ToSocketAddrs, first_that, resolve};
use super::evented::Evented;
use super::tcp::options::check_nonblocking;
use heist_reactor::{Direction, Interest, Ready};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

/// What a receiver waits for: an error that the network reports comes alone, without anything to read.
const RECEIVE: Interest = Interest::READABLE.add(Interest::ERROR);

/// A UDP socket.
///
/// It sends and receives datagrams, each of which arrives whole, or not at all, and in any order. Two ways to
/// use it:
///
/// - one to many: [`bind`](UdpSocket::bind), then [`send_to`](UdpSocket::send_to) and
///   [`recv_from`](UdpSocket::recv_from) with anybody;
/// - one to one: [`connect`](UdpSocket::connect) as well, then [`send`](UdpSocket::send) and
///   [`recv`](UdpSocket::recv) with that peer only.
///
/// All methods take `&self`, so any number of tasks can send and receive at once: put the socket in an `Arc`.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::net::UdpSocket;
///
/// let server = UdpSocket::bind("127.0.0.1:0").await?;
/// let client = UdpSocket::bind("127.0.0.1:0").await?;
/// client.connect(server.local_addr()?).await?;
///
/// client.send(b"hello").await?;
/// let mut buffer = [0; 1500];
/// let (n, sender) = server.recv_from(&mut buffer).await?;
/// server.send_to(&buffer[..n], sender).await?;
/// assert_eq!(client.recv(&mut buffer).await?, 5);
/// # Ok(()) })
/// # }
/// ```
pub struct UdpSocket {
    io: Evented<mio::net::UdpSocket>,
}

impl UdpSocket {
    /// Binds a socket to `address`; of several, to the first one that can be bound. Port 0 takes a free one.
    ///
    /// # Errors
    /// The address cannot be resolved, or none can be bound: the last one's error.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<UdpSocket> {
        first_that(resolve(address).await?, async |address| {
            UdpSocket::from_mio(mio::net::UdpSocket::bind(address)?)
        })
        .await
    }

    #[track_caller]
    fn from_mio(socket: mio::net::UdpSocket) -> io::Result<UdpSocket> {
        let io = Evented::new(socket, Interest::READABLE | Interest::WRITABLE)?;
        Ok(UdpSocket { io })
    }

    /// Takes over a socket of the standard library, for instance one with options set by `socket2`.
    ///
    /// # Errors
    /// The socket is in blocking mode (call `set_nonblocking(true)` on it first), or the reactor does not
    /// accept it.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// ```no_run
    /// # async fn f() -> std::io::Result<()> {
    /// let socket = std::net::UdpSocket::bind("0.0.0.0:8080")?;
    /// socket.set_nonblocking(true)?;
    /// let socket = heist::net::UdpSocket::from_std(socket)?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
        check_nonblocking(&socket)?;
        UdpSocket::from_mio(mio::net::UdpSocket::from_std(socket))
    }

    /// Turns this into a socket of the standard library, which stays in non-blocking mode.
    ///
    /// # Errors
    /// What the operating system says about deregistering it.
    pub fn into_std(self) -> io::Result<std::net::UdpSocket> {
        self.io.into_inner().map(std::net::UdpSocket::from)
    }

    /// The address that the socket is bound to.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// The address that the socket is connected to.
    ///
    /// # Errors
    /// `NotConnected` if it is not; what the operating system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.peer_addr()
    }

    /// Sets where [`send`](UdpSocket::send) sends to, and drops what others send; of several addresses it takes
    /// the first that the system accepts. Nothing goes over the network, and a later call replaces the peer.
    ///
    /// # Errors
    /// The address cannot be resolved, or none is accepted: the last one's error.
    ///
    /// # Cancel safety
    /// A dropped future has not connected the socket.
    pub async fn connect<A: ToSocketAddrs>(&self, address: A) -> io::Result<()> {
        let connect = |address| std::future::ready(self.io.connect(address));
        first_that(resolve(address).await?, connect).await
    }

    /// Takes the pending error of the socket (`SO_ERROR`), if there is one.
    ///
    /// # Errors
    /// The option cannot be read.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.take_error()
    }

    /// Waits until any of `interest` is ready, and says what is.
    ///
    /// Readiness is a hint: follow it with a `try_*` call, and wait again if that says `WouldBlock`. Any
    /// number of tasks may wait.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing: once ready, the socket stays so until an operation says `WouldBlock`.
    ///
    /// ```no_run
    /// # async fn f(socket: heist::net::UdpSocket) -> std::io::Result<()> {
    /// use heist::io::Interest;
    /// use std::io::ErrorKind;
    ///
    /// let mut buffer = [0; 1500];
    /// loop {
    ///     let ready = socket.ready(Interest::READABLE | Interest::WRITABLE).await?;
    ///     if ready.is_readable() {
    ///         match socket.try_recv_from(&mut buffer) {
    ///             Ok((n, sender)) => println!("{n} bytes from {sender}"),
    ///             Err(error) if error.kind() == ErrorKind::WouldBlock => {}
    ///             Err(error) => return Err(error),
    ///         }
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.io.ready(interest).await
    }

    /// Waits until there is a datagram.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// As [`ready`](UdpSocket::ready).
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until there is room to send.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// As [`ready`](UdpSocket::ready).
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// [`readable`](UdpSocket::readable) as a poll function. Only the task of the latest `poll_*` call for
    /// receiving or peeking is woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read).map_ok(drop)
    }

    /// [`writable`](UdpSocket::writable) as a poll function. Only the task of the latest `poll_*` call for
    /// sending is woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Write).map_ok(drop)
    }

    /// Does `f`, a non-blocking operation on this socket, once if any of `interest` is ready.
    ///
    /// `f` must say `WouldBlock` only if the socket is not ready for it: the readiness is gone then. It must
    /// not call this socket's own methods, which keep the readiness themselves.
    ///
    /// # Errors
    /// `WouldBlock` if nothing is ready; what `f` says.
    pub fn try_io<R>(&self, interest: Interest, f: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.io.try_io(interest, |socket| socket.try_io(f))
    }

    /// Does `f`, a non-blocking operation on this socket, until it does not say `WouldBlock`, and waits for
    /// `interest` in between.
    ///
    /// # Errors
    /// What `f` says, except `WouldBlock`; or the runtime has shut down.
    ///
    /// # Cancel safety
    /// The future waits only while `f` has not succeeded.
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut f: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.async_io(interest, |socket| socket.try_io(&mut f)).await
    }
}

impl TryFrom<std::net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    /// As [`UdpSocket::from_std`].
    fn try_from(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
        UdpSocket::from_std(socket)
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

#[cfg(unix)]
mod sys {
    use super::UdpSocket;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

    impl AsFd for UdpSocket {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.io.as_fd()
        }
    }

    impl AsRawFd for UdpSocket {
        fn as_raw_fd(&self) -> RawFd {
            self.io.as_raw_fd()
        }
    }
}

#[cfg(windows)]
mod sys {
    use super::UdpSocket;
    use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};

    impl AsSocket for UdpSocket {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.io.as_socket()
        }
    }

    impl AsRawSocket for UdpSocket {
        fn as_raw_socket(&self) -> RawSocket {
            self.io.as_raw_socket()
        }
    }
}
