//! [`AsyncWrite`]: a sink of bytes that can be written without blocking the thread.

use std::io::{self, IoSlice, Write};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Writes bytes to a sink, or arranges for the task to be woken when there is room.
///
/// It is to [`std::io::Write`] what a future is to a blocking call: where a blocking writer waits, this one
/// returns [`Poll::Pending`]. The methods that are nice to call are in
/// [`AsyncWriteExt`](super::AsyncWriteExt).
pub trait AsyncWrite {
    /// Writes from the start of `buf` and returns how many bytes the sink has taken.
    ///
    /// `Ready(Ok(n))` promises `n <= buf.len()`; 0 means that the sink takes no more, or that `buf` is
    /// empty. On `Pending` nothing was written, and the task of `cx` will be woken when another try is
    /// worthwhile, which may be made with another buffer.
    ///
    /// # Errors
    ///
    /// Whatever the sink says, except `WouldBlock` (that is `Pending`) and `Interrupted` (try again).
    /// Nothing was written then.
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>>;

    /// Hands on everything that the writer holds back in a buffer of its own.
    ///
    /// On `Pending` the task of `cx` will be woken when another try is worthwhile.
    ///
    /// # Errors
    ///
    /// Whatever the sink says.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Flushes, then tells the other side in good order that no more is coming: a TCP stream sends a FIN,
    /// a TLS stream its close message.
    ///
    /// It completes when nothing is left to do and the writer may be dropped. Calls that complete may
    /// follow each other; a write after the first one may fail. Dropping a writer without this call is an
    /// abrupt end, in which buffered bytes are lost.
    ///
    /// # Errors
    ///
    /// Whatever the sink says.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Like [`poll_write`](Self::poll_write), from several buffers as if they were one.
    ///
    /// What the default method does is to write the first buffer that is not empty.
    ///
    /// # Errors
    ///
    /// As `poll_write`.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter().find(|buf| !buf.is_empty());
        self.poll_write(cx, first.map_or(&[], |buf| &**buf))
    }

    /// Whether [`poll_write_vectored`](Self::poll_write_vectored) takes more than one buffer at a time.
    ///
    /// Where it does not, which is what the default says, a caller does better to join its buffers first.
    fn is_write_vectored(&self) -> bool {
        false
    }
}

macro_rules! write_through_deref {
    () => {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            Pin::new(&mut **self).poll_write(cx, buf)
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut **self).poll_write_vectored(cx, bufs)
        }

        fn is_write_vectored(&self) -> bool {
            (**self).is_write_vectored()
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut **self).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut **self).poll_shutdown(cx)
        }
    };
}

impl<T: ?Sized + AsyncWrite + Unpin> AsyncWrite for Box<T> {
    write_through_deref!();
}

impl<T: ?Sized + AsyncWrite + Unpin> AsyncWrite for &mut T {
    write_through_deref!();
}

impl<P> AsyncWrite for Pin<P>
where
    P: DerefMut,
    P::Target: AsyncWrite,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.as_deref_mut().poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.as_deref_mut().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        (**self).is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.as_deref_mut().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.as_deref_mut().poll_shutdown(cx)
    }
}

/// The writers in memory, which are ready at once and do what their `std::io::Write` does.
macro_rules! write_as_std {
    ($($(#[$doc:meta])* $type:ty,)*) => {$(
        $(#[$doc])*
        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                _cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                Poll::Ready(self.get_mut().write(buf))
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                _cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                Poll::Ready(self.get_mut().write_vectored(bufs))
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.get_mut().flush())
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_flush(cx)
            }
        }
    )*};
}

write_as_std! {
    /// Appends.
    Vec<u8>,
    /// Overwrites from the position on; takes nothing at the end of the slice.
    io::Cursor<&mut [u8]>,
    /// Overwrites from the position on and grows the vector.
    io::Cursor<&mut Vec<u8>>,
    /// Overwrites from the position on and grows the vector.
    io::Cursor<Vec<u8>>,
    /// Overwrites from the position on; takes nothing at the end of the box.
    io::Cursor<Box<[u8]>>,
}
