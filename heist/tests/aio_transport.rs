//! Transports and protocols over TCP, as asyncio documents them: which callbacks come and in what order, what is written
//! and what is lost, and what a handle does when.

mod rt_kit;
mod transport_kit;

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use heist::aio::{BufferedProtocol, Protocol, Transport, connect_accepted_socket, create_connection};
use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::TcpListener;
use rt_kit::{both_flavours, current_thread, panic_of};
use transport_kit::{Event, pattern, recorded, recorder, tcp_pair};

/// More than the system's buffers of a connection hold.
const MUCH: usize = 16 << 20;

both_flavours! {
    fn connection_made_is_first_then_data_then_eof_then_connection_lost(runtime) {
        runtime.block_on(async {
            let (stream, mut peer) = tcp_pair().await;
            let (protocol, mut history) = recorder();
            let _transport: Transport = connect_accepted_socket(|| protocol, stream).await.unwrap();
            peer.write_all(b"hello").await.unwrap();
            peer.shutdown().await.unwrap();
            assert_eq!(
                history.rest().await,
                [Event::Made, Event::Data(b"hello".into()), Event::Eof, Event::Lost(None), Event::Dropped]
            );
            // The handle does not keep it.
            assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
        });
    }

    fn create_connection_returns_after_connection_made(runtime) {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let made = Arc::new(AtomicBool::new(false));
            let (protocol, mut history) = recorder();
            let set = made.clone();
            let transport = create_connection(
                move || protocol.on_made(move |_| set.store(true, Ordering::SeqCst)),
                address,
            )
            .await
            .unwrap();
            assert!(made.load(Ordering::SeqCst));
            assert_eq!(history.next().await, Event::Made);

            let (_peer, from) = listener.accept().await.unwrap();
            assert_eq!(transport.peer_addr(), Some(address));
            assert_eq!(transport.local_addr(), Some(from));
            transport.close();
            assert_eq!(history.rest().await, [Event::Lost(None), Event::Dropped]);
            assert_eq!(transport.peer_addr(), Some(address), "known after the end too");
        });
    }

    fn what_is_written_arrives_in_order(runtime) {
        runtime.block_on(async {
            let (transport, mut history, mut peer) = recorded(|protocol| protocol).await;
            let sent = pattern(MUCH);
            transport.write(&sent[..MUCH / 2]);
            assert!(transport.get_write_buffer_size() > 0, "the peer does not read");
            transport.writelines(sent[MUCH / 2..].chunks(100_000));
            let mut received = vec![0; MUCH];
            peer.read_exact(&mut received).await.unwrap();
            assert!(received == sent);
            assert_eq!(history.next().await, Event::Pause);
            assert_eq!(history.next().await, Event::Resume);
            assert_eq!(transport.get_write_buffer_size(), 0);
        });
    }

    fn close_flushes_and_then_connection_lost_is_called(runtime) {
        runtime.block_on(async {
            let (transport, mut history, mut peer) = recorded(|protocol| protocol).await;
            transport.write(&pattern(MUCH));
            transport.close();
            assert!(transport.is_closing());
            transport.write(b"too late");
            transport.close();
            let mut received = Vec::new();
            peer.read_to_end(&mut received).await.unwrap();
            assert!(received == pattern(MUCH));
            assert_eq!(
                history.rest().await,
                [Event::Pause, Event::Resume, Event::Lost(None), Event::Dropped]
            );
        });
    }

    fn after_close_no_data_is_handed_over(runtime) {
        runtime.block_on(async {
            let (transport, mut history, mut peer) = recorded(|protocol| protocol).await;
            transport.write(&pattern(MUCH));
            assert_eq!(history.next().await, Event::Pause);
            transport.close();
            peer.write_all(b"too late").await.unwrap();
            assert!(!transport.is_reading());
            assert!(history.is_quiet().await, "it flushes, and the peer does not read");
            transport.abort();
            assert_eq!(history.rest().await, [Event::Lost(None), Event::Dropped]);
        });
    }

    fn abort_loses_what_was_not_written(runtime) {
        runtime.block_on(async {
            let (transport, mut history, mut peer) = recorded(|protocol| protocol).await;
            transport.write(&pattern(MUCH));
            transport.abort();
            assert!(transport.is_closing());
            let events = history.rest().await;
            assert_eq!(events[events.len() - 2..], [Event::Lost(None), Event::Dropped]);
            let mut received = Vec::new();
            peer.read_to_end(&mut received).await.unwrap();
            assert!(received.len() < MUCH, "{} bytes", received.len());
            assert_eq!(transport.get_write_buffer_size(), 0);
        });
    }

    fn eof_received_that_says_true_keeps_the_connection_open_for_writing(runtime) {
        runtime.block_on(async {
            let (transport, mut history, mut peer) = recorded(|protocol| protocol.keep_open()).await;
            peer.shutdown().await.unwrap();
            assert_eq!(history.next().await, Event::Eof);
            assert!(!transport.is_closing());
            transport.write(b"still here");
            let mut received = [0; 10];
            peer.read_exact(&mut received).await.unwrap();
            assert_eq!(&received, b"still here");
            assert!(!transport.is_reading());
            transport.resume_reading();
            assert!(history.is_quiet().await, "one eof_received, and no end of itself");
            transport.close();
            assert_eq!(history.rest().await, [Event::Lost(None), Event::Dropped]);
        });
    }

    fn write_eof_ends_the_writing_after_the_buffer_and_leaves_the_reading(runtime) {
        runtime.block_on(async {
            let (transport, mut history, mut peer) = recorded(|protocol| protocol).await;
            assert!(transport.can_write_eof());
            transport.write(&pattern(MUCH));
            transport.write_eof();
            transport.write_eof();
            let mut received = Vec::new();
            peer.read_to_end(&mut received).await.unwrap();
            assert!(received == pattern(MUCH));
            assert_eq!(history.next().await, Event::Pause);
            assert_eq!(history.next().await, Event::Resume);

            peer.write_all(b"answer").await.unwrap();
            assert_eq!(history.data(6).await, b"answer");
            assert!(!transport.is_closing());
            drop(peer);
            assert_eq!(history.rest().await, [Event::Eof, Event::Lost(None), Event::Dropped]);
        });
    }

    fn a_reset_by_the_peer_is_the_error_of_connection_lost(runtime) {
        runtime.block_on(async {
            let (transport, mut history, peer) = recorded(|protocol| protocol).await;
            peer.set_zero_linger().unwrap();
            drop(peer);
            assert_eq!(
                history.rest().await,
                [Event::Lost(Some(ErrorKind::ConnectionReset)), Event::Dropped]
            );
            assert!(transport.is_closing());
            transport.write(b"nobody");
            transport.write_eof();
            transport.pause_reading();
            transport.abort();
        });
    }

    fn a_write_that_fails_is_the_error_of_connection_lost(runtime) {
        runtime.block_on(async {
            let (transport, mut history, peer) = recorded(|protocol| protocol).await;
            transport.pause_reading();
            peer.set_zero_linger().unwrap();
            drop(peer);
            assert!(history.is_quiet().await, "nobody reads, so nobody knows");
            transport.write(b"nobody");
            let Event::Lost(Some(kind)) = history.next().await else {
                panic!("an error was to come");
            };
            assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{kind}");
            assert_eq!(history.rest().await, [Event::Dropped]);
        });
    }

    fn pause_reading_in_a_callback_stops_the_data_at_once(runtime) {
        runtime.block_on(async {
            let (transport, mut history, mut peer) =
                recorded(|protocol| protocol.on_data(|transport, _| transport.pause_reading())).await;
            assert!(transport.is_reading());
            peer.write_all(b"first").await.unwrap();
            let first = history.next().await;
            assert!(matches!(first, Event::Data(_)), "{first:?}");
            peer.write_all(b"second").await.unwrap();
            assert!(history.is_quiet().await);
            assert!(!transport.is_reading());
            transport.pause_reading();
            transport.resume_reading();
            assert!(matches!(history.next().await, Event::Data(_)));
            assert!(history.is_quiet().await, "paused by that callback again");
            peer.shutdown().await.unwrap();
            assert!(history.is_quiet().await, "an end is not read either");
            transport.resume_reading();
            assert_eq!(history.rest().await, [Event::Eof, Event::Lost(None), Event::Dropped]);
        });
    }

    fn a_write_from_inside_data_received_works(runtime) {
        runtime.block_on(async {
            let (_transport, _history, mut peer) =
                recorded(|protocol| protocol.on_data(|transport, data| transport.write(data))).await;
            for _ in 0..100 {
                peer.write_all(b"ping").await.unwrap();
                let mut echo = [0; 4];
                peer.read_exact(&mut echo).await.unwrap();
                assert_eq!(&echo, b"ping");
            }
        });
    }

    fn a_panicking_callback_ends_its_connection_and_no_other(runtime) {
        runtime.block_on(async {
            let (_other, mut other_history, mut other_peer) = recorded(|protocol| protocol).await;
            let (transport, mut history, mut peer) =
                recorded(|protocol| protocol.on_data(|_, _| panic!("in data_received"))).await;
            peer.write_all(b"!").await.unwrap();
            assert_eq!(
                history.rest().await,
                [Event::Data(b"!".into()), Event::Lost(Some(ErrorKind::Other)), Event::Dropped]
            );
            assert!(transport.is_closing());
            assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);

            other_peer.write_all(b"alive").await.unwrap();
            assert_eq!(other_history.data(5).await, b"alive");
        });
    }

    fn a_panic_in_connection_made_is_an_error_of_create_connection(runtime) {
        runtime.block_on(async {
            let (stream, mut peer) = tcp_pair().await;
            let (protocol, mut history) = recorder();
            let error = connect_accepted_socket(
                || protocol.on_made(|_: &Transport| panic!("in connection_made")),
                stream,
            )
            .await
            .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Other);
            assert_eq!(
                history.rest().await,
                [Event::Made, Event::Lost(Some(ErrorKind::Other)), Event::Dropped]
            );
            assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
        });
    }

    fn set_protocol_gives_the_next_data_to_another(runtime) {
        runtime.block_on(async {
            let (second, mut second_history) = recorder();
            let mut second = Some(second);
            let (_transport, mut history, mut peer) = recorded(|protocol| {
                protocol.on_data(move |transport, _| transport.set_protocol(second.take().unwrap()))
            })
            .await;
            peer.write_all(b"for the first").await.unwrap();
            assert!(matches!(history.next().await, Event::Data(_)));
            peer.write_all(b"for the second").await.unwrap();
            assert_eq!(history.rest().await, [Event::Dropped]);
            assert_eq!(second_history.data(14).await, b"for the second");
            drop(peer);
            // It was not told that a connection was made.
            assert_eq!(second_history.rest().await, [Event::Eof, Event::Lost(None), Event::Dropped]);
        });
    }

    fn a_buffered_protocol_is_read_into_its_own_memory(runtime) {
        runtime.block_on(async {
            let (stream, mut peer) = tcp_pair().await;
            let (done, is_done) = heist::sync::oneshot::channel();
            let protocol = Small { buffer: [0; 3], received: Vec::new(), done: Some(done) };
            let _transport = connect_accepted_socket(|| protocol, stream).await.unwrap();
            peer.write_all(b"hello world").await.unwrap();
            peer.shutdown().await.unwrap();
            let (received, error) = is_done.await.unwrap();
            assert!(error.is_none());
            assert!(received.iter().all(|piece| (1..=3).contains(&piece.len())), "{received:?}");
            assert_eq!(received.concat(), b"hello world");
        });
    }

    fn an_empty_buffer_of_a_buffered_protocol_ends_the_connection(runtime) {
        runtime.block_on(async {
            let (stream, mut peer) = tcp_pair().await;
            let (done, is_done) = heist::sync::oneshot::channel();
            let _transport = connect_accepted_socket(|| Empty(Some(done)), stream).await.unwrap();
            peer.write_all(b"!").await.unwrap();
            assert!(is_done.await.unwrap().is_some());
        });
    }

    fn callbacks_of_one_protocol_never_overlap(runtime) {
        runtime.block_on(async {
            let inside = Arc::new(AtomicUsize::new(0));
            let (stream, mut peer) = tcp_pair().await;
            let (done, is_done) = heist::sync::oneshot::channel();
            let transport = connect_accepted_socket(
                || Alone { inside, transport: None, pauses: 0, done: Some(done) },
                stream,
            )
            .await
            .unwrap();
            // Every byte that the system does not take pauses, from this task and from callbacks alike.
            transport.set_write_buffer_limits(Some(0), None);
            let writers: Vec<_> = (0..4)
                .map(|_| {
                    let transport = transport.clone();
                    heist::spawn(async move {
                        for _ in 0..64 {
                            transport.write(&[7; 64 << 10]);
                            heist::task::yield_now().await;
                        }
                    })
                })
                .collect();
            let expected = 4 * 64 * (64 << 10);
            let mut received = vec![0; expected];
            peer.write_all(&[1; 1000]).await.unwrap();
            for writer in writers {
                writer.await.unwrap();
            }
            peer.read_exact(&mut received).await.unwrap();
            drop(peer);
            assert!(is_done.await.unwrap() > 0, "it was paused");
        });
    }

    fn a_shut_down_runtime_drops_protocol_and_connection(runtime) {
        let (transport, mut history, peer) = runtime.block_on(recorded(|protocol| protocol));
        let mut peer = peer.into_std().unwrap();
        peer.set_nonblocking(false).unwrap();
        drop(runtime);
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);
        assert!(transport.is_closing());
        transport.write(b"nobody");
        rt_kit::current_thread().block_on(async {
            assert_eq!(history.rest().await, [Event::Dropped], "no connection_lost");
        });
    }
}

#[test]
fn write_tries_the_socket_at_once() {
    current_thread().block_on(async {
        let (transport, _history, peer) = recorded(|protocol| protocol).await;
        let mut peer = peer.into_std().unwrap();
        peer.set_nonblocking(false).unwrap();
        // Until the first event the socket is not known to be writable.
        while transport.get_write_buffer_size() > 0 {
            heist::task::yield_now().await;
        }
        transport.write(b"now");
        // No task has run since: this thread is the runtime, and it does not yield here.
        let mut received = [0; 3];
        peer.read_exact(&mut received).unwrap();
        assert_eq!(&received, b"now");
    });
}

#[test]
fn write_after_write_eof_panics_with_the_remedy() {
    current_thread().block_on(async {
        let (transport, _history, _peer) = recorded(|protocol| protocol).await;
        transport.write_eof();
        let message = panic_of(|| transport.write(b"!"));
        assert!(message.contains("write_eof"), "{message}");
    });
}

#[test]
fn the_write_buffer_limits_are_64_and_16_kib_and_a_quarter_or_four_times_each_other() {
    current_thread().block_on(async {
        let (transport, _history, _peer) = recorded(|protocol| protocol).await;
        assert_eq!(transport.get_write_buffer_limits(), (16 << 10, 64 << 10));
        transport.set_write_buffer_limits(Some(100), None);
        assert_eq!(transport.get_write_buffer_limits(), (25, 100));
        transport.set_write_buffer_limits(None, Some(100));
        assert_eq!(transport.get_write_buffer_limits(), (100, 400));
        transport.set_write_buffer_limits(Some(0), Some(0));
        assert_eq!(transport.get_write_buffer_limits(), (0, 0));
        let message = panic_of(|| transport.set_write_buffer_limits(Some(1), Some(2)));
        assert!(message.contains("high"), "{message}");
    });
}

type Received = (Vec<Vec<u8>>, Option<io::Error>);

struct Small {
    buffer: [u8; 3],
    received: Vec<Vec<u8>>,
    done: Option<heist::sync::oneshot::Sender<Received>>,
}

impl BufferedProtocol for Small {
    fn get_buffer(&mut self, sizehint: usize) -> &mut [u8] {
        assert!(sizehint > 0);
        &mut self.buffer
    }

    fn buffer_updated(&mut self, n: usize) {
        self.received.push(self.buffer[..n].to_vec());
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        let received = std::mem::take(&mut self.received);
        self.done.take().unwrap().send((received, error)).unwrap();
    }
}

struct Empty(Option<heist::sync::oneshot::Sender<Option<io::Error>>>);

impl BufferedProtocol for Empty {
    fn get_buffer(&mut self, _: usize) -> &mut [u8] {
        &mut []
    }

    fn buffer_updated(&mut self, _: usize) {
        unreachable!("nothing can be read into no memory");
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.0.take().unwrap().send(error).unwrap();
    }
}

/// A protocol that notices when it is called while it is called, and writes from everywhere.
struct Alone {
    inside: Arc<AtomicUsize>,
    transport: Option<Transport>,
    pauses: usize,
    done: Option<heist::sync::oneshot::Sender<usize>>,
}

impl Alone {
    fn enter(&mut self) {
        assert_eq!(
            self.inside.fetch_add(1, Ordering::SeqCst),
            0,
            "called within a call"
        );
        self.transport.as_ref().unwrap().write(b"");
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Protocol for Alone {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
        self.enter();
    }

    fn data_received(&mut self, data: &[u8]) {
        self.inside.fetch_add(1, Ordering::SeqCst);
        // More than the system takes at once: in asyncio this would call `pause_writing` from here.
        self.transport.as_ref().unwrap().write(&vec![9; 1 << 20]);
        assert_eq!(self.inside.fetch_sub(1, Ordering::SeqCst), 1);
        assert!(!data.is_empty());
    }

    fn pause_writing(&mut self) {
        self.pauses += 1;
        self.enter();
    }

    fn resume_writing(&mut self) {
        self.enter();
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        // A panic of a callback would be here, of kind `Other`.
        assert!(error.is_none_or(|error| error.kind() != ErrorKind::Other));
        self.done.take().unwrap().send(self.pauses).unwrap();
    }
}
