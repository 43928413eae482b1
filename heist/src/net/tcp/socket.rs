//! The TCP socket that is neither listener nor stream yet.
//!
//! ```text
//!   new_v4, new_v6 ──► TcpSocket ── bind ──┬── listen ───► TcpListener
//!   from_std_stream ─┘   options           └── connect ──► TcpStream
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | `socket_options.rs` | the options |
//! | `socket_fd.rs` | to the system's descriptor; from it: `raw_fd.rs` of the crate |
//!
//! Absent on purpose: the reactor. A socket that does nothing yet is not registered, so it can be made, set up
//! and bound outside of a runtime; only `listen` and `connect` need one.

use super::options;
use super::{TcpListener, TcpStream};
use crate::io::internet_address;
use socket2::{Domain, Protocol, Socket, Type};
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// A TCP socket to set up before it listens or connects.
///
/// [`TcpListener::bind`] and [`TcpStream::connect`] are shorter where no option has to be set, and only they resolve
/// names and choose among several addresses. Unlike `TcpListener::bind` this sets no option of itself: a server
/// that wants its port back at once after a restart calls [`set_reuseaddr`](TcpSocket::set_reuseaddr).
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::net::TcpSocket;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_reuseaddr(true)?;
/// socket.set_recv_buffer_size(256 * 1024)?;
/// socket.bind("127.0.0.1:0".parse().unwrap())?;
/// let listener = socket.listen(1024)?;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_nodelay(true)?;
/// let client = socket.connect(listener.local_addr()?).await?;
/// assert!(client.nodelay()?);
/// # Ok(()) })
/// # }
/// ```
pub struct TcpSocket {
    pub(super) inner: Socket,
}

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    /// What the operating system says, for instance that descriptors have run out.
    pub fn new_v4() -> io::Result<TcpSocket> {
        TcpSocket::new(Domain::IPV4)
    }

    /// A socket for IPv6.
    ///
    /// # Errors
    /// What the operating system says, for instance that descriptors have run out or that it has no IPv6.
    pub fn new_v6() -> io::Result<TcpSocket> {
        TcpSocket::new(Domain::IPV6)
    }

    fn new(domain: Domain) -> io::Result<TcpSocket> {
        let inner = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        inner.set_nonblocking(true)?;
        Ok(TcpSocket { inner })
    }

    /// Takes over a socket of the standard library or of the crate `socket2`, which converts to
    /// `std::net::TcpStream` whatever state it is in. It should be neither connected nor listening.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use heist::net::TcpSocket;
    /// use socket2::{Domain, Socket, Type};
    ///
    /// let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    /// socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(std::time::Duration::from_secs(30)))?;
    /// let socket = TcpSocket::from_std_stream(socket.into());
    /// assert!(socket.keepalive()?);
    /// # Ok(()) }
    /// ```
    pub fn from_std_stream(std_stream: std::net::TcpStream) -> TcpSocket {
        TcpSocket::from_socket(Socket::from(std_stream))
    }

    /// Takes over a socket, which may be in blocking mode.
    pub(crate) fn from_socket(inner: Socket) -> TcpSocket {
        TcpSocket { inner }
    }

    /// Gives the socket its local address. Port 0 takes a free one.
    ///
    /// # Errors
    /// The address is taken, not this machine's, or of another family than the socket.
    pub fn bind(&self, addr: SocketAddr) -> io::Result<()> {
        self.inner.bind(&addr.into())
    }

    /// Connects to `addr`.
    ///
    /// # Errors
    /// What the operating system says: the peer refuses, does not answer in time, or cannot be reached.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// # Cancel safety
    /// Dropping the future closes the socket and so gives the attempt up.
    pub async fn connect(self, addr: SocketAddr) -> io::Result<TcpStream> {
        // A socket taken over may be in blocking mode, and would hold the worker.
        self.inner.set_nonblocking(true)?;
        match self.inner.connect(&addr.into()) {
            Err(error) if !options::is_in_progress(&error) => return Err(error),
            _ => {}
        }
        TcpStream::connecting(mio::net::TcpStream::from_std(self.inner.into())).await
    }

    /// Listens for connections; up to `backlog` of them wait to be accepted, or fewer if the system says so
    /// (`net.core.somaxconn` on Linux). An unbound socket gets a free port.
    ///
    /// # Errors
    /// What the operating system says, for instance that the port is taken.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        self.inner.set_nonblocking(true)?;
        self.inner.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        TcpListener::from_mio(mio::net::TcpListener::from_std(self.inner.into()))
    }

    /// The local address; unspecified, with port 0, as long as the socket is not bound.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        internet_address(&self.inner.local_addr()?)
    }

    /// Takes the pending error of the socket (`SO_ERROR`), if there is one.
    ///
    /// # Errors
    /// The option cannot be read.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }
}

impl fmt::Debug for TcpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
