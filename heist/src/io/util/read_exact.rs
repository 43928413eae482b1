//! [`ReadExact`]: reads until the buffer is full.

use super::{poll_uninterrupted, unexpected_eof};
use crate::io::{AsyncRead, ReadBuf};
use pin_project_lite::pin_project;
use std::future::Future;
use std::io;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`AsyncReadExt::read_exact`](crate::io::AsyncReadExt::read_exact).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadExact<'a, R: ?Sized> {
        reader: &'a mut R,
        buf: ReadBuf<'a>,
        #[pin]
        _pin: PhantomPinned,
    }
}

pub(super) fn read_exact<'a, R: ?Sized>(reader: &'a mut R, buf: &'a mut [u8]) -> ReadExact<'a, R> {
    ReadExact {
        reader,
        buf: ReadBuf::new(buf),
        _pin: PhantomPinned,
    }
}

impl<R: AsyncRead + ?Sized + Unpin> Future for ReadExact<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.project();
        loop {
            let remaining = me.buf.remaining();
            if remaining == 0 {
                return Poll::Ready(Ok(me.buf.capacity()));
            }
            ready!(poll_uninterrupted(
                || Pin::new(&mut **me.reader).poll_read(cx, me.buf)
            ))?;
            if me.buf.remaining() == remaining {
                return Poll::Ready(Err(unexpected_eof()));
            }
        }
    }
}
