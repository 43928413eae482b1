//! Unix-domain sockets and pipes as transports.
//!
//! Invariants
//!
//! - I1: at its close a server removes its file only if that is still the one it has made: another server may have taken
//!   the path.

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use heist_primitive::sync::StdArc as Arc;

use super::connect::{IntoWire, TransportSocket, connect_accepted_socket, start};
use super::protocol::AnyProtocol;
use super::server::{Listen, TransportServer, serve};
use super::transport::{ReadTransport, Transport, WriteTransport};
use super::wire::{Ends, Extra, Wire, socket_wire};
use crate::io::Interest;
use crate::net::unix::{SocketAddr, pipe};
use crate::net::{UnixListener, UnixStream};

socket_wire!(UnixStream);

/// Connects to a Unix-domain socket and drives a protocol on the connection. `loop.create_unix_connection`.
///
/// Otherwise as [`create_connection`](super::create_connection).
///
/// # Errors
/// What connecting says; or `connection_made` has panicked.
///
/// # Panics
/// Outside of a runtime.
///
/// # Cancel safety
/// A dropped future leaves no connection.
pub async fn create_unix_connection<P, K>(
    factory: impl FnOnce() -> P,
    path: impl AsRef<Path>,
) -> io::Result<Transport>
where
    P: AnyProtocol<Transport, K>,
{
    connect_accepted_socket(factory, UnixStream::connect(path).await?).await
}

/// Listens on a Unix-domain socket and drives a new protocol on each connection. `loop.create_unix_server`.
///
/// A socket that is there already, left by a server that has ended, is removed first; this one is removed when the server
/// is closed.
///
/// # Errors
/// What binding says, for instance that there is another file.
///
/// # Panics
/// Outside of a runtime.
pub async fn create_unix_server<P, K: 'static>(
    factory: impl Fn() -> P + Send + Sync + 'static,
    path: impl AsRef<Path>,
) -> io::Result<TransportServer<SocketAddr>>
where
    P: AnyProtocol<Transport, K>,
{
    let path = path.as_ref();
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        std::fs::remove_file(path)?;
    }
    let server = serve(vec![UnixListener::bind(path)?], factory)?;
    let bound = Bound::at(path)?;
    server.at_close(|| bound.remove());
    Ok(server)
}

/// Drives a protocol on the reading end of a pipe. `loop.connect_read_pipe`.
///
/// When the writers are gone, `eof_received` is called and then `connection_lost(None)`. Any descriptor of a pipe will do, as
/// of [`std::io::pipe`], of [`std::process::ChildStdout`] or of a FIFO; it is put into non-blocking mode.
///
/// # Errors
/// It is no pipe, or cannot be read from; or `connection_made` has panicked.
///
/// # Panics
/// Outside of a runtime.
///
/// # Cancel safety
/// A dropped future closes the pipe.
pub async fn connect_read_pipe<P, K>(
    factory: impl FnOnce() -> P,
    pipe: impl Into<OwnedFd>,
) -> io::Result<ReadTransport>
where
    P: AnyProtocol<ReadTransport, K>,
{
    let wire = Arc::new(pipe::Receiver::from_owned_fd(pipe.into())?);
    start((wire, Extra::default()), factory().erase()).await
}

/// Drives a protocol on the writing end of a pipe. `loop.connect_write_pipe`.
///
/// When the readers are gone, `connection_lost` is called: with `BrokenPipe` if bytes wait to be written, else with `None`.
///
/// # Errors
/// It is no pipe, or cannot be written to; or `connection_made` has panicked.
///
/// # Panics
/// Outside of a runtime.
///
/// # Cancel safety
/// A dropped future closes the pipe.
pub async fn connect_write_pipe<P, K>(
    factory: impl FnOnce() -> P,
    pipe: impl Into<OwnedFd>,
) -> io::Result<WriteTransport>
where
    P: AnyProtocol<WriteTransport, K>,
{
    let wire = Arc::new(pipe::Sender::from_owned_fd(pipe.into())?);
    start((wire, Extra::default()), factory().erase()).await
}

/// The file of a socket that was bound.
struct Bound {
    path: PathBuf,
    /// Its device and its number there.
    identity: (u64, u64),
}

impl Bound {
    fn at(path: &Path) -> io::Result<Bound> {
        Ok(Bound {
            path: std::path::absolute(path)?,
            identity: identity(path)?,
        })
    }

    /// Removes it, unless there is another one at its place by now.
    fn remove(self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            // That it cannot be removed is in nobody's way: the next server removes it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = std::fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

impl TransportSocket for UnixStream {}

impl IntoWire for UnixStream {
    #[allow(private_interfaces, reason = "nobody else is to call it")]
    fn into_wire(self) -> (Arc<dyn Wire>, Extra) {
        let extra = Extra {
            unix: Ends {
                local: self.local_addr().ok(),
                peer: self.peer_addr().ok(),
            },
            peer_cred: self.peer_cred().ok(),
            ..Extra::default()
        };
        (Arc::new(self), extra)
    }
}

impl Listen for UnixListener {
    type Stream = UnixStream;
    type Address = SocketAddr;

    fn address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    async fn next(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

impl Wire for pipe::Receiver {
    fn can_write(&self) -> bool {
        false
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        pipe::Receiver::try_read(self, buffer)
    }

    fn try_write(&self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        pipe::Receiver::poll_read_ready(self, cx)
    }

    fn poll_write_ready(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn shutdown_write(&self) -> bool {
        true
    }
}

impl Wire for pipe::Sender {
    fn can_read(&self) -> bool {
        false
    }

    fn try_read(&self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn try_write(&self, data: &[u8]) -> io::Result<usize> {
        pipe::Sender::try_write(self, data)
    }

    fn poll_read_ready(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        pipe::Sender::poll_write_ready(self, cx)
    }

    fn shutdown_write(&self) -> bool {
        false
    }

    fn abandoned(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            // An error says that the runtime shuts down, and the connection with it.
            let _ = self.ready(Interest::ERROR).await;
        })
    }
}
