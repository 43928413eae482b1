//! [`ReadUntil`]: reads up to a delimiter, and the loop under `lines` and `split`.

use super::find_byte::find_byte;
use crate::io::AsyncBufRead;
use pin_project_lite::pin_project;
use std::future::Future;
use std::io;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`AsyncBufReadExt::read_until`](crate::io::AsyncBufReadExt::read_until).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadUntil<'a, R: ?Sized> {
        reader: &'a mut R,
        delimiter: u8,
        buf: &'a mut Vec<u8>,
        read: usize,
        #[pin]
        _pin: PhantomPinned,
    }
}

pub(super) fn read_until<'a, R: ?Sized>(
    reader: &'a mut R,
    delimiter: u8,
    buf: &'a mut Vec<u8>,
) -> ReadUntil<'a, R> {
    ReadUntil {
        reader,
        delimiter,
        buf,
        read: 0,
        _pin: PhantomPinned,
    }
}

impl<R: AsyncBufRead + ?Sized + Unpin> Future for ReadUntil<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.project();
        ready!(poll_until(
            Pin::new(&mut **me.reader),
            cx,
            *me.delimiter,
            me.buf,
            me.read
        ))?;
        Poll::Ready(Ok(std::mem::take(me.read)))
    }
}

/// Appends to `buf` up to and with the delimiter, or to the end of the stream, and adds to `read` what
/// came, also when it fails. What was appended has been consumed, so a later call goes on behind it.
pub(super) fn poll_until<R: AsyncBufRead + ?Sized>(
    mut reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    delimiter: u8,
    buf: &mut Vec<u8>,
    read: &mut usize,
) -> Poll<io::Result<()>> {
    loop {
        let available = match ready!(reader.as_mut().poll_fill_buf(cx)) {
            Ok(available) => available,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Poll::Ready(Err(e)),
        };
        let found = find_byte(delimiter, available);
        let taken = found.map_or(available.len(), |place| place + 1);
        if buf.capacity() == 0 {
            // In one allocation of its size, which is cheaper than growing.
            *buf = available[..taken].to_vec();
        } else {
            buf.extend_from_slice(&available[..taken]);
        }
        reader.as_mut().consume(taken);
        *read += taken;
        if taken == 0 || found.is_some() {
            return Poll::Ready(Ok(()));
        }
    }
}
