//! [`AsyncRead`]: bytes that can be read without blocking the thread.

use super::{AsyncBufRead, ReadBuf};
use std::io;
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Reads bytes from a source, or arranges for the task to be woken when there are some.
///
/// It is to [`std::io::Read`] what a future is to a blocking call: where a blocking reader waits, this one
/// returns [`Poll::Pending`]. The methods that are nice to call are in [`AsyncReadExt`](super::AsyncReadExt).
///
/// Implementors are often mocked in tests; what callers rely on is what is written at
/// [`poll_read`](Self::poll_read).
pub trait AsyncRead {
    /// Reads into the unfilled part of `buf`.
    ///
    /// - `Ready(Ok(()))`: the bytes that came are in `buf` and its filled mark has moved behind them. If
    ///   the mark did not move although there was room, the stream has ended.
    /// - `Pending`: nothing was read, the filled mark has not moved, and the task of `cx` will be woken
    ///   when another try is worthwhile.
    /// - `Ready(Err(_))`: nothing was read; the filled mark has not moved.
    ///
    /// The buffer is lent: putting another `ReadBuf` in its place is a bug, on which heist's callers panic.
    ///
    /// # Errors
    ///
    /// Whatever the source says, except `WouldBlock` (that is `Pending`) and `Interrupted` (try again).
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;
}

macro_rules! read_through_deref {
    () => {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut **self).poll_read(cx, buf)
        }
    };
}

impl<T: ?Sized + AsyncRead + Unpin> AsyncRead for Box<T> {
    read_through_deref!();
}

impl<T: ?Sized + AsyncRead + Unpin> AsyncRead for &mut T {
    read_through_deref!();
}

impl<P> AsyncRead for Pin<P>
where
    P: DerefMut,
    P::Target: AsyncRead,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.as_deref_mut().poll_read(cx, buf)
    }
}

/// Reads from the front and shortens the slice by as much.
impl AsyncRead for &[u8] {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        poll_read_buffered(self, cx, buf)
    }
}

/// Reads from the cursor's position on; a position behind the end reads nothing.
impl<T: AsRef<[u8]> + Unpin> AsyncRead for io::Cursor<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        poll_read_buffered(self, cx, buf)
    }
}

/// `poll_read` by means of `poll_fill_buf` and `consume`, for readers that are their own buffer.
pub(crate) fn poll_read_buffered<R: AsyncBufRead + ?Sized>(
    mut reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let available = std::task::ready!(reader.as_mut().poll_fill_buf(cx))?;
    let n = available.len().min(buf.remaining());
    buf.put_slice(&available[..n]);
    reader.consume(n);
    Poll::Ready(Ok(()))
}
