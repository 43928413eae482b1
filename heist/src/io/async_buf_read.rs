//! [`AsyncBufRead`]: a reader that shows its internal buffer.

use super::AsyncRead;
use std::io::{self, BufRead};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An [`AsyncRead`] with a buffer of its own, from which it can read by the line or up to a delimiter.
///
/// It is to [`std::io::BufRead`] what `AsyncRead` is to `Read`. The methods that are nice to call are in
/// [`AsyncBufReadExt`](super::AsyncBufReadExt); [`BufReader`](super::BufReader) makes one of any reader.
pub trait AsyncBufRead: AsyncRead {
    /// Returns what is in the buffer, after filling it if it is empty.
    ///
    /// An empty slice is the end of the stream. The bytes stay in the buffer until
    /// [`consume`](Self::consume) is told of them: another call returns them again. On `Pending` the task
    /// of `cx` will be woken when another try is worthwhile.
    ///
    /// # Errors
    ///
    /// Whatever the source says when it is asked for more.
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>>;

    /// Marks the first `amt` bytes of the buffer as read.
    ///
    /// `amt` must be at most the length of what [`poll_fill_buf`](Self::poll_fill_buf) has last returned;
    /// what a larger one does is up to the implementor, and it may panic.
    fn consume(self: Pin<&mut Self>, amt: usize);
}

macro_rules! buf_read_through_deref {
    () => {
        fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
            Pin::new(&mut **self.get_mut()).poll_fill_buf(cx)
        }

        fn consume(mut self: Pin<&mut Self>, amt: usize) {
            Pin::new(&mut **self).consume(amt)
        }
    };
}

impl<T: ?Sized + AsyncBufRead + Unpin> AsyncBufRead for Box<T> {
    buf_read_through_deref!();
}

impl<T: ?Sized + AsyncBufRead + Unpin> AsyncBufRead for &mut T {
    buf_read_through_deref!();
}

impl<P> AsyncBufRead for Pin<P>
where
    P: DerefMut,
    P::Target: AsyncBufRead,
{
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.as_deref_mut().poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        self.as_deref_mut().consume(amt)
    }
}

/// The slice is the buffer.
impl AsyncBufRead for &[u8] {
    fn poll_fill_buf(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(Ok(*self))
    }

    fn consume(mut self: Pin<&mut Self>, amt: usize) {
        *self = &self[amt..];
    }
}

/// What lies behind the cursor's position is the buffer.
impl<T: AsRef<[u8]> + Unpin> AsyncBufRead for io::Cursor<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(self.get_mut().fill_buf())
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        BufRead::consume(self.get_mut(), amt)
    }
}
