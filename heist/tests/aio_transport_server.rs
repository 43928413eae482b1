//! Servers of protocols, as asyncio documents them: a protocol a connection, and what close, close_clients,
//! abort_clients, wait_closed and serve_forever do.

mod rt_kit;
mod transport_kit;

use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use heist::aio::{Transport, create_server};
use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{TcpListener, TcpStream};
use heist::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use heist::time::timeout;
use rt_kit::{Count, both_flavours};
use transport_kit::{Event, History, Recorder, pattern, recorder};

/// The history of a connection, and where its transport comes out.
type Recorded = (History, UnboundedReceiver<Transport>);

/// A factory of recorders, and where their histories and transports come out.
fn recorders() -> (
    impl Fn() -> Recorder<Transport> + Send + Sync + 'static,
    UnboundedReceiver<Recorded>,
) {
    let (histories, recorded) = unbounded_channel();
    let factory = move || {
        let (protocol, history) = recorder();
        let (transports, transport): (UnboundedSender<Transport>, _) = unbounded_channel();
        histories.send((history, transport)).unwrap();
        protocol.on_made(move |transport: &Transport| {
            // Not every test wants it.
            let _ = transports.send(transport.clone());
        })
    };
    (factory, recorded)
}

both_flavours! {
    fn the_factory_makes_a_protocol_for_each_connection(runtime) {
        runtime.block_on(async {
            let (factory, mut recorded) = recorders();
            let server = create_server(factory, "127.0.0.1:0").await.unwrap();
            for name in [b"one", b"two"] {
                let mut peer = TcpStream::connect(server.sockets()[0]).await.unwrap();
                peer.write_all(name).await.unwrap();
                drop(peer);
                let (mut history, _) = recorded.recv().await.unwrap();
                assert_eq!(
                    history.rest().await,
                    [Event::Made, Event::Data(name.into()), Event::Eof, Event::Lost(None), Event::Dropped]
                );
            }
        });
    }

    fn transports_of_a_server_know_both_addresses(runtime) {
        runtime.block_on(async {
            let (factory, mut recorded) = recorders();
            let server = create_server(factory, "127.0.0.1:0").await.unwrap();
            let peer = TcpStream::connect(server.sockets()[0]).await.unwrap();
            let (_, mut transport) = recorded.recv().await.unwrap();
            let transport = transport.recv().await.unwrap();
            assert_eq!(transport.peer_addr(), peer.local_addr().ok());
            assert_eq!(transport.local_addr(), Some(server.sockets()[0]));
        });
    }

    fn close_stops_the_listening_and_leaves_the_connections(runtime) {
        runtime.block_on(async {
            let (factory, mut recorded) = recorders();
            let server = create_server(factory, "127.0.0.1:0").await.unwrap();
            let address = server.sockets()[0];
            let mut peer = TcpStream::connect(address).await.unwrap();
            let (mut history, _) = recorded.recv().await.unwrap();
            assert_eq!(history.next().await, Event::Made);

            assert!(server.is_serving());
            server.close();
            assert!(!server.is_serving());
            assert!(server.sockets().is_empty());
            // The address is free when the listener is gone.
            while TcpListener::bind(address).await.is_err() {
                heist::task::yield_now().await;
            }
            peer.write_all(b"alive").await.unwrap();
            assert_eq!(history.data(5).await, b"alive");

            let mut closed = pin!(server.wait_closed());
            assert!(timeout(Duration::from_millis(20), closed.as_mut()).await.is_err(), "one is left");
            drop(peer);
            closed.await;
            assert_eq!(history.rest().await, [Event::Eof, Event::Lost(None), Event::Dropped]);
        });
    }

    fn wait_closed_waits_for_the_close_also_without_connections(runtime) {
        runtime.block_on(async {
            let server = create_server(recorders().0, "127.0.0.1:0").await.unwrap();
            let mut closed = pin!(server.wait_closed());
            assert!(timeout(Duration::from_millis(20), closed.as_mut()).await.is_err());
            server.close();
            closed.await;
        });
    }

    fn close_clients_flushes_and_abort_clients_does_not(runtime) {
        runtime.block_on(async {
            for abort in [false, true] {
                let (factory, mut recorded) = recorders();
                let server = create_server(factory, "127.0.0.1:0").await.unwrap();
                let mut peer = TcpStream::connect(server.sockets()[0]).await.unwrap();
                let (_history, mut transport) = recorded.recv().await.unwrap();
                let transport = transport.recv().await.unwrap();
                let sent = pattern(16 << 20);
                transport.write(&sent);
                server.close();
                if abort {
                    server.abort_clients();
                    server.wait_closed().await;
                } else {
                    server.close_clients();
                }
                let mut received = Vec::new();
                peer.read_to_end(&mut received).await.unwrap();
                assert_eq!(received == sent, !abort, "{} bytes", received.len());
                server.wait_closed().await;
            }
        });
    }

    fn serve_forever_ends_by_close_and_closes_when_cancelled(runtime) {
        runtime.block_on(async {
            let server = create_server(recorders().0, "127.0.0.1:0").await.unwrap();
            assert!(timeout(Duration::from_millis(20), server.serve_forever()).await.is_err());
            assert!(!server.is_serving(), "cancelled");
            server.serve_forever().await;
        });
    }

    fn a_factory_that_panics_loses_its_connection_and_no_other(runtime) {
        runtime.block_on(async {
            let (factory, mut recorded) = recorders();
            let calls = Count::default();
            let factory = move || {
                assert!(calls.add() != 1, "the first connection");
                factory()
            };
            let server = create_server(factory, "127.0.0.1:0").await.unwrap();
            let mut first = TcpStream::connect(server.sockets()[0]).await.unwrap();
            assert_eq!(first.read(&mut [0]).await.unwrap(), 0);
            let _second = TcpStream::connect(server.sockets()[0]).await.unwrap();
            let (mut history, _) = recorded.recv().await.unwrap();
            assert_eq!(history.next().await, Event::Made);
        });
    }

    fn a_protocol_that_panics_is_no_connection_any_more(runtime) {
        runtime.block_on(async {
            let server = create_server(
                || recorder::<Transport>().0.on_data(|_, _| panic!("in data_received")),
                "127.0.0.1:0",
            )
            .await
            .unwrap();
            let mut peer = TcpStream::connect(server.sockets()[0]).await.unwrap();
            peer.write_all(b"!").await.unwrap();
            assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
            server.close();
            server.wait_closed().await;
        });
    }

    fn a_dropped_server_is_closed_and_its_connections_go_on(runtime) {
        runtime.block_on(async {
            let (factory, mut recorded) = recorders();
            let server = create_server(factory, "127.0.0.1:0").await.unwrap();
            let address = server.sockets()[0];
            let mut peer = TcpStream::connect(address).await.unwrap();
            let (mut history, _) = recorded.recv().await.unwrap();
            assert_eq!(history.next().await, Event::Made);
            drop(server);
            while TcpListener::bind(address).await.is_err() {
                heist::task::yield_now().await;
            }
            peer.write_all(b"alive").await.unwrap();
            assert_eq!(history.data(5).await, b"alive");
        });
    }

    fn many_connections_at_once_are_echoed(runtime) {
        runtime.block_on(async {
            let total = std::sync::Arc::new(Mutex::new(0));
            let count = total.clone();
            let server = create_server(
                move || {
                    let count = count.clone();
                    recorder().0.on_data(move |transport: &Transport, data| {
                        *count.lock().unwrap() += data.len();
                        transport.write(data);
                    })
                },
                "127.0.0.1:0",
            )
            .await
            .unwrap();
            let address = server.sockets()[0];
            let peers: Vec<_> = (0..64)
                .map(|i| {
                    heist::spawn(async move {
                        let mut peer = TcpStream::connect(address).await.unwrap();
                        let sent = vec![i; 1000];
                        for _ in 0..20 {
                            peer.write_all(&sent).await.unwrap();
                            let mut echo = vec![0; 1000];
                            peer.read_exact(&mut echo).await.unwrap();
                            assert!(echo == sent);
                        }
                    })
                })
                .collect();
            for peer in peers {
                peer.await.unwrap();
            }
            assert_eq!(*total.lock().unwrap(), 64 * 20 * 1000);
            server.close();
            server.wait_closed().await;
        });
    }
}
