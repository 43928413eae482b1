//! [`create_server`] and [`TransportServer`]: a protocol for each connection that comes.
//!
//! ```text
//!   serving ──(1) close──► closing ──(2) the last connection is lost──► closed: wait_closed returns
//! ```
//!
//! Invariants
//!
//! - I1: `live` has the connections whose driver has not ended; its guard takes one out however the driver ends.
//! - I2: a factory runs in its connection's task: if it panics, that connection is lost and nothing else.
//! - I3: nothing is closed, dropped or woken under the lock.
//!
//! Deliberately absent: `start_serving`. It serves from the beginning; whoever wants to wait binds later.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;

use heist_primitive::sync::{Mutex, StdArc as Arc};

use super::connect::{IntoWire, TransportSocket};
use super::drive::Driver;
use super::protocol::AnyProtocol;
use super::shared::Shared;
use super::transport::Transport;
use crate::net::{TcpListener, ToSocketAddrs, lookup_host};
use crate::sync::Notify;

/// Listens on TCP and drives a new protocol on each connection. `loop.create_server`.
///
/// It listens on every address that the name resolves to. `factory` is called once a connection, in the connection's own
/// task.
///
/// # Errors
/// What resolving the name or binding says, for any of the addresses.
///
/// # Panics
/// Outside of a runtime.
///
/// # Cancel safety
/// A dropped future leaves no listener.
///
/// ```
/// # use heist::aio::Protocol;
/// # struct Silent;
/// # impl Protocol for Silent {}
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let server = heist::aio::create_server(|| Silent, "127.0.0.1:0").await?;
/// println!("serving on {:?}", server.sockets());
/// server.close();
/// server.wait_closed().await;
/// # Ok(()) })
/// # }
/// ```
pub async fn create_server<P, K: 'static>(
    factory: impl Fn() -> P + Send + Sync + 'static,
    address: impl ToSocketAddrs,
) -> io::Result<TransportServer>
where
    P: AnyProtocol<Transport, K>,
{
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in lookup_host(address).await? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.push(TcpListener::bind(address).await?);
    }
    serve(listeners, factory)
}

/// What is listened on.
pub(super) trait Listen: Send + Sync + 'static {
    type Stream: TransportSocket;
    type Address: Clone + Send + Sync + 'static;
    fn address(&self) -> io::Result<Self::Address>;
    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listen for TcpListener {
    type Stream = crate::net::TcpStream;
    type Address = SocketAddr;

    fn address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    async fn next(&self) -> io::Result<Self::Stream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

/// Serves on all of `listeners`, in a task each.
pub(super) fn serve<L: Listen, P, K: 'static>(
    listeners: Vec<L>,
    factory: impl Fn() -> P + Send + Sync + 'static,
) -> io::Result<TransportServer<L::Address>>
where
    P: AnyProtocol<Transport, K>,
{
    let sockets = listeners.iter().map(L::address).collect::<io::Result<_>>()?;
    let served = Arc::new(Served::default());
    let factory = Arc::new(factory);
    for listener in listeners {
        crate::spawn(accept(listener, served.clone(), factory.clone()));
    }
    Ok(TransportServer { sockets, served })
}

async fn accept<L: Listen, P, K: 'static>(
    listener: L,
    served: Arc<Served>,
    factory: Arc<impl Fn() -> P + Send + Sync + 'static>,
) where
    P: AnyProtocol<Transport, K>,
{
    let mut closed = pin!(served.until(|state| state.closing));
    loop {
        let mut next = pin!(listener.next());
        let accepted = poll_fn(|cx| match closed.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => next.as_mut().poll(cx).map(Some),
        });
        let Some(accepted) = accepted.await else {
            return;
        };
        let Ok(stream) = accepted else {
            // It is of one connection. After a shortage the next accept waits by itself.
            crate::task::yield_now().await;
            continue;
        };
        let (served, factory) = (served.clone(), factory.clone());
        crate::spawn(async move {
            let driver = Driver::new(stream.into_wire(), factory().erase());
            let _live = served.enter(driver.shared().clone());
            driver.drive(None).await;
        });
    }
}

/// A running server. `asyncio.Server`, of those that [`create_server`] and `create_unix_server` make.
///
/// Dropped, it is [closed](Self::close), as at the end of asyncio's `async with`.
pub struct TransportServer<A = SocketAddr> {
    sockets: Vec<A>,
    served: Arc<Served>,
}

#[derive(Default)]
struct Served {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    closing: bool,
    /// What to do when it is closed, once.
    at_close: Option<Box<dyn FnOnce() + Send>>,
    live: HashMap<u64, Arc<Shared>>,
    next: u64,
}

impl<A> TransportServer<A> {
    /// Listens no more. The connections go on.
    pub fn close(&self) {
        let mut state = self.served.state.lock();
        state.closing = true;
        let at_close = state.at_close.take();
        drop(state);
        if let Some(at_close) = at_close {
            at_close();
        }
        self.served.changed.notify_waiters();
    }

    /// [Closes](Transport::close) all connections.
    pub fn close_clients(&self) {
        self.clients().iter().for_each(|client| client.close());
    }

    /// [Aborts](Transport::abort) all connections.
    pub fn abort_clients(&self) {
        self.clients().iter().for_each(|client| client.fail(None));
    }

    /// Waits until it is [closed](Self::close) and all its connections are over.
    ///
    /// # Cancel safety
    /// Dropping the wait loses nothing.
    pub async fn wait_closed(&self) {
        self.served
            .until(|state| state.closing && state.live.is_empty())
            .await;
    }

    /// Serves until it is [closed](Self::close) by somebody else, and its connections are over.
    ///
    /// # Cancel safety
    /// Dropping the wait closes the server; the connections go on.
    pub async fn serve_forever(&self) {
        let closing = Closing(self);
        self.wait_closed().await;
        drop(closing);
    }

    /// Whether it listens.
    pub fn is_serving(&self) -> bool {
        !self.served.state.lock().closing
    }

    /// The addresses that it listens on; none once it is closed.
    pub fn sockets(&self) -> &[A] {
        if self.is_serving() { &self.sockets } else { &[] }
    }

    /// Lets `at_close` be called when it is closed.
    pub(super) fn at_close(&self, at_close: impl FnOnce() + Send + 'static) {
        self.served.state.lock().at_close = Some(Box::new(at_close));
    }

    fn clients(&self) -> Vec<Arc<Shared>> {
        self.served.state.lock().live.values().cloned().collect()
    }
}

impl<A> Drop for TransportServer<A> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Closes a server when dropped.
struct Closing<'a, A>(&'a TransportServer<A>);

impl<A> Drop for Closing<'_, A> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Served {
    /// Waits until the state is as asked.
    async fn until(&self, holds: impl Fn(&State) -> bool) {
        loop {
            let changed = self.changed.notified();
            // `notify_waiters` reaches a `Notified` from its making on.
            if holds(&self.state.lock()) {
                return;
            }
            changed.await;
        }
    }

    fn enter(self: Arc<Self>, shared: Arc<Shared>) -> Live {
        let mut state = self.state.lock();
        let id = state.next;
        state.next += 1;
        state.live.insert(id, shared);
        drop(state);
        Live { served: self, id }
    }
}

/// A connection of a server whose driver has not ended.
struct Live {
    served: Arc<Served>,
    id: u64,
}

impl Drop for Live {
    fn drop(&mut self) {
        let mut state = self.served.state.lock();
        let gone = state.live.remove(&self.id);
        let last = state.live.is_empty();
        drop(state);
        drop(gone);
        if last {
            self.served.changed.notify_waiters();
        }
    }
}

impl<A: fmt::Debug> fmt::Debug for TransportServer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportServer")
            .field("sockets", &self.sockets())
            .field("connections", &self.clients().len())
            .finish()
    }
}
