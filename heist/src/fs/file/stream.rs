//! Reading, writing and seeking in a [`File`]: it is [`Blocking`](crate::io::blocking) with a file underneath.
//!
//! Invariant I1: what was read and not handed out is put back before a write, so that the write is where the user
//! is. A file without a position (a FIFO, a terminal) keeps it instead: there reading and writing do not meet.

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use heist_primitive::sync::atomic::Ordering;

use super::File;
use crate::io::ahead::Batch;
use crate::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

impl AsyncRead for File {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let batch = Batch {
            limit: self.max_buf_size,
            ahead: !self.keep_pace.load(Ordering::Relaxed),
        };
        self.io.get_mut().poll_read(cx, buf, batch)
    }
}

impl AsyncWrite for File {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let limit = self.max_buf_size;
        let io = self.io.get_mut();
        ready!(io.poll_idle(cx));
        match io.put_back() {
            Err(error) if error.kind() != io::ErrorKind::NotSeekable => Poll::Ready(Err(error)),
            _ => io.poll_write(cx, bufs, limit),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.get_mut().poll_flush(cx)
    }

    /// Flushes; the file stays open.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl AsyncSeek for File {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        self.io.get_mut().start_seek(position)
    }

    /// With no seek in flight: where the last one ended, which may be before what was read since.
    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        self.io.get_mut().poll_seek(cx)
    }
}
