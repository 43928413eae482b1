//! An echo over TLS (tokio-rustls) and over QUIC (quinn, on its own tokio runtime), with a certificate made on the spot.
//!
//! `secure` is server and client in one, checks every answer, and fails on a wrong one.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use quinn::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

type Failure = Box<dyn Error + Send + Sync>;

const NAME: &str = "localhost";
const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let signed = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
    let identity = Identity {
        certificate: signed.cert.der().clone(),
        key: PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()).into(),
    };
    timeout(Duration::from_secs(60), tls(&identity)).await??;
    println!("TLS: every answer right");
    timeout(Duration::from_secs(60), quic(&identity)).await??;
    println!("QUIC: every answer right");
    println!("all done");
    Ok(())
}

impl Identity {
    fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }

    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.clone()]
    }

    /// A client that trusts nobody else.
    fn roots(&self) -> Result<RootCertStore, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        Ok(roots)
    }
}

/// Bytes that differ from place to place and from one connection to the next.
fn pattern(n: usize, size: usize) -> Vec<u8> {
    (0..size)
        .map(|at| ((at * 31 + at / 256 + n * 7) % 251) as u8)
        .collect()
}

fn equal<T: PartialEq>(what: &str, got: T, wanted: T) -> Result<(), Failure> {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}: another echo came back").into())
}

/// 20 connections at once, half a MiB each, and one from a client that does not trust the server.
async fn tls(identity: &Identity) -> Result<(), Failure> {
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(identity.certificates(), identity.key())?;
    let listener = TcpListener::bind(LOOPBACK).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve_tls(listener, TlsAcceptor::from(Arc::new(config))));

    let trusting = |roots| {
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    };
    let connector = trusting(identity.roots()?);
    let mut clients = JoinSet::new();
    for n in 0..20 {
        let connector = connector.clone();
        clients.spawn(async move {
            let stream = TcpStream::connect(address).await?;
            let (mut reader, mut writer) =
                tokio::io::split(connector.connect(ServerName::try_from(NAME)?, stream).await?);
            let sent = pattern(n, 512 * 1024);
            let sending = async {
                writer.write_all(&sent).await?;
                writer.shutdown().await
            };
            let mut back = Vec::new();
            tokio::try_join!(sending, reader.read_to_end(&mut back))?;
            equal("TLS", back, sent)
        });
    }
    while let Some(checked) = clients.join_next().await {
        checked??;
    }
    let stream = TcpStream::connect(address).await?;
    let refused = trusting(RootCertStore::empty())
        .connect(ServerName::try_from(NAME)?, stream)
        .await;
    equal("a client without trust", refused.is_err(), true)?;
    server.abort();
    Ok(())
}

async fn serve_tls(listener: TcpListener, acceptor: TlsAcceptor) -> Result<(), Failure> {
    loop {
        let (stream, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let (mut reader, mut writer) = tokio::io::split(acceptor.accept(stream).await?);
            tokio::io::copy(&mut reader, &mut writer).await?;
            writer.shutdown().await
        });
    }
}

/// 20 streams at once over one connection, half a MiB each.
async fn quic(identity: &Identity) -> Result<(), Failure> {
    let config = quinn::ServerConfig::with_single_cert(identity.certificates(), identity.key())?;
    let server = Endpoint::server(config, LOOPBACK)?;
    let address = server.local_addr()?;
    tokio::spawn(serve_quic(server.clone()));

    let mut client = Endpoint::client(LOOPBACK)?;
    let roots = Arc::new(identity.roots()?);
    client.set_default_client_config(quinn::ClientConfig::with_root_certificates(roots)?);
    let connection = client.connect(address, NAME)?.await?;
    let mut streams = JoinSet::new();
    for n in 0..20 {
        let connection = connection.clone();
        streams.spawn(async move {
            let (mut send, mut receive) = connection.open_bi().await?;
            let sent = pattern(n, 512 * 1024);
            let sending = async {
                send.write_all(&sent).await?;
                send.finish()?;
                Ok::<_, Failure>(())
            };
            let receiving = async { Ok(receive.read_to_end(sent.len()).await?) };
            let ((), back) = tokio::try_join!(sending, receiving)?;
            equal("QUIC", back, sent)
        });
    }
    while let Some(checked) = streams.join_next().await {
        checked??;
    }
    connection.close(0_u32.into(), b"done");
    client.wait_idle().await;
    server.close(0_u32.into(), b"done");
    Ok(())
}

async fn serve_quic(endpoint: Endpoint) -> Result<(), Failure> {
    while let Some(incoming) = endpoint.accept().await {
        let connection = incoming.await?;
        while let Ok((mut send, mut receive)) = connection.accept_bi().await {
            tokio::spawn(async move {
                tokio::io::copy(&mut receive, &mut send).await?;
                send.finish().map_err(std::io::Error::other)
            });
        }
    }
    Ok(())
}
