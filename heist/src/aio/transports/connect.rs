//! [`create_connection`], and what all functions that start a driver share.

use std::io;

use heist_primitive::sync::StdArc as Arc;

use super::drive::Driver;
use super::protocol::{AnyProtocol, Erased};
use super::shared::Shared;
use super::transport::{FromShared, Transport};
use super::wire::{Extra, Wire};
use crate::net::{TcpStream, ToSocketAddrs};
use crate::sync::oneshot;

/// Connects over TCP and drives a protocol on the connection. `loop.create_connection`.
///
/// `factory` is called when the connection is there; when this returns, its `connection_made` has been called. Nagle's
/// algorithm is off. A name with several addresses is tried as [`TcpStream::connect`] does.
///
/// For options beyond that connect a [`TcpSocket`](crate::net::TcpSocket) and use [`connect_accepted_socket`].
///
/// # Errors
/// What connecting says; or `connection_made` has panicked.
///
/// # Panics
/// Outside of a runtime.
///
/// # Cancel safety
/// A dropped future leaves no connection.
///
/// ```
/// use heist::aio::{Protocol, Transport, create_connection};
/// use heist::io::AsyncReadExt;
///
/// struct Greeter;
///
/// impl Protocol for Greeter {
///     fn connection_made(&mut self, transport: Transport) {
///         transport.write(b"hello");
///         transport.close();
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let listener = heist::net::TcpListener::bind("127.0.0.1:0").await?;
/// let transport = create_connection(|| Greeter, listener.local_addr()?).await?;
/// assert_eq!(transport.peer_addr(), Some(listener.local_addr()?));
///
/// let mut greeting = String::new();
/// listener.accept().await?.0.read_to_string(&mut greeting).await?;
/// assert_eq!(greeting, "hello");
/// # Ok(()) })
/// # }
/// ```
pub async fn create_connection<P, K>(
    factory: impl FnOnce() -> P,
    address: impl ToSocketAddrs,
) -> io::Result<Transport>
where
    P: AnyProtocol<Transport, K>,
{
    connect_accepted_socket(factory, TcpStream::connect(address).await?).await
}

/// Drives a protocol on a stream that exists: a [`TcpStream`] or a `UnixStream`. `loop.connect_accepted_socket`, and
/// `create_connection` with `sock=`.
///
/// # Errors
/// `connection_made` has panicked.
///
/// # Panics
/// Outside of a runtime.
///
/// # Cancel safety
/// A dropped future leaves no connection.
pub async fn connect_accepted_socket<P, K>(
    factory: impl FnOnce() -> P,
    stream: impl TransportSocket,
) -> io::Result<Transport>
where
    P: AnyProtocol<Transport, K>,
{
    start(stream.into_wire(), factory().erase()).await
}

/// Starts the driver and waits for `connection_made`.
pub(super) async fn start<T: FromShared>(ends: (Arc<dyn Wire>, Extra), protocol: Erased) -> io::Result<T> {
    let driver = Driver::new(ends, protocol);
    let unmade = Unmade(Some(driver.shared().clone()));
    let (made, is_made) = oneshot::channel();
    crate::spawn(driver.drive(Some(made)));
    is_made.await.map_err(|_| {
        io::Error::other("the protocol panicked in `connection_made`, or the runtime shuts down")
    })?;
    Ok(T::from_shared(unmade.made()))
}

/// A connection that nobody has been given yet: dropped, it is aborted.
struct Unmade(Option<Arc<Shared>>);

impl Unmade {
    fn made(mut self) -> Arc<Shared> {
        self.0.take().expect("it is taken once, here or in the drop")
    }
}

impl Drop for Unmade {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            shared.fail(None);
        }
    }
}

/// A connected stream socket: [`TcpStream`], `UnixStream`. Sealed.
pub trait TransportSocket: IntoWire {}

/// What a driver makes of it.
pub trait IntoWire: Send + 'static {
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "nobody else is to call it")]
    fn into_wire(self) -> (Arc<dyn Wire>, Extra);
}

impl TransportSocket for TcpStream {}

impl IntoWire for TcpStream {
    #[allow(private_interfaces, reason = "nobody else is to call it")]
    fn into_wire(self) -> (Arc<dyn Wire>, Extra) {
        // An option: the connection works without it.
        let _ = self.set_nodelay(true);
        let extra = Extra::of_tcp(&self);
        (Arc::new(self), extra)
    }
}
