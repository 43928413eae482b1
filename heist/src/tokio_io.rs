//! tokio's io traits on heist's types (feature `tokio`), and heist's on others' streams.
//!
//! ```text
//!            heist::io                                tokio::io
//!  heist's   TcpStream, UnixStream, File, BufReader<R> …: both, as they are
//!  others    T ──────────────── Io<T> ────────────────►
//!            ◄───────────────── Io<U> ──────────────── U, such as a TLS stream of tokio-rustls
//! ```
//!
//! So a library that asks for `tokio::io::AsyncRead + AsyncWrite` (tokio-rustls, tokio-postgres, tokio-tungstenite, h2,
//! tokio-util's codecs) takes a [`TcpStream`](crate::net::TcpStream) as it is. Of the crate tokio no feature is asked
//! for: no reactor and no timer of tokio's is built.
//!
//! The methods of both crates' extension traits have the same names. Import one of them; with both, `stream.read(…)`
//! is ambiguous and the compiler asks for `AsyncReadExt::read(&mut stream, …)`.
//!
//! **Not together with a patch** that puts heist in the place of the crate tokio: tokio is heist then, heist's traits are
//! tokio's, and this feature would make heist depend on itself, which cargo refuses as a cycle.
//!
//! # Examples
//!
//! ```
//! use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
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
//! Invariants
//!
//! - I1: memory lent by one side's read buffer goes only into the other side's read buffer, and neither makes an
//!   initialised byte uninitialised.
//! - I2: what a buffer is told to be initialised is what the other side's buffer over the same memory, from the same
//!   byte on, says is initialised.
//! - I3: a buffer's filled mark is advanced by what the other side's buffer is filled with, and only after it has been
//!   seen to be the same buffer: a reader may have put another one in its place.
//!
//! Absent on purpose: tokio's runtime. What calls `tokio::spawn` or `tokio::time` inside needs the patch.

#![allow(unsafe_code)]

use crate::byte_streams::{buf_readers, readers, seekers, writers};
use crate::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf, poll_read_checked};
use ::tokio::io as theirs;
use pin_project_lite::pin_project;
use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// A stream seen from the other side: around a stream of heist's traits it is one of tokio's, around a stream of
    /// tokio's traits it is one of heist's.
    ///
    /// heist's own streams need it in neither direction. Reads go straight into the buffer of whoever reads, without
    /// clearing it first, and vectored writes are passed on.
    ///
    /// # Examples
    ///
    /// A stream that was made for tokio, such as one of tokio-rustls, copied by heist:
    ///
    /// ```no_run
    /// use heist::tokio_io::Io;
    ///
    /// # async fn tunnel(
    /// #     tls: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    /// #     mut upstream: heist::net::TcpStream,
    /// # ) -> std::io::Result<()> {
    /// heist::io::copy_bidirectional(&mut Io::new(tls), &mut upstream).await?;
    /// # Ok(())
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

/// Reads once into tokio's buffer. What of it is initialised stays known, in both directions.
fn poll_read_theirs<R: AsyncRead + ?Sized>(
    reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    buf: &mut theirs::ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let known = buf.initialized().len() - buf.filled().len();
    // SAFETY: I1.
    let spare = unsafe { buf.unfilled_mut() };
    let mut part = ReadBuf::uninit(spare);
    // SAFETY: I2.
    unsafe { part.assume_init(known) };
    let result = poll_read_checked(reader, cx, &mut part);
    let initialized = part.initialized().len();
    // SAFETY: I2, I3.
    unsafe { buf.assume_init(initialized) };
    let n = ready!(result)?;
    buf.advance(n);
    Poll::Ready(Ok(()))
}

macro_rules! impl_read {
    ($($(#[$gate:meta])* [$($generics:tt)*] $type:ty;)*) => {$(
        $(#[$gate])*
        impl<$($generics)*> theirs::AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut theirs::ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                poll_read_theirs(self, cx, buf)
            }
        }
    )*};
}

/// The methods of one side's `AsyncWrite`, by those of the other side's, `$trait`, of the pinned stream that `$inner`
/// gives and of the shared one that `$shared` gives.
macro_rules! write_methods {
    ($trait:path: $self:ident => $inner:expr, $shared:expr) => {
        fn poll_write($self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            <_ as $trait>::poll_write($inner, cx, buf)
        }

        fn poll_write_vectored(
            $self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            <_ as $trait>::poll_write_vectored($inner, cx, bufs)
        }

        fn is_write_vectored(&$self) -> bool {
            <_ as $trait>::is_write_vectored($shared)
        }

        fn poll_flush($self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            <_ as $trait>::poll_flush($inner, cx)
        }

        fn poll_shutdown($self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            <_ as $trait>::poll_shutdown($inner, cx)
        }
    };
}

macro_rules! impl_write {
    ($($(#[$gate:meta])* [$($generics:tt)*] $type:ty;)*) => {$(
        $(#[$gate])*
        impl<$($generics)*> theirs::AsyncWrite for $type {
            write_methods!(AsyncWrite: self => self, self);
        }
    )*};
}

/// The methods of one side's `AsyncBufRead`, by the other side's.
macro_rules! buf_read_methods {
    ($trait:path: $self:ident => $inner:expr) => {
        fn poll_fill_buf($self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
            <_ as $trait>::poll_fill_buf($inner, cx)
        }

        fn consume($self: Pin<&mut Self>, amt: usize) {
            <_ as $trait>::consume($inner, amt);
        }
    };
}

macro_rules! impl_buf_read {
    ($($(#[$gate:meta])* [$($generics:tt)*] $type:ty;)*) => {$(
        $(#[$gate])*
        impl<$($generics)*> theirs::AsyncBufRead for $type {
            buf_read_methods!(AsyncBufRead: self => self);
        }
    )*};
}

/// The methods of one side's `AsyncSeek`, by the other side's.
macro_rules! seek_methods {
    ($trait:path: $self:ident => $inner:expr) => {
        fn start_seek($self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
            <_ as $trait>::start_seek($inner, position)
        }

        fn poll_complete($self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
            <_ as $trait>::poll_complete($inner, cx)
        }
    };
}

macro_rules! impl_seek {
    ($($(#[$gate:meta])* [$($generics:tt)*] $type:ty;)*) => {$(
        $(#[$gate])*
        impl<$($generics)*> theirs::AsyncSeek for $type {
            seek_methods!(AsyncSeek: self => self);
        }
    )*};
}

readers!(impl_read);
writers!(impl_write);
buf_readers!(impl_buf_read);
seekers!(impl_seek);

// What came out of an HTTP upgrade.
impl_read! {
    #[cfg(feature = "hyper")]
    [H: ::hyper::rt::Read] crate::hyper::Io<H>;
}
impl_write! {
    #[cfg(feature = "hyper")]
    [H: ::hyper::rt::Write] crate::hyper::Io<H>;
}

impl<T: AsyncRead> theirs::AsyncRead for Io<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut theirs::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        poll_read_theirs(self.project().inner, cx, buf)
    }
}

impl<T: AsyncWrite> theirs::AsyncWrite for Io<T> {
    write_methods!(AsyncWrite: self => self.project().inner, &self.inner);
}

impl<T: AsyncBufRead> theirs::AsyncBufRead for Io<T> {
    buf_read_methods!(AsyncBufRead: self => self.project().inner);
}

impl<T: AsyncSeek> theirs::AsyncSeek for Io<T> {
    seek_methods!(AsyncSeek: self => self.project().inner);
}

impl<U: theirs::AsyncRead> AsyncRead for Io<U> {
    /// # Panics
    ///
    /// If the reader put another buffer in the place of the one it was lent.
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let known = buf.initialized().len() - buf.filled().len();
        // SAFETY: I1.
        let spare = unsafe { buf.unfilled_mut() };
        let (start, capacity) = (spare.as_ptr(), spare.len());
        let mut part = theirs::ReadBuf::uninit(spare);
        // SAFETY: I2.
        unsafe { part.assume_init(known) };
        let result = self.project().inner.poll_read(cx, &mut part);
        let (n, initialized) = (part.filled().len(), part.initialized().len());
        assert!(
            std::ptr::eq(start.cast(), part.filled().as_ptr()) && part.capacity() == capacity,
            "tokio's AsyncRead::poll_read replaced the ReadBuf it was lent: fix the reader"
        );
        // SAFETY: I2, I3.
        unsafe { buf.assume_init(initialized) };
        ready!(result)?;
        buf.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl<U: theirs::AsyncWrite> AsyncWrite for Io<U> {
    write_methods!(theirs::AsyncWrite: self => self.project().inner, &self.inner);
}

impl<U: theirs::AsyncBufRead> AsyncBufRead for Io<U> {
    buf_read_methods!(theirs::AsyncBufRead: self => self.project().inner);
}

impl<U: theirs::AsyncSeek> AsyncSeek for Io<U> {
    seek_methods!(theirs::AsyncSeek: self => self.project().inner);
}
