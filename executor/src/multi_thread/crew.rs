//! The crew of a pool: its threads, and the seats that they work at.
//!
//! A seat is a worker's identity: its number, and the owner's end of its deque. A thread whose task is about to block
//! leaves its seat to another thread, an idle one or a new one, so that the worker's other tasks go on.
//!
//! ```text
//!             leave                       take
//!   at a thread ───────► offered (crew) ─────────► at another thread
//!        ▲                  │
//!        └── take back ─────┘ the closure was quicker
//! ```
//!
//! A thread without a seat is idle and waits for the next offer, until the pool is closed.
//!
//! Invariants
//!
//! - E1: a seat is with one thread or offered. Whoever has it is the worker of that number, and W1 of `worker.rs` speaks
//!   of him; the crew's lock hands over what he wrote.
//! - E2: an offer has a thread that comes for it: when the lock is released there are at least as many idle or starting
//!   threads as offers, and no thread is made while there are. If the operating system refuses a thread the offer is withdrawn, or left for its own thread to take
//!   back: the worker is stuck then, as any is that blocks, and others steal from it.
//! - E3: after [`Crew::close`] there are no new offers, and idle threads leave.
//!
//! Ordering pairs: the lock, alone. Models: loom-tests/tests/pool.rs, `a_seat_that_is_left_finds_a_thread`,
//! `a_seat_that_is_left_again_finds_the_thread_that_was_made_before`.
//!
//! Deliberately absent: a keep-alive. As many threads as ever blocked at once stay until the pool is closed.

use std::io;
use std::time::Duration;

use heist_primitive::sync::{Arc, Condvar, Mutex, MutexGuard};
use heist_primitive::thread;

use super::shared::Shared;
use super::worker;
use crate::driver::{Around, ThreadName};
use crate::queue::Local;
use crate::task::registry::Desk;
use crate::threads::{Member, Threads};

/// A worker's identity.
pub(super) struct Seat {
    pub(super) index: usize,
    pub(super) local: Local,
    pub(super) desk: Desk,
}

struct State {
    offers: Vec<Seat>,
    idle: usize,
    /// Threads that are being made and have not looked at the offers yet.
    starting: usize,
    closed: bool,
    /// Let go when the pool is closed, for what users put into it may hold the pool.
    starter: Option<Starter>,
}

/// How threads are made.
#[derive(Clone)]
pub(super) struct Starter {
    pub(super) thread_name: ThreadName,
    pub(super) stack_size: Option<usize>,
    /// What each thread runs in.
    pub(super) around: Around,
}

/// The threads of a pool.
pub(super) struct Crew {
    state: Mutex<State>,
    offered: Condvar,
    threads: Threads,
}

impl Crew {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                offers: Vec::new(),
                idle: 0,
                starting: 0,
                closed: false,
                starter: None,
            }),
            offered: Condvar::new(),
            threads: Threads::new(),
        }
    }

    /// Lets seats be offered from now on.
    pub(super) fn open(&self, starter: Starter) {
        self.state.lock().starter = Some(starter);
    }

    /// Starts a thread of the crew of `shared`, at `seat`.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub(super) fn start(shared: &Arc<Shared>, starter: Starter, seat: Seat) -> io::Result<()> {
        let own = shared.clone();
        Self::start_thread(shared, starter, move || sit_and_work(&own, Some(seat)))
    }

    fn start_thread(
        shared: &Shared,
        starter: Starter,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let mut builder = thread::Builder::new().name((starter.thread_name)());
        if let Some(bytes) = starter.stack_size {
            builder = builder.stack_size(bytes);
        }
        let mut once = Some(body);
        shared.crew.threads.spawn(builder, move || {
            (starter.around)(&mut || {
                if let Some(body) = once.take() {
                    body();
                }
            });
        })
    }

    /// Offers a seat to another thread. Gives it back if the pool is closed or no thread can be had.
    pub(super) fn offer(shared: &Arc<Shared>, seat: Seat) -> Option<Seat> {
        let crew = &shared.crew;
        let index = seat.index;
        let mut state = crew.state.lock();
        // None also once the pool is closed (E3).
        let Some(starter) = state.starter.clone() else {
            return Some(seat);
        };
        state.offers.push(seat);
        let is_enough = state.idle + state.starting >= state.offers.len();
        if is_enough {
            drop(state);
            crew.offered.notify_one();
            return None;
        }
        state.starting += 1;
        drop(state);
        let coming = Coming {
            shared: shared.clone(),
            has_come: false,
        };
        match Self::start_thread(shared, starter, move || coming.work()) {
            Ok(()) => None,
            // E2. If a thread that became idle meanwhile has taken it, all is well too.
            Err(_) => crew.take_back(index),
        }
    }

    /// Takes back a seat that was offered, if nobody has come for it.
    pub(super) fn take_back(&self, index: usize) -> Option<Seat> {
        let mut state = self.state.lock();
        let place = state.offers.iter().position(|seat| seat.index == index)?;
        Some(state.offers.swap_remove(place))
    }

    /// Waits for an offer; `None` once the pool is closed and all offers are taken.
    fn wait(&self) -> Option<Seat> {
        self.wait_with(self.state.lock())
    }

    fn wait_with(&self, mut state: MutexGuard<'_, State>) -> Option<Seat> {
        loop {
            if let Some(seat) = state.offers.pop() {
                return Some(seat);
            }
            if state.closed {
                return None;
            }
            state.idle += 1;
            self.offered.wait(&mut state);
            state.idle -= 1;
        }
    }

    /// Lets the idle threads go.
    pub(super) fn close(&self) {
        let starter = {
            let mut state = self.state.lock();
            state.closed = true;
            state.starter.take()
        };
        self.offered.notify_all();
        drop(starter);
    }

    /// The calling thread counts as one of the crew until the member goes. `None` if all have ended.
    pub(super) fn join_in(&self) -> Option<Member> {
        self.threads.join_in()
    }

    /// Leaves something to the last thread to end.
    pub(super) fn at_end(&self, at_end: Box<dyn FnOnce() + Send>) {
        self.threads.at_end(at_end);
    }

    /// Waits for the threads to end, for `limit` at the most. True: all have ended.
    pub(super) fn join(&self, limit: Option<Duration>) -> bool {
        self.threads.join(limit)
    }
}

/// A thread that is counted as starting: until it looks at the offers, or it turns out that it does not come.
struct Coming {
    shared: Arc<Shared>,
    has_come: bool,
}

impl Coming {
    fn work(mut self) {
        let crew = &self.shared.crew;
        let mut state = crew.state.lock();
        state.starting -= 1;
        self.has_come = true;
        // In the same hold of the lock: E2.
        let first = crew.wait_with(state);
        sit_and_work(&self.shared, first);
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        if !self.has_come {
            self.shared.crew.state.lock().starting -= 1;
        }
    }
}

/// The life of a thread: at one seat after another.
fn sit_and_work(shared: &Arc<Shared>, first: Option<Seat>) {
    let mut next = first;
    while let Some(seat) = next {
        worker::run(shared.clone(), seat);
        next = shared.crew.wait();
    }
}
