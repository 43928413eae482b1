//! [`Take`]: a reader that ends after so many bytes.

use crate::io::read_buf::poll_read_limited;
use crate::io::{AsyncBufRead, AsyncRead, ReadBuf};
use pin_project_lite::pin_project;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// A reader of which at most so many bytes are read: of
    /// [`AsyncReadExt::take`](crate::io::AsyncReadExt::take).
    #[derive(Debug)]
    #[must_use = "readers do nothing unless read"]
    pub struct Take<R> {
        #[pin]
        inner: R,
        left: u64,
    }
}

pub(super) fn take<R>(inner: R, limit: u64) -> Take<R> {
    Take { inner, left: limit }
}

impl<R: AsyncRead> Take<R> {
    /// How many bytes may still be read. The reader may end earlier.
    pub fn limit(&self) -> u64 {
        self.left
    }

    /// Sets how many bytes may be read from now on, whatever was read before.
    pub fn set_limit(&mut self, limit: u64) {
        self.left = limit;
    }

    /// The reader itself.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// The reader itself, mutably. What is read from it directly does not count.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// The reader itself, pinned. What is read from it directly does not count.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut R> {
        self.project().inner
    }

    /// The reader, without the limit.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

/// `limit` as a length in memory.
fn as_length(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl<R: AsyncRead> AsyncRead for Take<R> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = self.project();
        // At the limit the reader is not asked: it might wait.
        if *me.left > 0 {
            let n = ready!(poll_read_limited(me.inner, cx, buf, as_length(*me.left)))?;
            *me.left -= n as u64;
        }
        Poll::Ready(Ok(()))
    }
}

impl<R: AsyncBufRead> AsyncBufRead for Take<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let me = self.project();
        if *me.left == 0 {
            return Poll::Ready(Ok(&[]));
        }
        let available = ready!(me.inner.poll_fill_buf(cx))?;
        Poll::Ready(Ok(&available[..available.len().min(as_length(*me.left))]))
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        let me = self.project();
        // An `amt` past the limit must not wrap it round.
        let amt = amt.min(as_length(*me.left));
        *me.left -= amt as u64;
        me.inner.consume(amt);
    }
}
