//! Streams and datagrams echoed over loopback, with a certificate that the test signs itself.

use heist::time::timeout;
use heist_quinn::HeistRuntime;
use quinn::{ClientConfig, Connection, Endpoint, EndpointConfig, Runtime, ServerConfig, VarInt};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::error::Error;
use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Long enough that only a hang is.
const HANG: Duration = Duration::from_secs(60);
const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A server's configuration, and that of a client which trusts it and nobody else.
fn configs() -> Result<(ServerConfig, ClientConfig)> {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = signed.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()));
    let server = ServerConfig::with_single_cert(vec![certificate.clone()], key)?;
    let mut roots = quinn::rustls::RootCertStore::empty();
    roots.add(certificate)?;
    let client = ClientConfig::with_root_certificates(Arc::new(roots))?;
    Ok((server, client))
}

fn client(config: ClientConfig) -> Result<Endpoint> {
    let mut endpoint = heist_quinn::endpoint(EndpointConfig::default(), None, LOOPBACK)?;
    endpoint.set_default_client_config(config);
    Ok(endpoint)
}

/// Echoes every stream and every datagram of every connection.
async fn serve(endpoint: Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        heist::spawn(async move {
            let connection = incoming.await?;
            heist::spawn(echo_datagrams(connection.clone()));
            loop {
                let (mut send, mut receive) = connection.accept_bi().await?;
                heist::spawn(async move {
                    while let Some(chunk) = receive.read_chunk(usize::MAX, true).await? {
                        send.write_chunk(chunk.bytes).await?;
                    }
                    send.finish()?;
                    Result::Ok(())
                });
            }
            #[allow(unreachable_code, reason = "names the type of the block")]
            Result::Ok(())
        });
    }
}

async fn echo_datagrams(connection: Connection) -> Result<()> {
    loop {
        let datagram = connection.read_datagram().await?;
        connection.send_datagram_wait(datagram).await?;
    }
}

async fn echo(connection: &Connection, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let (mut send, mut receive) = connection.open_bi().await?;
    let size = bytes.len();
    let sender = heist::spawn(async move {
        send.write_all(&bytes).await?;
        send.finish()?;
        Result::Ok(())
    });
    let back = receive.read_to_end(size).await?;
    sender.await??;
    Ok(back)
}

/// Bytes that differ from place to place and from stream to stream.
fn pattern(stream: usize, size: usize) -> Vec<u8> {
    (0..size)
        .map(|at| (at * 31 + at / 256 + stream * 7) as u8)
        .collect()
}

#[heist::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_come_back_whole() -> Result<()> {
    let (server_config, client_config) = configs()?;
    let server = heist_quinn::endpoint(EndpointConfig::default(), Some(server_config), LOOPBACK)?;
    let address = server.local_addr()?;
    let serving = heist::spawn(serve(server.clone()));

    timeout(HANG, async {
        let client = client(client_config)?;
        let connection = client.connect(address, "localhost")?.await?;
        // More than the windows of a stream and of the connection, so that both sides wait for room.
        let echoes = (0..8).map(|stream| {
            let connection = connection.clone();
            heist::spawn(async move { echo(&connection, pattern(stream, 2_000_000)).await })
        });
        for (stream, back) in echoes.collect::<Vec<_>>().into_iter().enumerate() {
            assert!(
                back.await?? == pattern(stream, 2_000_000),
                "stream {stream} came back changed"
            );
        }
        connection.close(VarInt::from_u32(0), b"done");
        client.wait_idle().await;
        Result::Ok(())
    })
    .await??;

    server.close(VarInt::from_u32(0), b"");
    timeout(HANG, serving).await??;
    Ok(())
}

#[heist::test]
async fn a_current_thread_runtime_does_as_well() -> Result<()> {
    let (server_config, client_config) = configs()?;
    let server = heist_quinn::endpoint(EndpointConfig::default(), Some(server_config), LOOPBACK)?;
    let address = server.local_addr()?;
    heist::spawn(serve(server));

    let connection = client(client_config)?.connect(address, "localhost")?.await?;
    let back = timeout(HANG, echo(&connection, pattern(0, 10_000))).await??;
    assert_eq!(back, pattern(0, 10_000));

    let datagram = b"one datagram".as_slice();
    connection.send_datagram_wait(datagram.into()).await?;
    assert_eq!(timeout(HANG, connection.read_datagram()).await??, datagram);
    Ok(())
}

#[heist::test]
async fn an_idle_connection_ends_by_the_timer() -> Result<()> {
    let (server_config, mut client_config) = configs()?;
    let server = heist_quinn::endpoint(EndpointConfig::default(), Some(server_config), LOOPBACK)?;
    let mut transport = quinn::TransportConfig::default();
    transport.max_idle_timeout(Some(Duration::from_millis(50).try_into()?));
    client_config.transport_config(Arc::new(transport));
    let address = server.local_addr()?;
    heist::spawn(serve(server));

    let connection = client(client_config)?.connect(address, "localhost")?.await?;
    let why = timeout(HANG, connection.closed()).await?;
    assert!(matches!(why, quinn::ConnectionError::TimedOut), "{why}");
    Ok(())
}

#[heist::test]
async fn nobody_there_is_an_error_and_not_the_end_of_the_endpoint() -> Result<()> {
    let (server_config, client_config) = configs()?;
    let mut transport = quinn::TransportConfig::default();
    transport.max_idle_timeout(Some(Duration::from_millis(200).try_into()?));
    let mut impatient = client_config.clone();
    impatient.transport_config(Arc::new(transport));
    let client = client(client_config)?;

    // A port that was free a moment ago.
    let nobody = std::net::UdpSocket::bind(LOOPBACK)?.local_addr()?;
    let refused = timeout(HANG, client.connect_with(impatient, nobody, "localhost")?).await?;
    assert!(refused.is_err());

    let server = heist_quinn::endpoint(EndpointConfig::default(), Some(server_config), LOOPBACK)?;
    let address = server.local_addr()?;
    heist::spawn(serve(server));
    let connection = timeout(HANG, client.connect(address, "localhost")?).await??;
    assert_eq!(
        timeout(HANG, echo(&connection, vec![7; 100])).await??,
        vec![7; 100]
    );
    Ok(())
}

#[heist::test]
async fn pollers_of_one_socket_are_asked_again_and_again() -> Result<()> {
    let socket = std::net::UdpSocket::bind(LOOPBACK)?;
    let socket = HeistRuntime::new().wrap_udp_socket(socket)?;
    let mut pollers: Vec<_> = (0..3).map(|_| socket.clone().create_io_poller()).collect();
    for _ in 0..2 {
        for poller in &mut pollers {
            timeout(HANG, poll_fn(|cx| poller.as_mut().poll_writable(cx))).await??;
        }
    }
    Ok(())
}
