//! Addresses: what resolves in place, what goes to the blocking pool, and what fails.

mod rt_kit;

use heist::net::{TcpListener, ToSocketAddrs, lookup_host};
use rt_kit::both_flavours;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The addresses, if they are there at the first poll and without any runtime.
fn at_once<T: ToSocketAddrs>(address: T) -> Vec<SocketAddr> {
    let mut lookup = pin!(lookup_host(address));
    match lookup.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(found) => found.unwrap().collect(),
        Poll::Pending => panic!("a numeric address went to the blocking pool"),
    }
}

#[test]
fn numeric_addresses_need_no_runtime() {
    let v4: SocketAddr = "127.0.0.1:80".parse().unwrap();
    let v6: SocketAddr = "[::1]:80".parse().unwrap();
    assert_eq!(at_once("127.0.0.1:80"), [v4]);
    assert_eq!(at_once(String::from("[::1]:80")), [v6]);
    assert_eq!(at_once(("127.0.0.1", 80)), [v4]);
    assert_eq!(at_once((String::from("::1"), 80)), [v6]);
    assert_eq!(at_once((IpAddr::from([127, 0, 0, 1]), 80)), [v4]);
    assert_eq!(at_once((Ipv4Addr::LOCALHOST, 80)), [v4]);
    assert_eq!(at_once((Ipv6Addr::LOCALHOST, 80)), [v6]);
    assert_eq!(at_once(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80)), [v4]);
    assert_eq!(at_once(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, 0)), [v6]);
    assert_eq!(at_once(&[v4, v6][..]), [v4, v6]);
    let by_reference = &v4;
    assert_eq!(at_once(by_reference), [v4]);
}

both_flavours! {
    fn a_host_name_is_resolved(runtime) {
        runtime.block_on(async {
            let found: Vec<_> = lookup_host("localhost:80").await.unwrap().collect();
            assert!(!found.is_empty());
            assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 80));
            let listener = TcpListener::bind(("localhost", 0)).await.unwrap();
            assert!(listener.local_addr().unwrap().ip().is_loopback());
        });
    }

    fn nonsense_is_an_error(runtime) {
        runtime.block_on(async {
            assert!(lookup_host("no port here").await.is_err());
            assert!(TcpListener::bind("127.0.0.1:port").await.is_err());
        });
    }
}

/// What other crates rely on when they hold these types and futures across threads.
#[test]
fn sockets_and_their_futures_may_move_between_threads() {
    use heist::net::TcpStream;
    use heist::net::tcp::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
    fn of<T: Send + Sync>() {}
    fn value<T: Send + Sync>(_: fn() -> T) {}
    fn future<A, T: Send>(_: fn(A) -> T) {}
    of::<TcpListener>();
    of::<TcpStream>();
    of::<(ReadHalf<'_>, WriteHalf<'_>, OwnedReadHalf, OwnedWriteHalf)>();
    value(|| TcpListener::bind("127.0.0.1:0"));
    value(|| TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], 0))));
    future(|listener: &'static TcpListener| listener.accept());
    future(|stream: &'static TcpStream| stream.readable());
    future(|stream: &'static TcpStream| stream.writable());
    fn unpin_and_unwind_safe<T: Unpin + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    unpin_and_unwind_safe::<TcpListener>();
    unpin_and_unwind_safe::<TcpStream>();
}
