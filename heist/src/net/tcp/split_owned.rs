//! The halves that [`TcpStream::into_split`] makes, for two tasks.
//!
//! Invariants
//!
//! - I1: there is one half per direction, so the one waker that a direction keeps for `poll_*` functions is
//!   that half's.
//! - I2: exactly two halves share a stream, so reuniting them leaves one owner.
//! - I3: writing is shut down once the writing half is gone, unless it was reunited or forgotten.

use super::stream::TcpStream;
use crate::io::{AsyncRead, AsyncWrite, ReadBuf};
use bytes::BufMut;
use heist_primitive::sync::Arc;
use heist_reactor::{Interest, Ready};
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The reading half of a [`TcpStream`], made by [`TcpStream::into_split`].
///
/// Reads through [`AsyncRead`]; its other methods are those of the stream.
#[derive(Debug)]
pub struct OwnedReadHalf {
    stream: Arc<TcpStream>,
}

/// The writing half of a [`TcpStream`], made by [`TcpStream::into_split`].
///
/// Writes through [`AsyncWrite`]. Dropping it shuts the writing direction down, unless it was
/// [forgotten](OwnedWriteHalf::forget). Its other methods are those of the stream.
#[derive(Debug)]
pub struct OwnedWriteHalf {
    stream: Arc<TcpStream>,
    shutdown_on_drop: bool,
}

pub(super) fn split(stream: TcpStream) -> (OwnedReadHalf, OwnedWriteHalf) {
    let stream = Arc::new(stream);
    let read = OwnedReadHalf {
        stream: Arc::clone(&stream),
    };
    (
        read,
        OwnedWriteHalf {
            stream,
            shutdown_on_drop: true,
        },
    )
}

fn reunite(read: OwnedReadHalf, write: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
    if !Arc::ptr_eq(&read.stream, &write.stream) {
        return Err(ReuniteError(read, write));
    }
    write.forget();
    // I2: the other half has just gone.
    Ok(Arc::try_unwrap(read.stream).expect("only two halves share a stream"))
}

/// The halves given to `reunite` belong to different streams; here they are back.
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tried to reunite halves of two different sockets")
    }
}

impl std::error::Error for ReuniteError {}

impl OwnedReadHalf {
    /// Puts the two halves together again.
    ///
    /// # Errors
    /// They belong to different streams.
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        reunite(self, other)
    }

    /// As [`TcpStream::poll_peek`].
    ///
    /// # Errors
    /// What the operating system says.
    pub fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        self.stream.poll_peek(cx, buf)
    }

    /// As [`TcpStream::peek`].
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Cancel safety
    /// Nothing is taken in any case.
    pub async fn peek(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        poll_fn(|cx| self.poll_peek(cx, &mut buf)).await
    }

    /// As [`TcpStream::ready`].
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.stream.ready(interest).await
    }

    /// As [`TcpStream::readable`].
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn readable(&self) -> io::Result<()> {
        self.stream.readable().await
    }

    /// As [`TcpStream::try_read`].
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; what the operating system says.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.try_read(buf)
    }

    /// As [`TcpStream::try_read_vectored`].
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; what the operating system says.
    pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.stream.try_read_vectored(bufs)
    }

    /// As [`TcpStream::try_read_buf`].
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; what the operating system says.
    pub fn try_read_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.stream.try_read_buf(buf)
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }
}

impl OwnedWriteHalf {
    /// Puts the two halves together again.
    ///
    /// # Errors
    /// They belong to different streams.
    pub fn reunite(self, other: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        reunite(other, self)
    }

    /// Drops the half without shutting writing down: the peer sees no end until the other half is gone too.
    pub fn forget(mut self) {
        self.shutdown_on_drop = false;
    }

    /// As [`TcpStream::ready`].
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.stream.ready(interest).await
    }

    /// As [`TcpStream::writable`].
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn writable(&self) -> io::Result<()> {
        self.stream.writable().await
    }

    /// As [`TcpStream::try_write`].
    ///
    /// # Errors
    /// `WouldBlock` if there is no room; what the operating system says.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        self.stream.try_write(buf)
    }

    /// As [`TcpStream::try_write_vectored`].
    ///
    /// # Errors
    /// `WouldBlock` if there is no room; what the operating system says.
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.stream.try_write_vectored(bufs)
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }
}

impl AsyncRead for OwnedReadHalf {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream.read_poll(cx, buf)
    }
}

impl AsyncWrite for OwnedWriteHalf {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.write_poll(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.write_vectored_poll(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = self.stream.shutdown_write();
        if result.is_ok() {
            self.shutdown_on_drop = false;
        }
        Poll::Ready(result)
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if self.shutdown_on_drop {
            // Fails only if the connection is over, and then there is nothing to shut down.
            let _ = self.stream.shutdown_write();
        }
    }
}

impl AsRef<TcpStream> for OwnedReadHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.stream
    }
}

impl AsRef<TcpStream> for OwnedWriteHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.stream
    }
}
