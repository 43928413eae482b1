//! Sending datagrams: each call sends one, whole.
//!
//! Absent on purpose: a buffer, and any division of data that is too large for one datagram.

use super::UdpSocket;
use crate::net::addr::{ToSocketAddrs, resolve};
use heist_reactor::{Direction, Interest};
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

impl UdpSocket {
    /// Sends `buf` to the peer that the socket is connected to, and returns how many bytes were sent.
    ///
    /// # Errors
    /// The socket is not [connected](UdpSocket::connect), `buf` is too large for a datagram, or what the
    /// operating system says, also of earlier datagrams: `ConnectionRefused` if the peer has no such port.
    ///
    /// # Cancel safety
    /// A dropped future has sent nothing.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io
            .async_io(Interest::WRITABLE, |socket| socket.send(buf))
            .await
    }

    /// [`send`](UdpSocket::send) as a poll function. Only the task of the latest `poll_*` call for sending is
    /// woken.
    ///
    /// # Errors
    /// As for `send`.
    pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Write, |socket| socket.send(buf))
    }

    /// [`send`](UdpSocket::send) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room, or nobody has waited for it yet on a new socket; as for `send`.
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io.try_io(Interest::WRITABLE, |socket| socket.send(buf))
    }

    /// Sends `buf` to `target`, of several addresses to the first one, and returns how many bytes were sent.
    ///
    /// ```no_run
    /// # async fn f(socket: heist::net::UdpSocket) -> std::io::Result<()> {
    /// socket.send_to(b"hello", "127.0.0.1:8080").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The address cannot be resolved or is of another family than the socket's, `buf` is too large for a
    /// datagram, or what the operating system says.
    ///
    /// # Cancel safety
    /// A dropped future has sent nothing.
    pub async fn send_to<A: ToSocketAddrs>(&self, buf: &[u8], target: A) -> io::Result<usize> {
        let Some(target) = resolve(target).await?.next() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "no address to send to: the target resolves to none",
            ));
        };
        self.io
            .async_io(Interest::WRITABLE, |socket| socket.send_to(buf, target))
            .await
    }

    /// [`send_to`](UdpSocket::send_to) as a poll function. Only the task of the latest `poll_*` call for
    /// sending is woken.
    ///
    /// # Errors
    /// As for `send_to`.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.io
            .poll_io(cx, Direction::Write, |socket| socket.send_to(buf, target))
    }

    /// [`send_to`](UdpSocket::send_to) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room, or nobody has waited for it yet on a new socket; as for `send_to`.
    pub fn try_send_to(&self, buf: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.io
            .try_io(Interest::WRITABLE, |socket| socket.send_to(buf, target))
    }
}
