//! Feature `tokio`: what is written for tokio's io traits runs on heist's streams, without a runtime of tokio's.

#![cfg(feature = "tokio")]

use futures_util::{SinkExt, StreamExt};
use heist::io::{self, BufReader, BufWriter, duplex};
use heist::net::{TcpListener, TcpStream};
use heist::runtime::{Builder, Runtime};
use heist::tokio_io::Io;
use std::future::poll_fn;
use std::io::{IoSlice, SeekFrom};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_util::bytes::Bytes;
use tokio_util::codec::{Framed, LengthDelimitedCodec, LinesCodec};

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

#[test]
fn a_codec_frames_a_socket() {
    runtime().block_on(async {
        let (client, server) = pair().await.unwrap();
        let echo = heist::spawn(async move {
            let mut frames = Framed::new(server, LengthDelimitedCodec::new());
            while let Some(frame) = frames.next().await.transpose()? {
                frames.send(frame.freeze()).await?;
            }
            io::Result::Ok(())
        });
        let mut frames = Framed::new(client, LengthDelimitedCodec::new());
        for size in [0, 1, 8_192, 300_000] {
            frames.send(Bytes::from(vec![size as u8; size])).await.unwrap();
            let back = frames.next().await.unwrap().unwrap();
            assert!(
                back == vec![size as u8; size],
                "a frame of {size} bytes came back changed"
            );
        }
        SinkExt::<Bytes>::close(&mut frames).await.unwrap();
        assert!(frames.next().await.is_none());
        echo.await.unwrap().unwrap();
    });
}

#[test]
fn a_line_codec_on_one_half() {
    runtime().block_on(async {
        let (mut client, server) = pair().await.unwrap();
        let (read, _write) = server.into_split();
        let mut lines = tokio_util::codec::FramedRead::new(read, LinesCodec::new());
        client.write_all(b"one\r\ntwo\nthree").await.unwrap();
        client.shutdown().await.unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.next().await {
            all.push(line.unwrap());
        }
        assert_eq!(all, ["one", "two", "three"]);
    });
}

#[test]
fn tokios_copy_runs_both_ways_at_once() {
    runtime().block_on(async {
        let (mut near, mut a) = pair().await.unwrap();
        let (mut b, mut far) = pair().await.unwrap();
        let proxy = heist::spawn(async move { tokio::io::copy_bidirectional(&mut a, &mut b).await });
        near.write_all(b"ping").await.unwrap();
        let mut word = [0; 4];
        far.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"ping");
        far.write_all(b"pong!").await.unwrap();
        far.shutdown().await.unwrap();
        let mut all = Vec::new();
        near.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"pong!");
        near.shutdown().await.unwrap();
        assert_eq!(proxy.await.unwrap().unwrap(), (4, 5));
    });
}

#[test]
fn lines_of_a_buffered_reader() {
    runtime().block_on(async {
        let (mut ours, theirs) = duplex(3);
        let writing = heist::spawn(async move {
            ours.write_all(b"one\ntwo\nthree").await?;
            ours.shutdown().await
        });
        let mut lines = AsyncBufReadExt::lines(BufReader::new(theirs));
        for line in [Some("one"), Some("two"), Some("three"), None] {
            assert_eq!(lines.next_line().await.unwrap().as_deref(), line);
        }
        writing.await.unwrap().unwrap();
    });
}

#[test]
fn a_seek_goes_through_the_buffer() {
    runtime().block_on(async {
        let mut reader = BufReader::new(std::io::Cursor::new(b"0123456789".to_vec()));
        let mut two = [0; 2];
        reader.read_exact(&mut two).await.unwrap();
        assert_eq!(reader.seek(SeekFrom::Current(3)).await.unwrap(), 5);
        reader.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"56");
    });
}

#[test]
fn vectored_writes_are_offered_and_passed_on() {
    runtime().block_on(async {
        let (client, mut server) = pair().await.unwrap();
        assert!(AsyncWrite::is_write_vectored(&client));
        let mut client = BufWriter::with_capacity(1, client);
        assert!(AsyncWrite::is_write_vectored(&client));
        let parts = [IoSlice::new(b"ab"), IoSlice::new(b"cd")];
        let n = poll_fn(|cx| AsyncWrite::poll_write_vectored(Pin::new(&mut client), cx, &parts))
            .await
            .unwrap();
        assert_eq!(n, 4);
        let mut bytes = [0; 4];
        server.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"abcd");
    });
}

/// Notes how much of what it is lent is initialised, initialises all of it, and fills three bytes.
struct Filler(Vec<usize>);

impl io::AsyncRead for Filler {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.push(buf.initialized().len());
        buf.initialize_unfilled();
        buf.put_slice(&[7; 3]);
        Poll::Ready(Ok(()))
    }
}

/// The same, of tokio's kind.
struct TheirFiller(Vec<usize>);

impl AsyncRead for TheirFiller {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.push(buf.initialized().len());
        buf.initialize_unfilled();
        buf.put_slice(&[7; 3]);
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_read_goes_into_tokios_memory_and_what_is_initialised_stays_known() {
    let mut memory = [MaybeUninit::uninit(); 10];
    let mut buf = ReadBuf::uninit(&mut memory);
    buf.put_slice(b"ab");
    let mut io = Io::new(Filler(Vec::new()));
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert!(AsyncRead::poll_read(Pin::new(&mut io), &mut cx, &mut buf).is_ready());
    }
    assert_eq!(buf.filled(), b"ab\x07\x07\x07\x07\x07\x07");
    assert_eq!(buf.initialized().len(), 10);
    // Of the 8 bytes behind "ab" none the first time; then all of the 5 that are left.
    assert_eq!(io.into_inner().0, [0, 5]);
}

#[test]
fn a_read_goes_into_heists_memory_and_what_is_initialised_stays_known() {
    let mut memory = [MaybeUninit::uninit(); 10];
    let mut buf = io::ReadBuf::uninit(&mut memory);
    buf.put_slice(b"ab");
    let mut io = Io::new(TheirFiller(Vec::new()));
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert!(io::AsyncRead::poll_read(Pin::new(&mut io), &mut cx, &mut buf).is_ready());
    }
    assert_eq!(buf.filled(), b"ab\x07\x07\x07\x07\x07\x07");
    assert_eq!(buf.initialized().len(), 10);
    assert_eq!(io.into_inner().0, [0, 5]);
}

/// Puts another buffer in the place of the one it was lent.
struct Swapper;

impl io::AsyncRead for Swapper {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        *buf = io::ReadBuf::new(Box::leak(Box::new([0; 64])));
        buf.advance(64);
        Poll::Ready(Ok(()))
    }
}

/// The same, of tokio's kind.
struct TheirSwapper;

impl AsyncRead for TheirSwapper {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        *buf = ReadBuf::new(Box::leak(Box::new([0; 64])));
        buf.advance(64);
        Poll::Ready(Ok(()))
    }
}

#[test]
#[should_panic(expected = "fix the reader")]
fn a_reader_that_swaps_tokios_buffer_is_caught() {
    let mut memory = [MaybeUninit::uninit(); 64];
    let mut buf = ReadBuf::uninit(&mut memory);
    let mut cx = Context::from_waker(Waker::noop());
    let _ = AsyncRead::poll_read(Pin::new(&mut Io::new(Swapper)), &mut cx, &mut buf);
}

#[test]
#[should_panic(expected = "fix the reader")]
fn a_reader_of_tokios_that_swaps_heists_buffer_is_caught() {
    let mut memory = [MaybeUninit::uninit(); 64];
    let mut buf = io::ReadBuf::uninit(&mut memory);
    let mut cx = Context::from_waker(Waker::noop());
    let _ = io::AsyncRead::poll_read(Pin::new(&mut Io::new(TheirSwapper)), &mut cx, &mut buf);
}

mod the_other_way {
    //! heist's traits on what has tokio's, with only heist's extension traits imported.

    use super::{Io, runtime};
    use heist::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
    use std::io::SeekFrom;

    #[test]
    fn reads_seeks_and_writes() {
        runtime().block_on(async {
            let (ours, mut theirs) = tokio::io::duplex(16);
            let mut ours = Io::new(ours);
            ours.write_all(b"hello\n").await.unwrap();
            ours.shutdown().await.unwrap();
            let mut line = String::new();
            tokio::io::AsyncBufReadExt::read_line(&mut tokio::io::BufReader::new(&mut theirs), &mut line)
                .await
                .unwrap();
            assert_eq!(line, "hello\n");
            drop(theirs);
            assert_eq!(ours.read(&mut [0; 4]).await.unwrap(), 0);

            let foreign = tokio::io::BufReader::new(std::io::Cursor::new(b"one\ntwo\n".to_vec()));
            let mut foreign = Io::new(foreign);
            assert_eq!(foreign.seek(SeekFrom::Start(4)).await.unwrap(), 4);
            let mut line = String::new();
            foreign.read_line(&mut line).await.unwrap();
            assert_eq!(line, "two\n");
        });
    }
}
