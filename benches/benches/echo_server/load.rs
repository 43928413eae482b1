//! The load: a closed loop of round trips on each of some connections, on one thread.
//!
//! Every connection has one message under way. One connection is a blocking socket; more are waited for with a poll.

use mio::net::TcpStream as Waiting;
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What goes back and forth.
pub(crate) const MESSAGE: [u8; 64] = [7; 64];

/// How long each answer took, sorted, and all of them together.
pub(crate) struct Load {
    latencies_ns: Vec<u32>,
    took: Duration,
}

impl Load {
    pub(crate) fn requests(&self) -> usize {
        self.latencies_ns.len()
    }

    fn quantile_us(&self, quantile: f64) -> f64 {
        let last = self.requests().saturating_sub(1);
        let at = (last as f64 * quantile).round() as usize;
        self.latencies_ns.get(at).map_or(0.0, |&ns| f64::from(ns) / 1e3)
    }

    pub(crate) fn figures(&self) -> [(&'static str, f64); 4] {
        [
            ("requests_per_s", self.requests() as f64 / self.took.as_secs_f64()),
            ("p50_us", self.quantile_us(0.5)),
            ("p99_us", self.quantile_us(0.99)),
            ("max_us", self.quantile_us(1.0)),
        ]
    }
}

/// Loads the server at `address` for `time`.
pub(crate) fn run(address: SocketAddr, connections: usize, time: Duration) -> io::Result<Load> {
    let mut load = match connections {
        1 => one(address, time)?,
        more => many(address, more, time)?,
    };
    load.latencies_ns.sort_unstable();
    Ok(load)
}

fn nanos(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_nanos()).unwrap_or(u32::MAX)
}

/// One message to the server and back.
pub(crate) fn round_trip(stream: &mut TcpStream) -> io::Result<()> {
    let mut answer = [0; MESSAGE.len()];
    stream.write_all(&MESSAGE)?;
    stream.read_exact(&mut answer)?;
    assert_eq!(answer, MESSAGE);
    Ok(())
}

fn one(address: SocketAddr, time: Duration) -> io::Result<Load> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut latencies_ns = Vec::new();
    let start = Instant::now();
    while start.elapsed() < time {
        let sent = Instant::now();
        round_trip(&mut stream)?;
        latencies_ns.push(nanos(sent));
    }
    let took = start.elapsed();
    Ok(Load { latencies_ns, took })
}

struct Connection {
    stream: Waiting,
    sent: Instant,
    received: usize,
}

impl Connection {
    fn open(address: SocketAddr, poll: &Poll, token: Token) -> io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = Waiting::from_std(stream);
        poll.registry().register(&mut stream, token, Interest::READABLE)?;
        Ok(Connection {
            stream,
            sent: Instant::now(),
            received: 0,
        })
    }

    fn send(&mut self) -> io::Result<()> {
        self.sent = Instant::now();
        self.received = 0;
        // There is room for one message: the one before was answered.
        self.stream.write_all(&MESSAGE)
    }

    /// The latency, if the answer is complete.
    fn receive(&mut self) -> io::Result<Option<u32>> {
        let mut answer = [0; 4 * MESSAGE.len()];
        match self.stream.read(&mut answer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => self.received += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok((self.received == MESSAGE.len()).then(|| nanos(self.sent)))
    }
}

fn many(address: SocketAddr, count: usize, time: Duration) -> io::Result<Load> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(count);
    let mut connections = Vec::with_capacity(count);
    for index in 0..count {
        connections.push(Connection::open(address, &poll, Token(index))?);
    }
    let mut latencies_ns = Vec::new();
    let start = Instant::now();
    connections.iter_mut().try_for_each(Connection::send)?;
    let mut under_way = count;
    while under_way > 0 {
        match poll.poll(&mut events, Some(Duration::from_secs(5))) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        if events.is_empty() {
            return Err(io::Error::other("no answer for five seconds"));
        }
        let is_over = start.elapsed() >= time;
        for event in &events {
            let connection = &mut connections[event.token().0];
            let Some(latency) = connection.receive()? else {
                continue;
            };
            latencies_ns.push(latency);
            if is_over {
                under_way -= 1;
            } else {
                connection.send()?;
            }
        }
    }
    let took = start.elapsed();
    Ok(Load { latencies_ns, took })
}
