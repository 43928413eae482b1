//! TLS under a stream that is there already: both halves leave the connection, the handshake is done over them, and the
//! halves of the result take their place.
//!
//! ```text
//!   connection ──take_halves──► (received so far + reading half, writing half) ──handshake──► put_halves ──► connection
//!                                                    │ failed, dropped, or the connection is over
//!                                                    └──► the connection is lost
//! ```
//!
//! Invariants
//!
//! - I1: what the reader has received and nobody has asked for goes into the handshake, never to the user: bytes that
//!   somebody put before the handshake are not taken for what was said under TLS.
//! - I2: what is written during the handshake is kept, and goes out under TLS.
//!
//! Deliberately absent: certificates and roots from anywhere: rustls' configuration says which.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, Cursor};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use heist_primitive::sync::StdArc as Arc;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, CommonState, ProtocolVersion, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::connection::Connection;
use super::line::{ReadHalf, WriteHalf};
use super::loss::Loss;
use super::open::ConnectionOptions;
use super::reader::StreamReader;
use super::server_options::ServerOptions;
use super::writer::StreamWriter;
use crate::io::{AsyncReadExt, Chain, Join, join, split};
use crate::runtime::context;
use crate::time::timeout;
use crate::tokio_io::Io;

/// As in asyncio.
const HANDSHAKE: Duration = Duration::from_secs(60);

type Plain = Join<Chain<Cursor<Vec<u8>>, ReadHalf>, WriteHalf>;

impl ConnectionOptions {
    /// TLS from the beginning, to a server whose certificate must be for `name`: `ssl` and `server_hostname`. Feature `tls`.
    ///
    /// # Errors
    ///
    /// `name` is neither a host name nor an address.
    ///
    /// ```no_run
    /// # async fn f(config: std::sync::Arc<rustls::ClientConfig>) -> std::io::Result<()> {
    /// use heist::aio::ConnectionOptions;
    ///
    /// let options = ConnectionOptions::new().tls(config, "example.org")?;
    /// let (reader, writer) = options.open("example.org:443").await?;
    /// # Ok(()) }
    /// ```
    pub fn tls(mut self, config: Arc<ClientConfig>, name: &str) -> io::Result<Self> {
        self.tls = Some(ClientTls::new(config, name)?);
        Ok(self)
    }
}

impl ServerOptions {
    /// TLS from the beginning of each connection: `ssl`. Feature `tls`.
    ///
    /// The callback is called after the handshake. One that fails, or takes more than 60 s, ends its connection and
    /// nothing else.
    ///
    /// ```no_run
    /// # async fn f(config: std::sync::Arc<rustls::ServerConfig>) -> std::io::Result<()> {
    /// use heist::aio::ServerOptions;
    ///
    /// let options = ServerOptions::new().tls(config);
    /// let server = options.start(async |_, writer| writer.write(b"hello"), "0.0.0.0:443").await?;
    /// server.serve_forever().await
    /// # }
    /// ```
    #[must_use]
    pub fn tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.tls = Some(ServerTls(TlsAcceptor::from(config)));
        self
    }
}

impl StreamWriter {
    /// Goes over to TLS as the client, both directions. `reader` is the one this writer came with. Feature `tls`.
    ///
    /// First all that was written is sent. What the peer has sent and nobody has read counts as part of the handshake.
    ///
    /// # Errors
    ///
    /// `name` is neither a host name nor an address; or the handshake failed or took more than 60 s, and the connection
    /// is lost.
    ///
    /// # Panics
    ///
    /// If `reader` belongs to another connection.
    ///
    /// # Cancel safety
    ///
    /// A handshake that is given up half way leaves a connection that is lost.
    ///
    /// ```no_run
    /// # async fn f(config: std::sync::Arc<rustls::ClientConfig>) -> std::io::Result<()> {
    /// let (mut reader, writer) = heist::aio::open_connection("mail.example.org:587").await?;
    /// writer.write(b"STARTTLS\r\n");
    /// reader.readline().await?;
    /// writer.start_tls(&mut reader, config, "mail.example.org").await?;
    /// writer.write(b"EHLO client\r\n");
    /// # Ok(()) }
    /// ```
    pub async fn start_tls(
        &self,
        reader: &mut StreamReader,
        config: Arc<ClientConfig>,
        name: &str,
    ) -> io::Result<()> {
        ClientTls::new(config, name)?.upgrade(reader, self).await
    }

    /// Goes over to TLS as the server. In all else as [`start_tls`](Self::start_tls).
    ///
    /// # Errors
    ///
    /// The handshake failed or took more than 60 s, and the connection is lost.
    ///
    /// # Panics
    ///
    /// If `reader` belongs to another connection.
    ///
    /// # Cancel safety
    ///
    /// A handshake that is given up half way leaves a connection that is lost.
    pub async fn start_tls_as_server(
        &self,
        reader: &mut StreamReader,
        config: Arc<ServerConfig>,
    ) -> io::Result<()> {
        ServerTls(TlsAcceptor::from(config)).upgrade(reader, self).await
    }

    /// What the handshake agreed on: `get_extra_info("ssl_object")` and its like. `None` without TLS. Feature `tls`.
    pub fn tls(&self) -> Option<TlsInfo> {
        self.connection().tls()
    }
}

/// What a TLS handshake agreed on.
#[derive(Clone)]
pub struct TlsInfo {
    alpn: Option<Vec<u8>>,
    version: Option<ProtocolVersion>,
    certificates: Option<Arc<[CertificateDer<'static>]>>,
}

impl TlsInfo {
    fn of(state: &CommonState) -> Self {
        Self {
            alpn: state.alpn_protocol().map(<[u8]>::to_vec),
            version: state.protocol_version(),
            certificates: state.peer_certificates().map(|chain| {
                let chain: Vec<_> = chain.iter().map(|one| one.clone().into_owned()).collect();
                chain.into()
            }),
        }
    }

    /// The protocol above TLS that both sides want: `selected_alpn_protocol()`.
    pub fn alpn_protocol(&self) -> Option<&[u8]> {
        self.alpn.as_deref()
    }

    /// The version of TLS: `version()`.
    pub fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.version
    }

    /// The peer's certificate and those it is vouched for by, if it gave any: `get_extra_info("peercert")`.
    pub fn peer_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        self.certificates.as_deref()
    }
}

impl fmt::Debug for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsInfo")
            .field("version", &self.version)
            .field("alpn", &self.alpn.as_deref().map(String::from_utf8_lossy))
            .finish_non_exhaustive()
    }
}

/// How a client is to speak TLS.
#[derive(Clone)]
pub(super) struct ClientTls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientTls").field(&self.name).finish()
    }
}

impl ClientTls {
    fn new(config: Arc<ClientConfig>, name: &str) -> io::Result<Self> {
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(Self {
            connector: TlsConnector::from(config),
            name,
        })
    }

    pub(super) async fn upgrade(&self, reader: &mut StreamReader, writer: &StreamWriter) -> io::Result<()> {
        upgrade(reader, writer, async |plain| {
            let stream = self.connector.connect(self.name.clone(), plain).await?;
            Ok(TlsStream::Client(stream))
        })
        .await
    }
}

/// How a server is to speak TLS.
#[derive(Clone)]
pub(super) struct ServerTls(TlsAcceptor);

impl ServerTls {
    pub(super) async fn upgrade(&self, reader: &mut StreamReader, writer: &StreamWriter) -> io::Result<()> {
        upgrade(reader, writer, |plain| async {
            Ok(TlsStream::Server(self.0.accept(plain).await?))
        })
        .await
    }
}

async fn upgrade<F>(
    reader: &mut StreamReader,
    writer: &StreamWriter,
    handshake: impl FnOnce(Plain) -> F,
) -> io::Result<()>
where
    F: Future<Output = io::Result<TlsStream<Plain>>>,
{
    let connection = writer.connection();
    assert!(
        Arc::ptr_eq(reader.connection(), connection),
        "start_tls was given the reader of another connection: give it the one that came with this writer"
    );
    let (read, write) = connection.take_halves().await?;
    let lost = LostOnDrop(connection);
    // I1.
    let received = Cursor::new(reader.take_received());
    let plain = join(received.chain(read), write);
    match while_open(connection, in_time(handshake(plain))).await {
        Ok(stream) => {
            let info = TlsInfo::of(stream.get_ref().1);
            let (read, write) = split(Io::new(stream));
            std::mem::forget(lost);
            connection.put_halves(Box::new(read), Box::new(write), info);
            Ok(())
        }
        Err(error) => {
            connection.finish(Some(Loss::new(&error)));
            Err(error)
        }
    }
}

async fn in_time<T>(handshake: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    if !context::has_timers() {
        return handshake.await;
    }
    match timeout(HANDSHAKE, handshake).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the TLS handshake took more than 60 s",
        )),
    }
}

/// Gives the handshake up when the connection is aborted.
async fn while_open<T>(
    connection: &Connection,
    handshake: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let (mut handshake, mut over) = (pin!(handshake), pin!(connection.over()));
    poll_fn(|cx| {
        if over.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        handshake.as_mut().poll(cx)
    })
    .await
}

/// The connection is lost with the halves that were taken from it.
struct LostOnDrop<'a>(&'a Connection);

impl Drop for LostOnDrop<'_> {
    fn drop(&mut self) {
        let dropped = io::Error::new(io::ErrorKind::ConnectionAborted, "the TLS handshake was given up");
        self.0.finish(Some(Loss::new(&dropped)));
    }
}
