//! Datagram transports, as asyncio documents them.

mod rt_kit;

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use heist::aio::{
    DatagramProtocol, DatagramTransport, create_datagram_endpoint, create_datagram_endpoint_on,
};
use heist::net::UdpSocket;
use heist::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use rt_kit::{both_flavours, current_thread, panic_of};

#[derive(Debug, PartialEq, Eq)]
enum Event {
    Made,
    Data(Vec<u8>, SocketAddr),
    Error(ErrorKind),
    Lost(Option<ErrorKind>),
    Pause,
    Resume,
    Dropped,
}

/// A protocol that sends every callback to the test; with `on_made` and `on_data` it does something, too.
struct Recorder {
    events: UnboundedSender<Event>,
    transport: Option<DatagramTransport>,
    on_made: fn(&DatagramTransport),
    on_data: fn(&DatagramTransport, &[u8], SocketAddr),
}

struct History(UnboundedReceiver<Event>);

fn recorder() -> (Recorder, History) {
    let (events, history) = unbounded_channel();
    let recorder = Recorder {
        events,
        transport: None,
        on_made: |_| {},
        on_data: |_, _, _| {},
    };
    (recorder, History(history))
}

impl Recorder {
    fn tell(&self, event: Event) {
        // A test that has seen enough has dropped the other end.
        let _ = self.events.send(event);
    }
}

impl DatagramProtocol for Recorder {
    fn connection_made(&mut self, transport: DatagramTransport) {
        self.tell(Event::Made);
        (self.on_made)(&transport);
        self.transport = Some(transport);
    }

    fn datagram_received(&mut self, data: &[u8], from: SocketAddr) {
        self.tell(Event::Data(data.to_vec(), from));
        (self.on_data)(self.transport.as_ref().unwrap(), data, from);
    }

    fn error_received(&mut self, error: io::Error) {
        self.tell(Event::Error(error.kind()));
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

impl Drop for Recorder {
    fn drop(&mut self) {
        self.tell(Event::Dropped);
    }
}

impl History {
    async fn next(&mut self) -> Event {
        self.0
            .recv()
            .await
            .expect("the protocol is dropped, and that is told")
    }

    async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.0.recv().await {
            events.push(event);
        }
        events
    }
}

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

async fn peer() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(loopback()).await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

both_flavours! {
    fn each_datagram_is_one_call_with_its_sender(runtime) {
        runtime.block_on(async {
            let (peer, from) = peer().await;
            let (protocol, mut history) = recorder();
            let transport = create_datagram_endpoint(|| protocol, Some(loopback()), None).await.unwrap();
            assert_eq!(history.next().await, Event::Made, "before the endpoint is returned");
            let to = transport.local_addr().unwrap();
            for data in [&b"one"[..], b"", b"two"] {
                peer.send_to(data, to).await.unwrap();
                assert_eq!(history.next().await, Event::Data(data.into(), from));
            }
            assert_eq!(transport.peer_addr(), None);
            transport.close();
            assert!(transport.is_closing());
            assert_eq!(history.rest().await, [Event::Lost(None), Event::Dropped]);
            assert_eq!(transport.local_addr(), Some(to), "known after the end too");
        });
    }

    fn sendto_from_inside_datagram_received_works(runtime) {
        runtime.block_on(async {
            let (peer, _) = peer().await;
            let (mut protocol, _history) = recorder();
            protocol.on_data = |transport, data, from| transport.sendto(data, Some(from));
            let transport = create_datagram_endpoint(|| protocol, Some(loopback()), None).await.unwrap();
            let to = transport.local_addr().unwrap();
            for i in 0..100_u8 {
                peer.send_to(&[i], to).await.unwrap();
                let mut echo = [0; 2];
                assert_eq!(peer.recv_from(&mut echo).await.unwrap(), (1, to));
                assert_eq!(echo[0], i);
            }
        });
    }

    fn a_connected_endpoint_sends_to_its_peer_and_hears_nobody_else(runtime) {
        runtime.block_on(async {
            let (peer, address) = peer().await;
            let (stranger, _) = self::peer().await;
            let (protocol, mut history) = recorder();
            let transport = create_datagram_endpoint(|| protocol, None, Some(address)).await.unwrap();
            assert_eq!(transport.peer_addr(), Some(address));
            transport.sendto(b"none", None);
            transport.sendto(b"the same", Some(address));
            let mut buffer = [0; 16];
            let (n, from) = peer.recv_from(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..n], b"none");
            assert_eq!(peer.recv(&mut buffer).await.unwrap(), 8);

            let elsewhere = SocketAddr::from(([127, 0, 0, 1], 9));
            let message = panic_of(|| transport.sendto(b"other", Some(elsewhere)));
            assert!(message.contains("connected to"), "{message}");

            stranger.send_to(b"stranger", from).await.unwrap();
            peer.send_to(b"peer", from).await.unwrap();
            assert_eq!(history.next().await, Event::Made);
            assert_eq!(history.next().await, Event::Data(b"peer".into(), address));
        });
    }

    fn a_refused_datagram_is_an_error_received_and_the_socket_goes_on(runtime) {
        runtime.block_on(async {
            let (peer, address) = peer().await;
            drop(peer);
            let (protocol, mut history) = recorder();
            let transport = create_datagram_endpoint(|| protocol, None, Some(address)).await.unwrap();
            assert_eq!(history.next().await, Event::Made);
            transport.sendto(b"anybody?", None);
            assert_eq!(history.next().await, Event::Error(ErrorKind::ConnectionRefused));
            assert!(!transport.is_closing());

            let peer = UdpSocket::bind(address).await.unwrap();
            transport.sendto(b"now?", None);
            let mut buffer = [0; 4];
            peer.recv(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"now?");
        });
    }

    fn a_datagram_that_is_too_long_is_an_error_received(runtime) {
        runtime.block_on(async {
            let (_peer, address) = peer().await;
            let (protocol, mut history) = recorder();
            let transport = create_datagram_endpoint(|| protocol, None, Some(address)).await.unwrap();
            assert_eq!(history.next().await, Event::Made);
            transport.sendto(&vec![0; 65_520], None);
            assert!(matches!(history.next().await, Event::Error(_)));
            transport.close();
            assert_eq!(history.rest().await, [Event::Lost(None), Event::Dropped]);
        });
    }

    fn close_sends_what_waits_in_order(runtime) {
        runtime.block_on(async {
            let (peer, address) = peer().await;
            let (mut protocol, mut history) = recorder();
            // Before its first event the socket is not known to be writable, so these wait.
            protocol.on_made = |transport| {
                transport.set_write_buffer_limits(Some(29), Some(8));
                for data in [&b"one"[..], b"", b"three"] {
                    transport.sendto(data, None);
                }
                assert!([0, 3 + 5 + 3 * 8].contains(&transport.get_write_buffer_size()));
                transport.close();
                transport.sendto(b"too late", None);
            };
            let transport = create_datagram_endpoint(|| protocol, None, Some(address)).await.unwrap();
            for data in [&b"one"[..], b"", b"three"] {
                let mut buffer = [0; 16];
                let n = peer.recv(&mut buffer).await.unwrap();
                assert_eq!(&buffer[..n], data);
            }
            let mut events = history.rest().await;
            events.retain(|event| !matches!(event, Event::Pause | Event::Resume));
            assert_eq!(events, [Event::Made, Event::Lost(None), Event::Dropped]);
            assert_eq!(transport.get_write_buffer_size(), 0);
            transport.sendto(b"too late", None);
        });
    }

    fn abort_ends_it_with_no_error(runtime) {
        runtime.block_on(async {
            let (_peer, address) = peer().await;
            let (protocol, mut history) = recorder();
            let transport = create_datagram_endpoint(|| protocol, None, Some(address)).await.unwrap();
            transport.abort();
            transport.abort();
            assert_eq!(history.rest().await, [Event::Made, Event::Lost(None), Event::Dropped]);
            assert!(transport.is_closing());
        });
    }

    fn a_panicking_callback_closes_its_socket(runtime) {
        runtime.block_on(async {
            let (peer, _) = peer().await;
            let (mut protocol, mut history) = recorder();
            protocol.on_data = |_, _, _| panic!("in datagram_received");
            let (socket, address) = self::peer().await;
            let transport = create_datagram_endpoint_on(|| protocol, socket).await.unwrap();
            peer.send_to(b"!", address).await.unwrap();
            let events = history.rest().await;
            assert_eq!(
                events[2..],
                [Event::Lost(Some(ErrorKind::Other)), Event::Dropped],
                "{events:?}"
            );
            assert!(transport.is_closing());
            // The port is free again, whoever has a handle.
            UdpSocket::bind(address).await.unwrap();
        });
    }

    fn an_endpoint_without_an_address_is_an_error(runtime) {
        runtime.block_on(async {
            let (protocol, _) = recorder();
            let error = create_datagram_endpoint(|| protocol, None, None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        });
    }
}

#[test]
fn sendto_nobody_panics_with_the_remedy() {
    current_thread().block_on(async {
        let (protocol, _history) = recorder();
        let transport = create_datagram_endpoint(|| protocol, Some(loopback()), None)
            .await
            .unwrap();
        let message = panic_of(|| transport.sendto(b"!", None));
        assert!(message.contains("where to send"), "{message}");
    });
}

#[test]
fn waiting_datagrams_count_8_bytes_more_and_pause_and_resume() {
    current_thread().block_on(async {
        let (_peer, address) = peer().await;
        let (mut protocol, mut history) = recorder();
        protocol.on_made = |transport| {
            transport.set_write_buffer_limits(Some(10), None);
            // No event has come yet in this thread, which turns the reactor itself: these wait.
            transport.sendto(b"ab", None);
            assert_eq!(transport.get_write_buffer_size(), 10);
            transport.sendto(b"", None);
            assert_eq!(transport.get_write_buffer_size(), 18);
        };
        let transport = create_datagram_endpoint(|| protocol, None, Some(address))
            .await
            .unwrap();
        assert_eq!(history.next().await, Event::Made);
        assert_eq!(history.next().await, Event::Pause);
        assert_eq!(history.next().await, Event::Resume);
        assert_eq!(transport.get_write_buffer_size(), 0);
    });
}
