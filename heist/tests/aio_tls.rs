//! TLS under streams: from the beginning, and over a connection that is there already, on both sides. Certificates are made
//! for each test.
#![cfg(feature = "tls")]

mod aio_kit;
mod sync_kit;

use std::io::ErrorKind;
use std::sync::Arc;

use aio_kit::runtime;
use heist::aio::{
    ConnectionOptions, ServerOptions, StreamReader, StreamWriter, open_connection, start_server,
};
use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::sync::mpsc;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, ServerConfig};

const ANYWHERE: &str = "127.0.0.1:0";
const NAME: &str = "server.test";

/// The two sides of one certificate.
fn configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    server.alpn_protocols = vec![b"echo".to_vec()];
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"other".to_vec(), b"echo".to_vec()];
    (Arc::new(server), Arc::new(client))
}

async fn echo(mut reader: StreamReader, writer: StreamWriter) -> std::io::Result<()> {
    while !reader.at_eof() {
        writer.write(reader.read(1000).await?);
        writer.drain().await?;
    }
    Ok(())
}

#[test]
fn a_server_and_a_client_speak_tls_from_the_beginning() {
    runtime().block_on(async {
        let (server_config, client_config) = configs();
        let options = ServerOptions::new().tls(server_config);
        let server = options.start(echo, ANYWHERE).await.unwrap();
        let options = ConnectionOptions::new().tls(client_config, NAME).unwrap();
        let (mut reader, writer) = options.open(server.local_addr().unwrap()).await.unwrap();
        writer.writelines(["hello ", "tls\n"]);
        assert_eq!(reader.readline().await.unwrap(), b"hello tls\n");
        let info = writer.tls().unwrap();
        assert_eq!(info.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(info.alpn_protocol(), Some(&b"echo"[..]));
        assert_eq!(info.peer_certificates().unwrap().len(), 1);
        assert!(writer.peername().is_some() && writer.socket().is_some());

        // Both ends of the connection say that it ends, so neither takes it for cut off.
        writer.write_eof();
        assert_eq!(reader.read_to_end().await.unwrap(), b"");
        writer.close();
        writer.wait_closed().await.unwrap();
        server.close();
        server.wait_closed().await;
    });
}

#[test]
fn much_data_goes_both_ways_under_tls_while_nobody_drains() {
    runtime().block_on(async {
        let (server_config, client_config) = configs();
        let options = ServerOptions::new().tls(server_config);
        let server = options.start(echo, ANYWHERE).await.unwrap();
        let options = ConnectionOptions::new().tls(client_config, NAME).unwrap();
        let (mut reader, writer) = options.open(server.local_addr().unwrap()).await.unwrap();
        let data: Vec<u8> = (0..3_000_000u32).map(|n| (n / 7) as u8).collect();
        for part in data.chunks(100_000) {
            writer.write(part);
        }
        assert!(reader.readexactly(data.len()).await.unwrap() == data);
        assert_eq!(writer.get_write_buffer_size(), 0);
    });
}

/// The server of a protocol that goes over to TLS when asked to.
async fn starttls(
    config: Arc<ServerConfig>,
    mut reader: StreamReader,
    writer: StreamWriter,
) -> std::io::Result<()> {
    assert_eq!(reader.readline().await?, b"STARTTLS\n");
    writer.write("go\n");
    writer.start_tls_as_server(&mut reader, config).await?;
    echo(reader, writer).await
}

#[test]
fn start_tls_goes_over_on_both_sides() {
    runtime().block_on(async {
        let (server_config, client_config) = configs();
        let callback = move |reader, writer| starttls(server_config.clone(), reader, writer);
        let server = start_server(callback, ANYWHERE).await.unwrap();
        let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
        assert!(writer.tls().is_none());
        writer.write("STARTTLS\n");
        assert_eq!(reader.readline().await.unwrap(), b"go\n");
        writer.start_tls(&mut reader, client_config, NAME).await.unwrap();
        assert!(writer.tls().is_some());
        writer.write("hidden\n");
        assert_eq!(reader.readline().await.unwrap(), b"hidden\n");
    });
}

#[test]
fn what_came_before_the_handshake_counts_as_part_of_it() {
    runtime().block_on(async {
        let (server_config, client_config) = configs();
        let callback = move |reader, writer| starttls(server_config.clone(), reader, writer);
        let server = start_server(callback, ANYWHERE).await.unwrap();

        // The first message of the handshake comes with the command, before the server has agreed.
        let (here, mut there) = heist::io::duplex(1 << 16);
        let (mut inner, inner_writer) = StreamWriter::pair(here);
        let hello = heist::spawn(async move {
            let handshake = inner_writer.start_tls(&mut inner, client_config, NAME).await;
            handshake.map(|()| (inner, inner_writer))
        });
        let mut first = vec![0; 1 << 16];
        let n = there.read(&mut first).await.unwrap();
        let mut socket = heist::net::TcpStream::connect(server.local_addr().unwrap())
            .await
            .unwrap();
        socket
            .write_all(&[b"STARTTLS\n", &first[..n]].concat())
            .await
            .unwrap();
        let mut go = [0; 3];
        socket.read_exact(&mut go).await.unwrap();
        heist::spawn(async move { heist::io::copy_bidirectional(&mut socket, &mut there).await });
        let (mut reader, writer) = hello.await.unwrap().unwrap();
        writer.write("early\n");
        assert_eq!(reader.readline().await.unwrap(), b"early\n");

        // Plain bytes behind the command are no handshake: nobody takes them for what was said under TLS.
        let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
        writer.write("STARTTLS\nDELETE everything\n");
        let answer = reader.read_to_end().await.unwrap_or_default();
        assert!(answer.starts_with(b"go\n"));
        assert!(
            !answer.windows(6).any(|bytes| bytes == b"DELETE"),
            "it was echoed"
        );
    });
}

#[test]
fn what_is_kept_goes_out_before_the_handshake_and_what_is_written_during_it_after() {
    runtime().block_on(async {
        let (server_config, client_config) = configs();
        let (here, there) = heist::io::duplex(7);
        let (mut reader, writer) = StreamWriter::pair(here);
        let (mut peer_reader, peer_writer) = StreamWriter::pair(there);
        let writer = Arc::new(writer);
        writer.write("plain, more than the pipe takes\n");
        let client = heist::spawn({
            let writer = writer.clone();
            async move {
                writer.start_tls(&mut reader, client_config, NAME).await?;
                // With so narrow a pipe the server cannot end its handshake before somebody reads.
                Ok::<_, std::io::Error>(reader.readline().await.unwrap())
            }
        });
        aio_kit::settle().await;
        assert_eq!(
            peer_reader.readline().await.unwrap(),
            b"plain, more than the pipe takes\n"
        );
        while writer.get_write_buffer_size() > 0 {
            heist::task::yield_now().await;
        }
        aio_kit::settle().await;
        writer.write("during\n");
        peer_writer
            .start_tls_as_server(&mut peer_reader, server_config)
            .await
            .unwrap();
        assert_eq!(peer_reader.readline().await.unwrap(), b"during\n");
        peer_writer.write("done\n");
        assert_eq!(client.await.unwrap().unwrap(), b"done\n");
    });
}

#[test]
fn a_name_that_is_not_in_the_certificate_is_refused_and_the_server_goes_on() {
    runtime().block_on(async {
        let (server_config, client_config) = configs();
        let options = ServerOptions::new().tls(server_config);
        let server = options.start(echo, ANYWHERE).await.unwrap();
        let address = server.local_addr().unwrap();
        let wrong = ConnectionOptions::new()
            .tls(client_config.clone(), "other.test")
            .unwrap();
        let error = wrong.open(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        let malformed = ConnectionOptions::new()
            .tls(client_config.clone(), "not a name")
            .unwrap_err();
        assert_eq!(malformed.kind(), ErrorKind::InvalidInput);

        let options = ConnectionOptions::new().tls(client_config, NAME).unwrap();
        let (mut reader, writer) = options.open(address).await.unwrap();
        writer.write("a\n");
        assert_eq!(reader.readline().await.unwrap(), b"a\n");
    });
}

#[test]
fn a_handshake_that_is_given_up_leaves_a_lost_connection() {
    runtime().block_on(async {
        let (_, client_config) = configs();
        let (here, _there) = heist::io::duplex(1 << 16);
        let (mut reader, writer) = StreamWriter::pair(here);
        sync_kit::Task::pending(writer.start_tls(&mut reader, client_config, NAME)).drop_future();
        assert_eq!(
            reader.read(1).await.unwrap_err().kind(),
            ErrorKind::ConnectionAborted
        );
        assert_eq!(
            writer.wait_closed().await.unwrap_err().kind(),
            ErrorKind::ConnectionAborted
        );
    });
}

#[test]
fn abort_clients_ends_a_handshake_that_does_not() {
    runtime().block_on(async {
        let (server_config, _) = configs();
        let (called, mut calls) = mpsc::unbounded_channel();
        let callback = move |_, _| {
            called.send(()).unwrap();
            async {}
        };
        let server = ServerOptions::new()
            .tls(server_config)
            .start(callback, ANYWHERE)
            .await
            .unwrap();
        let mut silent = heist::net::TcpStream::connect(server.local_addr().unwrap())
            .await
            .unwrap();
        let read = heist::spawn(async move { silent.read(&mut [0]).await });
        while !format!("{server:?}").contains("clients: 1") {
            heist::task::yield_now().await;
        }
        server.close();
        server.abort_clients();
        server.wait_closed().await;
        assert_eq!(read.await.unwrap().unwrap(), 0);
        drop(server);
        assert!(
            calls.recv().await.is_none(),
            "the callback is called after the handshake only"
        );
    });
}

#[test]
fn an_end_that_is_not_announced_is_an_error() {
    runtime().block_on(async {
        let (server_config, client_config) = configs();
        let callback = async |mut reader: StreamReader, writer: StreamWriter| {
            reader.readline().await.unwrap();
            // The connection is cut below TLS.
            writer.abort();
        };
        let server = ServerOptions::new()
            .tls(server_config)
            .start(callback, ANYWHERE)
            .await
            .unwrap();
        let options = ConnectionOptions::new().tls(client_config, NAME).unwrap();
        let (mut reader, writer) = options.open(server.local_addr().unwrap()).await.unwrap();
        writer.write("a\n");
        assert_eq!(reader.read(1).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    });
}
