//! [`Wire`]: what the driver needs of a socket or of an end of a pipe; and what is known of its ends.
//!
//! Invariants
//!
//! - I1: nothing here waits, and nothing here calls foreign code: a `try_*` may be called under the transport's lock.
//! - I2: only the driver calls the poll functions, so each direction has one waker.
//!
//! Deliberately absent: closing. The last reference closes it.

use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use heist_primitive::sync::StdArc as Arc;

use crate::net::TcpStream;

/// A byte stream, or one direction of one.
pub(super) trait Wire: Send + Sync {
    fn can_read(&self) -> bool {
        true
    }

    fn can_write(&self) -> bool {
        true
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize>;
    fn try_write(&self, data: &[u8]) -> io::Result<usize>;
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Ends the writing direction and leaves the other. `false`: there is no other, so close it.
    fn shutdown_write(&self) -> bool;

    /// Waits until nobody is there to read what is written. Only a pipe knows; a socket learns it by reading or writing.
    fn abandoned(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(pending())
    }
}

/// What `get_extra_info` knows, asked for at the beginning so that it is known at the end too.
#[derive(Debug, Default)]
pub(super) struct Extra {
    pub(super) ip: Ends<SocketAddr>,
    #[cfg(unix)]
    pub(super) unix: Ends<crate::net::unix::SocketAddr>,
    #[cfg(unix)]
    pub(super) peer_cred: Option<crate::net::unix::UCred>,
}

/// The addresses of the two ends.
#[derive(Debug)]
pub(super) struct Ends<A> {
    pub(super) local: Option<A>,
    pub(super) peer: Option<A>,
}

impl<A> Default for Ends<A> {
    fn default() -> Self {
        Self {
            local: None,
            peer: None,
        }
    }
}

impl Extra {
    pub(super) fn of_tcp(stream: &TcpStream) -> Extra {
        Extra {
            ip: Ends {
                local: stream.local_addr().ok(),
                peer: stream.peer_addr().ok(),
            },
            ..Extra::default()
        }
    }
}

/// The methods that both kinds of stream socket have alike.
macro_rules! socket_wire {
    ($Stream:ty) => {
        impl $crate::aio::transports::wire::Wire for $Stream {
            fn try_read(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                <$Stream>::try_read(self, buffer)
            }

            fn try_write(&self, data: &[u8]) -> std::io::Result<usize> {
                <$Stream>::try_write(self, data)
            }

            fn poll_read_ready(
                &self,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                <$Stream>::poll_read_ready(self, cx)
            }

            fn poll_write_ready(
                &self,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                <$Stream>::poll_write_ready(self, cx)
            }

            fn shutdown_write(&self) -> bool {
                // A connection that is gone already is found so by the next read.
                let _ = <$Stream>::shutdown_write(self);
                true
            }
        }
    };
}

#[cfg(unix)]
pub(super) use socket_wire;

socket_wire!(TcpStream);
