//! futures-io's traits on heist's types (feature `futures-io`), and heist's on others' streams.
//!
//! ```text
//!            heist::io                                futures_io
//!  heist's   TcpStream, UnixStream, File, BufReader<R> …: both, as they are
//!  others    T ──────────────── Io<T> ────────────────►
//!            ◄───────────────── Io<F> ──────────────── F, such as a TLS stream of futures-rustls
//! ```
//!
//! So a library that asks for `futures::AsyncRead + AsyncWrite` (async-tungstenite, futures-rustls, what is made for
//! smol) takes a [`TcpStream`](crate::net::TcpStream) as it is. `poll_close` is heist's `poll_shutdown`.
//!
//! The methods of both crates' extension traits have the same names. Import one of them; with both, `stream.read(…)`
//! is ambiguous and the compiler asks for `AsyncReadExt::read(&mut stream, …)`.
//!
//! # Examples
//!
//! Lines, by the methods of the crate futures:
//!
//! ```
//! use futures_util::{AsyncBufReadExt, AsyncWriteExt};
//!
//! # fn main() -> std::io::Result<()> {
//! # heist::runtime::Runtime::new()?.block_on(async {
//! let (mut ours, theirs) = heist::io::duplex(64);
//! ours.write_all(b"hello\n").await?;
//! let mut line = String::new();
//! heist::io::BufReader::new(theirs).read_line(&mut line).await?;
//! assert_eq!(line, "hello\n");
//! # Ok(()) })
//! # }
//! ```
//!
//! Which types have it is listed in `byte_streams.rs`.
//!
//! Absent on purpose: `futures_io::AsyncSeek`, whose one method starts a seek and waits for it, and would have to
//! remember between two polls that it has started; reading into memory that is not initialised, which the trait cannot
//! express: a library that has the choice does better with tokio's or hyper's traits.

use crate::byte_streams::{buf_readers, readers, writers};
use crate::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use pin_project_lite::pin_project;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// A stream seen from the other side: around a stream of heist's traits it is one of futures-io's, around a
    /// stream of futures-io's traits it is one of heist's.
    ///
    /// heist's own streams need it in neither direction.
    ///
    /// # Examples
    ///
    /// Something made for futures-io, read by heist's methods:
    ///
    /// ```
    /// use heist::futures_io::Io;
    /// use heist::io::AsyncReadExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// let foreign = futures_util::io::Cursor::new(b"hello");
    /// let mut text = String::new();
    /// Io::new(foreign).read_to_string(&mut text).await?;
    /// assert_eq!(text, "hello");
    /// # Ok(()) })
    /// # }
    /// ```
    #[derive(Debug, Clone, Copy, Default)]
    pub struct Io<T> {
        #[pin]
        inner: T,
    }
}

impl<T> Io<T> {
    /// Wraps a stream.
    pub fn new(inner: T) -> Self {
        Io { inner }
    }

    /// The stream.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// The stream, mutably.
    pub fn inner_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// The stream, unwrapped.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

/// Reads once into `buf`.
fn poll_read_slice<R: AsyncRead + ?Sized>(
    reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    buf: &mut [u8],
) -> Poll<io::Result<usize>> {
    let mut buf = ReadBuf::new(buf);
    ready!(reader.poll_read(cx, &mut buf))?;
    Poll::Ready(Ok(buf.filled().len()))
}

macro_rules! impl_read {
    ($($(#[$gate:meta])* [$($generics:tt)*] $type:ty;)*) => {$(
        $(#[$gate])*
        impl<$($generics)*> ::futures_io::AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                poll_read_slice(self, cx, buf)
            }
        }
    )*};
}

/// The methods of futures-io's `AsyncWrite`, by those of heist's of the pinned stream that `$inner` gives.
macro_rules! write_methods {
    ($self:ident => $inner:expr) => {
        fn poll_write($self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            AsyncWrite::poll_write($inner, cx, buf)
        }

        fn poll_write_vectored(
            $self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            AsyncWrite::poll_write_vectored($inner, cx, bufs)
        }

        fn poll_flush($self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            AsyncWrite::poll_flush($inner, cx)
        }

        fn poll_close($self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            AsyncWrite::poll_shutdown($inner, cx)
        }
    };
}

macro_rules! impl_write {
    ($($(#[$gate:meta])* [$($generics:tt)*] $type:ty;)*) => {$(
        $(#[$gate])*
        impl<$($generics)*> ::futures_io::AsyncWrite for $type {
            write_methods!(self => self);
        }
    )*};
}

macro_rules! impl_buf_read {
    ($($(#[$gate:meta])* [$($generics:tt)*] $type:ty;)*) => {$(
        $(#[$gate])*
        impl<$($generics)*> ::futures_io::AsyncBufRead for $type {
            fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
                AsyncBufRead::poll_fill_buf(self, cx)
            }

            fn consume(self: Pin<&mut Self>, amt: usize) {
                AsyncBufRead::consume(self, amt);
            }
        }
    )*};
}

readers!(impl_read);
writers!(impl_write);
buf_readers!(impl_buf_read);

// What came out of an HTTP upgrade.
impl_read! {
    #[cfg(feature = "hyper")]
    [H: ::hyper::rt::Read] crate::hyper::Io<H>;
}
impl_write! {
    #[cfg(feature = "hyper")]
    [H: ::hyper::rt::Write] crate::hyper::Io<H>;
}

impl<T: AsyncRead> ::futures_io::AsyncRead for Io<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        poll_read_slice(self.project().inner, cx, buf)
    }
}

impl<T: AsyncWrite> ::futures_io::AsyncWrite for Io<T> {
    write_methods!(self => self.project().inner);
}

impl<T: AsyncBufRead> ::futures_io::AsyncBufRead for Io<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        self.project().inner.consume(amt);
    }
}

impl<F: ::futures_io::AsyncRead> AsyncRead for Io<F> {
    /// Clears the part of `buf` that is not initialised, once: futures-io lends initialised memory only.
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let n = ready!(self.project().inner.poll_read(cx, buf.initialize_unfilled()))?;
        buf.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl<F: ::futures_io::AsyncWrite> AsyncWrite for Io<F> {
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

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_close(cx)
    }
}

impl<F: ::futures_io::AsyncBufRead> AsyncBufRead for Io<F> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        self.project().inner.consume(amt);
    }
}
