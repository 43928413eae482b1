//! The load of the rows with a server: one thread with mio's poll, the same for every server.
//!
//! Closed loop: each connection has one request under way. What has no answer at the end counts as late as it is then.

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Bytes of a request and of its answer.
pub(crate) const MESSAGE: usize = 64;

/// Lets this process have as many descriptors as it may; says how many.
pub(crate) fn raise_descriptor_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() {
        limit.maximum
    } else {
        limit.current
    };
    now.map_or(usize::MAX, |number| usize::try_from(number).unwrap_or(usize::MAX))
}

struct Connection {
    stream: TcpStream,
    asked: Instant,
    received: usize,
    answers: u64,
}

/// Connections to a server.
pub(crate) struct Load {
    poll: Poll,
    connections: Vec<Connection>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Microseconds from each request to its answer, in order of size.
    pub(crate) latencies_us: Vec<f64>,
    /// Answers of each connection.
    pub(crate) shares: Vec<f64>,
    /// How long all took.
    pub(crate) time: Duration,
}

impl Answers {
    /// The latency that this share of the requests was faster than.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let last = self.latencies_us.len().saturating_sub(1);
        let at = (self.latencies_us.len() as f64 * share) as usize;
        self.latencies_us.get(at.min(last)).copied().unwrap_or(f64::NAN)
    }
}

impl Load {
    /// Connects so many times.
    pub(crate) fn connect(address: SocketAddr, count: usize) -> std::io::Result<Load> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for number in 0..count {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry()
                .register(&mut stream, Token(number), Interest::READABLE)?;
            connections.push(Connection {
                stream,
                asked: Instant::now(),
                received: 0,
                answers: 0,
            });
        }
        Ok(Load { poll, connections })
    }

    /// One request and its answer on each connection.
    pub(crate) fn once(&mut self) -> std::io::Result<()> {
        let mut answer = [0; MESSAGE];
        for connection in &mut self.connections {
            connection.ask()?;
            let mut received = 0;
            while received < MESSAGE {
                match connection.stream.read(&mut answer[received..]) {
                    Ok(count) => received += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        std::thread::sleep(Duration::from_micros(20));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Keeps every connection busy for so long.
    pub(crate) fn run(&mut self, length: Duration) -> std::io::Result<Answers> {
        let mut answers = Answers::default();
        let mut events = Events::with_capacity(1024);
        let started = Instant::now();
        for connection in &mut self.connections {
            connection.answers = 0;
            connection.ask()?;
        }
        while let Some(left) = length
            .checked_sub(started.elapsed())
            .filter(|left| !left.is_zero())
        {
            self.poll.poll(&mut events, Some(left))?;
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                if let Some(latency) = connection.hear()? {
                    answers.latencies_us.push(latency.as_secs_f64() * 1e6);
                    connection.ask()?;
                }
            }
        }
        answers.time = started.elapsed();
        let late = self
            .connections
            .iter()
            .map(|connection| connection.asked.elapsed().as_secs_f64() * 1e6);
        answers.latencies_us.extend(late);
        answers.latencies_us.sort_by(f64::total_cmp);
        answers.shares = self
            .connections
            .iter()
            .map(|connection| connection.answers as f64)
            .collect();
        self.rest(&mut events)?;
        Ok(answers)
    }

    /// Hears the last answers.
    fn rest(&mut self, events: &mut Events) -> std::io::Result<()> {
        let mut open = self.connections.len();
        let patience = Instant::now() + Duration::from_secs(2);
        while open > 0 && Instant::now() < patience {
            self.poll.poll(events, Some(Duration::from_millis(200)))?;
            for event in events.iter() {
                if self.connections[event.token().0].hear()?.is_some() {
                    open -= 1;
                }
            }
        }
        if open == 0 {
            Ok(())
        } else {
            Err(std::io::Error::other(format!("{open} requests have no answer")))
        }
    }
}

impl Connection {
    fn ask(&mut self) -> std::io::Result<()> {
        self.asked = Instant::now();
        self.received = 0;
        let written = self.stream.write(&[7; MESSAGE])?;
        if written == MESSAGE {
            Ok(())
        } else {
            Err(std::io::Error::other("the server does not read"))
        }
    }

    /// The latency, if the answer is here.
    fn hear(&mut self) -> std::io::Result<Option<Duration>> {
        let mut answer = [0; MESSAGE];
        while self.received < MESSAGE {
            match self.stream.read(&mut answer[self.received..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.received += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        self.answers += 1;
        Ok(Some(self.asked.elapsed()))
    }
}
