//! What a round is: its runtime, how much traffic, and how it ends. All of it follows from one number.

use std::fmt;
use std::time::Duration;

use heist::runtime::{Builder, RngSeed, Runtime};

use crate::rng::Rng;

/// How a round ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself: all actors have returned.
    Drained,
    /// The runtime is dropped in the middle.
    Dropped,
    /// `shutdown_timeout`, with a limit that may be too short.
    TimedOut(Duration),
    /// `shutdown_background`.
    Left,
}

/// One round.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// `None` for a current-thread runtime.
    pub(crate) workers: Option<usize>,
    pub(crate) end: End,
    /// When it ends, unless by itself.
    pub(crate) after: Duration,
    pub(crate) actors: usize,
    /// Threads beside the runtime's.
    pub(crate) outside: usize,
    loan: bool,
    next_slot: bool,
    event_interval: u32,
    global_queue_interval: Option<u32>,
    blocking_threads: usize,
}

/// What the command line fixes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fixed {
    /// Whether all runtimes are of the one or the other flavour.
    pub(crate) current_thread: Option<bool>,
    pub(crate) workers: Option<usize>,
}

impl Plan {
    pub(crate) fn new(seed: u64, fixed: Fixed) -> Self {
        let mut rng = Rng::new(seed);
        // Each choice is made, also where it is then fixed: the rest of the plan stays the same.
        let (flavour, workers) = (rng.percent(25), rng.range(1, 8) as usize);
        let is_current = fixed.current_thread.unwrap_or(flavour);
        let end = match rng.below(10) {
            0..=6 => End::Drained,
            7 => End::Dropped,
            8 => End::TimedOut(Duration::from_micros(rng.below(20_000))),
            _ => End::Left,
        };
        Self {
            seed,
            workers: (!is_current).then(|| fixed.workers.unwrap_or(workers)),
            end,
            after: Duration::from_micros(rng.below(30_000)),
            actors: rng.range(2, 40) as usize,
            outside: rng.range(1, 3) as usize,
            loan: rng.percent(80),
            next_slot: rng.percent(80),
            event_interval: if rng.percent(50) {
                61
            } else {
                rng.range(1, 100) as u32
            },
            global_queue_interval: rng.percent(30).then(|| rng.range(2, 50) as u32),
            blocking_threads: if rng.percent(50) {
                64
            } else {
                rng.range(1, 4) as usize
            },
        }
    }

    pub(crate) fn runtime(&self) -> Runtime {
        let mut builder = match self.workers {
            Some(workers) => {
                let mut builder = Builder::new_multi_thread();
                builder.worker_threads(workers);
                builder
            }
            None => Builder::new_current_thread(),
        };
        builder
            .enable_all()
            .reactor_loan(self.loan)
            .event_interval(self.event_interval)
            .max_blocking_threads(self.blocking_threads)
            .rng_seed(RngSeed::from_bytes(&self.seed.to_le_bytes()))
            .on_task_panic(|_, _| ());
        if let Some(interval) = self.global_queue_interval {
            builder.global_queue_interval(interval);
        }
        if !self.next_slot {
            builder.disable_lifo_slot();
        }
        builder.build().expect("the system has threads and descriptors")
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.workers {
            Some(workers) => write!(f, "{workers} workers")?,
            None => write!(f, "current-thread")?,
        }
        write!(
            f,
            ", {} actors, {} threads outside, {:?}",
            self.actors, self.outside, self.end
        )?;
        if self.end != End::Drained {
            write!(f, " after {:?}", self.after)?;
        }
        write!(f, ", loan {}, next-slot {}", self.loan, self.next_slot)?;
        write!(f, ", event interval {}", self.event_interval)?;
        write!(f, ", global queue interval {:?}", self.global_queue_interval)?;
        write!(f, ", {} blocking threads", self.blocking_threads)
    }
}
