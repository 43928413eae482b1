//! Socket options of UDP: the operating system's, one method each.
//!
//! Absent on purpose: options that `socket2` offers for any socket. `SockRef::from(&socket)` reaches them.

use super::UdpSocket;
use socket2::SockRef;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

impl UdpSocket {
    /// Whether datagrams may be sent to broadcast addresses (`SO_BROADCAST`).
    ///
    /// # Errors
    /// What the operating system says.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.io.broadcast()
    }

    /// Sets whether datagrams may be sent to broadcast addresses (`SO_BROADCAST`).
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.io.set_broadcast(on)
    }

    /// Whether IPv4 multicast datagrams of this host come back to it.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.io.multicast_loop_v4()
    }

    /// Sets whether IPv4 multicast datagrams of this host come back to it.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.io.set_multicast_loop_v4(on)
    }

    /// The time-to-live of IPv4 multicast datagrams, in hops.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.io.multicast_ttl_v4()
    }

    /// Sets the time-to-live of IPv4 multicast datagrams, in hops; it is 1 at first, the local network.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.io.set_multicast_ttl_v4(ttl)
    }

    /// Whether IPv6 multicast datagrams of this host come back to it.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.io.multicast_loop_v6()
    }

    /// Sets whether IPv6 multicast datagrams of this host come back to it.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.io.set_multicast_loop_v6(on)
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
        SockRef::from(self).tclass_v6()
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
        SockRef::from(self).set_tclass_v6(tclass)
    }

    /// The time-to-live of outgoing packets, in hops.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.ttl()
    }

    /// Sets the time-to-live of outgoing packets, in hops.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.set_ttl(ttl)
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
        SockRef::from(self).tos_v4()
    }

    /// [`tos_v4`](UdpSocket::tos_v4) under its old name.
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
        SockRef::from(self).set_tos_v4(tos)
    }

    /// [`set_tos_v4`](UdpSocket::set_tos_v4) under its old name.
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
        SockRef::from(self).device()
    }

    /// Sends and receives only through the interface of that name (`SO_BINDTODEVICE`), or with `None` through any.
    ///
    /// # Errors
    /// What the operating system says.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        SockRef::from(self).bind_device(interface)
    }

    /// Joins an IPv4 multicast group on the interface with that address; the unspecified address leaves the
    /// choice to the system.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn join_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.join_multicast_v4(&multiaddr, &interface)
    }

    /// Joins an IPv6 multicast group on the interface with that index; 0 leaves the choice to the system.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.join_multicast_v6(multiaddr, interface)
    }

    /// Leaves an IPv4 multicast group on the interface with that address; the unspecified address leaves the
    /// choice to the system.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn leave_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.leave_multicast_v4(&multiaddr, &interface)
    }

    /// Leaves an IPv6 multicast group on the interface with that index; 0 leaves the choice to the system.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.leave_multicast_v6(multiaddr, interface)
    }
}
