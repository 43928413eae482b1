//! [`BufWriter`]: a buffer before a writer, so that small writes are few writes.

use super::{DEFAULT_BUF_SIZE, poll_uninterrupted, write_zero};
use crate::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use pin_project_lite::pin_project;
use std::fmt;
use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// Adds a buffer to a writer.
    ///
    /// A small write to a socket costs a system call each; through a `BufWriter` the small writes go to
    /// memory, and the buffer goes out when it is full or flushed. Writes as large as the buffer go past
    /// it. It gains nothing for a writer that is in memory.
    ///
    /// If the writer is a reader too, reads go straight through.
    ///
    /// **Flush or shut it down before dropping it.** There is no waiting in a destructor: what is in the
    /// buffer then, or at [`into_inner`](Self::into_inner), is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::{AsyncWriteExt, BufWriter};
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut writer = BufWriter::new(Vec::new());
    /// writer.write_all(b"still in the buffer").await?;
    /// assert!(writer.get_ref().is_empty());
    /// writer.flush().await?;
    /// assert_eq!(writer.get_ref(), b"still in the buffer");
    /// # Ok(())
    /// # }
    /// ```
    pub struct BufWriter<W> {
        #[pin]
        pub(super) inner: W,
        pub(super) buf: Vec<u8>,
        // How much at the front of `buf` the writer has already taken.
        pub(super) written: usize,
        pub(super) seeking: Seeking,
    }
}

/// How far a seek is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seeking {
    None,
    /// Asked for; the buffer has to go out first.
    Asked(SeekFrom),
    /// The writer is on its way to the target.
    Underway,
}

impl<W: AsyncWrite> BufWriter<W> {
    /// A writer with a buffer of 8 KiB.
    pub fn new(inner: W) -> Self {
        Self::with_capacity(DEFAULT_BUF_SIZE, inner)
    }

    /// A writer with a buffer of at least `capacity` bytes.
    pub fn with_capacity(capacity: usize, inner: W) -> Self {
        BufWriter {
            inner,
            buf: Vec::with_capacity(capacity),
            written: 0,
            seeking: Seeking::None,
        }
    }

    /// The writer behind the buffer.
    pub fn get_ref(&self) -> &W {
        &self.inner
    }

    /// The writer behind the buffer, mutably. What is written to it directly overtakes the buffer.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.inner
    }

    /// The writer behind the buffer, pinned. What is written to it directly overtakes the buffer.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut W> {
        self.project().inner
    }

    /// The writer without the buffer, of which the content is lost: flush first.
    pub fn into_inner(self) -> W {
        self.inner
    }

    /// What is in the buffer, including bytes of it that have gone out since the last complete flush.
    pub fn buffer(&self) -> &[u8] {
        &self.buf
    }

    fn room(&self) -> usize {
        self.buf.capacity() - self.buf.len()
    }

    /// Writes the buffer out, without flushing the writer behind it. After an error what has not been
    /// taken stays in the buffer.
    fn poll_drain(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut me = self.project();
        let mut outcome = Ok(());
        while *me.written < me.buf.len() {
            let rest = &me.buf[*me.written..];
            match ready!(poll_uninterrupted(|| me.inner.as_mut().poll_write(cx, rest))) {
                Ok(0) => outcome = Err(write_zero()),
                Ok(n) => *me.written += n,
                Err(e) => outcome = Err(e),
            }
            if outcome.is_err() {
                break;
            }
        }
        me.buf.drain(..*me.written);
        *me.written = 0;
        Poll::Ready(outcome)
    }
}

impl<W: AsyncWrite> AsyncWrite for BufWriter<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if buf.len() > self.room() {
            ready!(self.as_mut().poll_drain(cx))?;
        }
        let me = self.project();
        if buf.len() >= me.buf.capacity() {
            return me.inner.poll_write(cx, buf);
        }
        me.buf.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let total = bufs.iter().fold(0usize, |sum, buf| sum.saturating_add(buf.len()));
        if total > self.room() {
            if !self.inner.is_write_vectored() {
                // It takes one slice at a time: fill our buffer with as many as fit whole.
                return self.poll_write_some(cx, bufs);
            }
            ready!(self.as_mut().poll_drain(cx))?;
        }
        let me = self.project();
        if total >= me.buf.capacity() {
            if me.inner.is_write_vectored() {
                return me.inner.poll_write_vectored(cx, bufs);
            }
            // It may take the first slice as it comes, and an empty one would look like the end.
            let first = bufs.iter().find(|buf| !buf.is_empty());
            return me.inner.poll_write(cx, first.map_or(&[], |buf| &**buf));
        }
        bufs.iter().for_each(|buf| me.buf.extend_from_slice(buf));
        Poll::Ready(Ok(total))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_drain(cx))?;
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_drain(cx))?;
        self.project().inner.poll_shutdown(cx)
    }
}

impl<W: AsyncWrite> BufWriter<W> {
    /// Writes the first slice that is not empty, and as many after it as fit in the buffer.
    fn poll_write_some(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut bufs = bufs.iter().filter(|buf| !buf.is_empty());
        let Some(first) = bufs.next() else {
            return Poll::Ready(Ok(0));
        };
        let mut written = ready!(self.as_mut().poll_write(cx, first))?;
        if self.buf.is_empty() {
            // It went past the buffer, perhaps only in part.
            return Poll::Ready(Ok(written));
        }
        for buf in bufs {
            if buf.len() > self.room() {
                break;
            }
            self.as_mut().project().buf.extend_from_slice(buf);
            written += buf.len();
        }
        Poll::Ready(Ok(written))
    }
}

/// Writes the buffer out before it seeks.
impl<W: AsyncWrite + AsyncSeek> AsyncSeek for BufWriter<W> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        // The buffer has to go out first, and only `poll_complete` can wait for that.
        *self.project().seeking = Seeking::Asked(position);
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if let Seeking::Asked(target) = self.seeking {
            ready!(self.as_mut().poll_drain(cx))?;
            let mut me = self.as_mut().project();
            // A seek of before, given up half-way, has to end first.
            ready!(me.inner.as_mut().poll_complete(cx))?;
            *me.seeking = Seeking::None;
            me.inner.start_seek(target)?;
            *me.seeking = Seeking::Underway;
        }
        let me = self.project();
        let outcome = ready!(me.inner.poll_complete(cx));
        *me.seeking = Seeking::None;
        Poll::Ready(outcome)
    }
}

impl<W: AsyncWrite + AsyncRead> AsyncRead for BufWriter<W> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_read(cx, buf)
    }
}

impl<W: AsyncWrite + AsyncBufRead> AsyncBufRead for BufWriter<W> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        self.project().inner.consume(amt);
    }
}

impl<W: fmt::Debug> fmt::Debug for BufWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufWriter")
            .field("writer", &self.inner)
            .field(
                "buffer",
                &format_args!("{}/{}", self.buf.len(), self.buf.capacity()),
            )
            .field("written", &self.written)
            .finish()
    }
}
