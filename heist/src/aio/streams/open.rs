//! The connecting side: [`open_connection`] and its options.
//!
//! Deliberately absent: `happy_eyeballs_delay` and `interleave`, which [`TcpStream::connect`] has built in; `sock`, for
//! which there is [`StreamWriter::pair`].

use std::io;
use std::net::SocketAddr;

use heist_primitive::sync::StdArc as Arc;

use super::reader::{LIMIT, StreamReader, check_limit};
use super::socket::Socket;
use super::tls::ClientTls;
use super::writer::StreamWriter;
use crate::net::{TcpSocket, TcpStream, ToSocketAddrs, lookup_host};

/// Connects to `address`, and gives a reader and a writer. `asyncio.open_connection`.
///
/// Of several addresses the first that answers is taken, as by [`TcpStream::connect`]. For a limit, an address to come
/// from or TLS see [`ConnectionOptions`].
///
/// # Errors
///
/// The address cannot be resolved, or none can be connected to.
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
/// use heist::aio::open_connection;
///
/// let (mut reader, writer) = open_connection(("example.org", 80)).await?;
/// writer.write(b"HEAD / HTTP/1.0\r\n\r\n");
/// while let Some(line) = reader.lines().next().await {
///     print!("{}", String::from_utf8_lossy(&line?));
/// }
/// writer.close();
/// writer.wait_closed().await
/// # }
/// ```
pub async fn open_connection(address: impl ToSocketAddrs) -> io::Result<(StreamReader, StreamWriter)> {
    ConnectionOptions::new().open(address).await
}

/// The keyword arguments of `asyncio.open_connection`.
///
/// ```no_run
/// # async fn f() -> std::io::Result<()> {
/// use heist::aio::ConnectionOptions;
///
/// let options = ConnectionOptions::new().limit(1 << 20);
/// let (reader, writer) = options.open("example.org:80").await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct ConnectionOptions {
    pub(super) limit: usize,
    local: Option<SocketAddr>,
    pub(super) tls: Option<ClientTls>,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ConnectionOptions {
    /// What [`open_connection`] does.
    pub fn new() -> Self {
        Self {
            limit: LIMIT,
            local: None,
            tls: None,
        }
    }

    /// The [limit](StreamReader::limit) of the reader, in bytes.
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

    /// The address to come from: `local_addr`.
    #[must_use]
    pub fn local_addr(mut self, address: SocketAddr) -> Self {
        self.local = Some(address);
        self
    }

    /// Connects over TCP.
    ///
    /// # Errors
    ///
    /// As for [`open_connection`]; with TLS, also that the handshake failed.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    pub async fn open(&self, address: impl ToSocketAddrs) -> io::Result<(StreamReader, StreamWriter)> {
        let socket = match self.local {
            None => TcpStream::connect(address).await?,
            Some(local) => connect_from(local, address).await?,
        };
        socket.set_nodelay(true)?;
        self.finish(Arc::new(socket)).await
    }

    pub(super) async fn finish(&self, socket: Arc<dyn Socket>) -> io::Result<(StreamReader, StreamWriter)> {
        let (mut reader, writer) = super::of_socket(socket, self.limit);
        if let Some(tls) = &self.tls {
            tls.upgrade(&mut reader, &writer).await?;
        }
        Ok((reader, writer))
    }
}

async fn connect_from(local: SocketAddr, address: impl ToSocketAddrs) -> io::Result<TcpStream> {
    let mut last = None;
    for address in lookup_host(address).await? {
        if address.is_ipv4() != local.is_ipv4() {
            continue;
        }
        let socket = if local.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        socket.bind(local)?;
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    let none = "none of the addresses is of the family of the local one";
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::AddrNotAvailable, none)))
}
