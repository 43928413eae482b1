//! The halves that [`TcpStream::split`] lends: see `net/halves.rs`.

use super::stream::TcpStream;
use crate::io::ReadBuf;
use crate::net::halves::lent_halves;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

lent_halves!(TcpStream, SocketAddr);

impl ReadHalf<'_> {
    /// As [`TcpStream::poll_peek`].
    ///
    /// # Errors
    /// What the operating system says.
    pub fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        self.0.poll_peek(cx, buf)
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
