//! [`Sink`]: a writer that drops what it gets.

use super::poll_spend;
use crate::io::AsyncWrite;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Takes everything and keeps nothing: made by [`sink`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Sink {}

/// A writer that drops all it gets. Every operation succeeds at once.
///
/// # Examples
///
/// ```
/// use heist::io;
///
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let mut body: &[u8] = b"to be skipped";
/// assert_eq!(io::copy(&mut body, &mut io::sink()).await?, 13);
/// # Ok(())
/// # }
/// ```
pub fn sink() -> Sink {
    Sink {}
}

impl AsyncWrite for Sink {
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
