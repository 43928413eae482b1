//! [`Repeat`]: one byte without end.

use super::poll_spend;
use crate::io::{AsyncRead, ReadBuf};
use bytes::BufMut;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Fills every buffer with one byte: made by [`repeat`].
#[derive(Debug)]
pub struct Repeat {
    byte: u8,
}

/// A reader that fills every buffer with `byte` and never ends: mind `read_to_end`.
///
/// # Examples
///
/// ```
/// use heist::io::{self, AsyncReadExt};
///
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let mut buf = [0; 3];
/// io::repeat(7).read_exact(&mut buf).await?;
/// assert_eq!(buf, [7, 7, 7]);
/// # Ok(())
/// # }
/// ```
pub fn repeat(byte: u8) -> Repeat {
    Repeat { byte }
}

impl AsyncRead for Repeat {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(poll_spend(cx));
        buf.put_bytes(self.byte, buf.remaining());
        Poll::Ready(Ok(()))
    }
}
