//! The sockets that streams are made of, seen alike: TCP here, Unix-domain ones in `unix.rs`.
//!
//! Deliberately absent: pipes and other streams, which have no addresses. They are a pair of halves and nothing else.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use heist_primitive::sync::StdArc as Arc;
use socket2::SockRef;

use crate::io::{AsyncRead, AsyncWrite, ReadBuf};
use crate::net::TcpStream;

/// A connected socket, both directions of which may be polled through a shared reference.
pub(super) trait Socket: Send + Sync + 'static {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;
    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>>;
    fn poll_write_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;
    fn shutdown(&self) -> io::Result<()>;
    fn as_sock(&self) -> SockRef<'_>;
    fn peername(&self) -> Option<Endpoint>;
    fn sockname(&self) -> Option<Endpoint>;
    #[cfg(unix)]
    fn descriptor(&self) -> std::os::fd::BorrowedFd<'_>;
}

impl Socket for TcpStream {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.read_poll(cx, buf)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.write_poll(cx, buf)
    }

    fn poll_write_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.write_vectored_poll(cx, bufs)
    }

    fn shutdown(&self) -> io::Result<()> {
        self.shutdown_write()
    }

    fn as_sock(&self) -> SockRef<'_> {
        SockRef::from(self)
    }

    fn peername(&self) -> Option<Endpoint> {
        self.peer_addr().ok().map(Endpoint::Ip)
    }

    fn sockname(&self) -> Option<Endpoint> {
        self.local_addr().ok().map(Endpoint::Ip)
    }

    #[cfg(unix)]
    fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(self)
    }
}

/// A socket as a stream; several may be one socket.
pub(super) struct SocketIo(pub(super) Arc<dyn Socket>);

impl AsyncRead for SocketIo {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read(cx, buf)
    }
}

impl AsyncWrite for SocketIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown())
    }
}

/// One end of a connection: what `getpeername` and `getsockname` say in asyncio.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// Address and port.
    Ip(SocketAddr),
    /// The path of a Unix-domain socket; without one, as the connecting end is, it has no name, or none in the file
    /// system.
    Unix(Option<PathBuf>),
}

impl Endpoint {
    /// Address and port, if it has these.
    ///
    /// ```
    /// use heist::aio::Endpoint;
    ///
    /// let end = Endpoint::Ip(([127, 0, 0, 1], 80).into());
    /// assert_eq!(end.ip().unwrap().port(), 80);
    /// ```
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Endpoint::Ip(address) => Some(*address),
            Endpoint::Unix(_) => None,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Ip(address) => address.fmt(f),
            Endpoint::Unix(Some(path)) => path.display().fmt(f),
            Endpoint::Unix(None) => f.write_str("(unnamed)"),
        }
    }
}

/// The socket below a stream, for its options: `get_extra_info("socket")` in asyncio.
///
/// It keeps the descriptor, though not the connection, open. What it has no method for is done through its descriptor,
/// for instance with the crate socket2.
pub struct StreamSocket(pub(super) Arc<dyn Socket>);

impl StreamSocket {
    /// Whether small writes go out at once rather than wait for the acknowledgement of earlier ones. As in asyncio they
    /// do by default.
    ///
    /// # Errors
    /// What the operating system says, for instance because it is no TCP socket.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.as_sock().tcp_nodelay()
    }

    /// Sets [`nodelay`](Self::nodelay).
    ///
    /// # Errors
    /// As there.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.0.as_sock().set_tcp_nodelay(nodelay)
    }

    /// Whether the kernel asks now and then whether a silent peer is still there.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.0.as_sock().keepalive()
    }

    /// Sets [`keepalive`](Self::keepalive).
    ///
    /// # Errors
    /// As there.
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        self.0.as_sock().set_keepalive(keepalive)
    }

    /// The size of the kernel's buffer for what is sent, in bytes.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        self.0.as_sock().send_buffer_size()
    }

    /// Asks for a size of that buffer, in bytes; Linux doubles it.
    ///
    /// # Errors
    /// As for [`send_buffer_size`](Self::send_buffer_size).
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.0.as_sock().set_send_buffer_size(bytes)
    }
}

impl fmt::Debug for StreamSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamSocket")
            .field("sockname", &self.0.sockname())
            .field("peername", &self.0.peername())
            .finish()
    }
}
