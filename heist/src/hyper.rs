//! hyper's runtime traits on heist's types (feature `hyper`): streams, executor and timer.
//!
//! ```text
//!            AsyncRead, AsyncWrite              hyper::rt::{Read, Write}
//!  heist's   TcpStream, UnixStream, File, BufReader<R> …: both, as they are
//!  others    T ──────────────── Io<T> ────────────────►
//!            ◄───────────────── Io<H> ──────────────── H, such as hyper's Upgraded
//! ```
//!
//! | hyper wants | give it |
//! |---|---|
//! | a connection | a `TcpStream` or another of heist's streams, or [`Io`] around anybody else's, such as TLS |
//! | an executor, for HTTP/2 | [`Executor`] |
//! | a timer, for its timeouts | [`Timer`] |
//!
//! # Examples
//!
//! A server that answers one connection:
//!
//! ```no_run
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! use hyper::service::service_fn;
//! use hyper::{Response, server::conn::http1};
//!
//! let listener = heist::net::TcpListener::bind("127.0.0.1:8080").await?;
//! let (stream, _) = listener.accept().await?;
//! let hello = service_fn(async |_| Ok::<_, hyper::Error>(Response::new("hello\n".to_owned())));
//! http1::Builder::new().timer(heist::hyper::Timer::new()).serve_connection(stream, hello).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Invariants
//!
//! - I1: memory lent by one side's read buffer goes only into the other side's read buffer, and neither
//!   makes an initialised byte uninitialised.
//! - I2: a read buffer is advanced only by a count of bytes that were written at the start of the memory it
//!   lent: of heist's readers `poll_read_uninit` vouches for it (I3 of `io/read_buf.rs`), of hyper's the
//!   filled part of hyper's own buffer, which a reader can only reach through a cursor.
//!
//! Absent on purpose: a connection pool, a connector, graceful shutdown: hyper-util's, and they work on
//! these types.

#![allow(unsafe_code)]

use crate::byte_streams::{readers, writers};
use crate::io::{AsyncRead, AsyncWrite, ReadBuf, poll_read_uninit};
use crate::time;
use hyper::rt::{self, ReadBufCursor};
use pin_project_lite::pin_project;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

pin_project! {
    /// A stream seen from the other side: around a stream of heist's traits it is one of hyper's, around a
    /// stream of hyper's traits it is one of heist's.
    ///
    /// Reads go straight into the buffer of whoever reads, without clearing it first, and vectored writes
    /// are passed on.
    ///
    /// # Examples
    ///
    /// What is left of a connection after an HTTP upgrade, as a stream to read lines from:
    ///
    /// ```no_run
    /// use heist::hyper::Io;
    /// use heist::io::{AsyncBufReadExt, BufReader};
    ///
    /// # async fn after(upgraded: hyper::upgrade::Upgraded) -> heist::io::Result<()> {
    /// let mut lines = BufReader::new(Io::new(upgraded)).lines();
    /// while let Some(line) = lines.next_line().await? {
    ///     println!("{line}");
    /// }
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

impl<T: AsyncRead> rt::Read for Io<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        poll_read_cursor(self.project().inner, cx, buf)
    }
}

/// Reads once into hyper's buffer.
fn poll_read_cursor<R: AsyncRead + ?Sized>(
    reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    mut cursor: ReadBufCursor<'_>,
) -> Poll<io::Result<()>> {
    // SAFETY: I1.
    let spare = unsafe { cursor.as_mut() };
    let n = ready!(poll_read_uninit(reader, cx, spare))?;
    // SAFETY: I2.
    unsafe { cursor.advance(n) };
    Poll::Ready(Ok(()))
}

/// The methods of hyper's `Write`, by those of `AsyncWrite` of the pinned stream that `$inner` gives.
macro_rules! write_for_hyper {
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

        fn poll_shutdown($self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            AsyncWrite::poll_shutdown($inner, cx)
        }
    };
}

impl<T: AsyncWrite> rt::Write for Io<T> {
    write_for_hyper!(self => self.project().inner);

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

macro_rules! impl_read {
    ($($(#[$gate:meta])* [$($generics:tt)*] $type:ty;)*) => {$(
        $(#[$gate])*
        impl<$($generics)*> rt::Read for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: ReadBufCursor<'_>,
            ) -> Poll<io::Result<()>> {
                poll_read_cursor(self, cx, buf)
            }
        }
    )*};
}

macro_rules! impl_write {
    ($($(#[$gate:meta])* [$($generics:tt)*] $type:ty;)*) => {$(
        $(#[$gate])*
        impl<$($generics)*> rt::Write for $type {
            write_for_hyper!(self => self);

            fn is_write_vectored(&self) -> bool {
                AsyncWrite::is_write_vectored(self)
            }
        }
    )*};
}

readers!(impl_read);
writers!(impl_write);

impl<H: rt::Read> AsyncRead for Io<H> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // SAFETY: I1.
        let spare = unsafe { buf.unfilled_mut() };
        let mut part = rt::ReadBuf::uninit(spare);
        ready!(self.project().inner.poll_read(cx, part.unfilled()))?;
        let n = part.filled().len();
        // SAFETY: I2.
        unsafe { buf.assume_init(n) };
        buf.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl<H: rt::Write> AsyncWrite for Io<H> {
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

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}

/// Spawns hyper's tasks on the current runtime, as [`heist::spawn`](crate::spawn) does.
///
/// # Panics
///
/// `execute` panics outside of a runtime.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Executor {}

impl Executor {
    /// An executor for whichever runtime it is used on.
    pub fn new() -> Self {
        Executor {}
    }
}

impl<F> rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[track_caller]
    fn execute(&self, fut: F) {
        crate::spawn(fut);
    }
}

/// Gives hyper heist's clock and sleeps: without a timer hyper's timeouts are off.
///
/// # Panics
///
/// Its sleeps panic outside of a runtime, or if the runtime's time is not enabled.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Timer {}

impl Timer {
    /// A timer for whichever runtime it is used on.
    pub fn new() -> Self {
        Timer {}
    }
}

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep {
            inner: time::sleep(duration),
        })
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep {
            inner: time::sleep_until(time::Instant::from_std(deadline)),
        })
    }

    fn now(&self) -> Instant {
        time::Instant::now().into_std()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, new_deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            // In place: hyper does this at every request of a connection.
            Some(ours) => ours.project().inner.reset(time::Instant::from_std(new_deadline)),
            None => *sleep = self.sleep_until(new_deadline),
        }
    }
}

pin_project! {
    struct Sleep {
        #[pin]
        inner: time::Sleep,
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().inner.poll(cx)
    }
}

impl rt::Sleep for Sleep {}
