//! [`Server`]: listening sockets, and the connections that came in through them.
//!
//! ```text
//!            start_serving, serve_forever                 close, drop
//!   Bound ────────────────────────────────► Serving ─────────────────────► Closed ──► wait_closed ends when the
//!     └──────────────────────────── close ────────────────────────────────►┘          last connection is over
//! ```
//!
//! Invariants
//!
//! - I1: `clients` has each connection from its acceptance until it is over, be it that the callback has returned before
//!   or goes on after.
//! - I2: nothing is accepted once `Closed`: a connection that was taken just then is dropped unseen.
//! - I3: a callback runs in a task of its own from its call on; so its panic ends that task, and the drop of its writer
//!   the connection, and nothing else.
//! - I4: `doors` counts the accepting tasks; each has one listening socket, which is closed when the task is gone.
//!
//! Deliberately absent: `get_loop`.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;

use heist_primitive::sync::{Mutex, StdArc as Arc};

use super::connection::Connection;
use super::reader::StreamReader;
use super::socket::{Endpoint, Socket};
use super::tls::ServerTls;
use super::writer::StreamWriter;
use crate::runtime::{Handle, report};
use crate::sync::Notify;
use crate::task::{AbortHandle, yield_now};

/// What a callback of [`start_server`](super::start_server) may return: nothing, or a `Result` of nothing, whose error
/// is told on stderr.
pub trait ConnectionResult {
    /// What went wrong, if anything.
    fn failure(self) -> Option<String>;
}

impl ConnectionResult for () {
    fn failure(self) -> Option<String> {
        None
    }
}

impl<E: fmt::Display> ConnectionResult for Result<(), E> {
    fn failure(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

/// A listening socket, whatever its kind.
pub(super) trait Listen: Send + Sync + 'static {
    fn accept(&self) -> impl Future<Output = io::Result<Arc<dyn Socket>>> + Send;
}

/// Listens, and gives the task that accepts.
type Open = Box<dyn FnOnce(&Arc<Shared>) -> io::Result<AbortHandle> + Send>;

/// A socket that is bound: how to listen on it.
pub(super) struct Bound {
    pub(super) name: Endpoint,
    pub(super) open: Open,
    /// Undone when the server closes.
    pub(super) undo: Option<Box<dyn Send>>,
}

/// A server on streams. `asyncio.Server`.
///
/// It comes from [`start_server`](super::start_server) and [`ServerOptions`](super::ServerOptions).
///
/// Dropping it [closes](Self::close) it: nothing more is accepted, and the connections that there are go on.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::aio::{open_connection, start_server};
///
/// let server = start_server(async |_, writer| writer.write(b"hello"), "127.0.0.1:0").await?;
/// let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await?;
/// assert_eq!(reader.read_to_end().await?, b"hello");
/// writer.close();
///
/// server.close();
/// server.wait_closed().await;
/// # Ok(()) })
/// # }
/// ```
#[must_use = "a server that is dropped is closed"]
pub struct Server {
    shared: Arc<Shared>,
}

/// What the server and its tasks share.
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Notify,
    limit: usize,
    tls: Option<ServerTls>,
    pub(super) handle: Handle,
}

struct State {
    phase: Phase,
    bound: Vec<Bound>,
    names: Vec<Endpoint>,
    undo: Vec<Box<dyn Send>>,
    doors: Vec<AbortHandle>,
    open_doors: usize,
    clients: HashMap<u64, Arc<Connection>>,
    next_client: u64,
    forever: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Bound,
    Serving,
    Closed,
}

impl Server {
    pub(super) fn new(mut bound: Vec<Bound>, limit: usize, tls: Option<ServerTls>) -> Self {
        let names = bound.iter().map(|bound| bound.name.clone()).collect();
        let undo = bound.iter_mut().filter_map(|bound| bound.undo.take()).collect();
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    phase: Phase::Bound,
                    bound,
                    names,
                    undo,
                    doors: Vec::new(),
                    open_doors: 0,
                    clients: HashMap::new(),
                    next_client: 0,
                    forever: false,
                }),
                changed: Notify::new(),
                limit,
                tls,
                handle: Handle::current(),
            }),
        }
    }

    /// Begins to accept. It has been done already unless [`start_serving(false)`](super::ServerOptions::start_serving)
    /// was asked for; then, or a second time, it does nothing.
    ///
    /// # Errors
    ///
    /// The server is closed, or the system refuses to listen.
    pub async fn start_serving(&self) -> io::Result<()> {
        self.start()
    }

    pub(super) fn start(&self) -> io::Result<()> {
        let bound = {
            let mut state = self.shared.state.lock();
            match state.phase {
                Phase::Bound => {}
                Phase::Serving => return Ok(()),
                Phase::Closed => return Err(closed()),
            }
            state.phase = Phase::Serving;
            std::mem::take(&mut state.bound)
        };
        for bound in bound {
            match (bound.open)(&self.shared) {
                Ok(door) => self.shared.state.lock().doors.push(door),
                Err(error) => {
                    self.close();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Accepts until the server is [closed](Self::close).
    ///
    /// # Errors
    ///
    /// The server is closed already, or somebody else is in here.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the server, as cancelling it does in asyncio.
    pub async fn serve_forever(&self) -> io::Result<()> {
        self.start()?;
        if std::mem::replace(&mut self.shared.state.lock().forever, true) {
            let twice = "serve_forever has been called already: wait for that call";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, twice));
        }
        let _close = CloseOnDrop(self);
        self.shared.until(|state| state.phase == Phase::Closed).await;
        Ok(())
    }

    /// Whether it accepts.
    pub fn is_serving(&self) -> bool {
        self.shared.state.lock().phase == Phase::Serving
    }

    /// The names of the listening sockets; none once it is closed. An address with several families has several.
    pub fn sockets(&self) -> Vec<Endpoint> {
        self.shared.state.lock().names.clone()
    }

    /// Address and port of the first of the [`sockets`](Self::sockets), if it is one of TCP.
    pub fn local_addr(&self) -> Option<std::net::SocketAddr> {
        self.shared.state.lock().names.first().and_then(Endpoint::ip)
    }

    /// Accepts no more. The connections that there are go on; see [`close_clients`](Self::close_clients).
    ///
    /// The sockets are closed when [`wait_closed`](Self::wait_closed) says so.
    pub fn close(&self) {
        let mut state = self.shared.state.lock();
        if state.phase == Phase::Closed {
            return;
        }
        state.phase = Phase::Closed;
        state.names.clear();
        let bound = std::mem::take(&mut state.bound);
        let undo = std::mem::take(&mut state.undo);
        let doors = std::mem::take(&mut state.doors);
        drop(state);
        drop((bound, undo));
        doors.iter().for_each(AbortHandle::abort);
        self.shared.changed.notify_waiters();
    }

    /// Closes each connection, after what was written to it has been sent.
    pub fn close_clients(&self) {
        for client in self.shared.clients() {
            client.close();
        }
    }

    /// Closes each connection at once. What has not been sent is dropped.
    pub fn abort_clients(&self) {
        for client in self.shared.clients() {
            client.finish(None);
        }
    }

    /// Waits until the server is closed and each of its connections is over.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait loses nothing.
    pub async fn wait_closed(&self) {
        self.shared
            .until(|state| state.phase == Phase::Closed && state.clients.is_empty() && state.open_doors == 0)
            .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state.lock();
        f.debug_struct("Server")
            .field("sockets", &state.names)
            .field("phase", &state.phase)
            .field("clients", &state.clients.len())
            .finish_non_exhaustive()
    }
}

struct CloseOnDrop<'a>(&'a Server);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Shared {
    /// Accepts on `listener` in a task of its own.
    pub(super) fn open_door<L, F, R>(self: &Arc<Self>, listener: L, callback: Arc<F>) -> AbortHandle
    where
        L: Listen,
        F: Fn(StreamReader, StreamWriter) -> R + Send + Sync + 'static,
        R: Future<Output: ConnectionResult> + Send + 'static,
    {
        self.state.lock().open_doors += 1;
        let door = Door(self.clone());
        let accepting = async move {
            // Dropped in this order: the door last.
            let (door, listener) = (door, listener);
            loop {
                match listener.accept().await {
                    Ok(socket) => door.0.welcome(socket, &callback),
                    // The listener holds the next accept back when that makes sense, and has said why.
                    Err(_) => yield_now().await,
                }
            }
        };
        self.handle.spawn(accepting).abort_handle()
    }

    fn welcome<F, R>(self: &Arc<Self>, socket: Arc<dyn Socket>, callback: &Arc<F>)
    where
        F: Fn(StreamReader, StreamWriter) -> R + Send + Sync + 'static,
        R: Future<Output: ConnectionResult> + Send + 'static,
    {
        let (mut reader, writer) = super::of_socket(socket, self.limit);
        if !self.attach(writer.connection()) {
            return;
        }
        let (shared, callback) = (self.clone(), callback.clone());
        self.handle.spawn(async move {
            if let Some(tls) = &shared.tls {
                if tls.upgrade(&mut reader, &writer).await.is_err() {
                    return;
                }
            }
            drop(shared);
            let peer = writer.peername();
            if let Some(failure) = callback(reader, writer).await.failure() {
                let peer = peer.map(|peer| format!(" with {peer}")).unwrap_or_default();
                report(format_args!(
                    "the connection{peer} ended with an error: {failure}"
                ));
            }
        });
    }

    /// I1, I2: false if the server is closed.
    fn attach(self: &Arc<Self>, connection: &Arc<Connection>) -> bool {
        let mut state = self.state.lock();
        if state.phase == Phase::Closed {
            return false;
        }
        let number = state.next_client;
        state.next_client += 1;
        state.clients.insert(number, connection.clone());
        drop(state);
        connection.attach(Box::new(Client {
            server: self.clone(),
            number,
        }));
        true
    }

    fn clients(&self) -> Vec<Arc<Connection>> {
        self.state.lock().clients.values().cloned().collect()
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if holds(&self.state.lock()) {
                return;
            }
            changed.await;
        }
    }
}

/// An accepting task (I4).
struct Door(Arc<Shared>);

impl Drop for Door {
    fn drop(&mut self) {
        self.0.state.lock().open_doors -= 1;
        self.0.changed.notify_waiters();
    }
}

/// A connection in the list (I1).
struct Client {
    server: Arc<Shared>,
    number: u64,
}

impl Drop for Client {
    fn drop(&mut self) {
        let gone = self.server.state.lock().clients.remove(&self.number);
        drop(gone);
        self.server.changed.notify_waiters();
    }
}

fn closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::NotConnected,
        "the server is closed: start another one",
    )
}
