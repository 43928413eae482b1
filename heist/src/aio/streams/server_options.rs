//! [`start_server`] and its options: which sockets are bound, and how.
//!
//! Deliberately absent: `family`, `flags` and `sock`. Give the addresses that are meant.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;

use heist_primitive::sync::StdArc as Arc;
use socket2::{Domain, Protocol, Type};

use super::reader::{LIMIT, StreamReader, check_limit};
use super::server::{Bound, ConnectionResult, Listen, Server};
use super::socket::{Endpoint, Socket};
use super::tls::ServerTls;
use super::writer::StreamWriter;
use crate::net::{TcpListener, ToSocketAddrs, lookup_host};

/// On Windows the option would let two servers share a port.
const REUSE_ADDRESS: bool = cfg!(unix);

/// Listens on `address`, on all of them if it stands for several, and calls `callback` with a reader and a writer for
/// each connection. `asyncio.start_server`.
///
/// Each call runs in a task of its own. If it panics, its connection is closed and the server goes on; an error that
/// it returns is told on stderr. Port 0 is one that is free, to be found by [`Server::local_addr`]. More:
/// [`ServerOptions`].
///
/// # Errors
///
/// The address cannot be resolved, or not bound.
///
/// # Panics
///
/// Outside of a runtime, or if its I/O is not enabled.
///
/// # Cancel safety
///
/// Dropping the future gives up what was bound.
///
/// ```no_run
/// # async fn f() -> std::io::Result<()> {
/// use heist::aio::{StreamReader, StreamWriter, start_server};
///
/// async fn echo(mut reader: StreamReader, writer: StreamWriter) -> std::io::Result<()> {
///     while !reader.at_eof() {
///         writer.write(reader.read(1024).await?);
///         writer.drain().await?;
///     }
///     Ok(())
/// }
///
/// let server = start_server(echo, "127.0.0.1:8888").await?;
/// server.serve_forever().await
/// # }
/// ```
pub async fn start_server<F, R>(callback: F, address: impl ToSocketAddrs) -> io::Result<Server>
where
    F: Fn(StreamReader, StreamWriter) -> R + Send + Sync + 'static,
    R: Future<Output: ConnectionResult> + Send + 'static,
{
    ServerOptions::new().start(callback, address).await
}

/// The keyword arguments of `asyncio.start_server`.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::aio::ServerOptions;
///
/// let options = ServerOptions::new().backlog(1000).start_serving(false);
/// let server = options.start(async |_, _| (), "127.0.0.1:0").await?;
/// assert!(!server.is_serving());
/// server.start_serving().await?;
/// assert!(server.is_serving());
/// # Ok(()) })
/// # }
/// ```
#[derive(Clone)]
pub struct ServerOptions {
    pub(super) limit: usize,
    pub(super) backlog: i32,
    reuse_address: bool,
    reuse_port: bool,
    start_serving: bool,
    pub(super) tls: Option<ServerTls>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerOptions {
    /// What [`start_server`] does.
    pub fn new() -> Self {
        Self {
            limit: LIMIT,
            backlog: 100,
            reuse_address: REUSE_ADDRESS,
            reuse_port: false,
            start_serving: true,
            tls: None,
        }
    }

    /// The [limit](StreamReader::limit) of each reader, in bytes.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    #[track_caller]
    pub fn limit(mut self, limit: usize) -> Self {
        check_limit(limit);
        self.limit = limit;
        self
    }

    /// How many connections may wait to be accepted: 100 if nothing else was said.
    #[must_use]
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = i32::try_from(connections).unwrap_or(i32::MAX);
        self
    }

    /// Whether the port of an earlier server can be had while connections of that are still fading out: yes by default,
    /// except on Windows.
    #[must_use]
    pub fn reuse_address(mut self, reuse: bool) -> Self {
        self.reuse_address = reuse;
        self
    }

    /// Whether several servers may listen on one port, among which the kernel spreads the connections. Unix only:
    /// elsewhere the start fails.
    #[must_use]
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.reuse_port = reuse;
        self
    }

    /// Whether it accepts at once: yes by default. If not, [`Server::start_serving`] begins, and connections are
    /// refused until then.
    #[must_use]
    pub fn start_serving(mut self, start: bool) -> Self {
        self.start_serving = start;
        self
    }

    /// Starts a server on TCP.
    ///
    /// # Errors
    ///
    /// As for [`start_server`].
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up what was bound.
    pub async fn start<F, R>(&self, callback: F, address: impl ToSocketAddrs) -> io::Result<Server>
    where
        F: Fn(StreamReader, StreamWriter) -> R + Send + Sync + 'static,
        R: Future<Output: ConnectionResult> + Send + 'static,
    {
        let callback = Arc::new(callback);
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for address in lookup_host(address).await? {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            let none = "the address stands for none that could be listened on";
            return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, none));
        }
        let bound = addresses.into_iter().map(|address| self.bind(address, &callback));
        self.serve(bound.collect::<io::Result<_>>()?)
    }

    pub(super) fn serve(&self, bound: Vec<Bound>) -> io::Result<Server> {
        let server = Server::new(bound, self.limit, self.tls.clone());
        if self.start_serving {
            server.start()?;
        }
        Ok(server)
    }

    fn bind<F, R>(&self, address: SocketAddr, callback: &Arc<F>) -> io::Result<Bound>
    where
        F: Fn(StreamReader, StreamWriter) -> R + Send + Sync + 'static,
        R: Future<Output: ConnectionResult> + Send + 'static,
    {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_reuse_address(self.reuse_address)?;
        if self.reuse_port {
            set_reuse_port(&socket)?;
        }
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&address.into())?;
        let name = socket.local_addr()?.as_socket().unwrap_or(address);
        let (backlog, callback) = (self.backlog, callback.clone());
        Ok(Bound {
            name: Endpoint::Ip(name),
            open: Box::new(move |shared| {
                socket.listen(backlog)?;
                let listener = TcpListener::from_std(socket.into())?;
                Ok(shared.open_door(listener, callback))
            }),
            undo: None,
        })
    }
}

#[cfg(unix)]
fn set_reuse_port(socket: &socket2::Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(not(unix))]
fn set_reuse_port(_: &socket2::Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Listen for TcpListener {
    async fn accept(&self) -> io::Result<Arc<dyn Socket>> {
        let (socket, _) = self.accept().await?;
        // As asyncio does: a writer that has little to say should not wait to say it.
        socket.set_nodelay(true)?;
        Ok(Arc::new(socket))
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("limit", &self.limit)
            .field("backlog", &self.backlog)
            .field("reuse_address", &self.reuse_address)
            .field("reuse_port", &self.reuse_port)
            .field("start_serving", &self.start_serving)
            .finish_non_exhaustive()
    }
}
