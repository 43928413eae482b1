//! The Unix-domain datagram socket.
//!
//! A receive that fills less than its buffer says nothing about what is queued behind it, so no transfer here
//! clears readiness: only `WouldBlock` does.
//!
//! Absent on purpose: ancillary data (descriptors, credentials). Take it with `async_io` and a system call.

use super::SocketAddr;
use crate::io::{ReadBuf, receive_buf_mut, recv_from_unix, recv_into};
use crate::net::evented::Evented;
use crate::net::tcp::options::check_nonblocking;
use bytes::BufMut;
use heist_reactor::{Direction, Interest, Ready};
use socket2::SockRef;
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net;
use std::path::Path;
use std::task::{Context, Poll};

/// A Unix-domain datagram socket: messages between processes of one machine, whole and in order.
///
/// A bound socket leaves its path in the file system when it is dropped; remove it yourself. A message longer
/// than the buffer that receives it is cut, and an empty message is one of length 0: 0 does not mean an end.
///
/// All methods take `&self`: put the socket in an `Arc` to send and receive in several tasks.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::net::UnixDatagram;
///
/// let (left, right) = UnixDatagram::pair()?;
/// left.send(b"hello").await?;
/// let mut buffer = [0; 16];
/// let n = right.recv(&mut buffer).await?;
/// assert_eq!(&buffer[..n], b"hello");
/// # Ok(()) })
/// # }
/// ```
pub struct UnixDatagram {
    io: Evented<mio::net::UnixDatagram>,
}

impl UnixDatagram {
    /// Makes a socket with the address `path`, where a socket file appears.
    ///
    /// # Errors
    /// `AddrInUse` if there is a file already, which may be left from an earlier socket; what the operating
    /// system says.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// ```no_run
    /// # async fn f() -> std::io::Result<()> {
    /// let socket = heist::net::UnixDatagram::bind("/run/user/1000/door")?;
    /// let mut buffer = [0; 1024];
    /// let (n, sender) = socket.recv_from(&mut buffer).await?;
    /// if let Some(path) = sender.as_pathname() {
    ///     socket.send_to(&buffer[..n], path).await?;
    /// }
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        UnixDatagram::from_mio(mio::net::UnixDatagram::bind(path)?)
    }

    /// Makes two sockets without address that are connected to each other.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (left, right) = mio::net::UnixDatagram::pair()?;
        let (left, right) = (UnixDatagram::from_mio(left)?, UnixDatagram::from_mio(right)?);
        // Nobody has sent anything yet, so there is room.
        left.io.assume_ready(Ready::WRITABLE);
        right.io.assume_ready(Ready::WRITABLE);
        Ok((left, right))
    }

    /// Makes a socket without address: it can send, and receives only what a connected peer could send it.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn unbound() -> io::Result<UnixDatagram> {
        UnixDatagram::from_mio(mio::net::UnixDatagram::unbound()?)
    }

    #[track_caller]
    pub(super) fn from_mio(socket: mio::net::UnixDatagram) -> io::Result<UnixDatagram> {
        let io = Evented::new(socket, Interest::READABLE | Interest::WRITABLE)?;
        Ok(UnixDatagram { io })
    }

    /// Takes over a socket of the standard library, such as one with an abstract name.
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
    /// let socket = std::os::unix::net::UnixDatagram::bind("/run/user/1000/door")?;
    /// socket.set_nonblocking(true)?;
    /// let socket = heist::net::UnixDatagram::from_std(socket)?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn from_std(socket: net::UnixDatagram) -> io::Result<UnixDatagram> {
        let socket = UnixDatagram::from_mio(mio::net::UnixDatagram::from_std(socket))?;
        check_nonblocking(&socket)?;
        Ok(socket)
    }

    /// Turns this into a socket of the standard library, which stays in non-blocking mode.
    ///
    /// # Errors
    /// What the operating system says about deregistering it.
    pub fn into_std(self) -> io::Result<net::UnixDatagram> {
        self.io.into_inner().map(net::UnixDatagram::from)
    }

    /// Makes `path` the peer: where [`send`](UnixDatagram::send) sends to, and the only one heard. A later call
    /// replaces it.
    ///
    /// # Errors
    /// `NotFound` without a file there, `ConnectionRefused` without a socket behind it; what the operating
    /// system says.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.io.connect(path)
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
    /// # async fn f(socket: heist::net::UnixDatagram) -> std::io::Result<()> {
    /// use heist::io::Interest;
    /// use std::io::ErrorKind;
    ///
    /// let mut buffer = [0; 1024];
    /// loop {
    ///     let ready = socket.ready(Interest::READABLE | Interest::WRITABLE).await?;
    ///     if ready.is_readable() {
    ///         match socket.try_recv(&mut buffer) {
    ///             Ok(n) => println!("a message of {n} bytes"),
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

    /// Waits until a receive would answer.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// As [`ready`](UnixDatagram::ready).
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until a send would answer.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// As [`ready`](UnixDatagram::ready).
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// [`readable`](UnixDatagram::readable) as a poll function. Only the task of the latest call of a
    /// `poll_recv*` function is woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read).map_ok(drop)
    }

    /// [`writable`](UnixDatagram::writable) as a poll function. Only the task of the latest call of a
    /// `poll_send*` function is woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Write).map_ok(drop)
    }

    /// Sends `buf` as one message to the peer, and returns its length in bytes.
    ///
    /// # Errors
    /// `NotConnected` without a peer; `ConnectionRefused` if it has gone; what the operating system says.
    ///
    /// # Cancel safety
    /// Dropped before it is done, it has sent nothing.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io
            .async_io(Interest::WRITABLE, |socket| socket.send(buf))
            .await
    }

    /// [`send`](UnixDatagram::send) without waiting.
    ///
    /// # Errors
    /// As for `send`; `WouldBlock` if the peer's queue is full.
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io.try_io(Interest::WRITABLE, |socket| socket.send(buf))
    }

    /// [`send`](UnixDatagram::send) as a poll function. Only the task of the latest call of a `poll_send*`
    /// function is woken.
    ///
    /// # Errors
    /// As for `send`.
    pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Write, |socket| socket.send(buf))
    }

    /// Sends `buf` as one message to the socket at `target`, and returns its length in bytes.
    ///
    /// # Errors
    /// `NotFound` without a file there, `ConnectionRefused` without a socket behind it; what the operating
    /// system says.
    ///
    /// # Cancel safety
    /// Dropped before it is done, it has sent nothing.
    pub async fn send_to<P: AsRef<Path>>(&self, buf: &[u8], target: P) -> io::Result<usize> {
        self.io
            .async_io(Interest::WRITABLE, |socket| socket.send_to(buf, target.as_ref()))
            .await
    }

    /// [`send_to`](UnixDatagram::send_to) without waiting.
    ///
    /// # Errors
    /// As for `send_to`; `WouldBlock` if the target's queue is full.
    pub fn try_send_to<P: AsRef<Path>>(&self, buf: &[u8], target: P) -> io::Result<usize> {
        self.io
            .try_io(Interest::WRITABLE, |socket| socket.send_to(buf, target))
    }

    /// [`send_to`](UnixDatagram::send_to) as a poll function. Only the task of the latest call of a `poll_send*`
    /// function is woken.
    ///
    /// # Errors
    /// As for `send_to`.
    pub fn poll_send_to<P: AsRef<Path>>(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: P,
    ) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Write, |socket| {
            socket.send_to(buf, target.as_ref())
        })
    }

    /// Waits for a message and returns how many bytes of it are at the start of `buf`; what does not fit is
    /// lost.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Cancel safety
    /// Dropped before it is done, it has taken no message.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io
            .async_io(Interest::READABLE, |socket| socket.recv(buf))
            .await
    }

    /// [`recv`](UnixDatagram::recv) without waiting.
    ///
    /// # Errors
    /// As for `recv`; `WouldBlock` if there is no message.
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.try_io(Interest::READABLE, |socket| socket.recv(buf))
    }

    /// [`recv`](UnixDatagram::recv) as a poll function, into the unfilled part of `buf`. Only the task of the
    /// latest call of a `poll_recv*` function is woken.
    ///
    /// # Errors
    /// As for `recv`.
    pub fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| {
                recv_into(SockRef::from(socket), buf)
            })
            .map_ok(drop)
    }

    /// [`recv`](UnixDatagram::recv) into the spare room of a [`BufMut`], which grows by what was received.
    ///
    /// One chunk of it is filled. A vector without spare capacity makes little room: reserve what a message
    /// needs before.
    ///
    /// # Errors
    /// As for `recv`.
    ///
    /// # Cancel safety
    /// As for `recv`.
    pub async fn recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.io
            .async_io(Interest::READABLE, |socket| recv_buf_mut(socket, buf))
            .await
    }

    /// [`recv_buf`](UnixDatagram::recv_buf) without waiting.
    ///
    /// # Errors
    /// As for `recv`; `WouldBlock` if there is no message.
    pub fn try_recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |socket| recv_buf_mut(socket, buf))
    }

    /// [`recv`](UnixDatagram::recv) that says who sent the message, too.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Cancel safety
    /// Dropped before it is done, it has taken no message.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .async_io(Interest::READABLE, |socket| recv_slice_from(socket, buf))
            .await
    }

    /// [`recv_from`](UnixDatagram::recv_from) without waiting.
    ///
    /// # Errors
    /// As for `recv_from`; `WouldBlock` if there is no message.
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .try_io(Interest::READABLE, |socket| recv_slice_from(socket, buf))
    }

    /// [`recv_from`](UnixDatagram::recv_from) as a poll function, into the unfilled part of `buf`. Only the task
    /// of the latest call of a `poll_recv*` function is woken.
    ///
    /// # Errors
    /// As for `recv_from`.
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| {
                recv_from_unix(SockRef::from(socket), buf)
            })
            .map_ok(|(_, sender)| sender.into())
    }

    /// [`recv_from`](UnixDatagram::recv_from) into the spare room of a [`BufMut`], as
    /// [`recv_buf`](UnixDatagram::recv_buf) does.
    ///
    /// # Errors
    /// As for `recv_from`.
    ///
    /// # Cancel safety
    /// As for `recv_from`.
    pub async fn recv_buf_from<B: BufMut>(&self, buf: &mut B) -> io::Result<(usize, SocketAddr)> {
        self.io
            .async_io(Interest::READABLE, |socket| recv_buf_mut_from(socket, buf))
            .await
    }

    /// [`recv_buf_from`](UnixDatagram::recv_buf_from) without waiting.
    ///
    /// # Errors
    /// As for `recv_from`; `WouldBlock` if there is no message.
    pub fn try_recv_buf_from<B: BufMut>(&self, buf: &mut B) -> io::Result<(usize, SocketAddr)> {
        self.io
            .try_io(Interest::READABLE, |socket| recv_buf_mut_from(socket, buf))
    }

    /// Does `f`, a non-blocking operation on this socket, once if any of `interest` is ready.
    ///
    /// `f` must say `WouldBlock` only if the socket is not ready for it: the readiness is gone then.
    ///
    /// # Errors
    /// `WouldBlock` if nothing is ready; what `f` says.
    pub fn try_io<R>(&self, interest: Interest, f: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.io.try_io(interest, |socket| socket.try_io(f))
    }

    /// Does `f`, a non-blocking operation on this socket, until it does not say `WouldBlock`, and waits for
    /// `interest` before each time.
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

    /// The address of this socket.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr().map(SocketAddr::from)
    }

    /// The address of the peer.
    ///
    /// # Errors
    /// `NotConnected` without one; what the operating system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.peer_addr().map(SocketAddr::from)
    }

    /// Takes the pending error of the socket (`SO_ERROR`), if there is one.
    ///
    /// # Errors
    /// The option cannot be read.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.take_error()
    }

    /// Ends receiving, sending or both. A send that has ended fails; so does one to a peer that ended receiving.
    ///
    /// It does not end a receive that waits: Linux tells a non-blocking datagram socket `WouldBlock` still.
    ///
    /// # Errors
    /// What the operating system says; on some systems `NotConnected` without a peer.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.shutdown(how)
    }
}

fn recv_slice_from(socket: &mio::net::UnixDatagram, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    let (n, sender) = recv_from_unix(SockRef::from(socket), &mut ReadBuf::new(buf))?;
    Ok((n, sender.into()))
}

fn recv_buf_mut<B: BufMut>(socket: &mio::net::UnixDatagram, buf: &mut B) -> io::Result<usize> {
    receive_buf_mut(buf, |spare| recv_into(SockRef::from(socket), spare))
}

fn recv_buf_mut_from<B: BufMut>(
    socket: &mio::net::UnixDatagram,
    buf: &mut B,
) -> io::Result<(usize, SocketAddr)> {
    let (n, sender) = receive_buf_mut(buf, |spare| recv_from_unix(SockRef::from(socket), spare))?;
    Ok((n, sender.into()))
}

impl TryFrom<net::UnixDatagram> for UnixDatagram {
    type Error = io::Error;

    /// As [`UnixDatagram::from_std`].
    fn try_from(socket: net::UnixDatagram) -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(socket)
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

impl AsFd for UnixDatagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsRawFd for UnixDatagram {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_raw_fd()
    }
}
