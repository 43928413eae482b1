//! The load of `ci/asyncio-echo`: connections that each send a line of 64 bytes, wait for it to come back, and send the
//! next. `cargo run --release --example asyncio_echo_load -- 127.0.0.1:7777 --connections 64 --seconds 3`.
//!
//! Prints the number of round trips, the seconds they took together, and the median and the 99th percentile of one, in
//! microseconds. An answer that is not what was sent ends it with an error.

use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::net::TcpStream;
use heist::task::JoinSet;
use heist::time::{Duration, Instant};
use std::io;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const LINE: [u8; 64] = {
    let mut line = [b'x'; 64];
    line[63] = b'\n';
    line
};

/// On one thread, so that servers of one thread have another core for themselves.
#[heist::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let (mut address, mut connections, mut seconds) = (String::new(), 64_usize, 3);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a number"));
        match argument.as_str() {
            "--connections" => connections = value()?.parse()?,
            "--seconds" => seconds = value()?.parse()?,
            _ => address = argument,
        }
    }
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(&address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for stream in streams {
        tasks.spawn(round_trips(stream, end));
    }
    let mut took = Vec::new();
    while let Some(task) = tasks.join_next().await {
        took.extend(task??);
    }
    let elapsed = start.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |part: usize| took.get((took.len() * part / 100).min(took.len() - 1));
    let micros = |took: Option<&Duration>| took.map_or(0.0, |took| took.as_secs_f64() * 1e6);
    println!(
        "{} {elapsed:.3} {:.1} {:.1}",
        took.len(),
        micros(at(50)),
        micros(at(99))
    );
    Ok(())
}

/// How long each round trip took, until `end`.
async fn round_trips(mut stream: TcpStream, end: Instant) -> io::Result<Vec<Duration>> {
    let mut took = Vec::new();
    let mut answer = [0; LINE.len()];
    let mut begin = Instant::now();
    while begin < end {
        stream.write_all(&LINE).await?;
        stream.read_exact(&mut answer).await?;
        if answer != LINE {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "another line came back",
            ));
        }
        let now = Instant::now();
        took.push(now - begin);
        begin = now;
    }
    Ok(took)
}
