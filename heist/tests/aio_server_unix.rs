//! Streams and servers on Unix-domain sockets: the same as on TCP, and what becomes of the file.
#![cfg(unix)]

mod aio_kit;

use aio_kit::runtime;
use heist::aio::{Endpoint, StreamReader, StreamWriter, open_unix_connection, start_unix_server};
use std::io::ErrorKind;
use std::path::PathBuf;

async fn echo(mut reader: StreamReader, writer: StreamWriter) -> std::io::Result<()> {
    while !reader.at_eof() {
        writer.write(reader.read(1000).await?);
        writer.drain().await?;
    }
    Ok(())
}

fn path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("heist-aio-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

#[test]
fn unix_forms_do_the_same_on_a_path() {
    runtime().block_on(async {
        let path = path("same");
        let server = start_unix_server(echo, &path).await.unwrap();
        assert_eq!(server.sockets(), [Endpoint::Unix(Some(path.clone()))]);
        let (mut reader, writer) = open_unix_connection(&path).await.unwrap();
        assert_eq!(writer.peername(), Some(Endpoint::Unix(Some(path.clone()))));
        assert_eq!(writer.sockname(), Some(Endpoint::Unix(None)));
        writer.write("hello\n");
        assert_eq!(reader.readline().await.unwrap(), b"hello\n");
        server.close();
        assert!(!path.exists(), "the socket is removed when the server closes");
        writer.write("still\n");
        assert_eq!(reader.readline().await.unwrap(), b"still\n");
        writer.close();
        server.wait_closed().await;
    });
}

#[test]
fn a_socket_that_was_left_is_replaced_and_another_file_is_not() {
    runtime().block_on(async {
        let path = path("left");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let first = start_unix_server(echo, &path).await.unwrap();
        let second = start_unix_server(echo, &path).await.unwrap();
        first.close();
        assert!(path.exists(), "it is the second server's by now");
        second.close();
        assert!(!path.exists());

        std::fs::write(&path, "precious").unwrap();
        let refused = start_unix_server(echo, &path).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AddrInUse);
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
        std::fs::remove_file(&path).unwrap();
    });
}
