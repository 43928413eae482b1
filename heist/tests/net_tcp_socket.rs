//! `TcpSocket`: its options are the system's, and it becomes a listener or a stream.

mod rt_kit;

use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{TcpSocket, TcpStream};
use rt_kit::both_flavours;
use socket2::SockRef;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd};
use std::time::Duration;

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

both_flavours! {
    fn a_bound_socket_listens_and_another_one_connects(runtime) {
        runtime.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind(any_port()).unwrap();
            let bound = socket.local_addr().unwrap();
            assert_ne!(bound.port(), 0);
            let listener = socket.listen(16).unwrap();
            assert_eq!(listener.local_addr().unwrap(), bound);

            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(any_port()).unwrap();
            let from = socket.local_addr().unwrap();
            let mut client = socket.connect(bound).await.unwrap();
            let (mut server, peer) = listener.accept().await.unwrap();
            assert_eq!((peer, client.local_addr().unwrap()), (from, from));
            client.write_all(b"ping").await.unwrap();
            let mut ping = [0; 4];
            server.read_exact(&mut ping).await.unwrap();
            assert_eq!(&ping, b"ping");
        });
    }

    fn an_unbound_socket_listens_on_a_free_port(runtime) {
        runtime.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            assert_eq!(socket.local_addr().unwrap(), "0.0.0.0:0".parse().unwrap());
            let listener = socket.listen(u32::MAX).unwrap();
            let port = listener.local_addr().unwrap().port();
            assert_ne!(port, 0);
            TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        });
    }

    fn failures_are_the_systems(runtime) {
        runtime.block_on(async {
            let taken = std::net::TcpListener::bind(any_port()).unwrap();
            let address = taken.local_addr().unwrap();
            let socket = TcpSocket::new_v4().unwrap();
            assert_eq!(socket.bind(address).unwrap_err().kind(), ErrorKind::AddrInUse);
            // A socket of one family knows no address of the other.
            assert!(socket.bind("[::1]:0".parse().unwrap()).is_err());
            drop(taken);
            assert_eq!(socket.connect(address).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        });
    }

    fn two_sockets_share_a_port_with_reuseport(runtime) {
        runtime.block_on(async {
            let first = TcpSocket::new_v4().unwrap();
            assert!(!first.reuseport().unwrap());
            first.set_reuseport(true).unwrap();
            assert!(first.reuseport().unwrap());
            first.bind(any_port()).unwrap();
            let address = first.local_addr().unwrap();
            let _first = first.listen(8).unwrap();
            let second = TcpSocket::new_v4().unwrap();
            second.set_reuseport(true).unwrap();
            second.bind(address).unwrap();
            assert_eq!(second.listen(8).unwrap().local_addr().unwrap(), address);
        });
    }

    fn a_socket_taken_over_in_blocking_mode_does_not_block(runtime) {
        runtime.block_on(async {
            let domain = socket2::Domain::IPV4;
            let blocking = || socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
            let socket = TcpSocket::from_std_stream(blocking().into());
            socket.bind(any_port()).unwrap();
            let listener = socket.listen(8).unwrap();
            assert!(SockRef::from(&listener).nonblocking().unwrap());
            let socket = TcpSocket::from_std_stream(blocking().into());
            let client = socket.connect(listener.local_addr().unwrap()).await.unwrap();
            assert!(SockRef::from(&client).nonblocking().unwrap());
            let nothing = client.try_read(&mut [0; 1]).unwrap_err();
            assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        });
    }
}

#[test]
fn options_hold_what_was_set() {
    let socket = TcpSocket::new_v4().unwrap();
    for on in [true, false] {
        socket.set_keepalive(on).unwrap();
        assert_eq!(socket.keepalive().unwrap(), on);
        socket.set_reuseaddr(on).unwrap();
        assert_eq!(socket.reuseaddr().unwrap(), on);
        socket.set_nodelay(on).unwrap();
        assert_eq!(socket.nodelay().unwrap(), on);
    }
    // The system rounds sizes, but not down.
    socket.set_send_buffer_size(40_000).unwrap();
    assert!((40_000..=100_000).contains(&socket.send_buffer_size().unwrap()));
    socket.set_recv_buffer_size(50_000).unwrap();
    assert!((50_000..=120_000).contains(&socket.recv_buffer_size().unwrap()));

    assert_eq!(socket.linger().unwrap(), None);
    socket.set_zero_linger().unwrap();
    assert_eq!(socket.linger().unwrap(), Some(Duration::ZERO));
    #[expect(deprecated, reason = "it is there all the same")]
    socket.set_linger(Some(Duration::from_secs(3))).unwrap();
    assert_eq!(socket.linger().unwrap(), Some(Duration::from_secs(3)));

    socket.set_tos_v4(0x10).unwrap();
    assert_eq!(socket.tos_v4().unwrap(), 0x10);
    assert!(socket.take_error().unwrap().is_none());
    assert_eq!(socket.as_raw_fd(), socket.as_fd().as_raw_fd());
    let descriptor = socket.as_raw_fd();
    assert_eq!(socket.into_raw_fd(), descriptor);
}

#[test]
fn options_of_ipv6() {
    let Ok(socket) = TcpSocket::new_v6() else {
        // A system without IPv6 has no such socket to set.
        return;
    };
    socket.set_tclass_v6(0x20).unwrap();
    assert_eq!(socket.tclass_v6().unwrap(), 0x20);
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn a_device_is_bound_to_by_name() {
    let socket = TcpSocket::new_v4().unwrap();
    assert_eq!(socket.device().unwrap(), None);
    assert!(socket.bind_device(Some(b"no such device")).is_err());
    socket.bind_device(Some(b"lo")).unwrap();
    assert_eq!(socket.device().unwrap().as_deref(), Some(&b"lo"[..]));
    socket.bind_device(None).unwrap();
    assert_eq!(socket.device().unwrap(), None);
}

#[test]
fn only_listening_and_connecting_need_a_runtime() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(any_port()).unwrap();
    let message = rt_kit::panic_of(|| socket.listen(1));
    assert!(message.contains("no heist runtime"), "{message}");
}
