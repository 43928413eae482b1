//! Descriptors that run out for ten seconds: how often accept tries, to the millisecond, and that nobody is lost.
//!
//! The child has few descriptors and a paused clock, so the ten seconds are exact and take no time.
#![cfg(all(feature = "test-util", unix))]

use heist::io::AsyncWriteExt;
use heist::net::{TcpListener, TcpStream};
use heist::runtime::Builder;
use heist::time::{Duration, Instant};
use std::fs::File;
use std::future::poll_fn;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

const CLIENTS: usize = 20;
const SHORTAGE: Duration = Duration::from_secs(10);

/// Connects, tells the child to begin, and expects that each connection is served in the end.
fn survives(child: &str) {
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", child, "--ignored", "--nocapture", "--test-threads=1"])
        .stdin(Stdio::piped())
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
    child.stdin.take().unwrap().write_all(b"begin\n").unwrap();
    for mut client in clients {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"k");
    }
    let report: Vec<_> = lines.collect();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{report:?} {said}");
    let remedies = said.lines().filter(|line| line.contains("ulimit -n"));
    assert_eq!(
        remedies.count(),
        2,
        "one for each shortage more than a minute apart: {said}"
    );
}

/// Takes every descriptor there is.
fn exhaust() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

/// Calls accept again and again while there are no descriptors, and returns when each attempt was made.
async fn attempts(
    accept: &mut impl AsyncFnMut(&TcpListener) -> std::io::Result<TcpStream>,
    listener: &TcpListener,
) -> Vec<u128> {
    let held = exhaust();
    let start = Instant::now();
    let mut attempts = Vec::new();
    while start.elapsed() < SHORTAGE {
        let error = accept(listener).await.expect_err("there was a descriptor left");
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        attempts.push(start.elapsed().as_millis());
    }
    drop(held);
    attempts
}

fn child(mut accept: impl AsyncFnMut(&TcpListener) -> std::io::Result<TcpStream>) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listens on {}", listener.local_addr().unwrap());
        std::io::stdin().lock().read_line(&mut String::new()).unwrap();

        let expected = [
            0, 10, 30, 70, 150, 310, 630, 1270, 2270, 3270, 4270, 5270, 6270, 7270, 8270, 9270, 10270,
        ];
        let mut served = Vec::new();
        for (share, quiet) in [(7, 60), (14, 0), (CLIENTS, 0)] {
            assert_eq!(attempts(&mut accept, &listener).await, expected);
            let start = Instant::now();
            while served.len() < share {
                let mut stream = accept(&listener).await.unwrap();
                stream.write_all(b"k").await.unwrap();
                served.push(stream);
                // The last wait is sat out, and success ends the back-off.
                assert_eq!(start.elapsed(), Duration::from_secs(1));
            }
            heist::time::advance(Duration::from_secs(quiet)).await;
        }
    });
}

#[test]
fn accept_backs_off_and_recovers() {
    survives("child_accepts");
}

#[test]
fn poll_accept_backs_off_and_recovers() {
    survives("child_polls_accept");
}

#[test]
#[ignore = "the other half of accept_backs_off_and_recovers"]
fn child_accepts() {
    child(async |listener| listener.accept().await.map(|(stream, _)| stream));
}

#[test]
#[ignore = "the other half of poll_accept_backs_off_and_recovers"]
fn child_polls_accept() {
    child(async |listener| {
        let accepted = poll_fn(|cx| listener.poll_accept(cx)).await;
        accepted.map(|(stream, _)| stream)
    });
}
