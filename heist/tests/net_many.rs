//! Many connections, many waiters, and deregistrations that race events.

mod rt_kit;

use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{TcpListener, TcpStream};
use rt_kit::both_flavours;
use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};

both_flavours! {
    fn many_tasks_wait_for_one_stream(runtime) {
        const TASKS: usize = 50;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let server = Arc::new(listener.accept().await.unwrap().0);
            let tasks: Vec<_> = (0..TASKS)
                .map(|_| {
                    let server = server.clone();
                    heist::spawn(async move {
                        loop {
                            server.readable().await.unwrap();
                            match server.try_read(&mut [0; 1]) {
                                Ok(n) => return n,
                                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                            }
                        }
                    })
                })
                .collect();
            for _ in 0..TASKS {
                client.write_all(b"x").await.unwrap();
                heist::task::yield_now().await;
            }
            let mut bytes = 0;
            for task in tasks {
                bytes += task.await.unwrap();
            }
            assert_eq!(bytes, TASKS);
        });
    }

    fn the_end_of_a_stream_reaches_every_waiter(runtime) {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let server = Arc::new(listener.accept().await.unwrap().0);
            // Uses the assumed readiness up, so that the waiters wait.
            assert!(server.try_read(&mut [0; 1]).is_err());
            let tasks: Vec<_> = (0..50)
                .map(|_| {
                    let server = server.clone();
                    heist::spawn(async move { server.readable().await })
                })
                .collect();
            heist::task::yield_now().await;
            drop(client);
            for task in tasks {
                task.await.unwrap().unwrap();
            }
        });
    }

    fn ten_thousand_deregistrations_race_events(runtime) {
        const ROUNDS: usize = 10_000;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        peer.set_nonblocking(true).unwrap();
        let done = Arc::new(AtomicBool::new(false));
        let writer = {
            let done = done.clone();
            std::thread::spawn(move || {
                let mut sent = 0;
                while !done.load(Ordering::SeqCst) {
                    sent += peer.write(&[1]).unwrap_or(0);
                    std::thread::yield_now();
                }
                sent
            })
        };
        let received = runtime.block_on(async move {
            let (mut stream, mut received) = (stream, 0);
            let mut buffer = [0; 4096];
            for _ in 0..ROUNDS {
                let mut registered = TcpStream::from_std(stream).unwrap();
                // A waiter of each kind is left behind for the event to find.
                let mut cx = Context::from_waker(Waker::noop());
                let _ = registered.poll_read_ready(&mut cx);
                let mut read = Box::pin(registered.read(&mut buffer));
                if let std::task::Poll::Ready(n) = read.as_mut().poll(&mut cx) {
                    received += n.unwrap();
                }
                drop(read);
                stream = registered.into_std().unwrap();
            }
            done.store(true, Ordering::SeqCst);
            let sent: usize = heist::task::spawn_blocking(move || writer.join().unwrap()).await.unwrap();
            // The last registration works, and not a byte was lost on the way.
            let mut registered = TcpStream::from_std(stream).unwrap();
            received += {
                let mut rest = Vec::new();
                registered.read_to_end(&mut rest).await.unwrap();
                rest.len()
            };
            (sent, received)
        });
        assert_eq!(received.0, received.1);
    }
}

/// Both ends are in this process: twice as many descriptors as connections.
const CONNECTIONS: usize = 2_000;

#[test]
fn two_thousand_open_connections() {
    let shell = format!("ulimit -n {}", 2 * CONNECTIONS + 200);
    let output = rt_kit::child("child_opens_two_thousand_connections", &shell, &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
#[ignore = "the other half of two_thousand_open_connections, which raises the descriptor limit"]
fn child_opens_two_thousand_connections() {
    rt_kit::multi_thread().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        heist::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                heist::spawn(async move {
                    let mut word = [0; 8];
                    while stream.read_exact(&mut word).await.is_ok() {
                        stream.write_all(&word).await.unwrap();
                    }
                });
            }
        });
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        // All are open. Each is used alone, then all at once.
        for round in 0..2 {
            for (number, client) in clients.iter_mut().enumerate() {
                client.write_all(&(number + round).to_ne_bytes()).await.unwrap();
            }
            let readers: Vec<_> = clients
                .drain(..)
                .map(|mut client| {
                    heist::spawn(async move {
                        let mut word = [0; 8];
                        client.read_exact(&mut word).await.unwrap();
                        (client, usize::from_ne_bytes(word))
                    })
                })
                .collect();
            for (number, reader) in readers.into_iter().enumerate() {
                let (client, word) = reader.await.unwrap();
                assert_eq!(word, number + round);
                clients.push(client);
            }
        }
    });
}
