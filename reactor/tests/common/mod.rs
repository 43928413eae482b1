//! What the reactor's tests share: a counting waker, a pair of sockets, and a turn that wakes.
#![allow(dead_code, unreachable_pub, missing_debug_implementations)]

use heist_reactor::{Direction, Reactor, ReadyEvent, Registration};
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Counts its wakes.
#[derive(Default)]
pub struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    pub fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (Arc::clone(&count), Waker::from(count))
    }

    pub fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A connected pair over loopback: a mio stream, not registered yet, and its std peer.
pub fn pair() -> (mio::net::TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    (mio::net::TcpStream::from_std(stream), peer)
}

pub fn poll(
    registration: &Registration,
    direction: Direction,
    waker: &Waker,
) -> Poll<io::Result<ReadyEvent>> {
    registration.poll_ready(&mut Context::from_waker(waker), direction)
}

/// One turn of at most `timeout`; wakes what it found and says how many that were.
pub fn turn(reactor: &mut Reactor, timeout: Option<Duration>) -> usize {
    let mut wakers = Vec::new();
    reactor.turn(timeout, &mut wakers).unwrap();
    let found = wakers.len();
    wakers.into_iter().for_each(Waker::wake);
    found
}

/// Turns until `done` holds. It never gives up: a test that loses an event hangs here.
pub fn turn_until(reactor: &mut Reactor, mut done: impl FnMut() -> bool) {
    while !done() {
        turn(reactor, Some(Duration::from_millis(50)));
    }
}

/// Waits for readiness in `direction`.
pub fn wait(reactor: &mut Reactor, registration: &Registration, direction: Direction) -> ReadyEvent {
    let (_, waker) = Count::new();
    loop {
        if let Poll::Ready(event) = poll(registration, direction, &waker) {
            return event.unwrap();
        }
        turn(reactor, None);
    }
}
