//! Unix-domain datagrams: each message arrives whole, alone and once, whichever way it is received.

#![cfg(unix)]

mod net_kit;
mod rt_kit;

use heist::io::{Interest, ReadBuf, Ready};
use heist::net::UnixDatagram;
use heist::net::unix::SocketAddr;
use net_kit::{Directory, kind, poll_once};
use rt_kit::{Count, CountWake, both_flavours};
use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Sends until the peer's queue is full, and says how many messages it took.
async fn fill(socket: &UnixDatagram) -> usize {
    socket.writable().await.unwrap();
    let mut sent = 0_usize;
    loop {
        match socket.try_send(&sent.to_le_bytes()) {
            Ok(n) => {
                assert_eq!(n, size_of::<usize>());
                sent += 1;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return sent;
            }
        }
    }
}

both_flavours! {
    fn pair_answers(runtime) {
        runtime.block_on(async {
            let (left, right) = UnixDatagram::pair().unwrap();
            let echo = heist::spawn(async move {
                let mut buffer = [0; 64];
                for _ in 0..3 {
                    let n = right.recv(&mut buffer).await.unwrap();
                    assert_eq!(right.send(&buffer[..n]).await.unwrap(), n);
                }
            });
            for message in ["one", "two-two", "three"] {
                assert_eq!(left.send(message.as_bytes()).await.unwrap(), message.len());
                let mut buffer = [0; 64];
                let n = left.recv(&mut buffer).await.unwrap();
                assert_eq!(&buffer[..n], message.as_bytes());
            }
            echo.await.unwrap();
            assert!(left.local_addr().unwrap().is_unnamed());
            assert!(left.peer_addr().unwrap().is_unnamed());
            assert!(left.take_error().unwrap().is_none());
        });
    }

    fn bound_sockets_know_each_other(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let (server_path, client_path) = (directory.at("server"), directory.at("client"));
            let server = UnixDatagram::bind(&server_path).unwrap();
            let client = UnixDatagram::bind(&client_path).unwrap();
            assert_eq!(server.local_addr().unwrap().as_pathname(), Some(&*server_path));
            assert_eq!(kind(UnixDatagram::bind(&server_path)), ErrorKind::AddrInUse);
            assert_eq!(kind(client.peer_addr()), ErrorKind::NotConnected);
            assert_eq!(kind(client.send(b"?").await), ErrorKind::NotConnected);

            let answers = heist::spawn(async move {
                let mut buffer = [0; 64];
                let (n, sender) = server.recv_from(&mut buffer).await.unwrap();
                let target = sender.as_pathname().unwrap();
                server.send_to(&buffer[..n], target).await.unwrap();
                server
            });
            assert_eq!(client.send_to(b"ping", &server_path).await.unwrap(), 4);
            let mut buffer = [0; 64];
            let (n, sender) = client.recv_from(&mut buffer).await.unwrap();
            assert_eq!((&buffer[..n], sender.as_pathname()), (&b"ping"[..], Some(&*server_path)));

            let server = answers.await.unwrap();
            let nobody = UnixDatagram::unbound().unwrap();
            assert!(nobody.local_addr().unwrap().is_unnamed());
            nobody.send_to(b"boo", &server_path).await.unwrap();
            let (n, sender) = server.recv_from(&mut buffer).await.unwrap();
            assert_eq!((&buffer[..n], sender.as_pathname()), (&b"boo"[..], None));
            assert!(sender.is_unnamed());
        });
    }

    fn connect_sets_and_replaces_the_peer(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let (first_path, second_path) = (directory.at("first"), directory.at("second"));
            let first = UnixDatagram::bind(&first_path).unwrap();
            let second = UnixDatagram::bind(&second_path).unwrap();
            let client = UnixDatagram::unbound().unwrap();
            assert_eq!(kind(client.connect(directory.at("none"))), ErrorKind::NotFound);
            assert_eq!(kind(client.send_to(b"?", directory.at("none")).await), ErrorKind::NotFound);

            let mut buffer = [0; 8];
            for (path, socket) in [(&first_path, &first), (&second_path, &second)] {
                client.connect(path).unwrap();
                assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(&**path));
                client.send(path.file_name().unwrap().as_encoded_bytes()).await.unwrap();
                let n = socket.recv(&mut buffer).await.unwrap();
                assert_eq!(&buffer[..n], path.file_name().unwrap().as_encoded_bytes());
            }
            drop(second);
            assert_eq!(kind(client.send(b"?").await), ErrorKind::ConnectionRefused);
            assert_eq!(kind(client.connect(&second_path)), ErrorKind::ConnectionRefused);
        });
    }

    fn try_forms_say_would_block(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("socket");
            let receiver = UnixDatagram::bind(&path).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            sender.writable().await.unwrap();

            let mut buffer = [0; 8];
            let mut growing = Vec::with_capacity(8);
            for _ in 0..4 {
                assert_eq!(sender.try_send_to(b"abc", &path).unwrap(), 3);
            }
            receiver.readable().await.unwrap();
            // The messages are shorter than the buffers, and yet each call finds the next one at once.
            assert_eq!(receiver.try_recv(&mut buffer).unwrap(), 3);
            assert!(receiver.try_recv_from(&mut buffer).unwrap().1.is_unnamed());
            assert_eq!(receiver.try_recv_buf(&mut growing).unwrap(), 3);
            assert_eq!(receiver.try_recv_buf_from(&mut growing).unwrap().0, 3);
            assert_eq!((&buffer[..3], &*growing), (&b"abc"[..], &b"abcabc"[..]));

            assert_eq!(kind(receiver.try_recv(&mut buffer)), ErrorKind::WouldBlock);
            assert_eq!(kind(receiver.try_recv_from(&mut buffer)), ErrorKind::WouldBlock);
            assert_eq!(kind(receiver.try_recv_buf(&mut growing)), ErrorKind::WouldBlock);
            assert_eq!(kind(receiver.try_recv_buf_from(&mut growing)), ErrorKind::WouldBlock);
            assert_eq!(growing, b"abcabc");
        });
    }

    fn poll_forms_keep_what_was_filled(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let (path, from) = (directory.at("socket"), directory.at("from"));
            let receiver = UnixDatagram::bind(&path).unwrap();
            let sender = UnixDatagram::bind(&from).unwrap();
            poll_fn(|cx| sender.poll_send_ready(cx)).await.unwrap();
            for message in [&b"12"[..], b"34", b"56"] {
                assert_eq!(poll_fn(|cx| sender.poll_send_to(cx, message, &path)).await.unwrap(), 2);
            }
            sender.connect(&path).unwrap();
            assert_eq!(poll_fn(|cx| sender.poll_send(cx, b"78")).await.unwrap(), 2);

            let mut memory = [MaybeUninit::uninit(); 7];
            let mut buf = ReadBuf::uninit(&mut memory);
            poll_fn(|cx| receiver.poll_recv_ready(cx)).await.unwrap();
            // A poll each, with no wait in between: a short message does not count as the last one.
            let mut cx = Context::from_waker(Waker::noop());
            assert!(matches!(receiver.poll_recv(&mut cx, &mut buf), Poll::Ready(Ok(()))));
            match receiver.poll_recv_from(&mut cx, &mut buf) {
                Poll::Ready(Ok(address)) => assert_eq!(address.as_pathname(), Some(&*from)),
                other => panic!("{other:?}"),
            }
            assert!(matches!(receiver.poll_recv(&mut cx, &mut buf), Poll::Ready(Ok(()))));
            assert_eq!(buf.filled(), b"123456");
            // One byte of room: the message is cut.
            assert!(matches!(receiver.poll_recv(&mut cx, &mut buf), Poll::Ready(Ok(()))));
            assert_eq!(buf.filled(), b"1234567");
            buf.clear();
            assert!(receiver.poll_recv(&mut cx, &mut buf).is_pending());
            assert!(receiver.poll_recv_from(&mut cx, &mut buf).is_pending());
            assert!(buf.filled().is_empty());
        });
    }

    fn buf_forms_append(runtime) {
        runtime.block_on(async {
            let (left, right) = UnixDatagram::pair().unwrap();
            let mut buf = Vec::with_capacity(64);
            buf.extend_from_slice(b"<");
            left.send(b"ab").await.unwrap();
            assert_eq!(right.recv_buf(&mut buf).await.unwrap(), 2);
            left.send(b"cd").await.unwrap();
            let (n, sender) = right.recv_buf_from(&mut buf).await.unwrap();
            assert_eq!((n, sender.is_unnamed()), (2, true));
            assert_eq!(buf, b"<abcd");

            // No room at all: the message is cut to nothing, and the next one is whole.
            left.send(b"lost").await.unwrap();
            left.send(b"next").await.unwrap();
            let mut memory = [0; 4];
            assert_eq!(right.recv_buf(&mut &mut memory[..0]).await.unwrap(), 0);
            assert_eq!(right.recv_buf(&mut &mut memory[..]).await.unwrap(), 4);
            assert_eq!(&memory, b"next");
        });
    }

    fn empty_message_is_a_message(runtime) {
        runtime.block_on(async {
            let (left, right) = UnixDatagram::pair().unwrap();
            assert_eq!(left.send(b"").await.unwrap(), 0);
            assert_eq!(left.send(b"x").await.unwrap(), 1);
            let mut buffer = [7; 4];
            assert_eq!(right.recv(&mut buffer).await.unwrap(), 0);
            assert_eq!(buffer, [7; 4]);
            assert_eq!(right.recv(&mut buffer).await.unwrap(), 1);
            assert_eq!(buffer, [b'x', 7, 7, 7]);
            assert_eq!(kind(right.try_recv(&mut buffer)), ErrorKind::WouldBlock);
        });
    }

    fn long_message_is_cut(runtime) {
        runtime.block_on(async {
            let (left, right) = UnixDatagram::pair().unwrap();
            left.send(b"abcdef").await.unwrap();
            left.send(b"gh").await.unwrap();
            let mut buffer = [0; 3];
            assert_eq!(right.recv(&mut buffer).await.unwrap(), 3);
            assert_eq!(&buffer, b"abc");
            assert_eq!(right.recv(&mut buffer).await.unwrap(), 2);
            assert_eq!(&buffer[..2], b"gh");
        });
    }

    fn full_queue_holds_the_sender_until_there_is_room(runtime) {
        runtime.block_on(async {
            let (left, right) = UnixDatagram::pair().unwrap();
            let left = Arc::new(left);
            let sent = fill(&left).await;
            assert!(sent > 0);
            let last = heist::spawn({
                let left = Arc::clone(&left);
                async move { left.send(b"last").await }
            });
            let mut buffer = [0; 16];
            for expected in 0..sent {
                assert_eq!(right.recv(&mut buffer).await.unwrap(), size_of::<usize>());
                assert_eq!(buffer[..size_of::<usize>()], expected.to_le_bytes());
            }
            assert_eq!(right.recv(&mut buffer).await.unwrap(), 4);
            assert_eq!(&buffer[..4], b"last");
            assert_eq!(last.await.unwrap().unwrap(), 4);
        });
    }

    fn a_sender_that_had_an_error_waits_for_room_all_the_same(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let (left, right) = UnixDatagram::pair().unwrap();
            let other = UnixDatagram::bind(directory.at("other")).unwrap();
            // The peer of `right` turns to somebody else, and `right` is told so by an error.
            right.send(b"lost").await.unwrap();
            left.connect(directory.at("other")).unwrap();
            right.ready(Interest::ERROR).await.unwrap();
            assert_eq!(kind(right.send(b"x").await), ErrorKind::ConnectionReset);
            right.connect(directory.at("other")).unwrap();
            let sent = fill(&right).await;
            let wakes = Count::default();
            let waker = Waker::from(Arc::new(CountWake(wakes.clone())));
            let mut sending = pin!(right.send(b"last"));
            assert!(sending.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert_eq!(wakes.get(), 0, "it does not go round in circles");
            let mut buffer = [0; 16];
            for _ in 0..sent {
                other.recv(&mut buffer).await.unwrap();
            }
            assert_eq!(sending.await.unwrap(), 4);
        });
    }

    fn cancelled_waits_lose_nothing(runtime) {
        runtime.block_on(async {
            let (left, right) = UnixDatagram::pair().unwrap();
            let mut buffer = [0; 16];
            {
                let mut receive = pin!(right.recv(&mut buffer));
                assert!(poll_once(receive.as_mut()).is_pending());
                left.send(b"kept").await.unwrap();
            }
            right.readable().await.unwrap();
            assert_eq!(right.ready(Interest::READABLE).await.unwrap(), Ready::READABLE);
            assert_eq!(right.try_recv(&mut buffer).unwrap(), 4);
            assert_eq!(&buffer[..4], b"kept");

            let sent = fill(&left).await;
            {
                let mut send = pin!(left.send(b"never sent"));
                assert!(poll_once(send.as_mut()).is_pending());
            }
            for _ in 0..sent {
                assert_eq!(right.recv(&mut buffer).await.unwrap(), size_of::<usize>());
            }
            assert_eq!(kind(right.try_recv(&mut buffer)), ErrorKind::WouldBlock);
        });
    }

    fn closures_run_under_readiness(runtime) {
        runtime.block_on(async {
            let (left, right) = UnixDatagram::pair().unwrap();
            assert_eq!(
                left.try_io(Interest::WRITABLE, || socket2::SockRef::from(&left).send(b"by hand")).unwrap(),
                7
            );
            let mut memory = [MaybeUninit::uninit(); 16];
            let peeked = right
                .async_io(Interest::READABLE, || socket2::SockRef::from(&right).peek(&mut memory))
                .await;
            assert_eq!(peeked.unwrap(), 7);
            assert_eq!(right.recv(&mut [0; 16]).await.unwrap(), 7);
            let refused = right.try_io(Interest::READABLE, || Err::<(), _>(ErrorKind::WouldBlock.into()));
            assert_eq!(kind(refused), ErrorKind::WouldBlock);
            // The readiness is gone by now, so the closure is not even called.
            let skipped = right.try_io(Interest::READABLE, || -> std::io::Result<()> { panic!("called") });
            assert_eq!(kind(skipped), ErrorKind::WouldBlock);
        });
    }

    fn shutdown_ends_a_direction(runtime) {
        runtime.block_on(async {
            let (left, right) = UnixDatagram::pair().unwrap();
            left.shutdown(Shutdown::Write).unwrap();
            assert_eq!(kind(left.send(b"x").await), ErrorKind::BrokenPipe);
            right.send(b"y").await.unwrap();
            assert_eq!(left.recv(&mut [0; 4]).await.unwrap(), 1);
            left.shutdown(Shutdown::Read).unwrap();
            assert_eq!(kind(right.send(b"z").await), ErrorKind::BrokenPipe);
        });
    }

    fn std_sockets_come_and_go(runtime) {
        runtime.block_on(async {
            let (left, right) = net::UnixDatagram::pair().unwrap();
            let blocking = UnixDatagram::from_std(left.try_clone().unwrap()).unwrap_err();
            assert_eq!(blocking.kind(), ErrorKind::InvalidInput);
            assert!(blocking.to_string().contains("set_nonblocking(true)"), "{blocking}");

            left.set_nonblocking(true).unwrap();
            let descriptor = left.as_raw_fd();
            let left = UnixDatagram::try_from(left).unwrap();
            assert_eq!(left.as_raw_fd(), descriptor);
            assert_eq!(left.as_fd().as_raw_fd(), descriptor);
            assert!(format!("{left:?}").contains(&descriptor.to_string()));
            right.send(b"hi").unwrap();
            assert_eq!(left.recv(&mut [0; 4]).await.unwrap(), 2);

            let left = left.into_std().unwrap();
            assert_eq!(left.as_raw_fd(), descriptor);
            assert_eq!(kind(left.recv(&mut [0; 4])), ErrorKind::WouldBlock);
            // It left the reactor, so that it can come back.
            let left = UnixDatagram::from_std(left).unwrap();
            right.send(b"again").unwrap();
            assert_eq!(left.recv(&mut [0; 8]).await.unwrap(), 5);
        });
    }
}

#[cfg(target_os = "linux")]
both_flavours! {
    fn abstract_names_are_told(runtime) {
        use std::os::linux::net::SocketAddrExt;

        runtime.block_on(async {
            let names = ["server", "client"].map(|role| format!("heist-{}-{role}-{:p}", std::process::id(), &role));
            let [server, client] = names.each_ref().map(|name| {
                let address = net::SocketAddr::from_abstract_name(name).unwrap();
                let socket = net::UnixDatagram::bind_addr(&address).unwrap();
                socket.set_nonblocking(true).unwrap();
                (socket, address)
            });
            client.0.connect_addr(&server.1).unwrap();
            let server = UnixDatagram::from_std(server.0).unwrap();
            let client = UnixDatagram::from_std(client.0).unwrap();
            assert_eq!(client.peer_addr().unwrap().as_abstract_name(), Some(names[0].as_bytes()));

            client.send(b"hidden").await.unwrap();
            let mut buffer = [0; 16];
            let (n, sender) = server.recv_from(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..n], b"hidden");
            assert_eq!(sender.as_abstract_name(), Some(names[1].as_bytes()));
            assert_eq!(sender.as_pathname(), None);
            assert!(!sender.is_unnamed());
        });
    }
}

#[test]
fn addresses_convert() {
    let std_address = net::SocketAddr::from_pathname("/a/b").unwrap();
    let address = SocketAddr::from(std_address.clone());
    assert_eq!(address.as_pathname(), Some(Path::new("/a/b")));
    assert!(!address.is_unnamed());
    assert_eq!(format!("{:?}", address.clone()), format!("{std_address:?}"));
    let back = net::SocketAddr::from(address);
    assert_eq!(back.as_pathname(), Some(Path::new("/a/b")));
}

#[test]
fn outside_of_a_runtime_it_panics() {
    assert!(std::panic::catch_unwind(UnixDatagram::pair).is_err());
    assert!(std::panic::catch_unwind(UnixDatagram::unbound).is_err());
}
