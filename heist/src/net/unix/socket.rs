//! A Unix-domain socket that is not yet a listener, a stream or a datagram socket.
//!
//! ```text
//!   new_stream ───► UnixSocket ─► bind ─┬─► listen   ─► UnixListener
//!                                       └─► connect  ─► UnixStream
//!   new_datagram ─► UnixSocket ─► bind ───► datagram ─► UnixDatagram
//! ```
//!
//! Absent on purpose: options. Set them through `AsFd` and a crate such as socket2.

use super::SocketAddr;
use super::datagram::UnixDatagram;
use super::listener::UnixListener;
use super::stream::UnixStream;
use socket2::{Domain, SockAddr, Socket, Type};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::path::Path;

/// A Unix-domain socket to be prepared by hand, for instance to give a client an address or a listener a
/// backlog.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::net::UnixSocket;
///
/// let path = std::env::temp_dir().join(format!("heist-doc-socket-{}", std::process::id()));
/// let socket = UnixSocket::new_stream()?;
/// socket.bind(&path)?;
/// let listener = socket.listen(16)?;
/// let client = UnixSocket::new_stream()?.connect(&path).await?;
/// assert_eq!(client.peer_addr()?.as_pathname(), Some(&*path));
/// # drop(listener);
/// # std::fs::remove_file(&path)
/// # })
/// # }
/// ```
#[derive(Debug)]
pub struct UnixSocket {
    socket: Socket,
}

impl UnixSocket {
    /// Makes a socket for datagrams.
    ///
    /// # Errors
    /// What the operating system says, typically that no descriptor is left.
    pub fn new_datagram() -> io::Result<UnixSocket> {
        UnixSocket::new(Type::DGRAM)
    }

    /// Makes a socket for a listener or a stream.
    ///
    /// # Errors
    /// What the operating system says, typically that no descriptor is left.
    pub fn new_stream() -> io::Result<UnixSocket> {
        UnixSocket::new(Type::STREAM)
    }

    /// Takes over a socket, which may be in blocking mode.
    pub(crate) fn from_socket(socket: Socket) -> UnixSocket {
        UnixSocket { socket }
    }

    fn new(kind: Type) -> io::Result<UnixSocket> {
        let socket = Socket::new(Domain::UNIX, kind, None)?;
        socket.set_nonblocking(true)?;
        Ok(UnixSocket { socket })
    }

    /// Gives the socket the address `path`, where a socket file appears. On Linux, a path that starts with a
    /// zero byte is an abstract name instead.
    ///
    /// # Errors
    /// `AddrInUse` if there is a file already; `InvalidInput` for a path that is too long or has a zero byte inside; what the
    /// operating system says.
    pub fn bind(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.socket.bind(&address_of(path.as_ref())?)
    }

    /// Listens, with at most `backlog` connections waiting to be accepted; the system may allow fewer.
    ///
    /// # Errors
    /// The socket is one for datagrams; what the operating system says.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<UnixListener> {
        self.require(Type::STREAM, "listen cannot be called on a datagram socket")?;
        self.socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        UnixListener::from_mio(OwnedFd::from(self.socket).into())
    }

    /// Connects to the listener at `path`.
    ///
    /// # Errors
    /// The socket is one for datagrams; otherwise as for [`UnixStream::connect`].
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    pub async fn connect(self, path: impl AsRef<Path>) -> io::Result<UnixStream> {
        self.require(Type::STREAM, "connect cannot be called on a datagram socket")?;
        match self.socket.connect(&address_of(path.as_ref())?) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
            _ => {}
        }
        UnixStream::connecting(OwnedFd::from(self.socket).into()).await
    }

    /// Makes this a datagram socket, which can be connected there.
    ///
    /// # Errors
    /// The socket is one for streams; the reactor does not accept it.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub fn datagram(self) -> io::Result<UnixDatagram> {
        self.require(Type::DGRAM, "datagram cannot be called on a stream socket")?;
        UnixDatagram::from_mio(OwnedFd::from(self.socket).into())
    }

    /// Refuses a socket of another kind, and sees to it that this one does not block.
    fn require(&self, kind: Type, otherwise: &'static str) -> io::Result<()> {
        if self.socket.r#type()? != kind {
            return Err(io::Error::other(otherwise));
        }
        // A socket taken over may be in blocking mode, and would hold the worker.
        self.socket.set_nonblocking(true)
    }
}

/// The address `path` as socket2 has it, by the rules of the other sockets: socket2 would let the system cut a path off
/// at a zero byte inside.
fn address_of(path: &Path) -> io::Result<SockAddr> {
    SocketAddr::of_path(path)?;
    SockAddr::unix(path)
}

impl AsFd for UnixSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for UnixSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl IntoRawFd for UnixSocket {
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw_fd()
    }
}
