//! Socket options of [`TcpSocket`]: the operating system's, one method each.
//!
//! Absent on purpose: options that `socket2` offers for any socket, such as the intervals of keep-alive.
//! `SockRef::from(&socket)` reaches them.

use super::socket::TcpSocket;
use std::io;
use std::time::Duration;

impl TcpSocket {
    /// Sets whether the system probes a silent peer (`SO_KEEPALIVE`), at its own intervals.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        self.inner.set_keepalive(keepalive)
    }

    /// Whether the system probes a silent peer (`SO_KEEPALIVE`).
    ///
    /// # Errors
    /// What the operating system says.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.inner.keepalive()
    }

    /// Sets whether the address may be bound while connections of an earlier socket are in `TIME_WAIT`
    /// (`SO_REUSEADDR`). On Windows it means that another socket may take the address over.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_reuseaddr(&self, reuseaddr: bool) -> io::Result<()> {
        self.inner.set_reuse_address(reuseaddr)
    }

    /// Whether `SO_REUSEADDR` is set.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn reuseaddr(&self) -> io::Result<bool> {
        self.inner.reuse_address()
    }

    /// Sets whether other sockets with this option may bind the same address (`SO_REUSEPORT`); on Linux the system
    /// divides the connections among those that listen.
    ///
    /// # Errors
    /// What the operating system says.
    #[cfg(all(
        unix,
        not(target_os = "solaris"),
        not(target_os = "illumos"),
        not(target_os = "cygwin"),
        not(target_os = "nuttx"),
    ))]
    pub fn set_reuseport(&self, reuseport: bool) -> io::Result<()> {
        self.inner.set_reuse_port(reuseport)
    }

    /// Whether `SO_REUSEPORT` is set.
    ///
    /// # Errors
    /// What the operating system says.
    #[cfg(all(
        unix,
        not(target_os = "solaris"),
        not(target_os = "illumos"),
        not(target_os = "cygwin"),
        not(target_os = "nuttx"),
    ))]
    pub fn reuseport(&self) -> io::Result<bool> {
        self.inner.reuse_port()
    }

    /// Sets the size of the send buffer in bytes (`SO_SNDBUF`). The system rounds it, and Linux doubles it.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_send_buffer_size(&self, size: u32) -> io::Result<()> {
        self.inner.set_send_buffer_size(bytes(size))
    }

    /// The size of the send buffer in bytes, as the system made it of what was asked for.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        self.inner.send_buffer_size().map(saturated)
    }

    /// Sets the size of the receive buffer in bytes (`SO_RCVBUF`). The system rounds it, and Linux doubles it. Set
    /// before `listen` or `connect` it decides how large a window can be announced.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_recv_buffer_size(&self, size: u32) -> io::Result<()> {
        self.inner.set_recv_buffer_size(bytes(size))
    }

    /// The size of the receive buffer in bytes, as the system made it of what was asked for.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        self.inner.recv_buffer_size().map(saturated)
    }

    /// Sets how long closing waits for unsent data (`SO_LINGER`), in whole seconds.
    ///
    /// # Errors
    /// What the operating system says.
    #[deprecated = "a socket with `SO_LINGER` blocks the thread that drops it; `set_zero_linger` does not"]
    pub fn set_linger(&self, dur: Option<Duration>) -> io::Result<()> {
        self.inner.set_linger(dur)
    }

    /// Makes closing reset the connection and drop unsent data.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.inner.set_linger(Some(Duration::ZERO))
    }

    /// How long closing waits for unsent data (`SO_LINGER`), or `None` if it does not.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.inner.linger()
    }

    /// Sets whether small writes are sent at once rather than gathered (`TCP_NODELAY`).
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.set_tcp_nodelay(nodelay)
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// What the operating system says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.tcp_nodelay()
    }

    /// The traffic class of outgoing IPv6 packets (`IPV6_TCLASS`).
    ///
    /// # Errors
    /// What the operating system says.
    #[cfg(any(
        target_os = "android",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "fuchsia",
        target_os = "linux",
        target_os = "macos",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "cygwin",
    ))]
    pub fn tclass_v6(&self) -> io::Result<u32> {
        self.inner.tclass_v6()
    }

    /// Sets the traffic class of outgoing IPv6 packets (`IPV6_TCLASS`).
    ///
    /// # Errors
    /// What the operating system says.
    #[cfg(any(
        target_os = "android",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "fuchsia",
        target_os = "linux",
        target_os = "macos",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "cygwin",
    ))]
    pub fn set_tclass_v6(&self, tclass: u32) -> io::Result<()> {
        self.inner.set_tclass_v6(tclass)
    }

    /// The type of service of outgoing IPv4 packets (`IP_TOS`).
    ///
    /// # Errors
    /// What the operating system says.
    #[cfg(not(any(
        target_os = "fuchsia",
        target_os = "redox",
        target_os = "solaris",
        target_os = "illumos",
        target_os = "haiku",
        target_os = "wasi",
    )))]
    pub fn tos_v4(&self) -> io::Result<u32> {
        self.inner.tos_v4()
    }

    /// [`tos_v4`](TcpSocket::tos_v4) under its old name.
    ///
    /// # Errors
    /// What the operating system says.
    #[deprecated = "it is for IPv4 only, as the new name says: `tos_v4`"]
    #[doc(hidden)]
    #[cfg(not(any(
        target_os = "fuchsia",
        target_os = "redox",
        target_os = "solaris",
        target_os = "illumos",
        target_os = "haiku",
        target_os = "wasi",
    )))]
    pub fn tos(&self) -> io::Result<u32> {
        self.tos_v4()
    }

    /// Sets the type of service of outgoing IPv4 packets (`IP_TOS`). On Windows the system may ignore it.
    ///
    /// # Errors
    /// What the operating system says.
    #[cfg(not(any(
        target_os = "fuchsia",
        target_os = "redox",
        target_os = "solaris",
        target_os = "illumos",
        target_os = "haiku",
        target_os = "wasi",
    )))]
    pub fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
        self.inner.set_tos_v4(tos)
    }

    /// [`set_tos_v4`](TcpSocket::set_tos_v4) under its old name.
    ///
    /// # Errors
    /// What the operating system says.
    #[deprecated = "it is for IPv4 only, as the new name says: `set_tos_v4`"]
    #[doc(hidden)]
    #[cfg(not(any(
        target_os = "fuchsia",
        target_os = "redox",
        target_os = "solaris",
        target_os = "illumos",
        target_os = "haiku",
        target_os = "wasi",
    )))]
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        self.set_tos_v4(tos)
    }

    /// The name of the interface that the socket is bound to (`SO_BINDTODEVICE`), or `None` if it is to none.
    ///
    /// # Errors
    /// What the operating system says.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        self.inner.device()
    }

    /// Binds the socket to the interface of that name (`SO_BINDTODEVICE`), so that it sends and receives over no
    /// other; `None` undoes it.
    ///
    /// # Errors
    /// What the operating system says.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        self.inner.bind_device(interface)
    }
}

/// A size for the system; it takes no more than an `i32`, so nothing is lost where `usize` is narrower.
fn bytes(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

fn saturated(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
