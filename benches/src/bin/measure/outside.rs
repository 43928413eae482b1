//! The rows that look at a server from outside: echo under load, with a stuck worker, idle; memory of a connection.

use crate::load::{Load, raise_descriptor_limit};
use crate::server::Company;
use heist_benches::gate::fairness;
use heist_benches::usage::{Usage, resident_bytes};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Figures: names and values.
pub(crate) type Figures = Vec<(&'static str, f64)>;

/// Workers of a server.
const WORKERS: &str = "2";

/// Connections of the row with a stuck worker.
const WHILE_STUCK: usize = 8;

/// Connections of the idle row.
const IDLE: usize = 100;

/// Connections that the row of memory opens, if it may have so many descriptors.
const IN_MEMORY: usize = 5000;

/// A server's process; dropping this ends it.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(arm: &str, company: Company) -> Result<Server, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut child = Command::new(program)
            .args(["serve", arm, company.name(), WORKERS])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the server does not start: {error}"))?;
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output)
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        let address = line
            .trim()
            .parse()
            .map_err(|_| format!("the server says {line:?}, not its address"))?;
        Ok(Server { child, address })
    }

    fn usage(&self) -> Usage {
        Usage::of(self.child.id())
    }

    fn resident(&self) -> u64 {
        resident_bytes(&self.child.id().to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().expect("the server is this process's child");
    }
}

fn text(error: std::io::Error) -> String {
    error.to_string()
}

/// Requests a second, latencies, and what the server used for one request.
pub(crate) fn echo(arm: &str, connections: usize, length: Duration) -> Result<Figures, String> {
    loaded(arm, Company::None, connections, length)
}

/// The same while a task holds one of two workers, most of the time.
pub(crate) fn stuck(arm: &str, length: Duration) -> Result<Figures, String> {
    loaded(arm, Company::Stuck, WHILE_STUCK, length)
}

fn loaded(arm: &str, company: Company, connections: usize, length: Duration) -> Result<Figures, String> {
    let server = Server::start(arm, company)?;
    let mut load = Load::connect(server.address, connections).map_err(text)?;
    load.run(length / 4).map_err(text)?;
    let before = server.usage();
    let answers = load.run(length).map_err(text)?;
    let used = server.usage().since(before);
    let requests = answers.shares.iter().sum::<f64>();
    Ok(vec![
        ("requests_per_s", requests / answers.time.as_secs_f64()),
        ("p50_us", answers.quantile(0.5)),
        ("p99_us", answers.quantile(0.99)),
        ("cpu_ns", used.cpu.as_nanos() as f64 / requests),
        ("switches", used.voluntary as f64 / requests),
        ("preempted", used.involuntary as f64 / requests),
        ("fairness", fairness(&answers.shares)),
    ])
}

/// Times a second that a thread of a server woke that had open connections, far timers, and nothing to do.
pub(crate) fn idle(arm: &str, length: Duration) -> Result<Figures, String> {
    let server = Server::start(arm, Company::FarTimers)?;
    let mut load = Load::connect(server.address, IDLE).map_err(text)?;
    load.once().map_err(text)?;
    sleep(Duration::from_millis(500));
    let before = server.usage();
    sleep(length);
    let used = server.usage().since(before);
    let wake_ups = (used.voluntary + used.involuntary) as f64;
    Ok(vec![
        ("wake_ups_per_s", wake_ups / length.as_secs_f64()),
        ("cpu_ns", used.cpu.as_nanos() as f64 / length.as_secs_f64()),
    ])
}

/// Resident bytes of a connection whose task waits for its next request.
pub(crate) fn connection_memory(arm: &str) -> Result<Figures, String> {
    let count = IN_MEMORY.min(raise_descriptor_limit().saturating_sub(200));
    let server = Server::start(arm, Company::None)?;
    let mut first = Load::connect(server.address, 100).map_err(text)?;
    first.once().map_err(text)?;
    let before = server.resident();
    let mut load = Load::connect(server.address, count).map_err(text)?;
    load.once().map_err(text)?;
    let grown = server.resident().saturating_sub(before);
    Ok(vec![("bytes", grown as f64 / count as f64)])
}
