//! Streams: what is sent arrives, and every way a connection can end is told.

mod rt_kit;

use heist::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest, Ready};
use heist::net::{TcpListener, TcpStream};
use heist::time::timeout;
use rt_kit::both_flavours;
use std::future::{Future, poll_fn};
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Both ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
    (client, server)
}

/// A port that nobody listens on.
fn closed_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// Writes until the socket takes no more, and says how much it took.
fn fill(stream: &TcpStream) -> usize {
    let chunk = [1; 64 * 1024];
    let mut sent = 0;
    loop {
        match stream.try_write(&chunk) {
            Ok(n) => sent += n,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return sent;
            }
        }
    }
}

/// What a system call says at this moment, past the reactor.
fn peek_now(stream: &TcpStream) -> std::io::Result<usize> {
    socket2::SockRef::from(stream).peek(&mut [MaybeUninit::uninit()])
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs two futures in one task.
async fn both(first: impl Future<Output = ()>, second: impl Future<Output = ()>) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut first_runs, mut second_runs) = (true, true);
    poll_fn(|cx| {
        first_runs = first_runs && first.as_mut().poll(cx).is_pending();
        second_runs = second_runs && second.as_mut().poll(cx).is_pending();
        if first_runs || second_runs {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

both_flavours! {
    fn echo(runtime) {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = heist::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut buffer = [0; 1000];
                let mut total = 0;
                loop {
                    let n = stream.read(&mut buffer).await.unwrap();
                    if n == 0 {
                        return total;
                    }
                    stream.write_all(&buffer[..n]).await.unwrap();
                    total += n;
                }
            });
            let mut client = TcpStream::connect(address).await.unwrap();
            client.set_nodelay(true).unwrap();
            assert!(client.nodelay().unwrap());
            for round in 0..100_u8 {
                let sent = vec![round; usize::from(round) * 50 + 1];
                client.write_all(&sent).await.unwrap();
                let mut received = vec![0; sent.len()];
                client.read_exact(&mut received).await.unwrap();
                assert_eq!(received, sent);
            }
            client.shutdown().await.unwrap();
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).await.unwrap();
            assert!(rest.is_empty());
            assert_eq!(server.await.unwrap(), (0..100).map(|round| round * 50 + 1).sum::<usize>());
        });
    }

    fn both_directions_at_once_through_borrowed_and_owned_halves(runtime) {
        const BYTES: usize = 3 << 20;
        runtime.block_on(async {
            let (mut client, server) = pair().await;
            let (mut read, mut write) = server.into_split();
            let sender = heist::spawn(async move {
                write.write_all(&vec![2; BYTES]).await.unwrap();
                write
            });
            let receiver = heist::spawn(async move {
                let mut received = Vec::new();
                read.read_to_end(&mut received).await.unwrap();
                assert_eq!(received, vec![1; BYTES]);
                read
            });
            let (mut read, mut write) = client.split();
            let sending = async {
                write.write_all(&vec![1; BYTES]).await.unwrap();
                write.shutdown().await.unwrap();
            };
            let receiving = async {
                let mut received = vec![0; BYTES];
                read.read_exact(&mut received).await.unwrap();
                assert_eq!(received, vec![2; BYTES]);
            };
            both(sending, receiving).await;
            let (write, read) = (sender.await.unwrap(), receiver.await.unwrap());
            let mut server = read.reunite(write).unwrap();
            server.write_all(b"whole again").await.unwrap();
            let mut last = [0; 11];
            client.read_exact(&mut last).await.unwrap();
            assert_eq!(&last, b"whole again");
        });
    }

    fn halves_of_different_streams_do_not_reunite(runtime) {
        runtime.block_on(async {
            let (client, server) = pair().await;
            let (read, _write) = client.into_split();
            let (_read, write) = server.into_split();
            let error = read.reunite(write).unwrap_err();
            assert!(error.to_string().contains("different sockets"));
            assert!(error.0.local_addr().unwrap() != error.1.local_addr().unwrap());
        });
    }

    fn a_dropped_write_half_ends_the_stream_and_a_forgotten_one_does_not(runtime) {
        runtime.block_on(async {
            let (mut client, server) = pair().await;
            let (mut read, write) = server.into_split();
            drop(write);
            assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
            // The other direction goes on.
            client.write_all(b"still here").await.unwrap();
            let mut buffer = [0; 10];
            read.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"still here");

            let (client, server) = pair().await;
            let (read, write) = server.into_split();
            write.forget();
            assert_eq!(peek_now(&client).unwrap_err().kind(), ErrorKind::WouldBlock);
            drop(read);
            assert_eq!(peek_now(&client).unwrap(), 0);
        });
    }

    fn a_half_closed_peer_still_receives(runtime) {
        runtime.block_on(async {
            let (mut client, mut server) = pair().await;
            client.write_all(b"question").await.unwrap();
            client.shutdown().await.unwrap();
            let mut question = Vec::new();
            server.read_to_end(&mut question).await.unwrap();
            assert_eq!(question, b"question");
            // The end is final, and readiness says so.
            let ready = server.ready(Interest::READABLE).await.unwrap();
            assert!(ready.is_read_closed() && !ready.is_write_closed(), "{ready:?}");
            assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
            server.write_all(b"answer").await.unwrap();
            drop(server);
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, b"answer");
        });
    }

    fn a_reset_reaches_a_waiting_reader(runtime) {
        runtime.block_on(async {
            let (client, mut server) = pair().await;
            let reader = heist::spawn(async move { server.read(&mut [0; 8]).await });
            client.set_zero_linger().unwrap();
            assert_eq!(client.linger().unwrap(), Some(Duration::ZERO));
            drop(client);
            assert_eq!(reader.await.unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
        });
    }

    fn a_write_to_a_reset_connection_fails(runtime) {
        runtime.block_on(async {
            let (client, mut server) = pair().await;
            client.set_zero_linger().unwrap();
            drop(client);
            let error = loop {
                if let Err(error) = server.write_all(&[0; 1024]).await {
                    break error;
                }
            };
            let kind = error.kind();
            assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
        });
    }

    fn a_stalled_peer_holds_up_only_itself(runtime) {
        runtime.block_on(async {
            let (mut lazy, busy) = pair().await;
            busy.writable().await.unwrap();
            let sent = fill(&busy);
            let writer = heist::spawn(async move {
                busy.writable().await.unwrap();
                let more = busy.try_write(b"!").unwrap();
                (busy, more)
            });
            // Meanwhile others are served.
            let (mut client, mut server) = pair().await;
            client.write_all(b"ping").await.unwrap();
            let mut buffer = [0; 4];
            server.read_exact(&mut buffer).await.unwrap();
            assert!(!writer.is_finished(), "a full socket was said to be writable");
            let mut received = vec![0; sent];
            lazy.read_exact(&mut received).await.unwrap();
            let (busy, more) = writer.await.unwrap();
            assert_eq!(more, 1);
            drop(busy);
            let mut rest = Vec::new();
            lazy.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"!");
        });
    }

    fn connect_refused(runtime) {
        runtime.block_on(async {
            let error = TcpStream::connect(closed_port()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        });
    }

    fn connect_tries_the_addresses_in_turn(runtime) {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let good = listener.local_addr().unwrap();
            let addresses = [closed_port(), closed_port(), good];
            let stream = TcpStream::connect(&addresses[..]).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), good);
            let error = TcpStream::connect(&addresses[..2]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            let error = TcpStream::connect(&[][..]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        });
    }

    fn peek_takes_nothing(runtime) {
        runtime.block_on(async {
            let (mut client, mut server) = pair().await;
            client.write_all(b"abc").await.unwrap();
            let mut buffer = [0; 8];
            loop {
                if server.peek(&mut buffer).await.unwrap() == 3 {
                    break;
                }
            }
            let (mut read, _write) = server.split();
            assert_eq!(read.peek(&mut buffer).await.unwrap(), 3);
            assert_eq!(read.read(&mut buffer).await.unwrap(), 3);
            assert_eq!(&buffer[..3], b"abc");
        });
    }

    fn try_operations_say_would_block_instead_of_waiting(runtime) {
        runtime.block_on(async {
            let (client, server) = pair().await;
            let mut buffer = [0; 8];
            assert_eq!(server.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
            let mut tail = Vec::with_capacity(8);
            assert_eq!(server.try_read_buf(&mut tail).unwrap_err().kind(), ErrorKind::WouldBlock);

            client.writable().await.unwrap();
            let parts = [IoSlice::new(b"ab"), IoSlice::new(b"cd")];
            assert_eq!(client.try_write_vectored(&parts).unwrap(), 4);
            server.readable().await.unwrap();
            let (mut first, mut second) = ([0; 1], [0; 2]);
            let mut parts = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
            assert_eq!(server.try_read_vectored(&mut parts).unwrap(), 3);
            assert_eq!((&first, &second), (b"a", b"bc"));
            tail.push(b'>');
            assert_eq!(server.try_read_buf(&mut tail).unwrap(), 1);
            assert_eq!(tail, b">d");

            let fails = |_: Interest| -> std::io::Result<()> { Err(ErrorKind::WouldBlock.into()) };
            let refused = server.try_io(Interest::WRITABLE, || fails(Interest::WRITABLE));
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::WouldBlock);
        });
    }

    fn async_io_repeats_what_would_block(runtime) {
        runtime.block_on(async {
            let (mut client, server) = pair().await;
            let mut attempts = 0;
            let writer = heist::spawn(async move {
                client.write_all(b"x").await.unwrap();
                client
            });
            let n = server.async_io(Interest::READABLE, || {
                attempts += 1;
                peek_now(&server)
            });
            assert_eq!(n.await.unwrap(), 1);
            assert!(attempts >= 1);
            drop(writer.await.unwrap());
        });
    }

    fn an_urgent_byte_hides_nothing_behind_it(runtime) {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            peer.set_nodelay(true).unwrap();
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 16];
            assert!(poll_once(pin!(stream.read(&mut buffer))).is_pending());
            peer.write_all(b"before").unwrap();
            socket2::SockRef::from(&peer).send_out_of_band(b"!").unwrap();
            peer.write_all(b"behind").unwrap();
            // A read ends at the urgent byte, short of its buffer; the event was one for all.
            assert_eq!(stream.read(&mut buffer).await.unwrap(), 6);
            let n = timeout(Duration::from_secs(10), stream.read(&mut buffer)).await.unwrap().unwrap();
            assert_eq!(&buffer[..n], b"behind");
        });
    }

    fn an_accepted_stream_is_tried_at_once(runtime) {
        runtime.block_on(async {
            let (_client, server) = pair().await;
            // Nothing was awaited in between: the readiness is an assumption, and it is right.
            assert_eq!(server.try_write(b"hello").unwrap(), 5);
            let ready = server.ready(Interest::WRITABLE).await.unwrap();
            assert_eq!(ready & Ready::WRITABLE, Ready::WRITABLE);
        });
    }

    fn to_std_and_back(runtime) {
        runtime.block_on(async {
            let (client, mut server) = pair().await;
            let mut client = client.into_std().unwrap();
            client.set_nonblocking(false).unwrap();
            client.write_all(b"blocking").unwrap();
            let mut buffer = [0; 8];
            server.read_exact(&mut buffer).await.unwrap();

            let error = TcpStream::from_std(client.try_clone().unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("set_nonblocking(true)"), "{error}");
            client.set_nonblocking(true).unwrap();
            let mut client = TcpStream::try_from(client).unwrap();
            server.write_all(b"again").await.unwrap();
            let mut buffer = [0; 5];
            client.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"again");
            assert!(client.take_error().unwrap().is_none());
            let mut std_server = server.into_std().unwrap();
            assert_eq!(std_server.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
        });
    }

    fn a_dropped_read_takes_no_byte(runtime) {
        runtime.block_on(async {
            let (mut client, mut server) = pair().await;
            for _ in 0..100 {
                // Polled once, then dropped, as the losing arm of a `select!`.
                let mut byte = [0];
                let mut read = Box::pin(server.read(&mut byte));
                assert!(poll_once(read.as_mut()).is_pending());
            }
            client.write_all(b"z").await.unwrap();
            let mut byte = [0];
            assert_eq!(server.read(&mut byte).await.unwrap(), 1);
            assert_eq!(&byte, b"z");
        });
    }

    fn vectored_writes_go_out_as_one(runtime) {
        runtime.block_on(async {
            let (mut client, mut server) = pair().await;
            assert!(client.is_write_vectored());
            let parts = [IoSlice::new(b"one "), IoSlice::new(b"two "), IoSlice::new(b"three")];
            assert_eq!(client.write_vectored(&parts).await.unwrap(), 13);
            let mut buffer = [0; 13];
            server.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"one two three");
        });
    }
}

#[test]
fn a_socket_outside_of_a_runtime_says_what_is_missing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let message = rt_kit::panic_of(|| TcpListener::from_std(listener));
    assert!(message.contains("no heist runtime"), "{message}");
}

#[test]
fn waits_end_with_the_runtime() {
    let runtime = rt_kit::multi_thread();
    let (client, server) = runtime.block_on(pair());
    drop(runtime);
    let other = rt_kit::current_thread();
    let error = other.block_on(server.readable()).unwrap_err();
    assert!(error.to_string().contains("shutting down"), "{error}");
    drop(client);
}
