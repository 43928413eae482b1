//! Unix-domain listeners and prepared sockets: addresses, accepting, backlogs, and descriptors that run out.

#![cfg(unix)]

mod net_kit;
mod rt_kit;

use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{UnixListener, UnixSocket, UnixStream};
use net_kit::{Directory, kind, one_flavour, poll_once};
use rt_kit::both_flavours;
use std::future::poll_fn;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd};
use std::os::unix::net;
use std::path::Path;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::Arc;

both_flavours! {
    fn a_listener_leaves_its_file_behind(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("door");
            let listener = UnixListener::bind(&path).unwrap();
            assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path));
            assert!(listener.take_error().unwrap().is_none());
            assert_eq!(kind(UnixListener::bind(&path)), ErrorKind::AddrInUse);
            drop(listener);
            assert_eq!(kind(UnixListener::bind(&path)), ErrorKind::AddrInUse);
            std::fs::remove_file(&path).unwrap();
            let again = UnixListener::bind_addr(
                &net::SocketAddr::from_pathname(&path).unwrap().into()
            ).unwrap();
            let client = UnixStream::connect_addr(&again.local_addr().unwrap()).await.unwrap();
            again.accept().await.unwrap();
            drop(client);
        });
    }

    fn a_listener_dropped_with_a_backlog_resets_those_who_wait(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("backlog");
            let listener = UnixListener::bind(&path).unwrap();
            let mut idle = UnixStream::connect(&path).await.unwrap();
            let mut busy = UnixStream::connect(&path).await.unwrap();
            busy.write_all(b"anybody?").await.unwrap();
            let reader = heist::spawn(async move { idle.read(&mut [0; 1]).await });
            drop(listener);
            for read in [reader.await.unwrap(), busy.read(&mut [0; 1]).await] {
                // Linux says so; other systems only end the stream.
                match read {
                    Ok(n) => assert_eq!(n, 0),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
                }
            }
            assert_eq!(kind(busy.write(b"?").await), ErrorKind::BrokenPipe);
            assert_eq!(kind(UnixStream::connect(&path).await), ErrorKind::ConnectionRefused);
        });
    }

    fn a_cancelled_accept_loses_no_connection(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("cancel");
            let listener = UnixListener::bind(&path).unwrap();
            for _ in 0..50 {
                assert!(poll_once(pin!(listener.accept())).is_pending());
            }
            let mut client = UnixStream::connect(&path).await.unwrap();
            let (mut server, _) = listener.accept().await.unwrap();
            server.write_all(b"!").await.unwrap();
            assert_eq!(client.read_u8().await.unwrap(), b'!');
        });
    }

    fn many_tasks_accept_from_one_listener(runtime) {
        const CONNECTIONS: usize = 60;
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("many");
            let listener = Arc::new(UnixListener::bind(&path).unwrap());
            let acceptors: Vec<_> = (0..6)
                .map(|_| {
                    let listener = listener.clone();
                    heist::spawn(async move {
                        for _ in 0..CONNECTIONS / 6 {
                            let (mut stream, _) = listener.accept().await.unwrap();
                            stream.write_all(b"!").await.unwrap();
                        }
                    })
                })
                .collect();
            for _ in 0..CONNECTIONS {
                let mut client = UnixStream::connect(&path).await.unwrap();
                assert_eq!(client.read_u8().await.unwrap(), b'!');
            }
            for acceptor in acceptors {
                acceptor.await.unwrap();
            }
        });
    }

    fn poll_accept_and_std(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("std");
            let listener = net::UnixListener::bind(&path).unwrap();
            assert_eq!(kind(UnixListener::from_std(listener.try_clone().unwrap())), ErrorKind::InvalidInput);
            listener.set_nonblocking(true).unwrap();
            let listener = UnixListener::try_from(listener).unwrap();
            assert_eq!(listener.as_fd().as_raw_fd(), listener.as_raw_fd());
            let client = heist::spawn(UnixStream::connect(path.clone()));
            let (server, _) = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
            assert_eq!(server.local_addr().unwrap().as_pathname(), Some(&*path));
            client.await.unwrap().unwrap();
            let listener = listener.into_std().unwrap();
            assert_eq!(kind(listener.accept()), ErrorKind::WouldBlock);
        });
    }

    fn prepared_sockets_listen_and_connect(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let (there, here) = (directory.at("there"), directory.at("here"));
            let socket = UnixSocket::new_stream().unwrap();
            socket.bind(&there).unwrap();
            let listener = socket.listen(16).unwrap();
            let socket = UnixSocket::new_stream().unwrap();
            assert_eq!(socket.as_fd().as_raw_fd(), socket.as_raw_fd());
            socket.bind(&here).unwrap();
            let mut client = socket.connect(&there).await.unwrap();
            let (mut server, peer) = listener.accept().await.unwrap();
            assert_eq!(peer.as_pathname(), Some(&*here));
            client.write_all(b"x").await.unwrap();
            assert_eq!(server.read_u8().await.unwrap(), b'x');
            let nowhere = UnixSocket::new_stream().unwrap().connect(directory.at("nowhere")).await;
            assert_eq!(kind(nowhere), ErrorKind::NotFound);
        });
    }

    fn prepared_sockets_exchange_datagrams(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("datagram");
            let socket = UnixSocket::new_datagram().unwrap();
            socket.bind(&path).unwrap();
            let receiver = socket.datagram().unwrap();
            let sender = UnixSocket::new_datagram().unwrap().datagram().unwrap();
            sender.send_to(b"hello", &path).await.unwrap();
            let mut buffer = [0; 8];
            assert_eq!(receiver.recv(&mut buffer).await.unwrap(), 5);
        });
    }

    fn a_prepared_socket_of_the_wrong_type_says_so(runtime) {
        runtime.block_on(async {
            let datagram = || UnixSocket::new_datagram().unwrap();
            let errors = [
                datagram().listen(1).unwrap_err(),
                datagram().connect("/").await.unwrap_err(),
                UnixSocket::new_stream().unwrap().datagram().unwrap_err(),
            ];
            for (error, method) in errors.iter().zip(["listen", "connect", "datagram"]) {
                assert!(error.to_string().starts_with(&format!("{method} cannot be called on")), "{error}");
            }
        });
    }
}

one_flavour! {
    fn a_prepared_socket_never_blocks_whatever_became_of_its_mode(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let blocking = |socket: UnixSocket| {
                socket2::SockRef::from(&socket).set_nonblocking(false).unwrap();
                socket
            };
            let is_nonblocking = |socket: &dyn AsFd| socket2::SockRef::from(&socket.as_fd()).nonblocking().unwrap();
            let socket = blocking(UnixSocket::new_stream().unwrap());
            socket.bind(directory.at("door")).unwrap();
            let listener = socket.listen(4).unwrap();
            assert!(is_nonblocking(&listener));
            let socket = blocking(UnixSocket::new_stream().unwrap());
            assert!(is_nonblocking(&socket.connect(directory.at("door")).await.unwrap()));
            let socket = blocking(UnixSocket::new_datagram().unwrap());
            assert!(is_nonblocking(&socket.datagram().unwrap()));
        });
    }

    fn a_path_is_not_cut_off_at_a_zero_byte(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("door\0way");
            let socket = || UnixSocket::new_stream().unwrap();
            assert_eq!(kind(socket().bind(&path)), ErrorKind::InvalidInput);
            assert_eq!(kind(socket().connect(&path).await), ErrorKind::InvalidInput);
            assert_eq!(kind(UnixListener::bind(&path)), ErrorKind::InvalidInput);
            assert_eq!(kind(heist::net::UnixDatagram::bind(&path)), ErrorKind::InvalidInput);
            assert!(!directory.at("door").exists());
        });
    }

    fn a_listener_dropped_while_somebody_connects_refuses(runtime) {
        runtime.block_on(async {
            let directory = Directory::new();
            let path = directory.at("going");
            let listener = UnixListener::bind(&path).unwrap();
            let mut connect = pin!(UnixStream::connect(&path));
            assert!(poll_once(connect.as_mut()).is_pending());
            drop(listener);
            let error = kind(connect.await);
            assert!(
                matches!(error, ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused),
                "{error}"
            );
        });
    }
}

#[test]
fn a_prepared_socket_becomes_a_plain_descriptor() {
    let socket = UnixSocket::new_stream().unwrap();
    let fd = socket.as_raw_fd();
    assert_eq!(socket.into_raw_fd(), fd);
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names_need_no_file() {
    use heist::net::unix::SocketAddr;
    use std::os::linux::net::SocketAddrExt;

    rt_kit::current_thread().block_on(async {
        let name = net_kit::unique();
        let path = format!("\0{name}");
        let listener = UnixListener::bind(&path).unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(address.as_abstract_name(), Some(name.as_bytes()));
        assert!(address.as_pathname().is_none() && !address.is_unnamed());
        assert_eq!(kind(UnixListener::bind(&path)), ErrorKind::AddrInUse);

        let from_std = SocketAddr::from(net::SocketAddr::from_abstract_name(&name).unwrap());
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(format!("{path}-client")).unwrap();
        for client in [
            UnixStream::connect(&path).await,
            UnixStream::connect_addr(&address).await,
            UnixStream::connect_addr(&from_std).await,
            socket.connect(&path).await,
        ] {
            let client = client.unwrap();
            assert_eq!(
                client.peer_addr().unwrap().as_abstract_name(),
                Some(name.as_bytes())
            );
            listener.accept().await.unwrap();
        }
        assert!(!Path::new(&name).exists());
        drop(listener);
        // The name is gone with the socket. A process that another test starts meanwhile has that until it becomes
        // another program.
        while let Ok(client) = UnixStream::connect(&path).await {
            drop(client);
            heist::task::yield_now().await;
        }
        assert_eq!(
            kind(UnixStream::connect(&path).await),
            ErrorKind::ConnectionRefused
        );
        UnixListener::bind(&path).unwrap();
    });
}

/// Other systems queue more than they are told, or make the client wait.
#[cfg(target_os = "linux")]
#[test]
fn a_full_backlog_turns_clients_away_until_somebody_accepts() {
    rt_kit::current_thread().block_on(async {
        let directory = Directory::new();
        let path = directory.at("full");
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&path).unwrap();
        let listener = socket.listen(1).unwrap();
        let mut clients = Vec::new();
        let error = loop {
            match UnixStream::connect(&path).await {
                Ok(client) => clients.push(client),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert!((1..10).contains(&clients.len()), "{}", clients.len());
        listener.accept().await.unwrap();
        UnixStream::connect(&path).await.unwrap();
    });
}

const CLIENTS: usize = 100;

/// The parent connects more often than its child has descriptors. Every connection must be served in the end.
/// That the child does not spin meanwhile is for net_accept.rs to show: the back-off is the same.
#[test]
fn accept_survives_a_lack_of_descriptors() {
    let directory = Directory::new();
    let path = directory.at("limited");
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "accepts_with_few_descriptors",
            "--ignored",
            "--nocapture",
        ])
        .env("HEIST_TEST_PATH", &path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    lines.find(|line| line.contains("listens")).unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| net::UnixStream::connect(&path).unwrap())
        .collect();
    for mut client in clients {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"k");
    }
    let report: Vec<_> = lines.collect();
    assert!(child.wait().unwrap().success(), "{report:?}");
}

#[test]
#[ignore = "the other half of accept_survives_a_lack_of_descriptors"]
fn accepts_with_few_descriptors() {
    const ERRORS: u32 = 3;
    rt_kit::multi_thread().block_on(async {
        let listener = UnixListener::bind(std::env::var_os("HEIST_TEST_PATH").unwrap()).unwrap();
        println!("listens");
        let (mut held, mut accepted, mut errors) = (Vec::new(), 0, 0);
        let start = std::time::Instant::now();
        while accepted < CLIENTS {
            match listener.accept().await {
                Ok((mut stream, _)) => {
                    stream.write_all(b"k").await.unwrap();
                    held.push(stream);
                    accepted += 1;
                }
                Err(error) => {
                    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                    errors += 1;
                    if errors == ERRORS {
                        // 10 ms, then 20 ms: a loop that spins would be here at once.
                        assert!(start.elapsed() >= std::time::Duration::from_millis(30));
                        held.clear();
                    }
                }
            }
        }
        assert!(errors >= ERRORS, "the limit was never met");
    });
}
