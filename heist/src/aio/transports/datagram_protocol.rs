//! [`DatagramProtocol`]: what is called when something happens on a datagram socket.

use std::io;
use std::net::SocketAddr;

use super::datagram::DatagramTransport;

/// What is called on a datagram socket. `asyncio.DatagramProtocol`.
///
/// The calls come from one task, one after the other: `connection_made` once, `datagram_received` and `error_received` any
/// number of times, `connection_lost` once, and nothing after it.
///
/// They must not block. A call that panics closes the socket, and the panic is that of the socket's task. When the runtime
/// shuts down, the protocol is dropped without a further call.
///
/// ```
/// use heist::aio::{DatagramProtocol, DatagramTransport, create_datagram_endpoint};
/// use std::net::SocketAddr;
///
/// #[derive(Default)]
/// struct Echo(Option<DatagramTransport>);
///
/// impl DatagramProtocol for Echo {
///     fn connection_made(&mut self, transport: DatagramTransport) {
///         self.0 = Some(transport);
///     }
///     fn datagram_received(&mut self, data: &[u8], from: SocketAddr) {
///         self.0.as_ref().expect("made").sendto(data, Some(from));
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let local = "127.0.0.1:0".parse().unwrap();
/// let transport = create_datagram_endpoint(Echo::default, Some(local), None).await?;
/// println!("echo on {:?}", transport.local_addr());
/// transport.close();
/// # Ok(()) })
/// # }
/// ```
pub trait DatagramProtocol: Send + 'static {
    /// The socket is there, and `transport` is what to send with. The first call.
    fn connection_made(&mut self, transport: DatagramTransport) {
        drop(transport);
    }

    /// A datagram has come.
    fn datagram_received(&mut self, data: &[u8], from: SocketAddr) {
        let _ = (data, from);
    }

    /// A send or a receive has failed; the socket goes on. On a connected socket that is mostly `ConnectionRefused`: the
    /// peer's machine has said that nobody listens there.
    fn error_received(&mut self, error: io::Error) {
        drop(error);
    }

    /// The socket is closed: `None` if it was closed or aborted here. The last call.
    fn connection_lost(&mut self, error: Option<io::Error>) {
        drop(error);
    }

    /// More bytes wait to be sent than the high-water mark allows.
    fn pause_writing(&mut self) {}

    /// No more bytes wait than the low-water mark allows.
    fn resume_writing(&mut self) {}
}
