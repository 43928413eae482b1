//! Random traffic on heist for a given time and seed; invariants are checked all along, and what is left at the end of each
//! round.
//!
//! ```text
//!   --seed ─► a seed a round ─► Plan: flavour, workers, knobs, end ─► Runtime ─┬─ actors: 2 to 40 of 32 kinds, as tasks
//!                          └──► a generator an actor, a task                   ├─ 1 to 3 threads outside: errands, stray wakes
//!                                                                              └─ drained, dropped, or shut down in the middle
//! ```
//!
//! | what must hold | who looks |
//! |---|---|
//! | a task ends once: output, cancelled or panicked, and its handle says the same; it is polled by one thread at a time | ledger.rs |
//! | futures, outputs and messages are dropped, once | ledger.rs: counted tokens |
//! | no wake is lost | watch.rs: nothing happens for `--stall` seconds |
//! | messages are neither lost, doubled nor out of order; bytes neither; locks exclude; permits come back | traffic/ |
//! | no timer is early | traffic/timers.rs |
//! | the runtime's counters agree with the books | round.rs |
//! | descriptors and threads are given back, memory does not grow | round.rs, here |
//!
//! A seed makes the same decisions again: the same rounds, traffic, sizes and choices. In which order threads run is the
//! machine's, so a failure may take some runs of its round to come back: `--seed S --round R --rounds 200`.
//!
//! Absent on purpose: how fast anything is, so that it says the same on a loaded machine and under a sanitizer.

mod ledger;
mod plan;
mod resources;
mod rng;
mod round;
mod tally;
mod traffic;
mod watch;
mod world;

use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

use plan::{Fixed, Plan};
use rng::Rng;

const USAGE: &str = "heist-stress [--seconds N] [--seed N] [--round N] [--rounds N] [--flavour current|multi] [--workers N]
             [--only KIND] [--stall SECONDS] [--growth MIB] [--shared yes]
  --seconds  how long, 10 unless --rounds is given
  --seed     what all decisions follow from; one of the clock's unless given
  --round    that round again and again, in place of all in turn
  --rounds   how many
  --workers  of each multi-thread runtime, in place of 1 to 8; also the environment variable HEIST_WORKER_THREADS
  --only     actors whose kind has KIND in its name, as `mpsc`
  --stall    how long nothing may happen, 30
  --growth   by how many MiB memory may grow, 64
  --shared yes  somebody else has threads and descriptors in this process: a sanitizer that starts its symbolizer";

/// Rounds after which memory is expected to have its size.
const WARM: u64 = 30;

#[derive(Debug, Default)]
struct Options {
    seconds: Option<u64>,
    seed: Option<u64>,
    round: Option<u64>,
    rounds: Option<u64>,
    only: Option<String>,
    stall: Option<u64>,
    growth: Option<usize>,
    is_shared: bool,
    fixed: Fixed,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        if let Ok(workers) = std::env::var("HEIST_WORKER_THREADS") {
            options.fixed.workers = Some(number(&workers)?);
        }
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| USAGE.to_owned())?;
            match name.as_str() {
                "--seconds" => options.seconds = Some(number(&value)?),
                "--seed" => options.seed = Some(number(&value)?),
                "--round" => options.round = Some(number(&value)?),
                "--rounds" => options.rounds = Some(number(&value)?),
                "--only" => options.only = Some(value),
                "--stall" => options.stall = Some(number(&value)?),
                "--growth" => options.growth = Some(number(&value)?),
                "--shared" => options.is_shared = value == "yes",
                "--workers" => options.fixed.workers = Some(number(&value)?),
                "--flavour" => options.fixed.current_thread = Some(value == "current"),
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(options)
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{text} is not a number\n{USAGE}"))
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    let clock = || {
        std::time::UNIX_EPOCH
            .elapsed()
            .map_or(1, |time| time.as_nanos() as u64 % 1_000_000_000)
    };
    let seed = options.seed.unwrap_or_else(clock);
    println!("seed {seed}");
    watch::start(Duration::from_secs(options.stall.unwrap_or(30)));
    let started = Instant::now();
    let rounds = run(&options, seed, started);
    let (summary, absent) = tally::summary();
    println!("{rounds} rounds in {:.0?}: {summary}", started.elapsed());
    if absent > 0 {
        println!("kinds of events that have not occurred: {absent}; a longer run has them all");
    }
    ExitCode::SUCCESS
}

/// Round after round, until the time or the number is up; says how many.
fn run(options: &Options, seed: u64, started: Instant) -> u64 {
    let limit = options.seconds.or(options.rounds.is_none().then_some(10));
    let mut seeds = Rng::new(seed);
    let mut rounds = 0;
    let mut warm = usize::MAX;
    let mut skipped = options.round.unwrap_or(0);
    let mut round_seed = seeds.next();
    loop {
        while skipped > 0 {
            round_seed = seeds.next();
            skipped -= 1;
        }
        let plan = Plan::new(round_seed, options.fixed);
        let number = options.round.unwrap_or(rounds);
        watch::enter(format!(
            "seed {seed}, round {number}: --seed {seed} --round {number} --rounds 100\n{plan}"
        ));
        round::run(&plan, options.only.as_deref(), options.is_shared);
        rounds += 1;
        if let Some(resident) = resources::resident_mib() {
            warm = if rounds <= WARM { resident } else { warm };
            let growth = options.growth.unwrap_or(64);
            if rounds > WARM && resident > warm + growth {
                watch::fail(&format!(
                    "memory has grown from {warm} to {resident} MiB in {rounds} rounds"
                ));
            }
        }
        let is_over = limit.is_some_and(|limit| started.elapsed() >= Duration::from_secs(limit))
            || options.rounds.is_some_and(|most| rounds >= most);
        if is_over {
            return rounds;
        }
        if options.round.is_none() {
            round_seed = seeds.next();
        }
    }
}
