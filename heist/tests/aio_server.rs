//! Server, as asyncio documents it: a callback for each connection, what close does and does not do to these, and when
//! wait_closed ends. On real sockets of the loopback.

mod aio_kit;
mod sync_kit;

use std::future::pending;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aio_kit::runtime;
use heist::aio::{
    ConnectionOptions, Endpoint, Server, ServerOptions, StreamError, StreamReader, StreamWriter,
    open_connection, start_server,
};
use heist::net::TcpStream;
use heist::sync::{Notify, mpsc};
use sync_kit::Task;

const ANYWHERE: &str = "127.0.0.1:0";

async fn echo(mut reader: StreamReader, writer: StreamWriter) -> std::io::Result<()> {
    while !reader.at_eof() {
        writer.write(reader.read(1000).await?);
        writer.drain().await?;
    }
    Ok(())
}

fn address(server: &Server) -> SocketAddr {
    server.local_addr().unwrap()
}

/// Connects and has a line echoed, so the connection is known to be accepted.
async fn greeted(server: &Server) -> (StreamReader, StreamWriter) {
    let (mut reader, writer) = open_connection(address(server)).await.unwrap();
    writer.write("hello\n");
    assert_eq!(reader.readline().await.unwrap(), b"hello\n");
    (reader, writer)
}

#[test]
fn the_callback_is_called_for_each_connection_in_a_task_of_its_own() {
    runtime().block_on(async {
        let server = start_server(echo, ANYWHERE).await.unwrap();
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(greeted(&server).await);
        }
        for (reader, writer) in &mut clients {
            writer.write("bye");
            writer.write_eof();
            assert_eq!(reader.read_to_end().await.unwrap(), b"bye");
        }
    });
}

#[test]
fn much_data_goes_both_ways_while_nobody_drains() {
    runtime().block_on(async {
        let server = start_server(echo, ANYWHERE).await.unwrap();
        let (mut reader, writer) = open_connection(address(&server)).await.unwrap();
        let data: Vec<u8> = (0..4_000_000u32).map(|n| (n / 7) as u8).collect();
        for part in data.chunks(100_000) {
            writer.write(part);
        }
        writer.write_eof();
        assert!(reader.read_to_end().await.unwrap() == data);
    });
}

#[test]
fn a_callback_that_panics_ends_its_connection_and_nothing_else() {
    runtime().block_on(async {
        let calls = Arc::new(AtomicUsize::new(0));
        let callback = {
            let calls = calls.clone();
            move |reader: StreamReader, writer: StreamWriter| {
                let call = calls.fetch_add(1, Ordering::SeqCst);
                assert!(call != 0, "the call itself panics");
                async move {
                    assert!(call != 1, "its future panics");
                    echo(reader, writer).await
                }
            }
        };
        let server = start_server(callback, ANYWHERE).await.unwrap();
        for _ in 0..2 {
            let (mut reader, _writer) = open_connection(address(&server)).await.unwrap();
            assert_eq!(reader.read_to_end().await.unwrap(), b"");
        }
        greeted(&server).await;
        assert!(server.is_serving());
    });
}

#[test]
fn a_callback_that_returns_an_error_ends_its_connection_and_nothing_else() {
    runtime().block_on(async {
        let callback = async |mut reader: StreamReader, _writer| -> Result<(), StreamError> {
            reader.readexactly(3).await.map(drop)
        };
        let server = start_server(callback, ANYWHERE).await.unwrap();
        for _ in 0..2 {
            let (mut reader, writer) = open_connection(address(&server)).await.unwrap();
            writer.write("a");
            writer.write_eof();
            assert_eq!(reader.read_to_end().await.unwrap(), b"");
        }
    });
}

#[test]
fn close_keeps_the_connections_that_there_are() {
    runtime().block_on(async {
        let server = start_server(echo, ANYWHERE).await.unwrap();
        let address = address(&server);
        let (mut reader, writer) = greeted(&server).await;
        server.close();
        server.close();
        assert!(!server.is_serving());
        assert!(server.sockets().is_empty());
        let mut closed = Task::pending(server.wait_closed());
        writer.write("still\n");
        assert_eq!(reader.readline().await.unwrap(), b"still\n");
        assert!(closed.poll().is_pending());
        drop(closed);
        writer.close();
        server.wait_closed().await;
        assert!(TcpStream::connect(address).await.is_err());
    });
}

#[test]
fn wait_closed_waits_for_close_and_for_the_last_connection_in_either_order() {
    runtime().block_on(async {
        let server = start_server(echo, ANYWHERE).await.unwrap();
        let mut closed = Task::pending(server.wait_closed());
        let client = greeted(&server).await;
        drop(client);
        for _ in 0..20 {
            heist::task::yield_now().await;
        }
        assert!(closed.poll().is_pending(), "no connection, but not closed");
        closed.drop_future();
        let client = greeted(&server).await;
        server.close();
        Task::pending(server.wait_closed()).drop_future();
        drop(client);
        server.wait_closed().await;
        server.wait_closed().await;
    });
}

#[test]
fn close_clients_sends_what_is_kept_first() {
    runtime().block_on(async {
        let written = Arc::new(Notify::new());
        let callback = {
            let written = written.clone();
            move |_reader, writer: StreamWriter| {
                let written = written.clone();
                async move {
                    writer.write(vec![b'x'; 8_000_000]);
                    assert!(writer.get_write_buffer_size() > 0, "more than the kernel takes");
                    written.notify_one();
                    pending::<()>().await;
                }
            }
        };
        let server = start_server(callback, ANYWHERE).await.unwrap();
        let (mut reader, _writer) = open_connection(address(&server)).await.unwrap();
        written.notified().await;
        server.close();
        server.close_clients();
        assert_eq!(reader.read_to_end().await.unwrap().len(), 8_000_000);
        server.wait_closed().await;
    });
}

#[test]
fn abort_clients_drops_what_is_kept() {
    runtime().block_on(async {
        let (seen, mut errors) = mpsc::unbounded_channel();
        let callback = move |_reader, writer: StreamWriter| {
            let seen = seen.clone();
            async move {
                writer.write(vec![b'x'; 8_000_000]);
                seen.send(None).unwrap();
                let lost = writer.wait_closed().await.err();
                seen.send(Some((lost.is_none(), writer.get_write_buffer_size())))
                    .unwrap();
            }
        };
        let server = start_server(callback, ANYWHERE).await.unwrap();
        let (mut reader, _writer) = open_connection(address(&server)).await.unwrap();
        assert_eq!(errors.recv().await, Some(None));
        server.abort_clients();
        assert_eq!(errors.recv().await, Some(Some((true, 0))));
        if let Ok(bytes) = reader.read_to_end().await {
            assert!(bytes.len() < 8_000_000);
        }
        server.close();
        server.wait_closed().await;
    });
}

#[test]
fn serve_forever_ends_when_the_server_is_closed() {
    runtime().block_on(async {
        let server = Arc::new(start_server(echo, ANYWHERE).await.unwrap());
        let serving = heist::spawn({
            let server = server.clone();
            async move { server.serve_forever().await }
        });
        greeted(&server).await;
        let twice = server.serve_forever().await.unwrap_err();
        assert_eq!(twice.kind(), ErrorKind::InvalidInput);
        assert!(server.is_serving());
        server.close();
        serving.await.unwrap().unwrap();
        assert!(server.serve_forever().await.is_err());
        assert!(server.start_serving().await.is_err());
    });
}

#[test]
fn serve_forever_that_is_cancelled_closes_the_server() {
    runtime().block_on(async {
        let server = start_server(echo, ANYWHERE).await.unwrap();
        Task::pending(server.serve_forever()).drop_future();
        assert!(!server.is_serving());
        server.wait_closed().await;
    });
}

#[test]
fn start_serving_false_binds_and_accepts_later() {
    runtime().block_on(async {
        let options = ServerOptions::new().start_serving(false);
        let server = options.start(echo, ANYWHERE).await.unwrap();
        assert!(!server.is_serving());
        let refused = open_connection(address(&server)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        server.start_serving().await.unwrap();
        server.start_serving().await.unwrap();
        assert!(server.is_serving());
        greeted(&server).await;
    });
}

#[test]
fn dropping_the_server_closes_it_and_keeps_the_connections() {
    runtime().block_on(async {
        let server = start_server(echo, ANYWHERE).await.unwrap();
        let address = address(&server);
        let (mut reader, writer) = greeted(&server).await;
        drop(server);
        writer.write("still\n");
        assert_eq!(reader.readline().await.unwrap(), b"still\n");
        while TcpStream::connect(address).await.is_ok() {
            heist::task::yield_now().await;
        }
    });
}

#[test]
fn the_port_is_free_again_after_wait_closed_and_bound_twice_only_if_asked_for() {
    runtime().block_on(async {
        let server = start_server(echo, ANYWHERE).await.unwrap();
        let address = address(&server);
        let (mut reader, _writer) = greeted(&server).await;
        let taken = start_server(echo, address).await.unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
        server.close();
        server.close_clients();
        server.wait_closed().await;
        assert_eq!(reader.read(1).await.unwrap(), b"");
        // The old connection still fades out on the port.
        let again = start_server(echo, address).await.unwrap();
        greeted(&again).await;

        let shared = ServerOptions::new().reuse_port(true);
        let first = shared.start(echo, ANYWHERE).await.unwrap();
        let second = shared.start(echo, first.local_addr().unwrap()).await.unwrap();
        assert_eq!(first.local_addr(), second.local_addr());
    });
}

#[test]
fn several_addresses_are_several_sockets() {
    runtime().block_on(async {
        let addresses: Vec<SocketAddr> = vec![
            "127.0.0.1:0".parse().unwrap(),
            "127.0.0.2:0".parse().unwrap(),
            "127.0.0.1:0".parse().unwrap(),
        ];
        let server = start_server(echo, &addresses[..]).await.unwrap();
        let sockets = server.sockets();
        assert_eq!(sockets.len(), 2, "the same one only once");
        for socket in sockets {
            let (mut reader, writer) = open_connection(socket.ip().unwrap()).await.unwrap();
            writer.write("a\n");
            assert_eq!(reader.readline().await.unwrap(), b"a\n");
        }
    });
}

#[test]
fn peername_sockname_and_socket_tell_of_both_ends() {
    runtime().block_on(async {
        let (names, mut server_side) = mpsc::unbounded_channel();
        let callback = move |_reader, writer: StreamWriter| {
            names
                .send((
                    writer.peername(),
                    writer.sockname(),
                    writer.socket().unwrap().nodelay().unwrap(),
                ))
                .unwrap();
            async move { pending::<()>().await }
        };
        let server = start_server(callback, ANYWHERE).await.unwrap();
        let options = ConnectionOptions::new().local_addr("127.0.0.5:0".parse().unwrap());
        let (_reader, writer) = options.open(address(&server)).await.unwrap();
        assert_eq!(writer.peername(), Some(Endpoint::Ip(address(&server))));
        assert_eq!(
            writer.sockname().unwrap().ip().unwrap().ip().to_string(),
            "127.0.0.5"
        );
        let ours = (writer.sockname(), writer.peername(), true);
        assert_eq!(server_side.recv().await.unwrap(), ours, "and without delay");
        let socket = writer.socket().unwrap();
        assert!(socket.nodelay().unwrap());
        socket.set_nodelay(false).unwrap();
        assert!(!writer.socket().unwrap().nodelay().unwrap());
        let before = writer.peername();
        writer.close();
        assert!(writer.socket().is_none());
        assert_eq!(writer.peername(), before);
    });
}

#[test]
fn the_limit_of_the_options_is_that_of_the_readers() {
    runtime().block_on(async {
        let callback = async |mut reader: StreamReader, writer: StreamWriter| {
            writer.write(reader.limit().to_string());
            assert!(matches!(
                reader.readline().await,
                Err(StreamError::LimitOverrun(_))
            ));
        };
        let server = ServerOptions::new()
            .limit(10)
            .start(callback, ANYWHERE)
            .await
            .unwrap();
        let options = ConnectionOptions::new().limit(20);
        let (mut reader, writer) = options.open(address(&server)).await.unwrap();
        assert_eq!(reader.limit(), 20);
        writer.write("more than ten bytes\n");
        assert_eq!(reader.read_to_end().await.unwrap(), b"10");
    });
}

#[test]
fn close_gives_the_socket_back_though_reader_and_writer_are_kept() {
    runtime().block_on(async {
        let server = start_server(echo, ANYWHERE).await.unwrap();
        let (reader, writer) = greeted(&server).await;
        server.close();
        writer.close();
        // The echo ends by the end of the stream, which only a closed socket sends.
        server.wait_closed().await;
        drop((reader, writer));
    });
}

#[test]
fn close_and_abort_end_a_read_that_waits_in_another_task() {
    runtime().block_on(async {
        let server = start_server(async |_, _| pending::<()>().await, ANYWHERE)
            .await
            .unwrap();
        for abort in [false, true] {
            let (mut reader, writer) = open_connection(address(&server)).await.unwrap();
            let read = heist::spawn(async move { reader.read(1).await });
            aio_kit::settle().await;
            if abort {
                writer.abort()
            } else {
                writer.close()
            }
            let ended = heist::time::timeout(std::time::Duration::from_secs(20), read).await;
            assert_eq!(ended.expect("it is woken").unwrap().unwrap(), b"");
        }
    });
}

#[test]
fn a_lost_connection_is_told_to_reader_and_writer() {
    runtime().block_on(async {
        let (accepted, mut theirs) = mpsc::unbounded_channel();
        let callback = move |reader, writer| {
            accepted.send((reader, writer)).unwrap();
            async {}
        };
        let server = start_server(callback, ANYWHERE).await.unwrap();
        let client = std::net::TcpStream::connect(address(&server)).unwrap();
        socket2::SockRef::from(&client)
            .set_linger(Some(std::time::Duration::ZERO))
            .unwrap();
        let (mut reader, writer): (StreamReader, StreamWriter) = theirs.recv().await.unwrap();
        drop(client);
        for _ in 0..2 {
            assert_eq!(
                reader.read(1).await.unwrap_err().kind(),
                ErrorKind::ConnectionReset
            );
            assert_eq!(
                writer.drain().await.unwrap_err().kind(),
                ErrorKind::ConnectionReset
            );
            assert_eq!(
                writer.wait_closed().await.unwrap_err().kind(),
                ErrorKind::ConnectionReset
            );
        }
    });
}
