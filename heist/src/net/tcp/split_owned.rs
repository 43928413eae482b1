//! The halves that [`TcpStream::into_split`] makes, for two tasks: see `net/halves.rs`.

use super::stream::TcpStream;
use crate::io::ReadBuf;
use crate::net::halves::owned_halves;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

owned_halves!(TcpStream, SocketAddr);

impl OwnedReadHalf {
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
}
