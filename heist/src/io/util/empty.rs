//! [`Empty`]: a stream that has always ended and takes everything.

use super::poll_spend;
use crate::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Reads nothing, ever, and drops what is written to it: made by [`empty`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Empty {}

/// A reader that is at its end and a writer that drops all it gets. Every operation succeeds at once.
///
/// # Examples
///
/// ```
/// use heist::io::{self, AsyncReadExt};
///
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let mut text = String::new();
/// io::empty().read_to_string(&mut text).await?;
/// assert!(text.is_empty());
/// # Ok(())
/// # }
/// ```
pub fn empty() -> Empty {
    Empty {}
}

impl AsyncRead for Empty {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        poll_spend(cx).map(Ok)
    }
}

impl AsyncBufRead for Empty {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        poll_spend(cx).map(|()| Ok(&[][..]))
    }

    fn consume(self: Pin<&mut Self>, _amt: usize) {}
}

impl AsyncWrite for Empty {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        poll_spend(cx).map(|()| Ok(buf.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(poll_spend(cx));
        Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_spend(cx).map(Ok)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_spend(cx).map(Ok)
    }
}

impl AsyncSeek for Empty {
    fn start_seek(self: Pin<&mut Self>, _position: SeekFrom) -> io::Result<()> {
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        poll_spend(cx).map(|()| Ok(0))
    }
}
