//! [`BufReader`]: a buffer before a reader, so that small reads are few reads.

use super::DEFAULT_BUF_SIZE;
use crate::io::async_read::poll_read_buffered;
use crate::io::read_buf::Buffer;
use crate::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use pin_project_lite::pin_project;
use std::fmt;
use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// Adds a buffer to a reader.
    ///
    /// A small read from a socket costs a system call each; through a `BufReader` the calls are large and
    /// the small reads come from memory. Reads as large as the buffer go past it. It gains nothing for a
    /// reader that is in memory, and nothing for few, large reads.
    ///
    /// If the reader is a writer too, writes go straight through.
    ///
    /// Dropping it, or [`into_inner`](Self::into_inner), loses what is in the buffer: bytes read from the
    /// source but not yet from here. Two of them on one source lose data for the same reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::{AsyncBufReadExt, BufReader};
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut reader = BufReader::new(&b"GET / HTTP/1.1\r\nhost: heist\r\n"[..]);
    /// let mut line = String::new();
    /// reader.read_line(&mut line).await?;
    /// assert_eq!(line, "GET / HTTP/1.1\r\n");
    /// # Ok(())
    /// # }
    /// ```
    pub struct BufReader<R> {
        #[pin]
        pub(super) inner: R,
        pub(super) buffer: Buffer,
        pub(super) seeking: Seeking,
    }
}

/// How far a seek is. It takes two steps where the distance from the source's position, which is ahead of
/// ours by what is in the buffer, does not fit in an `i64`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seeking {
    None,
    /// Asked for.
    Asked(SeekFrom),
    /// The source is on its way back to our position, from which it has to go on by so much.
    BackThen(i64),
    /// The source is on its way to the target.
    Underway,
}

impl<R: AsyncRead> BufReader<R> {
    /// A reader with a buffer of 8 KiB.
    pub fn new(inner: R) -> Self {
        Self::with_capacity(DEFAULT_BUF_SIZE, inner)
    }

    /// A reader with a buffer of `capacity` bytes.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0.
    #[track_caller]
    pub fn with_capacity(capacity: usize, inner: R) -> Self {
        assert!(capacity > 0, "a BufReader's capacity must be greater than zero");
        BufReader {
            inner,
            // As in tokio, whose users may rely on it.
            buffer: Buffer::with_capacity(capacity, true),
            seeking: Seeking::None,
        }
    }

    /// The reader behind the buffer. Reading from it directly skips what is in the buffer.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// The reader behind the buffer, mutably. Reading from it directly skips what is in the buffer.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// The reader behind the buffer, pinned. Reading from it directly skips what is in the buffer.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut R> {
        self.project().inner
    }

    /// The reader without the buffer, in which [`buffer`](Self::buffer) would have been lost.
    pub fn into_inner(self) -> R {
        self.inner
    }

    /// What is in the buffer. It never reads; see
    /// [`fill_buf`](crate::io::AsyncBufReadExt::fill_buf) for that.
    pub fn buffer(&self) -> &[u8] {
        self.buffer.bytes()
    }
}

impl<R: AsyncRead> AsyncRead for BufReader<R> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.buffer.is_empty() && buf.remaining() >= self.buffer.capacity() {
            return self.project().inner.poll_read(cx, buf);
        }
        poll_read_buffered(self, cx, buf)
    }
}

impl<R: AsyncRead> AsyncBufRead for BufReader<R> {
    #[inline]
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let me = self.project();
        if me.buffer.is_empty() {
            ready!(me.buffer.poll_fill(me.inner, cx))?;
        }
        Poll::Ready(Ok(me.buffer.bytes()))
    }

    #[inline]
    fn consume(self: Pin<&mut Self>, amt: usize) {
        self.project().buffer.consume(amt);
    }
}

/// Seeks the source and drops what is in the buffer, even if the target lies in it. An `AsyncSeek` says
/// where the source is, so after a failed seek the position may differ from what was read.
impl<R: AsyncRead + AsyncSeek> AsyncSeek for BufReader<R> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        // All is done in `poll_complete`, as it may take the source more than one seek.
        *self.project().seeking = Seeking::Asked(position);
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let mut me = self.project();
        loop {
            // An error ends the seek.
            match std::mem::replace(me.seeking, Seeking::None) {
                Seeking::None => return me.inner.poll_complete(cx),
                Seeking::Asked(SeekFrom::Current(n)) => {
                    // No allocation is larger than `i64::MAX` bytes.
                    let ahead = me.buffer.bytes().len() as i64;
                    let direct = n.checked_sub(ahead);
                    me.inner
                        .as_mut()
                        .start_seek(SeekFrom::Current(direct.unwrap_or(-ahead)))?;
                    *me.seeking = direct.map_or(Seeking::BackThen(n), |_| Seeking::Underway);
                }
                Seeking::Asked(target) => {
                    me.inner.as_mut().start_seek(target)?;
                    *me.seeking = Seeking::Underway;
                }
                Seeking::BackThen(n) => {
                    if me.inner.as_mut().poll_complete(cx)?.is_pending() {
                        *me.seeking = Seeking::BackThen(n);
                        return Poll::Pending;
                    }
                    me.buffer.clear();
                    me.inner.as_mut().start_seek(SeekFrom::Current(n))?;
                    *me.seeking = Seeking::Underway;
                }
                Seeking::Underway => {
                    let position = me.inner.as_mut().poll_complete(cx)?;
                    if position.is_pending() {
                        *me.seeking = Seeking::Underway;
                    } else {
                        me.buffer.clear();
                    }
                    return position.map(Ok);
                }
            }
        }
    }
}

impl<R: AsyncRead + AsyncWrite> AsyncWrite for BufReader<R> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}

impl<R: fmt::Debug> fmt::Debug for BufReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufReader")
            .field("reader", &self.inner)
            .field("buffer", &self.buffer)
            .finish()
    }
}
