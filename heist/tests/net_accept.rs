//! Accepting: bind, several acceptors, cancelled accepts, and descriptors that run out.

mod rt_kit;

use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::{TcpListener, TcpStream};
use rt_kit::both_flavours;
use std::future::{Future, poll_fn};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

both_flavours! {
    fn bind_takes_the_first_address_that_is_free(runtime) {
        runtime.block_on(async {
            let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let taken = first.local_addr().unwrap();
            let error = TcpListener::bind(taken).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            let choice = [taken, "127.0.0.1:0".parse().unwrap()];
            let second = TcpListener::bind(&choice[..]).await.unwrap();
            assert_ne!(second.local_addr().unwrap(), taken);
            second.set_ttl(7).unwrap();
            assert_eq!(second.ttl().unwrap(), 7);
        });
    }

    fn a_port_is_free_again_while_its_connections_are_in_time_wait(runtime) {
        runtime.block_on(async {
            // Another test may happen to take the port in between; every attempt in a row cannot.
            let mut rebound = false;
            for _ in 0..20 {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let mut client = TcpStream::connect(address).await.unwrap();
                let (server, _) = listener.accept().await.unwrap();
                // The server closes first, so its end is the one that waits.
                drop(server);
                assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
                drop((client, listener));
                rebound = rebound || TcpListener::bind(address).await.is_ok();
            }
            assert!(rebound);
        });
    }

    fn a_cancelled_accept_loses_no_connection(runtime) {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            for _ in 0..50 {
                let mut accept = pin!(listener.accept());
                let polled = accept.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(polled.is_pending());
            }
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (_, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
        });
    }

    fn many_tasks_accept_from_one_listener(runtime) {
        const CONNECTIONS: usize = 60;
        runtime.block_on(async {
            let listener = std::sync::Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
            let address = listener.local_addr().unwrap();
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
                let mut client = TcpStream::connect(address).await.unwrap();
                let mut answer = Vec::new();
                client.read_to_end(&mut answer).await.unwrap();
                assert_eq!(answer, b"!");
            }
            for acceptor in acceptors {
                acceptor.await.unwrap();
            }
        });
    }

    fn poll_accept_and_from_std(runtime) {
        runtime.block_on(async {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            assert_eq!(TcpListener::from_std(listener.try_clone().unwrap()).unwrap_err().kind(), ErrorKind::InvalidInput);
            listener.set_nonblocking(true).unwrap();
            let listener = TcpListener::try_from(listener).unwrap();
            let address = listener.local_addr().unwrap();
            let client = heist::spawn(TcpStream::connect(address));
            let (_, peer) = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
            assert_eq!(peer, client.await.unwrap().unwrap().local_addr().unwrap());
            assert_eq!(listener.into_std().unwrap().local_addr().unwrap(), address);
        });
    }
}

/// Nobody accepts: a queue of 128, which is what mio asks for, would leave the last ones without an answer.
#[test]
#[cfg(target_os = "linux")]
fn hundreds_of_clients_wait_to_be_accepted() {
    let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let clients = allowed.trim().parse::<usize>().unwrap().min(300);
    let runtime = rt_kit::current_thread();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let connected: Vec<_> = (0..clients)
        .map(|_| std::net::TcpStream::connect_timeout(&address, Duration::from_secs(20)).unwrap())
        .collect();
    assert_eq!(connected.len(), clients);
}

/// How often the child must see the limit before it frees descriptors.
const ERRORS: usize = 3;
const CLIENTS: usize = 100;

/// The parent connects more often than its child has descriptors. Every connection must be served in the
/// end, and the child must not spin meanwhile.
fn serves_all_in_spite_of_the_limit(child: &str) {
    let script = "ulimit -n 64; exec \"$0\" \"$@\"";
    let mut child = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", child, "--ignored", "--nocapture", "--test-threads=1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let address = lines
        .find_map(|line| line.split_once("listens on ").map(|(_, at)| at.to_owned()))
        .unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| std::net::TcpStream::connect(&address).unwrap())
        .collect();
    for mut client in clients {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"k");
    }
    let report: Vec<_> = lines.collect();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{report:?} {said}");
    let remedies: Vec<_> = said.lines().filter(|line| line.contains("ulimit -n")).collect();
    assert_eq!(remedies.len(), 1, "{said}");
    assert!(
        remedies[0].starts_with("heist: cannot accept a connection: "),
        "{said}"
    );
}

/// Accepts through `accept` and keeps what it accepts until the limit has been met [`ERRORS`] times.
async fn child<F>(accept: impl Fn(std::sync::Arc<TcpListener>) -> F)
where
    F: Future<Output = std::io::Result<TcpStream>>,
{
    let listener = std::sync::Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    println!("listens on {}", listener.local_addr().unwrap());
    let (mut held, mut accepted, mut errors) = (Vec::new(), 0, 0);
    let mut first_error = None;
    while accepted < CLIENTS {
        match accept(listener.clone()).await {
            Ok(mut stream) => {
                stream.write_all(b"k").await.unwrap();
                held.push(stream);
                accepted += 1;
            }
            Err(error) => {
                errors += 1;
                let since = first_error.get_or_insert_with(Instant::now).elapsed();
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
                if errors == ERRORS {
                    // 10 ms, then 20 ms: a loop that spins would be here at once.
                    assert!(since >= Duration::from_millis(30), "{since:?}");
                    held.clear();
                }
            }
        }
    }
    assert!(errors >= ERRORS, "the limit was never met");
}

#[test]
fn accept_survives_a_lack_of_descriptors() {
    serves_all_in_spite_of_the_limit("child_accepts");
}

#[test]
fn poll_accept_survives_a_lack_of_descriptors() {
    serves_all_in_spite_of_the_limit("child_polls_accept");
}

#[test]
fn accept_survives_a_lack_of_descriptors_when_cancelled_again_and_again() {
    serves_all_in_spite_of_the_limit("child_cancels_accept");
}

#[test]
#[ignore = "the other half of accept_survives_a_lack_of_descriptors"]
fn child_accepts() {
    rt_kit::multi_thread().block_on(child(async |listener: std::sync::Arc<TcpListener>| {
        listener.accept().await.map(|(stream, _)| stream)
    }));
}

#[test]
#[ignore = "the other half of poll_accept_survives_a_lack_of_descriptors"]
fn child_polls_accept() {
    rt_kit::current_thread().block_on(child(async |listener: std::sync::Arc<TcpListener>| {
        poll_fn(|cx| listener.poll_accept(cx))
            .await
            .map(|(stream, _)| stream)
    }));
}

/// The moment of the next attempt must not move when an accept is dropped and called again.
#[test]
#[ignore = "the other half of accept_survives_a_lack_of_descriptors_when_cancelled_again_and_again"]
fn child_cancels_accept() {
    rt_kit::multi_thread().block_on(child(async |listener: std::sync::Arc<TcpListener>| {
        loop {
            let accept = heist::time::timeout(Duration::from_millis(1), listener.accept());
            if let Ok(accepted) = accept.await {
                return accepted.map(|(stream, _)| stream);
            }
        }
    }));
}
