//! Receiving datagrams: each call takes one. What does not fit into the buffer is lost.
//!
//! Absent on purpose: any zeroing of a buffer, and any word on whether a datagram was cut.

use super::{RECEIVE, UdpSocket};
use crate::io::{ReadBuf, recv_buf_from_into, recv_buf_into, recv_from_into, recv_into};
use bytes::BufMut;
use heist_reactor::{Direction, Interest};
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

impl UdpSocket {
    /// Waits for a datagram, copies it into `buf` and returns its length. 0 is an empty datagram.
    ///
    /// The socket is usually [connected](UdpSocket::connect); [`recv_from`](UdpSocket::recv_from) says who has
    /// sent. Bytes for which `buf` has no room are lost.
    ///
    /// # Errors
    /// What the operating system says, also of datagrams sent earlier: `ConnectionRefused` if the peer has no
    /// such port.
    ///
    /// # Cancel safety
    /// A dropped future has received nothing.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.async_io(RECEIVE, |socket| socket.recv(buf)).await
    }

    /// [`recv`](UdpSocket::recv) as a poll function, into the unfilled part of `buf`. Only the task of the latest
    /// `poll_*` call for receiving or peeking is woken, and by a datagram only: an error that the network
    /// reports waits for the next call.
    ///
    /// # Errors
    /// As for `recv`.
    pub fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| {
                socket.try_io(|| recv_into(SockRef::from(socket), buf))
            })
            .map_ok(drop)
    }

    /// [`recv`](UdpSocket::recv) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; as for `recv`.
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.try_io(Interest::READABLE, |socket| socket.recv(buf))
    }

    /// [`recv`](UdpSocket::recv) into the spare room of a [`BufMut`], which grows by what was received.
    ///
    /// A growing buffer gives the room it has, or a little: reserve what the largest datagram needs.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// # use heist::net::UdpSocket;
    /// # let receiver = UdpSocket::bind("127.0.0.1:0").await?;
    /// # let sender = UdpSocket::bind("127.0.0.1:0").await?;
    /// # sender.send_to(b"hello", receiver.local_addr()?).await?;
    /// let mut buffer = Vec::with_capacity(1500);
    /// receiver.recv_buf(&mut buffer).await?;
    /// assert_eq!(buffer, b"hello");
    /// # Ok(()) })
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for `recv`.
    ///
    /// # Cancel safety
    /// A dropped future has received nothing.
    pub async fn recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.io
            .async_io(RECEIVE, |socket| {
                socket.try_io(|| recv_buf_into(SockRef::from(socket), buf))
            })
            .await
    }

    /// [`recv_buf`](UdpSocket::recv_buf) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; as for `recv`.
    pub fn try_recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.io.try_io(Interest::READABLE, |socket| {
            socket.try_io(|| recv_buf_into(SockRef::from(socket), buf))
        })
    }

    /// Waits for a datagram, copies it into `buf`, and returns its length and its sender. 0 is an empty
    /// datagram. Bytes for which `buf` has no room are lost.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Cancel safety
    /// A dropped future has received nothing.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.async_io(RECEIVE, |socket| socket.recv_from(buf)).await
    }

    /// [`recv_from`](UdpSocket::recv_from) as a poll function, into the unfilled part of `buf`. Who is woken is
    /// as for [`poll_recv`](UdpSocket::poll_recv).
    ///
    /// # Errors
    /// As for `recv_from`.
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| {
                socket.try_io(|| recv_from_into(SockRef::from(socket), buf))
            })
            .map_ok(|(_, sender)| sender)
    }

    /// [`recv_from`](UdpSocket::recv_from) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; as for `recv_from`.
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.try_io(Interest::READABLE, |socket| socket.recv_from(buf))
    }

    /// [`recv_from`](UdpSocket::recv_from) into the spare room of a [`BufMut`], which grows by what was received.
    ///
    /// A growing buffer gives the room it has, or a little: reserve what the largest datagram needs.
    ///
    /// # Errors
    /// As for `recv_from`.
    ///
    /// # Cancel safety
    /// A dropped future has received nothing.
    pub async fn recv_buf_from<B: BufMut>(&self, buf: &mut B) -> io::Result<(usize, SocketAddr)> {
        self.io
            .async_io(RECEIVE, |socket| {
                socket.try_io(|| recv_buf_from_into(SockRef::from(socket), buf))
            })
            .await
    }

    /// [`recv_buf_from`](UdpSocket::recv_buf_from) without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; as for `recv_from`.
    pub fn try_recv_buf_from<B: BufMut>(&self, buf: &mut B) -> io::Result<(usize, SocketAddr)> {
        self.io.try_io(Interest::READABLE, |socket| {
            socket.try_io(|| recv_buf_from_into(SockRef::from(socket), buf))
        })
    }
}
