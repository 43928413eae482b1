//! Streams and servers on Unix-domain sockets.
//!
//! Invariants
//!
//! - I1: at the end the file is removed only if it is still the socket that was bound: another server may have taken the
//!   path meanwhile.
//!
//! Deliberately absent: a peer's credentials. [`StreamSocket`] lends its descriptor.

use std::fs;
use std::future::Future;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};

use heist_primitive::sync::StdArc as Arc;
use socket2::{Domain, SockAddr, SockRef, Type};

use super::open::ConnectionOptions;
use super::reader::StreamReader;
use super::server::{Bound, ConnectionResult, Listen, Server};
use super::server_options::ServerOptions;
use super::socket::{Endpoint, Socket, StreamSocket};
use super::writer::StreamWriter;
use crate::io::ReadBuf;
use crate::net::{UnixListener, UnixStream};

/// Connects to the socket at `path`, and gives a reader and a writer. `asyncio.open_unix_connection`.
///
/// # Errors
///
/// What the operating system says, for instance that nobody listens there.
///
/// # Panics
///
/// Outside of a runtime, or if its I/O is not enabled.
///
/// # Cancel safety
///
/// Dropping the future gives the attempt up.
///
/// ```no_run
/// # async fn f() -> std::io::Result<()> {
/// let (mut reader, writer) = heist::aio::open_unix_connection("/run/service.sock").await?;
/// writer.write(b"status\n");
/// let answer = reader.readline().await?;
/// # Ok(()) }
/// ```
pub async fn open_unix_connection(path: impl AsRef<Path>) -> io::Result<(StreamReader, StreamWriter)> {
    ConnectionOptions::new().open_unix(path).await
}

/// Listens on a socket at `path`, and calls `callback` with a reader and a writer for each connection.
/// `asyncio.start_unix_server`.
///
/// As in asyncio a socket that is there already is removed first, and this one when the server is closed. In all else it
/// is as [`start_server`](super::start_server).
///
/// # Errors
///
/// What the operating system says, for instance that there is another file.
///
/// # Panics
///
/// Outside of a runtime, or if its I/O is not enabled.
///
/// ```no_run
/// # async fn f() -> std::io::Result<()> {
/// let server = heist::aio::start_unix_server(
///     async |_, writer| writer.write(b"hello\n"),
///     "/run/service.sock",
/// )
/// .await?;
/// server.serve_forever().await
/// # }
/// ```
pub async fn start_unix_server<F, R>(callback: F, path: impl AsRef<Path>) -> io::Result<Server>
where
    F: Fn(StreamReader, StreamWriter) -> R + Send + Sync + 'static,
    R: Future<Output: ConnectionResult> + Send + 'static,
{
    ServerOptions::new().start_unix(callback, path).await
}

impl ConnectionOptions {
    /// Connects to the Unix-domain socket at `path`. Unix only.
    ///
    /// # Errors
    ///
    /// As for [`open_unix_connection`]; with TLS, also that the handshake failed.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    pub async fn open_unix(&self, path: impl AsRef<Path>) -> io::Result<(StreamReader, StreamWriter)> {
        let socket = UnixStream::connect(path).await?;
        self.finish(Arc::new(socket)).await
    }
}

impl ServerOptions {
    /// Starts a server on a Unix-domain socket. Unix only.
    ///
    /// # Errors
    ///
    /// As for [`start_unix_server`].
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if its I/O is not enabled.
    pub async fn start_unix<F, R>(&self, callback: F, path: impl AsRef<Path>) -> io::Result<Server>
    where
        F: Fn(StreamReader, StreamWriter) -> R + Send + Sync + 'static,
        R: Future<Output: ConnectionResult> + Send + 'static,
    {
        let path = path.as_ref();
        remove_stale(path)?;
        let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::unix(path)?)?;
        let (backlog, callback) = (self.backlog, Arc::new(callback));
        self.serve(vec![Bound {
            name: Endpoint::Unix(Some(path.to_owned())),
            open: Box::new(move |shared| {
                socket.listen(backlog)?;
                let listener = UnixListener::from_std(socket.into())?;
                Ok(shared.open_door(listener, callback))
            }),
            undo: Some(Box::new(SocketFile::at(path)?)),
        }])
    }
}

fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => fs::remove_file(path),
        // Bind has an answer for any other file.
        _ => Ok(()),
    }
}

/// The file of a socket, removed when dropped (I1).
struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            inode: fs::metadata(path)?.ino(),
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::metadata(&self.path).is_ok_and(|metadata| metadata.ino() == self.inode) {
            // Nobody is there to be told, and the next server removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Listen for UnixListener {
    async fn accept(&self) -> io::Result<Arc<dyn Socket>> {
        let (socket, _) = self.accept().await?;
        Ok(Arc::new(socket))
    }
}

impl Socket for UnixStream {
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
        let address = self.peer_addr().ok()?;
        Some(Endpoint::Unix(address.as_pathname().map(Path::to_owned)))
    }

    fn sockname(&self) -> Option<Endpoint> {
        let address = self.local_addr().ok()?;
        Some(Endpoint::Unix(address.as_pathname().map(Path::to_owned)))
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

impl AsRawFd for StreamSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.descriptor().as_raw_fd()
    }
}

impl AsFd for StreamSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.descriptor()
    }
}
