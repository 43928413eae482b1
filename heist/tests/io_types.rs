//! What the compiler promises users: `Send`, `Sync` and `Unpin` of the types, and shapes that must compile.

#![allow(dead_code)]

use heist::io::{
    self, AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite,
    AsyncWriteExt, ReadBuf,
};
use std::future::Future;
use std::io::{Cursor, IoSlice};
use std::marker::PhantomPinned;
use std::pin::{Pin, pin};

fn send_sync<T: Send + Sync>() {}
fn unpin<T: Unpin>() {}
fn send_future<F: Future + Send + Sync>(_: F) {}

/// A stream that must stay where it is.
#[derive(Debug, Default)]
struct Pinned(PhantomPinned);

type Boxed = Pin<Box<dyn AsyncRead + Send + Sync>>;

#[test]
fn types_are_as_free_as_what_they_hold() {
    send_sync::<ReadBuf<'static>>();
    send_sync::<io::BufReader<Boxed>>();
    send_sync::<io::BufWriter<Vec<u8>>>();
    send_sync::<io::BufStream<io::DuplexStream>>();
    send_sync::<io::Lines<&[u8]>>();
    send_sync::<io::Split<&[u8]>>();
    send_sync::<io::Take<&[u8]>>();
    send_sync::<io::Chain<&[u8], &[u8]>>();
    send_sync::<io::Join<&[u8], Vec<u8>>>();
    send_sync::<io::DuplexStream>();
    send_sync::<io::SimplexStream>();
    send_sync::<(io::Empty, io::Sink, io::Repeat)>();
    // As std's mutex: shared by what can be sent.
    send_sync::<io::ReadHalf<std::cell::Cell<u8>>>();
    send_sync::<io::WriteHalf<std::cell::Cell<u8>>>();

    unpin::<io::DuplexStream>();
    unpin::<io::SimplexStream>();
    unpin::<io::ReadHalf<Pinned>>();
    unpin::<io::WriteHalf<Pinned>>();
    unpin::<io::BufStream<()>>();
    unpin::<io::Take<()>>();
    unpin::<io::Chain<(), ()>>();
    unpin::<(io::Empty, io::Sink, io::Repeat)>();
}

#[test]
fn futures_can_be_sent_to_other_threads() {
    let (mut a, mut b) = io::duplex(1);
    let (mut vec, mut text) = (Vec::new(), String::new());
    send_future(a.read(&mut [0]));
    send_future(a.read_buf(&mut vec));
    send_future(a.read_exact(&mut [0]));
    send_future(a.read_u32());
    send_future(a.read_to_end(&mut vec));
    send_future(a.read_to_string(&mut text));
    send_future(a.write(b""));
    send_future(a.write_vectored(&[IoSlice::new(b"")]));
    send_future(a.write_buf(&mut &b""[..]));
    send_future(a.write_all(b""));
    send_future(a.write_all_buf(&mut &b""[..]));
    send_future(a.write_f64_le(0.0));
    send_future(a.flush());
    send_future(a.shutdown());
    send_future(io::copy(&mut a, &mut b));
    send_future(io::copy_bidirectional(&mut a, &mut b));
    let mut slice = &b""[..];
    send_future(io::copy_buf(&mut slice, &mut a));
    send_future(slice.read_until(0, &mut vec));
    send_future(slice.read_line(&mut text));
    send_future(slice.fill_buf());
    send_future(Cursor::new(b"").seek(io::SeekFrom::Start(0)));
}

#[test]
fn traits_are_usable_behind_dyn() {
    async fn all(
        reader: &mut (dyn AsyncRead + Unpin),
        buffered: &mut (dyn AsyncBufRead + Unpin),
        writer: &mut (dyn AsyncWrite + Unpin),
        seeker: &mut (dyn AsyncSeek + Unpin),
    ) -> io::Result<()> {
        reader.read_u8().await?;
        reader.read_to_end(&mut Vec::new()).await?;
        buffered.read_line(&mut String::new()).await?;
        writer.write_all(b"x").await?;
        seeker.rewind().await?;
        io::copy(reader, writer).await?;
        io::copy_buf(buffered, writer).await?;
        Ok(())
    }
    let mut vec = Vec::new();
    let outcome = pin!(all(
        &mut &b"ab"[..],
        &mut &b"c\nd"[..],
        &mut vec,
        &mut Cursor::new(b"")
    ))
    .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
    .map(Result::unwrap);
    assert!(outcome.is_ready());
    assert_eq!(vec, b"xd");
}

#[test]
fn a_stream_that_must_not_move_is_read_where_it_is_pinned() {
    let mut stream = pin!(io::BufReader::new((&b"abc"[..]).take(3)));
    let read = pin!(stream.read_u8());
    let outcome = read.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert!(matches!(outcome, std::task::Poll::Ready(Ok(b'a'))));
}
