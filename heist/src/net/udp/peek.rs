//! Looking at the next datagram, or only at its sender, without taking it from the socket.
//!
//! Absent on purpose: a promise to the peeker. Of several receivers another one may take what was seen.

use super::{RECEIVE, UdpSocket};
use crate::io::{ReadBuf, internet_address, peek_from_into, peek_into};
use heist_reactor::{Direction, Interest};
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

impl UdpSocket {
    /// Waits for a datagram, copies what fits of it into `buf` and returns how much that is. The datagram stays.
    ///
    /// # Errors
    /// What the operating system says. On Windows a datagram that does not fit is an error.
    ///
    /// # Cancel safety
    /// Nothing is taken in any case.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.async_io(RECEIVE, |socket| socket.peek(buf)).await
    }

    /// [`peek`](UdpSocket::peek) as a poll function, into the unfilled part of `buf`. Who is woken is as for
    /// [`poll_recv`](UdpSocket::poll_recv).
    ///
    /// # Errors
    /// As for `peek`.
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| {
                socket.try_io(|| peek_into(SockRef::from(socket), buf))
            })
            .map_ok(drop)
    }

    /// [`peek`](UdpSocket::peek) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; as for `peek`.
    pub fn try_peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.try_io(Interest::READABLE, |socket| socket.peek(buf))
    }

    /// [`peek`](UdpSocket::peek) that also says who sent the datagram.
    ///
    /// # Errors
    /// As for `peek`.
    ///
    /// # Cancel safety
    /// Nothing is taken in any case.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.async_io(RECEIVE, |socket| socket.peek_from(buf)).await
    }

    /// [`peek_from`](UdpSocket::peek_from) as a poll function, into the unfilled part of `buf`. Who is woken is as
    /// for [`poll_recv`](UdpSocket::poll_recv).
    ///
    /// # Errors
    /// As for `peek`.
    pub fn poll_peek_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| {
                socket.try_io(|| peek_from_into(SockRef::from(socket), buf))
            })
            .map_ok(|(_, sender)| sender)
    }

    /// [`peek_from`](UdpSocket::peek_from) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; as for `peek`.
    pub fn try_peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.try_io(Interest::READABLE, |socket| socket.peek_from(buf))
    }

    /// Waits for a datagram and says who sent it. The datagram stays.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Cancel safety
    /// Nothing is taken in any case.
    pub async fn peek_sender(&self) -> io::Result<SocketAddr> {
        self.io.async_io(RECEIVE, sender).await
    }

    /// [`peek_sender`](UdpSocket::peek_sender) as a poll function. Who is woken is as for
    /// [`poll_recv`](UdpSocket::poll_recv).
    ///
    /// # Errors
    /// As for `peek_sender`.
    pub fn poll_peek_sender(&self, cx: &mut Context<'_>) -> Poll<io::Result<SocketAddr>> {
        self.io.poll_io(cx, Direction::Read, sender)
    }

    /// [`peek_sender`](UdpSocket::peek_sender) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; as for `peek_sender`.
    pub fn try_peek_sender(&self) -> io::Result<SocketAddr> {
        self.io.try_io(Interest::READABLE, sender)
    }
}

fn sender(socket: &mio::net::UdpSocket) -> io::Result<SocketAddr> {
    socket.try_io(|| internet_address(&SockRef::from(socket).peek_sender()?))
}
