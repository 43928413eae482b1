//! [`ReadNumber`] and [`WriteNumber`]: integers and floats in a fixed byte order.
//!
//! One future for all types: the method that makes it passes the function between bytes and number.

use super::{poll_uninterrupted, unexpected_eof, write_zero};
use crate::io::{AsyncRead, AsyncWrite, ReadBuf};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of `read_u8`, `read_u16_le` and all the like in
    /// [`AsyncReadExt`](crate::io::AsyncReadExt).
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadNumber<R, B, T> {
        #[pin]
        reader: R,
        // An array of bytes, of the number's size.
        bytes: B,
        read: usize,
        decode: fn(B) -> T,
        #[pin]
        _pin: PhantomPinned,
    }
}

impl<R, T, const N: usize> ReadNumber<R, [u8; N], T> {
    pub(super) fn new(reader: R, decode: fn([u8; N]) -> T) -> Self {
        ReadNumber {
            reader,
            bytes: [0; N],
            read: 0,
            decode,
            _pin: PhantomPinned,
        }
    }
}

impl<R: AsyncRead, T, const N: usize> Future for ReadNumber<R, [u8; N], T> {
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut me = self.project();
        while *me.read < N {
            let mut buf = ReadBuf::new(&mut me.bytes[*me.read..]);
            ready!(poll_uninterrupted(|| me.reader.as_mut().poll_read(cx, &mut buf)))?;
            match buf.filled().len() {
                0 => return Poll::Ready(Err(unexpected_eof())),
                n => *me.read += n,
            }
        }
        Poll::Ready(Ok((me.decode)(*me.bytes)))
    }
}

impl<R: fmt::Debug, B, T> fmt::Debug for ReadNumber<R, B, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("ReadNumber");
        f.field("reader", &self.reader)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of `write_u8`, `write_u16_le` and all the like in
    /// [`AsyncWriteExt`](crate::io::AsyncWriteExt).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct WriteNumber<W, B> {
        #[pin]
        writer: W,
        // An array of bytes, of the number's size.
        bytes: B,
        written: usize,
        #[pin]
        _pin: PhantomPinned,
    }
}

impl<W, const N: usize> WriteNumber<W, [u8; N]> {
    pub(super) fn new(writer: W, bytes: [u8; N]) -> Self {
        WriteNumber {
            writer,
            bytes,
            written: 0,
            _pin: PhantomPinned,
        }
    }
}

impl<W: AsyncWrite, const N: usize> Future for WriteNumber<W, [u8; N]> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut me = self.project();
        while *me.written < N {
            let rest = &me.bytes[*me.written..];
            match ready!(poll_uninterrupted(|| me.writer.as_mut().poll_write(cx, rest)))? {
                0 => return Poll::Ready(Err(write_zero())),
                n => *me.written += n,
            }
        }
        Poll::Ready(Ok(()))
    }
}
