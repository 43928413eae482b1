//! hyper's client against the `http` example: asks every route, checks every byte, counts what is wrong.
//!
//! `cargo run --release --example http_client -- 127.0.0.1:3000 --requests 2000 --connections 8 [--http2]`
//!
//! Exits with 1 if an answer was wrong or a connection broke.

#[path = "rt/heist.rs"]
#[allow(dead_code, unused_imports)]
mod rt;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, body::Incoming};
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

type Failure = Box<dyn Error + Send + Sync>;

const USAGE: &str = "usage: http_client IP:PORT [--requests N] [--connections C] [--http2]";

/// What the command line asks for.
#[derive(Clone)]
struct Flags {
    address: String,
    requests: usize,
    connections: usize,
    http2: bool,
}

/// A connection of either protocol.
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

fn main() -> ExitCode {
    let Some(flags) = flags() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let runtime = match rt::runtime(None) {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start the {} runtime: {error}", rt::NAME);
            return ExitCode::FAILURE;
        }
    };
    if runtime.block_on(run(flags)) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn flags() -> Option<Flags> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next()?;
    let mut flags = Flags {
        address,
        requests: 1000,
        connections: 4,
        http2: false,
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--requests" => flags.requests = arguments.next()?.parse().ok()?,
            "--connections" => {
                flags.connections = arguments.next()?.parse().ok().filter(|count| *count > 0)?
            }
            "--http2" => flags.http2 = true,
            _ => return None,
        }
    }
    Some(flags)
}

/// Runs all connections at once, and says whether all was right.
async fn run(flags: Flags) -> bool {
    let started = Instant::now();
    let each = flags.requests.div_ceil(flags.connections);
    let connections: Vec<_> = (0..flags.connections)
        .map(|number| rt::spawn(converse(flags.clone(), number, each)))
        .collect();
    let (mut latencies, mut wrong) = (Vec::new(), 0);
    for connection in connections {
        match connection.await {
            Ok(Ok(times)) => latencies.extend(times),
            Ok(Err(failure)) => {
                eprintln!("{failure}");
                wrong += 1;
            }
            Err(panic) => {
                eprintln!("{panic}");
                wrong += 1;
            }
        }
    }
    latencies.sort_unstable();
    let at = |percent: usize| {
        latencies
            .get(latencies.len() * percent / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{} answers right, {wrong} connections wrong, {:.1} s, p50 {:?}, p99 {:?}",
        latencies.len(),
        started.elapsed().as_secs_f64(),
        at(50),
        at(99)
    );
    wrong == 0
}

/// Asks over one connection, one request after the other.
async fn converse(flags: Flags, number: usize, requests: usize) -> Result<Vec<Duration>, Failure> {
    let mut sender = connect(&flags).await?;
    let mut latencies = Vec::with_capacity(requests);
    for round in 0..requests {
        let started = Instant::now();
        exchange(&mut sender, &flags.address, number + round)
            .await
            .map_err(|error| format!("connection {number}, request {round}: {error}"))?;
        latencies.push(started.elapsed());
    }
    Ok(latencies)
}

async fn connect(flags: &Flags) -> Result<Sender, Failure> {
    let stream = rt::TcpStream::connect(&flags.address).await?;
    stream.set_nodelay(true)?;
    if flags.http2 {
        let (sender, connection) = http2::Builder::new(rt::executor())
            .handshake(rt::io(stream))
            .await?;
        rt::spawn(connection);
        return Ok(Sender::Http2(sender));
    }
    let (sender, connection) = http1::handshake(rt::io(stream)).await?;
    rt::spawn(connection);
    Ok(Sender::Http1(sender))
}

impl Sender {
    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, hyper::Error> {
        match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }
}

/// One request and its checked answer; `round` picks the route.
async fn exchange(sender: &mut Sender, address: &str, round: usize) -> Result<(), Failure> {
    let (method, path, upload, wanted) = match round % 5 {
        0 => (
            "GET",
            "/plain",
            Bytes::new(),
            Bytes::from_static(b"Hello, World!"),
        ),
        1 => (
            "GET",
            "/json",
            Bytes::new(),
            Bytes::from_static(br#"{"message":"Hello, World!"}"#),
        ),
        2 => (
            "GET",
            "/stream?n=3&ms=1",
            Bytes::new(),
            Bytes::from_static(b"chunk 1\nchunk 2\nchunk 3\n"),
        ),
        3 => ("POST", "/echo", pattern(round % 1000), pattern(round % 1000)),
        _ => (
            "POST",
            "/echo",
            pattern(256 * 1024 + round),
            pattern(256 * 1024 + round),
        ),
    };
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"));
    let request = request.header("host", address).body(Full::new(upload))?;
    let response = sender.send(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if status != 200 || body != wanted {
        return Err(format!(
            "{path}: status {status}, {} bytes, wanted {}",
            body.len(),
            wanted.len()
        )
        .into());
    }
    Ok(())
}

/// Bytes that shift with every period of 251, so that a lost or doubled piece shows.
fn pattern(length: usize) -> Bytes {
    (0..length).map(|at| (at % 251) as u8).collect()
}
