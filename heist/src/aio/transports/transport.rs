//! The handles: [`Transport`], [`ReadTransport`], [`WriteTransport`]. Each is a reference to the shared state, with the
//! methods that make sense for its directions.
//!
//! Invariants
//!
//! - I1: no method waits or calls foreign code, but for the waker of the driver.
//! - I2: after the connection is over every method is allowed and does nothing.

use std::fmt;
use std::net::SocketAddr;

use heist_primitive::sync::StdArc as Arc;

use super::marks;
use super::protocol::AnyProtocol;
use super::shared::Shared;

/// A kind of transport, made by the driver. It seals what a protocol can be of.
pub trait FromShared: Send + Sized + 'static {
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "nobody else is to make one")]
    fn from_shared(shared: Arc<Shared>) -> Self;
}

/// The methods of every kind of transport.
macro_rules! transport {
    ($(#[$doc:meta])* $Transport:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $Transport {
            shared: Arc<Shared>,
        }

        impl $Transport {
            /// Closes it: takes no more bytes and hands none over, writes what waits in the buffer, and then
            /// `connection_lost(None)` is called. Again, it does nothing.
            pub fn close(&self) {
                self.shared.close();
            }

            /// Closes it at once: what waits in the buffer is lost, and `connection_lost(None)` is called.
            pub fn abort(&self) {
                self.shared.fail(None);
            }

            /// Whether it is being closed, or is closed.
            pub fn is_closing(&self) -> bool {
                self.shared.is_closing()
            }

            /// Lets another protocol take over with the next callback. It is not told that a connection was made. The one
            /// before is dropped.
            pub fn set_protocol<P, K>(&self, protocol: P)
            where
                P: AnyProtocol<$Transport, K>,
            {
                self.shared.set_protocol(protocol.erase().0);
            }
        }

        impl FromShared for $Transport {
            #[allow(private_interfaces, reason = "nobody else is to make one")]
            fn from_shared(shared: Arc<Shared>) -> Self {
                Self { shared }
            }
        }

        impl fmt::Debug for $Transport {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.shared.fmt(f)
            }
        }
    };
}

/// The methods of those that can be read from.
macro_rules! reading {
    ($Transport:ident) => {
        impl $Transport {
            /// Hands over no data until [`resume_reading`](Self::resume_reading); the system's buffers fill, and the peer
            /// has to wait. Called from outside a callback, the one that is running may be followed by one more.
            ///
            /// If it is paused or closing, it does nothing.
            pub fn pause_reading(&self) {
                self.shared.set_reading(false);
            }

            /// Goes on after [`pause_reading`](Self::pause_reading). If it was not paused, it does nothing.
            pub fn resume_reading(&self) {
                self.shared.set_reading(true);
            }

            /// Whether data is handed over: neither paused, nor at its end, nor closing.
            pub fn is_reading(&self) -> bool {
                self.shared.is_reading()
            }
        }
    };
}

/// The methods of those that can be written to.
macro_rules! writing {
    ($Transport:ident) => {
        impl $Transport {
            /// Writes without waiting: what the system takes at once is written, the rest is kept and written later, in
            /// order. It takes any amount; `pause_writing` tells the protocol that the amount is large.
            ///
            /// After a close it does nothing; why, `connection_lost` says.
            ///
            /// # Panics
            /// After [`write_eof`](Self::write_eof).
            #[track_caller]
            pub fn write(&self, data: &[u8]) {
                self.shared.write(data);
            }

            /// Writes several pieces, one after the other, as one [`write`](Self::write).
            ///
            /// # Panics
            /// As for `write`.
            #[track_caller]
            pub fn writelines<I>(&self, lines: I)
            where
                I: IntoIterator,
                I::Item: AsRef<[u8]>,
            {
                let mut data = Vec::new();
                for line in lines {
                    data.extend_from_slice(line.as_ref());
                }
                self.shared.write(&data);
            }

            /// Ends the writing when what waits in the buffer is written; data can still come. A pipe is closed then.
            pub fn write_eof(&self) {
                self.shared.write_eof();
            }

            /// Whether [`write_eof`](Self::write_eof) works: it does on every kind that can be written to.
            pub fn can_write_eof(&self) -> bool {
                true
            }

            /// Sets when `pause_writing` and `resume_writing` are called: with more than `high` bytes in the buffer, and
            /// with `low` bytes or fewer. By default these are 64 KiB and 16 KiB.
            ///
            /// Without `low` it is a quarter of `high`; without `high` it is four times `low`. A `high` of 0 makes every byte
            /// that the system does not take at once a reason to pause.
            ///
            /// # Panics
            /// If `low` is above `high`.
            #[track_caller]
            pub fn set_write_buffer_limits(&self, high: Option<usize>, low: Option<usize>) {
                self.shared.set_limits(marks::limits(high, low));
            }

            /// The low and the high mark, in bytes.
            pub fn get_write_buffer_limits(&self) -> (usize, usize) {
                self.shared.limits()
            }

            /// How many bytes wait to be written.
            pub fn get_write_buffer_size(&self) -> usize {
                self.shared.buffered()
            }
        }
    };
}

transport! {
    /// What a protocol, or anybody else, does to a connection. `asyncio.Transport`.
    ///
    /// A handle: clones are cheap, and any thread may use them. The connection lives on without one.
    ///
    /// Its `get_extra_info` is a method for each thing: [`peer_addr`](Self::peer_addr), [`local_addr`](Self::local_addr), and
    /// for Unix-domain sockets `unix_peer_addr`, `unix_local_addr` and `peer_cred`. They answer after the end, too.
    Transport
}
reading!(Transport);
writing!(Transport);

impl Transport {
    /// The peer's address, if this is TCP.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.shared.extra.ip.peer
    }

    /// The address of this end, if this is TCP.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.shared.extra.ip.local
    }

    /// The peer's name, if this is a Unix-domain socket.
    #[cfg(unix)]
    pub fn unix_peer_addr(&self) -> Option<&crate::net::unix::SocketAddr> {
        self.shared.extra.unix.peer.as_ref()
    }

    /// The name of this end, if this is a Unix-domain socket.
    #[cfg(unix)]
    pub fn unix_local_addr(&self) -> Option<&crate::net::unix::SocketAddr> {
        self.shared.extra.unix.local.as_ref()
    }

    /// Who the peer was when it connected, if this is a Unix-domain socket.
    #[cfg(unix)]
    pub fn peer_cred(&self) -> Option<crate::net::unix::UCred> {
        self.shared.extra.peer_cred
    }
}

transport! {
    /// A pipe that is read from. `asyncio.ReadTransport`.
    ///
    /// A handle: clones are cheap, and any thread may use them.
    ReadTransport
}
reading!(ReadTransport);

transport! {
    /// A pipe that is written to. `asyncio.WriteTransport`.
    ///
    /// A handle: clones are cheap, and any thread may use them.
    WriteTransport
}
writing!(WriteTransport);
