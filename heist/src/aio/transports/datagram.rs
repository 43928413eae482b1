//! Datagram sockets as transports: [`DatagramTransport`], [`create_datagram_endpoint`], and their driver.
//!
//! ```text
//!   sendto ──► tried at once ──WouldBlock──► queue ──► sent by the driver when there is room
//!
//!   open ──close──► closing ──queue empty──► lost ──► connection_lost
//!     └───────────────abort────────────────────┘
//! ```
//!
//! Invariants
//!
//! - I1: those of the module above, I1 to I7, with datagrams in the place of bytes.
//! - I2: an error is of one datagram. It is reported by `error_received`, in order, and the socket goes on.
//! - I3: a datagram that cannot be sent is dropped, as the network would.
//!
//! Ordering pairs: the lock.
//!
//! Deliberately absent: datagrams between Unix-domain sockets: [`UnixDatagram`](crate::net::UnixDatagram).

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use heist_primitive::sync::{Mutex, StdArc as Arc};

use super::datagram_protocol::DatagramProtocol;
use super::drive::Panics;
use super::marks::{self, Marks, Told};
use super::protocol::with_scratch;
use crate::io::Interest;
use crate::net::UdpSocket;
use crate::sync::oneshot;

/// What is counted for a datagram in the buffer beside its bytes, so that empty ones count too.
const HEADER: usize = 8;

/// Makes a UDP socket and drives a protocol on it. `loop.create_datagram_endpoint`.
///
/// It is bound to `local`, or to a free port; with `remote` it is connected: it sends to that one and hears nobody else.
/// When this returns, `connection_made` has been called.
///
/// # Errors
/// Neither address is given (`InvalidInput`); what binding or connecting says; or `connection_made` has panicked.
///
/// # Panics
/// Outside of a runtime.
///
/// # Cancel safety
/// A dropped future leaves no socket.
pub async fn create_datagram_endpoint<P: DatagramProtocol>(
    factory: impl FnOnce() -> P,
    local: Option<SocketAddr>,
    remote: Option<SocketAddr>,
) -> io::Result<DatagramTransport> {
    let any = |remote: SocketAddr| match remote {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let Some(local) = local.or(remote.map(any)) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a datagram endpoint needs a local or a remote address",
        ));
    };
    let socket = UdpSocket::bind(local).await?;
    if let Some(remote) = remote {
        socket.connect(remote).await?;
    }
    create_datagram_endpoint_on(factory, socket).await
}

/// [`create_datagram_endpoint`] on a socket that exists, with options of its own; asyncio's `sock=`.
///
/// # Errors
/// `connection_made` has panicked.
///
/// # Panics
/// Outside of a runtime.
///
/// # Cancel safety
/// A dropped future leaves no socket.
pub async fn create_datagram_endpoint_on<P: DatagramProtocol>(
    factory: impl FnOnce() -> P,
    socket: UdpSocket,
) -> io::Result<DatagramTransport> {
    let socket = Arc::new(socket);
    let shared = Arc::new(Shared {
        local: socket.local_addr().ok(),
        peer: socket.peer_addr().ok(),
        state: Mutex::new(State {
            socket: Some(socket.clone()),
            ..State::default()
        }),
    });
    let driver = Driver {
        protocol: factory(),
        failures: next_failure(&socket),
        socket,
        shared: shared.clone(),
        panics: Panics::default(),
    };
    let mut unmade = Unmade(Some(shared));
    let (made, is_made) = oneshot::channel();
    crate::spawn(driver.drive(made));
    is_made.await.map_err(|_| {
        io::Error::other("the protocol panicked in `connection_made`, or the runtime shuts down")
    })?;
    let shared = unmade.0.take().expect("it is taken once, here or in the drop");
    Ok(DatagramTransport { shared })
}

/// A socket that nobody has been given yet: dropped, it is closed.
struct Unmade(Option<Arc<Shared>>);

impl Drop for Unmade {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            shared.fail(None);
        }
    }
}

/// What a protocol, or anybody else, sends with. `asyncio.DatagramTransport`.
///
/// A handle: clones are cheap, and any thread may use them. The socket lives on without one.
#[derive(Clone)]
pub struct DatagramTransport {
    shared: Arc<Shared>,
}

impl DatagramTransport {
    /// Sends a datagram without waiting: at once if the system takes it, else later, in order. `None` sends to the peer
    /// of a connected socket. Failures come to `error_received`.
    ///
    /// After a close it does nothing.
    ///
    /// # Panics
    /// If the socket is connected and `target` is another address; if it is not connected and there is none.
    #[track_caller]
    pub fn sendto(&self, data: &[u8], target: Option<SocketAddr>) {
        let target = match (self.shared.peer, target) {
            (Some(peer), Some(target)) if peer != target => {
                panic!(
                    "the socket is connected to {peer}: send to `None`, or from a socket without a remote address"
                )
            }
            (Some(_), _) => None,
            (None, Some(target)) => Some(target),
            (None, None) => panic!("the socket is not connected: say where to send to"),
        };
        self.shared.change(|state| state.send(data, target));
    }

    /// Closes it: sends what waits in the buffer, and then `connection_lost(None)` is called.
    pub fn close(&self) {
        self.shared
            .change(|state| !std::mem::replace(&mut state.closing, true));
    }

    /// Closes it at once: what waits in the buffer is lost, and `connection_lost(None)` is called.
    pub fn abort(&self) {
        self.shared.fail(None);
    }

    /// Whether it is being closed, or is closed.
    pub fn is_closing(&self) -> bool {
        self.shared.state.lock().closing
    }

    /// As [`Transport::set_write_buffer_limits`](super::Transport::set_write_buffer_limits). Each datagram counts 8 bytes
    /// more than it has.
    ///
    /// # Panics
    /// If `low` is above `high`.
    #[track_caller]
    pub fn set_write_buffer_limits(&self, high: Option<usize>, low: Option<usize>) {
        let limits = marks::limits(high, low);
        self.shared.change(|state| {
            state.marks.set(limits);
            true
        });
    }

    /// The low and the high mark, in bytes.
    pub fn get_write_buffer_limits(&self) -> (usize, usize) {
        self.shared.state.lock().marks.limits()
    }

    /// How many bytes wait to be sent.
    pub fn get_write_buffer_size(&self) -> usize {
        self.shared.state.lock().queued
    }

    /// The address of this end.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.shared.local
    }

    /// The peer's address, if it is connected.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.shared.peer
    }
}

impl fmt::Debug for DatagramTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatagramTransport")
            .field("local_addr", &self.local_addr())
            .field("peer_addr", &self.peer_addr())
            .field("closing", &self.is_closing())
            .finish()
    }
}

struct Shared {
    state: Mutex<State>,
    local: Option<SocketAddr>,
    peer: Option<SocketAddr>,
}

struct State {
    /// None when lost.
    socket: Option<Arc<UdpSocket>>,
    queue: VecDeque<(Vec<u8>, Option<SocketAddr>)>,
    /// The bytes in the queue, with their headers.
    queued: usize,
    /// Not yet told to the protocol.
    errors: VecDeque<io::Error>,
    marks: Marks,
    closing: bool,
    /// Set: to be lost at once, for this reason.
    end: Option<Option<io::Error>>,
    waker: Option<Waker>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            socket: None,
            queue: VecDeque::new(),
            queued: 0,
            errors: VecDeque::new(),
            marks: Marks::new(),
            closing: false,
            end: None,
            waker: None,
        }
    }
}

enum Step {
    Pause,
    Resume,
    Receive,
    Error(io::Error),
    Lost(Option<io::Error>),
}

impl Shared {
    /// Changes the state and wakes the driver if `change` says so.
    fn change(&self, change: impl FnOnce(&mut State) -> bool) {
        let mut state = self.state.lock();
        let waker = if change(&mut state) {
            state.waker.take()
        } else {
            None
        };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn fail(&self, error: Option<io::Error>) {
        self.change(|state| {
            state.closing = true;
            let first = state.socket.is_some() && state.end.is_none();
            if first {
                state.end = Some(error);
            }
            first
        });
    }

    fn poll_step(
        &self,
        socket: &Arc<UdpSocket>,
        failures: &mut Failures,
        cx: &mut Context<'_>,
    ) -> Poll<Step> {
        loop {
            let mut state = self.state.lock();
            if let Some(step) = state.next() {
                return Poll::Ready(step);
            }
            let known = state
                .waker
                .as_ref()
                .is_some_and(|waker| waker.will_wake(cx.waker()));
            let old = if known {
                None
            } else {
                state.waker.replace(cx.waker().clone())
            };
            let (sends, receives) = (!state.queue.is_empty(), !state.closing);
            drop(state);
            drop(old);
            if sends {
                match socket.poll_send_ready(cx) {
                    Poll::Ready(Ok(())) => {
                        self.state.lock().flush();
                        continue;
                    }
                    Poll::Ready(Err(error)) => {
                        self.fail(Some(error));
                        continue;
                    }
                    Poll::Pending => {}
                }
            }
            if !receives {
                return Poll::Pending;
            }
            match socket.poll_recv_ready(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(Step::Receive),
                Poll::Ready(Err(error)) => {
                    self.fail(Some(error));
                    continue;
                }
                Poll::Pending => {}
            }
            // An error that no datagram comes with makes a socket neither readable nor writable.
            let failed = ready!(failures.as_mut().poll(cx));
            *failures = next_failure(socket);
            match failed {
                Ok(Some(error)) => return Poll::Ready(Step::Error(error)),
                Ok(None) => {}
                Err(error) => self.fail(Some(error)),
            }
        }
    }
}

/// The wait for the next error of a socket.
type Failures = Pin<Box<dyn Future<Output = io::Result<Option<io::Error>>> + Send>>;

/// Waits until the socket says that it has an error, and takes it: `None` if another operation was told already.
fn next_failure(socket: &Arc<UdpSocket>) -> Failures {
    let socket = socket.clone();
    Box::pin(async move {
        socket.ready(Interest::ERROR).await?;
        let mut taken = Ok(None);
        // `WouldBlock` is what clears the readiness, unless an error has come since.
        let _ = socket.try_io(Interest::ERROR, || -> io::Result<()> {
            taken = socket.take_error();
            Err(io::ErrorKind::WouldBlock.into())
        });
        taken
    })
}

impl State {
    /// Whether the driver has something to do because of it.
    fn send(&mut self, data: &[u8], target: Option<SocketAddr>) -> bool {
        if self.socket.is_none() || self.closing {
            return false;
        }
        if !self.queue.is_empty() || !self.try_send(data, target) {
            self.queued += data.len() + HEADER;
            self.queue.push_back((data.to_vec(), target));
        }
        !self.queue.is_empty() || !self.errors.is_empty()
    }

    /// Whether the datagram is dealt with: sent, or dropped with an error.
    fn try_send(&mut self, data: &[u8], target: Option<SocketAddr>) -> bool {
        let Some(socket) = &self.socket else { return true };
        let sent = match target {
            Some(target) => socket.try_send_to(data, target),
            None => socket.try_send(data),
        };
        match sent {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => {
                self.errors.push_back(error);
                true
            }
        }
    }

    fn flush(&mut self) {
        while let Some((data, target)) = self.queue.pop_front() {
            if !self.try_send(&data, target) {
                self.queue.push_front((data, target));
                return;
            }
            self.queued -= data.len() + HEADER;
        }
    }

    fn next(&mut self) -> Option<Step> {
        self.socket.as_ref()?;
        if let Some(error) = self.errors.pop_front() {
            return Some(Step::Error(error));
        }
        if let Some(reason) = self.end.take() {
            return Some(self.lose(reason));
        }
        match self.marks.tell(self.queued) {
            Some(Told::Pause) => return Some(Step::Pause),
            Some(Told::Resume) => return Some(Step::Resume),
            None => {}
        }
        (self.closing && self.queue.is_empty()).then(|| self.lose(None))
    }

    fn lose(&mut self, reason: Option<io::Error>) -> Step {
        self.closing = true;
        self.queue.clear();
        self.queued = 0;
        // The driver has another reference: it is closed when that goes.
        self.socket = None;
        Step::Lost(reason)
    }
}

/// A socket that is about to be driven.
struct Driver<P> {
    protocol: P,
    socket: Arc<UdpSocket>,
    failures: Failures,
    shared: Arc<Shared>,
    panics: Panics,
}

impl<P: DatagramProtocol> Driver<P> {
    async fn drive(mut self, made: oneshot::Sender<()>) {
        let released = Released(self.shared.clone());
        let transport = DatagramTransport {
            shared: self.shared.clone(),
        };
        if self.call("connection_made", |protocol| protocol.connection_made(transport)) {
            // Whoever made it may have given up; then it is closing.
            let _ = made.send(());
        }
        loop {
            match poll_fn(|cx| self.shared.poll_step(&self.socket, &mut self.failures, cx)).await {
                Step::Pause => self.call("pause_writing", P::pause_writing),
                Step::Resume => self.call("resume_writing", P::resume_writing),
                Step::Receive => self.receive(),
                Step::Error(error) => self.call("error_received", |protocol| protocol.error_received(error)),
                Step::Lost(error) => {
                    self.call("connection_lost", |protocol| protocol.connection_lost(error));
                    break;
                }
            };
        }
        let Driver {
            protocol,
            socket,
            failures,
            mut panics,
            ..
        } = self;
        drop((released, failures, socket));
        // What it says is for the one whose socket it was; the panic itself goes on below.
        let _ = panics.catch("drop", || drop(protocol));
        panics.go_on();
    }

    /// Receives one datagram and hands it over.
    fn receive(&mut self) -> bool {
        let socket = self.socket.clone();
        with_scratch(|scratch| match socket.try_recv_from(scratch) {
            Ok((n, from)) => self.call("datagram_received", |protocol| {
                protocol.datagram_received(&scratch[..n], from)
            }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
            Err(error) => self.call("error_received", |protocol| protocol.error_received(error)),
        })
    }

    /// Whether the callback has returned. A panic loses the socket.
    fn call(&mut self, name: &str, callback: impl FnOnce(&mut P)) -> bool {
        let called = self.panics.catch(name, || callback(&mut self.protocol));
        called.map_err(|error| self.shared.fail(Some(error))).is_ok()
    }
}

/// Takes the socket from the handles when the driver ends, whatever the reason.
struct Released(Arc<Shared>);

impl Drop for Released {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.closing = true;
        let left = (state.socket.take(), state.waker.take());
        drop(state);
        drop(left);
    }
}
