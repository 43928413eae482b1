//! Feature `futures-io`: what is written for futures' traits runs on heist's streams.

#![cfg(feature = "futures-io")]

use async_tungstenite::tungstenite::Message;
use futures_util::StreamExt;
use futures_util::io::{AllowStdIo, AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use heist::futures_io::Io;
use heist::io::{self, BufReader, BufWriter, duplex, simplex};
use heist::net::{TcpListener, TcpStream};
use heist::runtime::{Builder, Runtime};
use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    Ok((client, listener.accept().await?.0))
}

/// Whatever has both of futures' traits, as a library asks for it.
async fn shout(
    stream: &mut (impl futures_util::AsyncRead + futures_util::AsyncWrite + Unpin),
) -> io::Result<()> {
    let mut word = [0; 5];
    stream.read_exact(&mut word).await?;
    word.make_ascii_uppercase();
    stream.write_all(&word).await?;
    stream.close().await
}

#[test]
fn a_socket_goes_where_futures_traits_are_asked_for() {
    runtime().block_on(async {
        let (mut client, mut server) = pair().await.unwrap();
        let shouting = heist::spawn(async move { shout(&mut server).await });
        client.write_all(b"hello").await.unwrap();
        let mut answer = String::new();
        // To its end, which `close` has sent.
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "HELLO");
        shouting.await.unwrap().unwrap();
    });
}

#[test]
fn futures_copy_moves_a_megabyte_through_halves() {
    runtime().block_on(async {
        let (client, server) = pair().await.unwrap();
        let echo = heist::spawn(async move {
            let (read, mut write) = server.into_split();
            let copied = futures_util::io::copy(read, &mut write).await?;
            AsyncWriteExt::close(&mut write).await?;
            io::Result::Ok(copied)
        });
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        let (mut read, mut write) = client.into_split();
        let sending = {
            let sent = sent.clone();
            heist::spawn(async move {
                write.write_all(&sent).await?;
                write.close().await
            })
        };
        let mut back = Vec::new();
        read.read_to_end(&mut back).await.unwrap();
        assert!(back == sent);
        assert_eq!(echo.await.unwrap().unwrap(), 1_000_000);
        sending.await.unwrap().unwrap();
    });
}

#[test]
fn a_websocket_handshake_and_its_messages() {
    runtime().block_on(async {
        let (client, server) = pair().await.unwrap();
        let serving = heist::spawn(async move {
            let mut socket = async_tungstenite::accept_async(server).await?;
            while let Some(message) = socket.next().await.transpose()? {
                if message.is_text() {
                    socket.send(message).await?;
                }
            }
            Ok::<_, async_tungstenite::tungstenite::Error>(())
        });
        let (mut socket, _) = async_tungstenite::client_async("ws://localhost/", client)
            .await
            .unwrap();
        let text = "é".repeat(70_000);
        for text in ["hello", "", &text] {
            socket.send(Message::text(text)).await.unwrap();
            assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(text));
        }
        socket.close(None).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
        serving.await.unwrap().unwrap();
    });
}

#[test]
fn buffered_readers_are_futures_buf_readers() {
    runtime().block_on(async {
        let (mut ours, theirs) = duplex(3);
        let writing = heist::spawn(async move {
            ours.write_all(b"one\ntwo\nthree").await?;
            ours.close().await
        });
        let lines: Vec<_> = AsyncBufReadExt::lines(BufReader::new(theirs))
            .map(Result::unwrap)
            .collect()
            .await;
        assert_eq!(lines, ["one", "two", "three"]);
        writing.await.unwrap().unwrap();
    });
}

#[test]
fn what_is_filled_and_consumed_is_the_readers_own_buffer() {
    let mut reader = BufReader::new(&b"abcdef"[..]);
    let mut cx = Context::from_waker(Waker::noop());
    {
        let mut reader = Pin::new(&mut reader);
        AsyncBufRead::consume(reader.as_mut(), 0);
        let Poll::Ready(Ok(bytes)) = AsyncBufRead::poll_fill_buf(reader.as_mut(), &mut cx) else {
            panic!("a slice is ready");
        };
        assert_eq!(bytes, b"abcdef");
        AsyncBufRead::consume(reader, 2);
    }
    assert_eq!(reader.buffer(), b"cdef");
}

#[test]
fn vectored_writes_and_flushes_reach_the_writer() {
    runtime().block_on(async {
        let (mut reader, writer) = simplex(64);
        let mut writer = BufWriter::new(writer);
        let parts = [IoSlice::new(b"ab"), IoSlice::new(b"cd")];
        let n = poll_fn(|cx| AsyncWrite::poll_write_vectored(Pin::new(&mut writer), cx, &parts))
            .await
            .unwrap();
        assert_eq!(n, 4);
        AsyncWriteExt::flush(&mut writer).await.unwrap();
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"abcd");
    });
}

#[test]
fn a_read_waits_for_bytes_and_its_waker_is_called() {
    let (mut writer, mut reader) = duplex(8);
    let mut buf = [0; 8];
    let reading = AsyncReadExt::read(&mut reader, &mut buf);
    runtime().block_on(async {
        let mut reading = Box::pin(reading);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(reading.as_mut().poll(&mut cx).is_pending());
        let both = futures_util::future::join(reading, writer.write_all(b"xyz"));
        let (n, written) = both.await;
        written.unwrap();
        assert_eq!(n.unwrap(), 3);
    });
    assert_eq!(&buf[..3], b"xyz");
}

mod the_other_way {
    //! heist's traits on what has futures', with only heist's extension traits imported.

    use super::{AllowStdIo, Io, runtime};
    use heist::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
    use std::io::Cursor;

    #[test]
    fn reads_lines_and_writes() {
        runtime().block_on(async {
            let mut foreign = Io::new(AllowStdIo::new(Cursor::new(b"one\ntwo\n".to_vec())));
            let mut line = String::new();
            let buffered = futures_util::io::BufReader::new(foreign.inner_mut());
            Io::new(buffered).read_line(&mut line).await.unwrap();
            assert_eq!(line, "one\n");

            let mut sink = Io::new(AllowStdIo::new(Cursor::new(Vec::new())));
            sink.write_all(b"written").await.unwrap();
            sink.shutdown().await.unwrap();
            assert_eq!(sink.into_inner().into_inner().into_inner(), b"written");

            let mut source = Io::new(AllowStdIo::new(Cursor::new(vec![7; 100_000])));
            let mut all = Vec::new();
            source.read_to_end(&mut all).await.unwrap();
            assert!(all == vec![7; 100_000]);
        });
    }
}
