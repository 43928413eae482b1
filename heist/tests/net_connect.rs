//! Connecting to several addresses: the exact order and moments of the attempts, on a paused clock.
//!
//! A black hole is a listener on loopback whose queue is full: the system drops what comes for it, and so an attempt
//! neither succeeds nor fails.
#![cfg(all(feature = "test-util", target_os = "linux"))]

use heist::net::{TcpListener, TcpStream};
use heist::runtime::{Builder, Runtime};
use heist::time::{Duration, Instant};
use socket2::{Domain, Socket, Type};
use std::collections::HashSet;
use std::future::Future;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::task::{Context, Waker};

const DELAY: Duration = Duration::from_millis(250);

fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

#[derive(Clone, Copy, PartialEq)]
enum Family {
    V4,
    V6,
}
use Family::{V4, V6};

impl Family {
    fn loopback(self) -> SocketAddr {
        match self {
            V4 => (Ipv4Addr::LOCALHOST, 0).into(),
            V6 => (Ipv6Addr::LOCALHOST, 0).into(),
        }
    }
}

struct BlackHole {
    address: SocketAddr,
    listener: std::net::TcpListener,
    _filler: std::net::TcpStream,
}

fn black_hole(family: Family) -> BlackHole {
    let address = family.loopback();
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.bind(&address.into()).unwrap();
    // Linux lets one more wait than it is told.
    socket.listen(0).unwrap();
    let listener = std::net::TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    BlackHole {
        address,
        listener,
        _filler: std::net::TcpStream::connect(address).unwrap(),
    }
}

/// An address that nobody listens on, nor will: the socket that is bound there is left open for good.
fn refusing(family: Family) -> SocketAddr {
    let address = family.loopback();
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.bind(&address.into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    std::mem::forget(socket);
    address
}

/// An address to which there is no way from any machine: a group has no connections.
fn unreachable(family: Family) -> SocketAddr {
    match family {
        V4 => (Ipv4Addr::new(224, 0, 0, 1), 9).into(),
        V6 => (Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1), 9).into(),
    }
}

async fn listening(family: Family) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(family.loopback()).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// How many sockets of this machine wait for an answer from that port: state 02 in the system's table, which may list
/// one twice while others come and go.
fn attempts_at(address: SocketAddr) -> usize {
    let table = if address.is_ipv4() {
        "/proc/net/tcp"
    } else {
        "/proc/net/tcp6"
    };
    let port = format!(":{:04X}", address.port());
    std::fs::read_to_string(table)
        .unwrap()
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields[2].ends_with(&port) && fields[3] == "02")
        .map(|fields| fields[1].to_owned())
        .collect::<HashSet<_>>()
        .len()
}

/// Connects and says where to, and after how long.
async fn connect(addresses: &[SocketAddr]) -> (SocketAddr, Duration) {
    let start = Instant::now();
    let stream = TcpStream::connect(addresses).await.unwrap();
    (stream.peer_addr().unwrap(), start.elapsed())
}

async fn error(addresses: &[SocketAddr]) -> ErrorKind {
    TcpStream::connect(addresses).await.unwrap_err().kind()
}

#[test]
fn a_family_that_leads_nowhere_costs_one_delay() {
    for (dead, live) in [(V6, V4), (V4, V6)] {
        paused().block_on(async {
            let hole = black_hole(dead);
            let (_listener, good) = listening(live).await;
            assert_eq!(connect(&[hole.address, good]).await, (good, DELAY));
        });
    }
}

#[test]
fn on_a_real_clock_and_several_threads_as_well() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let holes = [black_hole(V6), black_hole(V4)];
        let (_listener, good) = listening(V4).await;
        let addresses = [holes[0].address, holes[1].address, good];
        let connecting = (0..10).map(|_| heist::spawn(async move { connect(&addresses).await }));
        for connected in connecting.collect::<Vec<_>>() {
            let (peer, after) = connected.await.unwrap();
            assert_eq!(peer, good);
            assert!(after >= 2 * DELAY, "{after:?}");
        }
        assert_eq!(holes.each_ref().map(|hole| attempts_at(hole.address)), [0, 0]);
    });
}

#[test]
fn the_losers_are_dropped() {
    paused().block_on(async {
        let holes = [black_hole(V6), black_hole(V4)];
        let (_listener, good) = listening(V6).await;
        let addresses = [holes[0].address, good, holes[1].address];
        let start = Instant::now();
        let mut connect = pin!(TcpStream::connect(&addresses[..]));
        let polled = connect.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        assert_eq!(holes.each_ref().map(|hole| attempts_at(hole.address)), [1, 0]);
        let stream = connect.await.unwrap();
        assert_eq!((stream.peer_addr().unwrap(), start.elapsed()), (good, 2 * DELAY));
        assert_eq!(holes.each_ref().map(|hole| attempts_at(hole.address)), [0, 0]);
    });
}

#[test]
fn a_dropped_connect_leaves_no_attempt() {
    paused().block_on(async {
        let holes = [black_hole(V6), black_hole(V4)];
        let addresses = holes.each_ref().map(|hole| hole.address);
        let mut connect = Box::pin(TcpStream::connect(&addresses[..]));
        let look = heist::time::timeout(2 * DELAY, connect.as_mut());
        assert!(look.await.is_err(), "a black hole answered");
        assert_eq!(addresses.map(attempts_at), [1, 1]);
        drop(connect);
        assert_eq!(addresses.map(attempts_at), [0, 0]);
    });
}

#[test]
fn families_alternate_and_each_keeps_its_order() {
    paused().block_on(async {
        let holes = [black_hole(V6), black_hole(V6), black_hole(V4)];
        let (_listener, good) = listening(V4).await;
        // By family and in turn: the first, the third, the second, the last.
        let addresses = [holes[0].address, holes[1].address, holes[2].address, good];
        let start = Instant::now();
        let connect = TcpStream::connect(&addresses[..]);
        let mut connect = pin!(connect);
        for expected in [[1, 0, 0], [1, 0, 1], [1, 1, 1]] {
            let look = heist::time::timeout(DELAY - Duration::from_millis(1), connect.as_mut());
            assert!(look.await.is_err(), "a black hole answered");
            assert_eq!(holes.each_ref().map(|hole| attempts_at(hole.address)), expected);
            heist::time::sleep(Duration::from_millis(1)).await;
        }
        let stream = connect.await.unwrap();
        assert_eq!((stream.peer_addr().unwrap(), start.elapsed()), (good, 3 * DELAY));
    });
}

#[test]
fn a_failure_starts_the_next_attempt_at_once() {
    paused().block_on(async {
        let (_listener, good) = listening(V4).await;
        let now = (good, Duration::ZERO);
        assert_eq!(connect(&[refusing(V6), good]).await, now);
        assert_eq!(connect(&[unreachable(V6), good]).await, now);
        assert_eq!(
            connect(&[unreachable(V6), unreachable(V4), refusing(V6), good]).await,
            now
        );
        // The hole, after the delay the one that refuses, and at once the good one.
        let hole = black_hole(V6);
        assert_eq!(connect(&[hole.address, refusing(V4), good]).await, (good, DELAY));
        assert_eq!(
            connect(&[hole.address, unreachable(V4), good]).await,
            (good, DELAY)
        );
    });
}

#[test]
fn a_slow_peer_is_not_given_up() {
    paused().block_on(async {
        let hole = black_hole(V6);
        let addresses = [hole.address, refusing(V4)];
        let mut connect = pin!(TcpStream::connect(&addresses[..]));
        assert!(heist::time::timeout(4 * DELAY, connect.as_mut()).await.is_err());
        // Now there is room in the queue. The system asks again, by itself, a second after it asked first.
        hole.listener.accept().unwrap();
        assert_eq!(connect.await.unwrap().peer_addr().unwrap(), hole.address);
    });
}

#[test]
fn the_error_that_says_most_is_reported() {
    paused().block_on(async {
        assert_eq!(
            error(&[refusing(V6), refusing(V4)]).await,
            ErrorKind::ConnectionRefused
        );
        for no_way in [[unreachable(V6), refusing(V4)], [refusing(V4), unreachable(V6)]] {
            assert_eq!(error(&no_way).await, ErrorKind::ConnectionRefused);
        }
        let no_way = error(&[unreachable(V4), unreachable(V6)]).await;
        assert_eq!(no_way, error(&[unreachable(V6)]).await);
        assert_ne!(no_way, ErrorKind::ConnectionRefused);
    });
}

#[test]
fn one_family_is_tried_in_turn() {
    paused().block_on(async {
        let hole = black_hole(V4);
        let (_listener, good) = listening(V4).await;
        let addresses = [hole.address, good];
        let patient = heist::time::timeout(100 * DELAY, connect(&addresses));
        assert!(
            patient.await.is_err(),
            "the second one was tried beside the first"
        );
        assert_eq!(connect(&[refusing(V4), good]).await, (good, Duration::ZERO));
    });
}

#[test]
fn without_timers_addresses_are_tried_in_turn() {
    let runtime = Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        let (_listener, good) = listening(V4).await;
        let addresses = [refusing(V6), unreachable(V6), good];
        let stream = TcpStream::connect(&addresses[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        assert_eq!(error(&addresses[..1]).await, ErrorKind::ConnectionRefused);
    });
}
