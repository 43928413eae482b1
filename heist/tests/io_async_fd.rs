//! `AsyncFd`: readiness of any descriptor, and what its guards make of it.

#![cfg(unix)]
#![allow(
    deprecated,
    reason = "the former constructors are there for programs that have them"
)]
#![allow(unsafe_code, reason = "`AsyncFd::register` asks for a promise")]

mod net_kit;
mod rt_kit;

use heist::io::unix::AsyncFd;
use heist::io::{Interest, Ready};
use net_kit::{kind, one_flavour, poll_once};
use rt_kit::{Count, CountDrop, CountWake};
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

fn register<T: AsRawFd>(inner: T) -> AsyncFd<T> {
    // SAFETY: the tests register what owns its descriptor.
    unsafe { AsyncFd::register(inner) }.unwrap()
}

/// A non-blocking socket in the reactor, and its peer outside.
fn pair() -> (AsyncFd<UnixStream>, UnixStream) {
    let (socket, peer) = UnixStream::pair().unwrap();
    socket.set_nonblocking(true).unwrap();
    (register(socket), peer)
}

fn would_block<T>() -> io::Result<T> {
    Err(ErrorKind::WouldBlock.into())
}

/// Fills the socket and takes note that it is full; returns how much it took.
async fn fill(socket: &AsyncFd<UnixStream>) -> usize {
    let mut sent = 0;
    loop {
        let mut guard = socket.writable().await.unwrap();
        match guard.try_io(|socket| socket.get_ref().write(&[0; 4096])) {
            Ok(n) => sent += n.unwrap(),
            Err(_would_block) => return sent,
        }
    }
}

one_flavour! {
    fn a_guard_reads_until_it_would_block(runtime) {
        runtime.block_on(async {
            let (socket, mut peer) = pair();
            assert!(poll_once(pin!(socket.readable())).is_pending());
            peer.write_all(b"abc").unwrap();
            let mut guard = socket.readable().await.unwrap();
            assert_eq!(guard.ready(), Ready::READABLE);
            let mut buffer = [0; 2];
            for n in [2, 1] {
                let read = guard.try_io(|socket| socket.get_ref().read(&mut buffer)).unwrap();
                assert_eq!(read.unwrap(), n);
            }
            guard.try_io(|socket| socket.get_ref().read(&mut buffer)).unwrap_err();
            assert!(guard.ready().is_empty());
            assert!(poll_once(pin!(socket.readable())).is_pending());
            peer.write_all(b"d").unwrap();
            drop(socket.readable().await.unwrap());
        });
    }

    fn other_errors_clear_nothing(runtime) {
        runtime.block_on(async {
            let (mut socket, mut peer) = pair();
            peer.write_all(b"a").unwrap();
            let mut guard = socket.readable_mut().await.unwrap();
            let result = guard.try_io(|_| Err::<(), _>(ErrorKind::Other.into())).unwrap();
            assert_eq!(kind(result), ErrorKind::Other);
            assert_eq!(guard.ready(), Ready::READABLE);
            assert_eq!(guard.get_inner_mut().read(&mut [0; 4]).unwrap(), 1);
            guard.get_mut().get_mut().flush().unwrap();
            assert_eq!(guard.get_ref().as_raw_fd(), guard.get_inner().as_raw_fd());
            guard.try_io(|socket| socket.get_mut().read(&mut [0; 4])).unwrap_err();
            drop(guard);
            assert!(poll_once(pin!(socket.readable_mut())).is_pending());
        });
    }

    fn readiness_stays_until_it_is_cleared(runtime) {
        runtime.block_on(async {
            let (socket, mut peer) = pair();
            peer.write_all(b"a").unwrap();
            drop(socket.readable().await.unwrap());
            let mut guard = socket.readable().await.unwrap();
            guard.retain_ready();
            assert!(poll_once(pin!(socket.readable())).is_ready());
            guard.clear_ready();
            assert!(guard.ready().is_empty());
            // Clearing was a mistake: there is a byte, but no further edge.
            assert!(poll_once(pin!(socket.readable())).is_pending());
            guard.clear_ready();
            drop(socket.writable().await.unwrap());
        });
    }

    fn a_guard_clears_part_of_what_it_saw(runtime) {
        runtime.block_on(async {
            let (mut socket, mut peer) = pair();
            peer.write_all(b"a").unwrap();
            drop((socket.readable().await.unwrap(), socket.writable().await.unwrap()));
            let mut guard = socket.ready(BOTH).await.unwrap();
            assert_eq!(guard.ready(), Ready::READABLE | Ready::WRITABLE);
            guard.clear_ready_matching(Ready::READABLE);
            assert_eq!(guard.ready(), Ready::WRITABLE);
            assert!(poll_once(pin!(socket.readable())).is_pending());
            assert!(poll_once(pin!(socket.writable())).is_ready());
            let mut guard = socket.ready_mut(BOTH).await.unwrap();
            guard.clear_ready_matching(Ready::WRITABLE);
            assert!(guard.ready().is_empty());
            assert!(poll_once(pin!(socket.writable_mut())).is_pending());
        });
    }

    fn an_event_after_the_guard_survives_its_clear(runtime) {
        runtime.block_on(async {
            let (socket, mut peer) = pair();
            peer.write_all(b"a").unwrap();
            let mut old = socket.readable().await.unwrap();
            assert_eq!(socket.get_ref().read(&mut [0; 1]).unwrap(), 1);
            let mut seen = socket.readable().await.unwrap();
            seen.clear_ready();
            peer.write_all(b"b").unwrap();
            drop(socket.readable().await.unwrap());
            old.clear_ready();
            assert!(poll_once(pin!(socket.readable())).is_ready());
        });
    }

    fn the_end_stays_ready_whatever_a_guard_says(runtime) {
        runtime.block_on(async {
            let (socket, peer) = pair();
            drop(peer);
            let guard = socket.readable().await.unwrap();
            assert!(guard.ready().is_read_closed() || guard.ready().is_readable());
            drop(guard);
            for _ in 0..2 {
                let mut guard = socket.ready(BOTH).await.unwrap();
                assert!(guard.ready().is_read_closed() && guard.ready().is_write_closed());
                guard.clear_ready();
            }
            assert_eq!(socket.get_ref().read(&mut [0; 1]).unwrap(), 0);
        });
    }

    fn each_direction_wakes_its_latest_poller(runtime) {
        runtime.block_on(async {
            let (mut socket, mut peer) = pair();
            let sent = fill(&socket).await;
            let wakes: [Count; 3] = Default::default();
            let [first, second, writer] = wakes.clone().map(|count| Waker::from(Arc::new(CountWake(count))));
            assert!(socket.poll_read_ready(&mut Context::from_waker(&first)).is_pending());
            assert!(socket.poll_read_ready_mut(&mut Context::from_waker(&second)).is_pending());
            assert!(socket.poll_write_ready_mut(&mut Context::from_waker(&writer)).is_pending());
            peer.write_all(b"a").unwrap();
            // A readiness future beside the poller.
            drop(socket.readable().await.unwrap());
            poll_fn(|cx| socket.poll_read_ready(cx).map_ok(drop)).await.unwrap();
            assert_eq!(wakes.each_ref().map(Count::get), [0, 1, 0]);
            peer.read_exact(&mut vec![0; sent]).unwrap();
            drop(socket.writable().await.unwrap());
            poll_fn(|cx| socket.poll_write_ready(cx).map_ok(drop)).await.unwrap();
            assert_eq!(wakes.each_ref().map(Count::get), [0, 1, 1]);
        });
    }

    fn operations_wait_and_clear_by_themselves(runtime) {
        runtime.block_on(async {
            let (mut socket, mut peer) = pair();
            assert_eq!(kind(socket.try_io(Interest::READABLE, |_| Ok(()))), ErrorKind::WouldBlock);
            peer.write_all(b"ab").unwrap();
            let read = socket.async_io(Interest::READABLE, |mut socket| socket.read(&mut [0; 1])).await;
            assert_eq!(read.unwrap(), 1);
            let read = socket.async_io_mut(Interest::READABLE, |socket| socket.read(&mut [0; 4])).await;
            assert_eq!(read.unwrap(), 1);
            assert!(poll_once(pin!(socket.readable())).is_ready());
            assert_eq!(kind(socket.try_io_mut(Interest::READABLE, |socket| socket.read(&mut [0; 4]))), ErrorKind::WouldBlock);
            assert!(poll_once(pin!(socket.readable())).is_pending());
            let tries = Count::default();
            {
                let mut read = pin!(socket.async_io(Interest::READABLE, |mut socket| {
                    tries.add();
                    socket.read(&mut [0; 4])
                }));
                assert!(poll_once(read.as_mut()).is_pending());
                peer.write_all(b"c").unwrap();
                assert_eq!(read.await.unwrap(), 1);
            }
            assert_eq!(tries.get(), 1);
            assert_eq!(kind(socket.try_io(Interest::WRITABLE, |_| would_block::<()>())), ErrorKind::WouldBlock);
            assert!(poll_once(pin!(socket.writable())).is_pending());
        });
    }

    fn an_interest_not_registered_never_comes(runtime) {
        runtime.block_on(async {
            let (socket, mut peer) = UnixStream::pair().unwrap();
            // SAFETY: the socket owns its descriptor.
            let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::WRITABLE) }.unwrap();
            peer.write_all(b"a").unwrap();
            drop(socket.writable().await.unwrap());
            assert!(poll_once(pin!(socket.readable())).is_pending());
        });
    }

    fn what_is_registered_comes_back_or_is_dropped_once(runtime) {
        struct Counted(UnixStream, #[allow(dead_code, reason = "it counts its drop")] CountDrop);
        impl AsRawFd for Counted {
            fn as_raw_fd(&self) -> RawFd {
                self.0.as_raw_fd()
            }
        }
        runtime.block_on(async {
            let drops = Count::default();
            let (socket, _peer) = UnixStream::pair().unwrap();
            let registered = register(Counted(socket, CountDrop(drops.clone())));
            assert_eq!(registered.as_fd().as_raw_fd(), registered.as_raw_fd());
            let inner = registered.into_inner();
            assert_eq!(drops.get(), 0);
            // It has left the reactor, so it can enter again.
            let registered = register(inner);
            drop(registered.writable().await.unwrap());
            drop(registered);
            assert_eq!(drops.get(), 1);
        });
    }

    fn what_cannot_be_registered_comes_back_in_the_error(runtime) {
        #[derive(Debug)]
        struct Nothing;
        impl AsRawFd for Nothing {
            fn as_raw_fd(&self) -> RawFd {
                -1
            }
        }
        runtime.block_on(async {
            let nothing = Arc::new(Nothing);
            // SAFETY: there is no descriptor to promise anything of.
            let error = unsafe { AsyncFd::register(nothing.clone()) }.unwrap_err();
            assert_eq!(error.to_string(), std::error::Error::source(&error).unwrap().to_string());
            let (same, cause) = error.into_parts();
            assert!(Arc::ptr_eq(&nothing, &same));
            assert_eq!(cause.raw_os_error(), Some(libc::EBADF));
            let (socket, _peer) = pair();
            // SAFETY: as above, and the socket outlives it.
            let twice = unsafe { AsyncFd::register(socket.as_raw_fd()) }.unwrap_err();
            assert_eq!(io::Error::from(twice).kind(), ErrorKind::AlreadyExists);
        });
    }

    fn the_former_constructors_do_the_same(runtime) {
        runtime.block_on(async {
            let (socket, mut peer) = UnixStream::pair().unwrap();
            peer.write_all(b"a").unwrap();
            let socket = AsyncFd::new(socket).unwrap().into_inner();
            let socket = AsyncFd::try_new(socket).unwrap().into_inner();
            let socket = AsyncFd::with_interest(socket, Interest::READABLE).unwrap().into_inner();
            let socket = AsyncFd::try_with_interest(socket, Interest::READABLE).unwrap();
            drop(socket.readable().await.unwrap());
            let nothing: RawFd = -1;
            assert_eq!(AsyncFd::new(nothing).unwrap_err().raw_os_error(), Some(libc::EBADF));
        });
    }
}

#[cfg(target_os = "linux")]
#[test]
fn urgent_bytes_are_a_priority() {
    rt_kit::current_thread().block_on(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        // SAFETY: the socket owns its descriptor.
        let client = unsafe { AsyncFd::register_with_interest(client, Interest::PRIORITY) }.unwrap();
        assert!(poll_once(pin!(client.ready(Interest::PRIORITY))).is_pending());
        assert_eq!(socket2::SockRef::from(&server).send_out_of_band(b"!").unwrap(), 1);
        let guard = client.ready(Interest::PRIORITY).await.unwrap();
        assert!(guard.ready().is_priority());
    });
}

#[cfg(target_os = "linux")]
#[test]
fn an_error_is_an_interest_of_its_own() {
    rt_kit::current_thread().block_on(async {
        let nobody = std::net::UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(nobody).unwrap();
        let socket = register(socket);
        assert!(poll_once(pin!(socket.ready(Interest::ERROR))).is_pending());
        socket.get_ref().send(b"anybody?").unwrap();
        assert_eq!(socket.ready(Interest::ERROR).await.unwrap().ready(), Ready::ERROR);
        let error = socket.get_ref().take_error().unwrap().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn waits_end_with_the_runtime() {
    let runtime = rt_kit::current_thread();
    let (socket, _peer) = runtime.block_on(async { pair() });
    let mut writable = runtime.block_on(socket.writable()).unwrap();
    {
        let mut readable = pin!(socket.readable());
        assert!(poll_once(readable.as_mut()).is_pending());
        drop(runtime);
        assert!(matches!(poll_once(readable), Poll::Ready(Err(_))));
    }
    assert!(matches!(poll_once(pin!(socket.writable())), Poll::Ready(Err(_))));
    writable.clear_ready();
    drop(writable);
    let message = rt_kit::panic_of(|| register(socket.into_inner()));
    assert!(message.contains("no heist runtime"), "{message}");
}
