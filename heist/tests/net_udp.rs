//! Datagrams: each arrives whole and alone, to whoever waits for it, however it is asked for.

mod rt_kit;

use heist::io::{Interest, ReadBuf};
use heist::net::UdpSocket;
use rt_kit::both_flavours;
use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

/// Two sockets that are connected to each other.
async fn pair() -> (UdpSocket, UdpSocket) {
    let (left, right) = (socket().await, socket().await);
    left.connect(right.local_addr().unwrap()).await.unwrap();
    right.connect(left.local_addr().unwrap()).await.unwrap();
    (left, right)
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn would_block<T: std::fmt::Debug>(result: std::io::Result<T>) {
    assert_eq!(result.unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// Counts its wake-ups.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Wakes the task as well as counting.
struct CountAndWake(Count, Waker);

impl Wake for CountAndWake {
    fn wake(self: Arc<Self>) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        self.1.wake_by_ref();
    }
}

both_flavours! {
    fn echo_to_whoever_sends(runtime) {
        runtime.block_on(async {
            let server = socket().await;
            let address = server.local_addr().unwrap();
            let echo = heist::spawn(async move {
                let mut buffer = [0; 64];
                for _ in 0..20 {
                    let (n, sender) = server.recv_from(&mut buffer).await.unwrap();
                    assert_eq!(server.send_to(&buffer[..n], sender).await.unwrap(), n);
                }
            });
            let (first, second) = (socket().await, socket().await);
            let mut buffer = [0; 64];
            for round in 0..10 {
                for (client, length) in [(&first, round), (&second, round + 20)] {
                    client.send_to(&vec![round as u8; length], address).await.unwrap();
                    let answer = client.recv_from(&mut buffer).await.unwrap();
                    assert_eq!(answer, (length, address));
                    assert!(buffer[..length].iter().all(|byte| *byte == round as u8));
                }
            }
            echo.await.unwrap();
        });
    }

    fn a_connected_socket_hears_its_peer_only(runtime) {
        runtime.block_on(async {
            let (left, right) = pair().await;
            let stranger = socket().await;
            assert_eq!(left.peer_addr().unwrap(), right.local_addr().unwrap());
            assert_eq!(stranger.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);

            stranger.send_to(b"stranger", right.local_addr().unwrap()).await.unwrap();
            left.send(b"peer").await.unwrap();
            let mut buffer = [0; 16];
            assert_eq!(right.recv(&mut buffer).await.unwrap(), 4);
            assert_eq!(&buffer[..4], b"peer");
            would_block(right.try_recv(&mut buffer));

            // A later call replaces the peer.
            right.connect(stranger.local_addr().unwrap()).await.unwrap();
            stranger.send_to(b"again", right.local_addr().unwrap()).await.unwrap();
            assert_eq!(right.recv(&mut buffer).await.unwrap(), 5);
        });
    }

    fn sending_without_a_peer_is_an_error(runtime) {
        runtime.block_on(async {
            let alone = socket().await;
            assert_ne!(alone.send(b"x").await.unwrap_err().kind(), ErrorKind::WouldBlock);
            let nowhere: &[SocketAddr] = &[];
            assert_eq!(alone.send_to(b"x", nowhere).await.unwrap_err().kind(), ErrorKind::InvalidInput);
            assert_eq!(alone.connect(nowhere).await.unwrap_err().kind(), ErrorKind::InvalidInput);
            let too_long = vec![0; 70_000];
            let target = alone.local_addr().unwrap();
            assert!(alone.send_to(&too_long, target).await.is_err());
        });
    }

    fn many_tasks_share_a_socket(runtime) {
        const TASKS: usize = 16;
        runtime.block_on(async {
            let server = Arc::new(socket().await);
            let address = server.local_addr().unwrap();
            let receivers: Vec<_> = (0..TASKS)
                .map(|_| {
                    let server = server.clone();
                    heist::spawn(async move {
                        let mut buffer = [0; 8];
                        let (n, sender) = server.recv_from(&mut buffer).await.unwrap();
                        server.send_to(&buffer[..n], sender).await.unwrap();
                        buffer[0]
                    })
                })
                .collect();
            let client = Arc::new(socket().await);
            client.connect(address).await.unwrap();
            let senders: Vec<_> = (0..TASKS)
                .map(|task| {
                    let client = client.clone();
                    heist::spawn(async move {
                        client.send(&[task as u8]).await.unwrap();
                        let mut buffer = [0; 8];
                        assert_eq!(client.recv(&mut buffer).await.unwrap(), 1);
                        buffer[0]
                    })
                })
                .collect();
            for tasks in [receivers, senders] {
                let mut seen = Vec::new();
                for task in tasks {
                    seen.push(task.await.unwrap());
                }
                seen.sort_unstable();
                assert_eq!(seen, (0..TASKS as u8).collect::<Vec<_>>());
            }
        });
    }

    fn an_empty_datagram_is_not_the_end(runtime) {
        runtime.block_on(async {
            let (left, right) = pair().await;
            assert_eq!(left.send(b"").await.unwrap(), 0);
            assert_eq!(left.send(b"after").await.unwrap(), 5);
            let mut memory = [MaybeUninit::uninit(); 16];
            let mut buf = ReadBuf::uninit(&mut memory);
            poll_fn(|cx| right.poll_recv(cx, &mut buf)).await.unwrap();
            assert_eq!(buf.filled(), b"");
            poll_fn(|cx| right.poll_recv(cx, &mut buf)).await.unwrap();
            assert_eq!(buf.filled(), b"after");
        });
    }

    fn what_does_not_fit_is_lost_and_the_next_one_is_whole(runtime) {
        runtime.block_on(async {
            let (left, right) = pair().await;
            for _ in 0..2 {
                left.send(b"too long").await.unwrap();
                left.send(b"next").await.unwrap();
            }
            let mut short = [0; 3];
            assert_eq!(right.recv(&mut short).await.unwrap(), 3);
            assert_eq!(&short, b"too");
            let mut buffer = [0; 16];
            // All four came in one event perhaps: a transfer shorter than the buffer leaves the readiness.
            assert_eq!(right.try_recv(&mut buffer).unwrap(), 4);
            assert_eq!(right.try_recv_from(&mut short).unwrap(), (3, left.local_addr().unwrap()));
            assert_eq!(right.try_recv(&mut buffer).unwrap(), 4);
            assert_eq!(&buffer[..4], b"next");
            would_block(right.try_recv(&mut buffer));
        });
    }

    fn a_short_poll_leaves_the_socket_ready(runtime) {
        runtime.block_on(async {
            let (left, right) = pair().await;
            for byte in 0..50 {
                left.send(&[byte]).await.unwrap();
            }
            let mut memory = [0; 64];
            let mut buf = ReadBuf::new(&mut memory);
            poll_fn(|cx| right.poll_recv(cx, &mut buf)).await.unwrap();
            let mut cx = Context::from_waker(Waker::noop());
            for _ in 1..50 {
                assert!(right.poll_recv(&mut cx, &mut buf).is_ready());
            }
            assert!(right.poll_recv(&mut cx, &mut buf).is_pending());
            assert_eq!(buf.filled(), (0..50).collect::<Vec<u8>>());
        });
    }

    fn peeking_takes_nothing(runtime) {
        runtime.block_on(async {
            let (left, right) = (socket().await, socket().await);
            let from = left.local_addr().unwrap();
            left.send_to(b"hello", right.local_addr().unwrap()).await.unwrap();
            let mut buffer = [0; 16];
            assert_eq!(right.peek(&mut buffer).await.unwrap(), 5);
            assert_eq!(right.peek_from(&mut buffer).await.unwrap(), (5, from));
            assert_eq!(right.peek_sender().await.unwrap(), from);
            assert_eq!(right.try_peek(&mut buffer).unwrap(), 5);
            assert_eq!(right.try_peek_from(&mut buffer).unwrap(), (5, from));
            assert_eq!(right.try_peek_sender().unwrap(), from);
            assert_eq!(poll_fn(|cx| right.poll_peek_sender(cx)).await.unwrap(), from);

            // Behind what is filled already, into memory that nobody has cleared.
            let mut memory = [MaybeUninit::uninit(); 16];
            let mut buf = ReadBuf::uninit(&mut memory);
            buf.put_slice(b">");
            poll_fn(|cx| right.poll_peek(cx, &mut buf)).await.unwrap();
            assert_eq!(poll_fn(|cx| right.poll_peek_from(cx, &mut buf)).await.unwrap(), from);
            assert_eq!(poll_fn(|cx| right.poll_recv_from(cx, &mut buf)).await.unwrap(), from);
            assert_eq!(buf.filled(), b">hellohellohello");
            would_block(right.try_peek(&mut buffer));
            would_block(right.try_peek_from(&mut buffer));
            would_block(right.try_peek_sender());
        });
    }

    fn receiving_into_growing_buffers(runtime) {
        runtime.block_on(async {
            let (left, right) = pair().await;
            let from = left.local_addr().unwrap();
            for part in [b"a1", b"b2", b"c3", b"d4"] {
                left.send(part).await.unwrap();
            }
            let mut buffer = Vec::with_capacity(64);
            buffer.push(b'>');
            assert_eq!(right.recv_buf(&mut buffer).await.unwrap(), 2);
            assert_eq!(right.recv_buf_from(&mut buffer).await.unwrap(), (2, from));
            assert_eq!(right.try_recv_buf(&mut buffer).unwrap(), 2);
            assert_eq!(right.try_recv_buf_from(&mut buffer).unwrap(), (2, from));
            assert_eq!(buffer, b">a1b2c3d4");
            would_block(right.try_recv_buf(&mut buffer));
            would_block(right.try_recv_buf_from(&mut buffer));
            assert_eq!(buffer.len(), 9);
        });
    }

    fn trying_after_waiting(runtime) {
        runtime.block_on(async {
            let (left, right) = pair().await;
            let mut buffer = [0; 8];
            would_block(right.try_recv_from(&mut buffer));
            left.writable().await.unwrap();
            assert_eq!(left.try_send(b"one").unwrap(), 3);
            poll_fn(|cx| left.poll_send_ready(cx)).await.unwrap();
            right.readable().await.unwrap();
            assert_eq!(right.try_recv(&mut buffer).unwrap(), 3);

            let third = socket().await;
            third.writable().await.unwrap();
            let target = socket().await;
            let address = target.local_addr().unwrap();
            assert_eq!(third.try_send_to(b"four", address).unwrap(), 4);
            assert!(target.ready(Interest::READABLE).await.unwrap().is_readable());
            poll_fn(|cx| target.poll_recv_ready(cx)).await.unwrap();
            assert_eq!(target.try_recv_from(&mut buffer).unwrap(), (4, third.local_addr().unwrap()));
        });
    }

    fn operations_of_ones_own(runtime) {
        runtime.block_on(async {
            let (left, right) = pair().await;
            let sent = left.async_io(Interest::WRITABLE, || socket2::SockRef::from(&left).send(b"own"));
            assert_eq!(sent.await.unwrap(), 3);
            right.readable().await.unwrap();
            let take = || socket2::SockRef::from(&right).recv(&mut [MaybeUninit::uninit(); 8]);
            assert_eq!(right.try_io(Interest::READABLE, take).unwrap(), 3);
            // The operation says that the socket is not ready, which ends the readiness: no further call.
            would_block(right.try_io(Interest::READABLE, || {
                socket2::SockRef::from(&right).recv(&mut [MaybeUninit::uninit(); 8])
            }));
            would_block(right.try_io(Interest::READABLE, || -> std::io::Result<()> {
                panic!("called without readiness")
            }));
        });
    }

    fn of_two_pollers_the_last_one_is_woken(runtime) {
        runtime.block_on(async {
            let (left, right) = pair().await;
            let mut memory = [0; 8];
            let mut buf = ReadBuf::new(&mut memory);
            let first = Arc::new(Count::default());
            let first_waker = Waker::from(first.clone());
            let mut second: Option<Arc<CountAndWake>> = None;
            let mut waiting = false;
            poll_fn(|cx| {
                if !waiting {
                    assert!(right.poll_recv(&mut Context::from_waker(&first_waker), &mut buf).is_pending());
                    let counting = Arc::new(CountAndWake(Count::default(), cx.waker().clone()));
                    let waker = Waker::from(counting.clone());
                    assert!(right.poll_recv(&mut Context::from_waker(&waker), &mut buf).is_pending());
                    second = Some(counting);
                    waiting = true;
                }
                if second.as_ref().unwrap().0.0.load(Ordering::SeqCst) == 0 {
                    // The other direction has a waker of its own, which this must not displace.
                    let _ = left.poll_send(cx, b"").map(Result::unwrap);
                    return Poll::Pending;
                }
                Poll::Ready(())
            })
            .await;
            poll_fn(|cx| right.poll_recv(cx, &mut buf)).await.unwrap();
            assert_eq!(first.0.load(Ordering::SeqCst), 0);
        });
    }

    fn both_directions_wait_at_once(runtime) {
        runtime.block_on(async {
            let (left, right) = pair().await;
            let mut memory = [0; 8];
            let mut buf = ReadBuf::new(&mut memory);
            let mut sent = false;
            poll_fn(|cx| {
                let received = right.poll_recv(cx, &mut buf).map(Result::unwrap);
                let address = right.local_addr().unwrap();
                if !sent && left.poll_send_to(cx, b"both", address).map(|sent| sent.is_ok()).is_ready() {
                    sent = true;
                }
                received
            })
            .await;
            assert!(sent);
        });
    }

    fn a_dropped_receiver_takes_nothing(runtime) {
        runtime.block_on(async {
            let (left, right) = pair().await;
            let mut lost = [0; 8];
            {
                let mut receiving = pin!(right.recv(&mut lost));
                assert!(poll_once(receiving.as_mut()).is_pending());
                left.send(b"kept").await.unwrap();
                right.readable().await.unwrap();
            }
            assert_eq!(lost, [0; 8]);
            let mut buffer = [0; 8];
            assert_eq!(right.recv(&mut buffer).await.unwrap(), 4);

            // The same for a task that is aborted while it waits.
            let right = Arc::new(right);
            let waiting = right.clone();
            let task = heist::spawn(async move { waiting.recv_from(&mut [0; 8]).await });
            heist::task::yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            left.send(b"kept!").await.unwrap();
            assert_eq!(right.recv(&mut buffer).await.unwrap(), 5);
        });
    }

    fn to_the_standard_library_and_back(runtime) {
        runtime.block_on(async {
            let blocking = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            #[cfg(unix)]
            assert_eq!(
                UdpSocket::from_std(blocking.try_clone().unwrap()).unwrap_err().kind(),
                ErrorKind::InvalidInput,
            );
            blocking.set_nonblocking(true).unwrap();
            let address = blocking.local_addr().unwrap();
            let ours = UdpSocket::try_from(blocking).unwrap();
            assert!(format!("{ours:?}").contains(&address.port().to_string()));
            let sender = socket().await;
            sender.send_to(b"kept", address).await.unwrap();
            ours.readable().await.unwrap();
            let theirs = ours.into_std().unwrap();
            assert_eq!(theirs.recv(&mut [0; 8]).unwrap(), 4);
            would_block(theirs.recv(&mut [0; 8]));
            // It can be registered again.
            let again = UdpSocket::from_std(theirs).unwrap();
            sender.send_to(b"again", address).await.unwrap();
            assert_eq!(again.recv(&mut [0; 8]).await.unwrap(), 5);
        });
    }

    fn options_are_the_systems(runtime) {
        runtime.block_on(async {
            let socket = socket().await;
            for on in [true, false] {
                socket.set_broadcast(on).unwrap();
                assert_eq!(socket.broadcast().unwrap(), on);
                socket.set_multicast_loop_v4(on).unwrap();
                assert_eq!(socket.multicast_loop_v4().unwrap(), on);
            }
            socket.set_multicast_ttl_v4(7).unwrap();
            assert_eq!(socket.multicast_ttl_v4().unwrap(), 7);
            socket.set_ttl(33).unwrap();
            assert_eq!(socket.ttl().unwrap(), 33);
            assert!(socket.take_error().unwrap().is_none());
            let group = Ipv4Addr::new(239, 1, 2, 3);
            // Not a member.
            assert!(socket.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).is_err());
            assert!(socket.join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED).is_err());
        });
    }
}

#[cfg(target_os = "linux")]
both_flavours! {
    fn a_refusal_wakes_the_receiver(runtime) {
        runtime.block_on(async {
            let client = socket().await;
            let gone = socket().await;
            client.connect(gone.local_addr().unwrap()).await.unwrap();
            drop(gone);
            client.send(b"anybody?").await.unwrap();
            let refused = client.recv(&mut [0; 8]).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            // It is told once.
            assert!(poll_once(pin!(client.recv(&mut [0; 8]))).is_pending());
        });
    }

    fn options_of_linux(runtime) {
        runtime.block_on(async {
            let socket = socket().await;
            socket.set_tos_v4(0x10).unwrap();
            assert_eq!(socket.tos_v4().unwrap(), 0x10);
            assert_eq!(socket.device().unwrap(), None);
            assert!(socket.bind_device(Some(b"there-is-none")).is_err());
        });
    }
}
