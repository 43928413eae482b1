//! [quinn], the QUIC implementation, on heist: hand [`HeistRuntime`] to [`Endpoint::new`].
//!
//! ```text
//!                 quinn::Runtime                     heist
//!   Endpoint ──► HeistRuntime ── spawn ───────────► spawn
//!            ──► Timer ───────── reset, poll ─────► time::Sleep
//!            ──► Socket ──────── send, receive ───► net::UdpSocket, by quinn-udp's system calls
//!            ──► Writable ────── poll_writable ───► a wait of its own, so any number of tasks can
//! ```
//!
//! Datagrams go out and come in by quinn-udp: many at once where the system can (GSO, GRO, `recvmmsg`), with their ECN
//! marks. quinn's cargo features choose the cryptography; this crate asks for none of them, and for none of quinn's other
//! runtimes.
//!
//! # Examples
//!
//! A client:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! # async fn connect(config: quinn::ClientConfig) -> Result<(), Box<dyn std::error::Error>> {
//! let mut endpoint = heist_quinn::endpoint(quinn::EndpointConfig::default(), None, "[::]:0".parse()?)?;
//! endpoint.set_default_client_config(config);
//! let connection = endpoint.connect("[::1]:4433".parse()?, "localhost")?.await?;
//! let (mut send, mut receive) = connection.open_bi().await?;
//! send.write_all(b"hello").await?;
//! send.finish()?;
//! println!("{} bytes came back", receive.read_to_end(1 << 20).await?.len());
//! # Ok(())
//! # }
//! ```
//!
//! Absent on purpose: TLS configuration, which is rustls's; a version that follows heist's, since quinn's own breaks
//! more often than heist's does.
//!
//! [quinn]: quinn
//! [`Endpoint::new`]: quinn::Endpoint::new

#![forbid(unsafe_code)]

mod socket;
mod timer;

use quinn::{AsyncTimer, AsyncUdpSocket, Endpoint, EndpointConfig, Runtime, ServerConfig};
use socket::Socket;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;
use timer::Timer;

/// heist as quinn sees it: on whichever heist runtime it is used.
///
/// # Panics
///
/// Making a timer, a socket or a task outside of a runtime panics, and so does making a timer or a socket where the
/// runtime's time or I/O is not enabled.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct HeistRuntime {}

impl HeistRuntime {
    /// The runtime for [`Endpoint::new`] and [`Endpoint::new_with_abstract_socket`].
    pub fn new() -> Self {
        HeistRuntime {}
    }
}

impl Runtime for HeistRuntime {
    fn new_timer(&self, deadline: Instant) -> Pin<Box<dyn AsyncTimer>> {
        Box::pin(Timer::new(deadline))
    }

    #[track_caller]
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        heist::spawn(future);
    }

    fn wrap_udp_socket(&self, socket: UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(Socket::new(socket)?))
    }

    fn now(&self) -> Instant {
        heist::time::Instant::now().into_std()
    }
}

/// Binds `address` and makes an endpoint of it on the current runtime: a server if there is a `server` configuration,
/// and a client once it has a default client configuration.
///
/// # Errors
///
/// The address cannot be bound; what the operating system says about the socket.
///
/// # Panics
///
/// Outside of a runtime, or if its I/O or its time is not enabled.
///
/// # Examples
///
/// ```no_run
/// # async fn serve(config: quinn::ServerConfig) -> Result<(), Box<dyn std::error::Error>> {
/// let endpoint = heist_quinn::endpoint(quinn::EndpointConfig::default(), Some(config), "[::]:4433".parse()?)?;
/// while let Some(incoming) = endpoint.accept().await {
///     heist::spawn(async move {
///         let connection = incoming.await?;
///         println!("{} is here", connection.remote_address());
///         Ok::<(), quinn::ConnectionError>(())
///     });
/// }
/// # Ok(())
/// # }
/// ```
pub fn endpoint(
    config: EndpointConfig,
    server: Option<ServerConfig>,
    address: SocketAddr,
) -> io::Result<Endpoint> {
    let socket = UdpSocket::bind(address)?;
    Endpoint::new(config, server, socket, Arc::new(HeistRuntime::new()))
}
