//! What an echo server costs: one process serves, another makes the load, the same for heist and for tokio.
//!
//! ```text
//!   cargo bench -p heist-benches --bench echo_server -- [--connections 1,64,512] [--seconds 2] [--rounds 3]
//!                                               [--arms heist,tokio] [--stuck] [--idle 10000]
//! ```
//!
//! | question | keys, after `echo_<connections>_<arm>_` |
//! |---|---|
//! | throughput and latency of round trips of 64 bytes | `requests_per_s`, `p50_us`, `p99_us`, `max_us` |
//! | what they cost the server | `cpu_us`, `voluntary_switches`, `involuntary_switches`, each per request |
//! | `--stuck`: the same with one of two workers in a busy task | the same, after `stuck_…` |
//! | `--idle N`: what N connections cost that say nothing | `idle_<arm>_bytes_per_connection`, `idle_<arm>_wakeups` |
//!
//! The arms run in turn (A B A B); each line is the median of the rounds. A wake-up is a voluntary context switch of
//! the server within three seconds, with all connections open and a hundred timers that are an hour away. For more
//! than a thousand connections raise the limit of open files first.
//!
//! `echo_server serve <arm> <plain|stuck|idle>` is the server alone, for strace and perf; it prints its address and ends when its
//! standard input does. `echo_server load <address> <connections> <seconds>` is the load alone.
//!
//! Deliberately absent: criterion. A server's costs are those of a process, which criterion does not see.

mod load;
mod server;
mod usage;

use load::Load;
use std::collections::BTreeMap;
use std::error::Error;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long an idle server is watched for wake-ups.
const WATCHED: Duration = Duration::from_secs(3);

/// What the last answers leave behind is over after this.
const SETTLING: Duration = Duration::from_millis(200);

struct Options {
    connections: Vec<usize>,
    seconds: f64,
    rounds: usize,
    arms: Vec<String>,
    stuck: bool,
    idle: Option<usize>,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", arm, mode] => server::serve(arm, mode),
        ["load", address, connections, seconds] => {
            let load = load::run(
                address.parse()?,
                connections.parse()?,
                Duration::from_secs_f64(seconds.parse()?),
            )?;
            load.figures()
                .into_iter()
                .for_each(|(key, value)| println!("{key} {value:.1}"));
            Ok(())
        }
        words => compare(&parse(words)?),
    }
}

fn parse(words: &[&str]) -> Outcome<Options> {
    let mut options = Options {
        connections: vec![1, 64, 512],
        seconds: 2.0,
        rounds: 3,
        arms: vec!["heist".into(), "tokio".into()],
        stuck: false,
        idle: None,
    };
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        let mut value = || words.next().copied().ok_or(format!("{word} needs a value"));
        match word {
            "--connections" => {
                options.connections = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?;
            }
            "--seconds" => options.seconds = value()?.parse()?,
            "--rounds" => options.rounds = value()?.parse()?,
            "--arms" => options.arms = value()?.split(',').map(String::from).collect(),
            "--idle" => options.idle = Some(value()?.parse()?),
            "--stuck" => options.stuck = true,
            // Cargo says it to every bench.
            "--bench" => {}
            other => {
                return Err(format!("what is {other}? The head of benches/echo_server/main.rs tells").into());
            }
        }
    }
    Ok(options)
}

fn compare(options: &Options) -> Outcome<()> {
    let mut figures = Figures::default();
    for _ in 0..options.rounds {
        if let Some(connections) = options.idle {
            for arm in &options.arms {
                idle(arm, connections, &mut figures)?;
            }
            continue;
        }
        for &connections in &options.connections {
            for arm in &options.arms {
                let mode = if options.stuck { "stuck" } else { "plain" };
                let server = server::Process::start(arm, mode)?;
                let seconds = Duration::from_secs_f64(options.seconds);
                // Warm: connections of its own, and all lazy things are there.
                load::run(server.address, connections, seconds.mul_f64(0.2))?;
                let before = usage::of(server.id())?;
                let load = load::run(server.address, connections, seconds)?;
                let spent = usage::of(server.id())? - before;
                let prefix = if options.stuck { "stuck" } else { "echo" };
                figures.add(&format!("{prefix}_{connections}_{arm}"), &load, &spent);
            }
        }
    }
    figures.print();
    Ok(())
}

fn idle(arm: &str, count: usize, figures: &mut Figures) -> Outcome<()> {
    let server = server::Process::start(arm, "idle")?;
    // The first connections bring up what is there once.
    let first = connect(server.address, 16)?;
    let before = usage::resident(server.id())?;
    let others = connect(server.address, count)?;
    let grown = usage::resident(server.id())?.saturating_sub(before);
    std::thread::sleep(SETTLING);
    let at_rest = usage::of(server.id())?;
    std::thread::sleep(WATCHED);
    let spent = usage::of(server.id())? - at_rest;
    figures.push(
        format!("idle_{arm}_bytes_per_connection"),
        grown as f64 / count as f64,
    );
    figures.push(format!("idle_{arm}_wakeups"), spent.voluntary);
    drop((first, others));
    Ok(())
}

/// Connections that have made a round trip each.
fn connect(address: SocketAddr, count: usize) -> Outcome<Vec<TcpStream>> {
    (0..count)
        .map(|_| {
            let mut stream = TcpStream::connect(address)?;
            load::round_trip(&mut stream)?;
            Ok(stream)
        })
        .collect()
}

/// What was measured, by key.
#[derive(Default)]
struct Figures(BTreeMap<String, Vec<f64>>);

impl Figures {
    fn push(&mut self, key: String, value: f64) {
        self.0.entry(key).or_default().push(value);
    }

    fn add(&mut self, prefix: &str, load: &Load, spent: &usage::Usage) {
        for (key, value) in load.figures() {
            self.push(format!("{prefix}_{key}"), value);
        }
        let requests = load.requests() as f64;
        self.push(format!("{prefix}_cpu_us"), spent.cpu_ns / 1e3 / requests);
        self.push(format!("{prefix}_voluntary_switches"), spent.voluntary / requests);
        self.push(
            format!("{prefix}_involuntary_switches"),
            spent.involuntary / requests,
        );
    }

    fn print(&mut self) {
        for (key, values) in &mut self.0 {
            values.sort_by(f64::total_cmp);
            println!("{key} {:.4}", values[values.len() / 2]);
        }
    }
}
