//! Features `futures-io`, `tokio` and `hyper`: which of heist's types have which traits, and that files, pipes, Unix
//! sockets and children work through them.

#![cfg(all(
    unix,
    feature = "futures-io",
    feature = "hyper",
    feature = "process",
    feature = "tokio"
))]

use heist::fs::File;
use heist::io::{BufReader, BufStream, BufWriter, Chain, Join, Take};
use heist::io::{DuplexStream, Empty, Repeat, SimplexStream, Sink, Stderr, Stdin, Stdout};
use heist::net::{TcpStream, UnixListener, UnixStream, tcp, unix};
use heist::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use heist::runtime::{Builder, Runtime};
use std::io::SeekFrom;
use std::process::Stdio;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Fails to compile if one of the types has not all of the traits.
macro_rules! have {
    ($($bound:path),+: $($type:ty),+ $(,)?) => {
        const _: () = {
            const fn check<T: ?Sized $(+ $bound)+>() {}
            $(check::<$type>();)+
        };
    };
}

have!(heist::io::AsyncRead, futures_util::AsyncRead, tokio::io::AsyncRead, hyper::rt::Read:
    TcpStream, tcp::ReadHalf<'static>, tcp::OwnedReadHalf,
    UnixStream, unix::ReadHalf<'static>, unix::OwnedReadHalf, unix::pipe::Receiver,
    File, Stdin, ChildStdout, ChildStderr,
    DuplexStream, SimplexStream, Empty, Repeat, heist::io::ReadHalf<TcpStream>,
    BufReader<File>, BufWriter<TcpStream>, BufStream<TcpStream>, Take<File>, Chain<File, Empty>, Join<Stdin, Stdout>);

have!(heist::io::AsyncWrite, futures_util::AsyncWrite, tokio::io::AsyncWrite, hyper::rt::Write:
    TcpStream, tcp::WriteHalf<'static>, tcp::OwnedWriteHalf,
    UnixStream, unix::WriteHalf<'static>, unix::OwnedWriteHalf, unix::pipe::Sender,
    File, Stdout, Stderr, ChildStdin,
    DuplexStream, SimplexStream, Empty, Sink, heist::io::WriteHalf<TcpStream>,
    BufReader<TcpStream>, BufWriter<File>, BufStream<TcpStream>, Join<Stdin, Stdout>);

have!(heist::io::AsyncBufRead, futures_util::AsyncBufRead, tokio::io::AsyncBufRead:
    Empty, BufReader<File>, BufWriter<BufReader<TcpStream>>, BufStream<TcpStream>, Take<BufReader<File>>,
    Chain<BufReader<File>, Empty>, Join<BufReader<Stdin>, Stdout>);

have!(heist::io::AsyncSeek, tokio::io::AsyncSeek:
    File, Empty, BufReader<File>, BufWriter<File>, BufStream<File>);

#[test]
fn a_file_through_tokios_traits() {
    use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

    runtime().block_on(async {
        let directory = std::env::temp_dir().join(format!("heist-io-everywhere-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("file");
        let mut file = File::create(&path).await.unwrap();
        file.write_all(b"0123456789").await.unwrap();
        AsyncWriteExt::shutdown(&mut file).await.unwrap();
        let mut file = File::open(&path).await.unwrap();
        assert_eq!(file.seek(SeekFrom::Start(4)).await.unwrap(), 4);
        let mut rest = String::new();
        file.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "456789");
        assert_eq!(file.seek(SeekFrom::Current(-3)).await.unwrap(), 7);

        let mut all = String::new();
        let mut file = File::open(&path).await.unwrap();
        futures_util::AsyncReadExt::read_to_string(&mut file, &mut all)
            .await
            .unwrap();
        assert_eq!(all, "0123456789");
        std::fs::remove_dir_all(&directory).unwrap();
    });
}

#[test]
fn a_child_through_futures_traits() {
    use futures_util::{AsyncReadExt, AsyncWriteExt};

    runtime().block_on(async {
        let mut child = Command::new("sort")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"b\nc\na\n").await.unwrap();
        drop(stdin);
        let mut sorted = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut sorted)
            .await
            .unwrap();
        assert_eq!(sorted, "a\nb\nc\n");
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn a_unix_socket_through_hyper_and_tokio() {
    use hyper::service::service_fn;

    runtime().block_on(async {
        let (client, server) = UnixStream::pair().unwrap();
        let serving = heist::spawn(async move {
            let hello = service_fn(async |_| Ok::<_, hyper::Error>(hyper::Response::new("hello".to_owned())));
            hyper::server::conn::http1::Builder::new()
                .keep_alive(false)
                .serve_connection(server, hello)
                .await
        });
        let (read, mut write) = client.into_split();
        tokio::io::AsyncWriteExt::write_all(&mut write, b"GET / HTTP/1.0\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        futures_util::AsyncReadExt::read_to_string(&mut { read }, &mut answer)
            .await
            .unwrap();
        assert!(
            answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"),
            "{answer}"
        );
        serving.await.unwrap().unwrap();
    });
}

#[test]
fn a_pipe_passes_a_copy_on() {
    runtime().block_on(async {
        let (mut sender, receiver) = unix::pipe::pipe().unwrap();
        let writing = heist::spawn(async move {
            futures_util::AsyncWriteExt::write_all(&mut sender, &[7; 200_000])
                .await
                .unwrap();
        });
        let copied = tokio::io::copy(&mut { receiver }, &mut tokio::io::sink())
            .await
            .unwrap();
        assert_eq!(copied, 200_000);
        writing.await.unwrap();
    });
}

#[test]
fn streams_of_connections_and_of_entries() {
    use futures_util::StreamExt;
    use heist::stream::{ReadDirStream, UnixListenerStream};

    runtime().block_on(async {
        let directory = std::env::temp_dir().join(format!("heist-io-streams-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("socket");
        let mut connections = UnixListenerStream::from(UnixListener::bind(&path).unwrap());
        for _ in 0..2 {
            let (client, connection) =
                futures_util::future::join(UnixStream::connect(&path), connections.next()).await;
            assert!(
                client.unwrap().peer_cred().unwrap().uid()
                    == connection.unwrap().unwrap().peer_cred().unwrap().uid()
            );
        }
        drop(connections.into_inner());

        std::fs::write(directory.join("file"), "").unwrap();
        let entries = ReadDirStream::from(heist::fs::read_dir(&directory).await.unwrap());
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect().await;
        names.sort();
        assert_eq!(names, ["file", "socket"]);
        std::fs::remove_dir_all(&directory).unwrap();
    });
}
