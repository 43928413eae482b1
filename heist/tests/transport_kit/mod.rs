//! What the tests of transports share: a protocol that tells its history, and connected pairs.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::io::{self, ErrorKind};
use std::time::Duration;

use heist::aio::{Protocol, Transport, connect_accepted_socket};
use heist::net::{TcpListener, TcpStream};
use heist::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A callback, as it was called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Made,
    Data(Vec<u8>),
    Eof,
    Lost(Option<ErrorKind>),
    Pause,
    Resume,
    Dropped,
}

/// A protocol that sends every callback to the test, and does what the test has said.
pub(crate) struct Recorder<T> {
    events: UnboundedSender<Event>,
    transport: Option<T>,
    keep_open: bool,
    on_data: OnData<T>,
    on_made: Box<dyn FnMut(&T) + Send>,
}

type OnData<T> = Box<dyn FnMut(&T, &[u8]) + Send>;

/// What a recorder tells.
pub(crate) struct History(UnboundedReceiver<Event>);

pub(crate) fn recorder<T>() -> (Recorder<T>, History) {
    let (events, history) = unbounded_channel();
    let recorder = Recorder {
        events,
        transport: None,
        keep_open: false,
        on_data: Box::new(|_, _| {}),
        on_made: Box::new(|_| {}),
    };
    (recorder, History(history))
}

impl<T> Recorder<T> {
    pub(crate) fn keep_open(mut self) -> Self {
        self.keep_open = true;
        self
    }

    pub(crate) fn on_data(mut self, f: impl FnMut(&T, &[u8]) + Send + 'static) -> Self {
        self.on_data = Box::new(f);
        self
    }

    pub(crate) fn on_made(mut self, f: impl FnMut(&T) + Send + 'static) -> Self {
        self.on_made = Box::new(f);
        self
    }

    fn tell(&self, event: Event) {
        // A test that has seen enough has dropped the other end.
        let _ = self.events.send(event);
    }
}

impl<T: Send + 'static> Protocol<T> for Recorder<T> {
    fn connection_made(&mut self, transport: T) {
        self.tell(Event::Made);
        (self.on_made)(&transport);
        self.transport = Some(transport);
    }

    fn data_received(&mut self, data: &[u8]) {
        self.tell(Event::Data(data.to_vec()));
        // None: it took over from another.
        if let Some(transport) = &self.transport {
            (self.on_data)(transport, data);
        }
    }

    fn eof_received(&mut self) -> bool {
        self.tell(Event::Eof);
        self.keep_open
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.tell(Event::Lost(error.map(|error| error.kind())));
    }

    fn pause_writing(&mut self) {
        self.tell(Event::Pause);
    }

    fn resume_writing(&mut self) {
        self.tell(Event::Resume);
    }
}

impl<T> Drop for Recorder<T> {
    fn drop(&mut self) {
        self.tell(Event::Dropped);
    }
}

impl History {
    /// The next callback.
    pub(crate) async fn next(&mut self) -> Event {
        self.0
            .recv()
            .await
            .expect("the protocol is dropped, and that is told")
    }

    /// All callbacks that have not been asked for, to the drop of the protocol; data in one piece.
    pub(crate) async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.0.recv().await {
            match (event, events.last_mut()) {
                (Event::Data(more), Some(Event::Data(data))) => data.extend(more),
                (event, _) => events.push(event),
            }
        }
        events
    }

    /// Bytes, as they come, until there are `n`. Nothing else may come.
    pub(crate) async fn data(&mut self, n: usize) -> Vec<u8> {
        let mut data = Vec::new();
        while data.len() < n {
            match self.next().await {
                Event::Data(more) => data.extend(more),
                other => panic!("{other:?} after {} of {n} bytes", data.len()),
            }
        }
        data
    }

    /// Whether nothing was called, and nothing is while everything else has had ample time.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        heist::time::timeout(Duration::from_millis(50), self.0.recv())
            .await
            .is_err()
    }
}

/// Two connected TCP streams.
pub(crate) async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (connected, accepted) = heist::join!(TcpStream::connect(address), listener.accept());
    (connected.unwrap(), accepted.unwrap().0)
}

/// A recorder on a TCP connection, and the peer. `connection_made` has been told already.
pub(crate) async fn recorded(
    set_up: impl FnOnce(Recorder<Transport>) -> Recorder<Transport>,
) -> (Transport, History, TcpStream) {
    let (stream, peer) = tcp_pair().await;
    let (protocol, mut history) = recorder();
    let transport = connect_accepted_socket(|| set_up(protocol), stream)
        .await
        .unwrap();
    assert_eq!(history.next().await, Event::Made);
    (transport, history, peer)
}

/// `n` bytes that do not repeat soon.
pub(crate) fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i % 251) as u8).collect()
}
