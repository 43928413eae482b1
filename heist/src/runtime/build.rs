//! How a runtime is put together from the builder's settings.
//!
//! ```text
//!   1. driver (reactor, timers)    descriptors: may fail
//!   2. scheduler, blocking pool    data only
//!   3. Shared ◄── Handle           what the threads will enter
//!   4. Runtime                     from here on a failure is undone by its shutdown
//!   5. workers, heist-reactor      threads: may fail
//! ```
//!
//! Invariants
//!
//! - I1: a failed build leaves no thread and no descriptor.
//! - I2: the blocking pool keeps only a weak reference to `Shared` (in [`around`]), which owns it: no cycle. Its
//!   threads hold a strong one while they run, and workers from before they start: a worker that starts after the
//!   runtime was let go still drops its tasks with the runtime current.
//!
//! Absent on purpose: threads of the blocking pool, which start on demand.

use std::env;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::time::Duration;

use heist_executor::hooks::Hooks;
use heist_executor::loan::Loan;
use heist_executor::multi_thread::Hosting;
use heist_executor::{Around, ThreadName, blocking, current_thread, multi_thread};
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Mutex, StdArc};
use heist_primitive::thread::available_parallelism;

use super::builder::Builder;
use super::context::{self, Role};
use super::debug;
use super::driver::{self, ReactorThread, TurnDriver};
use super::ear;
use super::handle::{Handle, RuntimeFlavor, Scheduler, Shared};
use super::hooks;
use super::id::Id;
use super::poll_times;
use super::processor;
use super::runtime::{Kind, Runtime};
use super::seed::{RngSeed, Seeds};
use crate::aio::LoopState;
use crate::time::Clock;

/// The environment variable with the number of workers.
const WORKER_THREADS: &str = "HEIST_WORKER_THREADS";

const PAUSED_THREADS: &str = "`start_paused` needs a current-thread runtime, whose clock can be paused: use \
     `Builder::new_current_thread`";

#[track_caller]
pub(super) fn build(settings: &Builder) -> io::Result<Runtime> {
    match settings.flavor {
        RuntimeFlavor::CurrentThread => build_current_thread(settings),
        RuntimeFlavor::MultiThread => build_multi_thread(settings, worker_threads(settings)),
    }
}

fn build_current_thread(settings: &Builder) -> io::Result<Runtime> {
    let clock = Clock::with_hands(settings.start_paused);
    let slow = slow_limit(settings);
    let (driver, driver_handle) = TurnDriver::new(settings, clock, slow, 1)?;
    let event_loop = StdArc::new(LoopState::new(slow));
    let hooks = hooks(settings, &event_loop, slow);
    let seed = random_seed();
    let config = current_thread::Config {
        global_queue_interval: settings.global_queue_interval,
        event_interval: settings.event_interval,
        hooks: hooks.clone(),
        timed: poll_times::timed(settings),
        shut_down_on_panic: settings.shut_down_on_panic,
        clock: machine_clock(),
    };
    let scheduler = current_thread::Scheduler::new(config, Box::new(driver));
    let mut blocking = blocking_pool(settings, &hooks, driver_handle.clock.watch_of_blocking());
    let to_tasks = Scheduler::CurrentThread(scheduler.handle().clone());
    let handle = handle(settings, seed, to_tasks, &blocking, driver_handle, event_loop);
    blocking.set_around(around(&handle, settings, Role::Blocking));
    Ok(Runtime::from_parts(
        handle,
        Kind::CurrentThread(Some(scheduler)),
        blocking,
    ))
}

#[track_caller]
fn build_multi_thread(settings: &Builder, workers: usize) -> io::Result<Runtime> {
    assert!(!settings.start_paused, "{PAUSED_THREADS}");
    let slow = slow_limit(settings);
    let (driver, driver_handle) = TurnDriver::new(settings, Clock::new(), slow, workers + 1)?;
    let event_loop = StdArc::new(LoopState::new(slow));
    let hooks = hooks(settings, &event_loop, slow);
    let lend = settings.reactor_loan && driver.has_sources();
    // Several workers need the sentinel, which runs on the reactor thread, also without I/O and timers.
    let needed = driver.has_sources() || workers > 1;
    let loan = needed.then(|| StdArc::new(Loan::new(Box::new(driver), lend)));
    let seed = random_seed();
    let pool = multi_thread::Pool::new(multi_thread::Config {
        workers,
        thread_name: thread_name(settings, "heist-worker"),
        stack_size: settings.thread_stack_size,
        global_queue_interval: settings.global_queue_interval,
        event_interval: settings.event_interval,
        loan: loan.clone(),
        next_slot: settings.next_slot,
        guest: admits_guest(settings),
        hooks: hooks.clone(),
        timed: poll_times::timed(settings),
        seed: settings.seed.as_ref().map_or(seed, RngSeed::as_u64),
        clock: machine_clock(),
        processor: processor::current,
    });
    let mut blocking = blocking_pool(settings, &hooks, None);
    let to_tasks = Scheduler::MultiThread(pool.handle().clone());
    let handle = handle(settings, seed, to_tasks, &blocking, driver_handle, event_loop);
    blocking.set_around(around(&handle, settings, Role::Blocking));
    let workers_around = around(&handle, settings, Role::Driver);
    let kind = Kind::MultiThread {
        pool: Mutex::new(pool),
        reactor: None,
    };
    let mut runtime = Runtime::from_parts(handle, kind, blocking);
    match start_threads(&mut runtime, workers_around, loan) {
        Ok(()) => Ok(runtime),
        Err(error) => {
            // Not by the drop, which would panic if this is asynchronous code. There is no task yet that
            // could keep a thread from ending.
            runtime.shutdown(None);
            Err(error)
        }
    }
}

/// Whether a thread in `block_on` is as good as a worker's: not if those were asked to be special.
fn admits_guest(settings: &Builder) -> bool {
    let special = settings.on_thread_start.is_some()
        || settings.on_thread_stop.is_some()
        || settings.thread_stack_size.is_some();
    settings.tasks_in_block_on && !special
}

fn handle(
    settings: &Builder,
    seed: u64,
    scheduler: Scheduler,
    blocking: &blocking::Pool,
    driver: driver::Handle,
    event_loop: StdArc<LoopState>,
) -> Handle {
    Handle {
        shared: StdArc::new(Shared {
            id: Id::from_seed(seed),
            name: settings.name.as_deref().map(Box::from),
            scheduler,
            blocking: blocking.handle().clone(),
            driver,
            seeds: Seeds::new(settings.seed.as_ref()),
            enters_to_spawn: settings.hooks.on_spawn.is_some(),
            local_owner: settings.local_owner,
            event_loop,
            ear: ear::Place::default(),
        }),
    }
}

fn start_threads(runtime: &mut Runtime, around: Around, loan: Option<StdArc<Loan>>) -> io::Result<()> {
    let handle = runtime.handle().clone();
    let Kind::MultiThread { pool, reactor } = runtime.kind_mut() else {
        return Ok(());
    };
    let pool = pool.get_mut();
    if let Some(loan) = loan {
        *reactor = Some(ReactorThread::start(loan, handle, pool.handle().clone())?);
    }
    pool.start(around)
}

/// The hooks of the user, and those that are there in any case or in debug mode.
fn hooks(settings: &Builder, event_loop: &StdArc<LoopState>, slow: Option<Duration>) -> Hooks {
    let mut hooks = settings.hooks.clone();
    hooks
        .on_panic
        .get_or_insert_with(|| hooks::uncollected_panic(event_loop.clone()));
    match slow {
        Some(slow) => debug::hooks(hooks, slow),
        None => hooks,
    }
}

/// What debug mode calls slow, if it is on.
fn slow_limit(settings: &Builder) -> Option<Duration> {
    let is_asked_for = || env::var_os(debug::VARIABLE).is_some_and(|value| !value.is_empty() && value != "0");
    let on = settings.debug.unwrap_or_else(is_asked_for);
    on.then_some(settings.slow_callback_duration)
}

/// For durations that are measured, not waited for: a runtime's own clock may stand still.
fn machine_clock() -> heist_executor::Clock {
    let clock = Clock::new();
    StdArc::new(move || clock.now_ns())
}

fn blocking_pool(settings: &Builder, hooks: &Hooks, watch: Option<blocking::Watch>) -> blocking::Pool {
    blocking::Pool::new(blocking::Config {
        max_threads: settings.max_blocking_threads,
        keep_alive: settings.thread_keep_alive,
        thread_name: thread_name(settings, "heist-blocking"),
        stack_size: settings.thread_stack_size,
        watch,
        on_terminate: hooks.on_terminate.clone(),
        on_panic: hooks.on_panic.clone(),
    })
}

fn thread_name(settings: &Builder, prefix: &'static str) -> ThreadName {
    match &settings.thread_name {
        Some(name) => name.clone(),
        None => {
            let next = AtomicUsize::new(0);
            StdArc::new(move || format!("{prefix}-{}", next.fetch_add(1, Ordering::Relaxed)))
        }
    }
}

/// What every thread of a pool runs in: the runtime is current, the hooks are called.
fn around(handle: &Handle, settings: &Builder, role: Role) -> Around {
    let shared = StdArc::downgrade(&handle.shared);
    let kept = (role == Role::Driver).then(|| handle.clone());
    let (start, stop) = (settings.on_thread_start.clone(), settings.on_thread_stop.clone());
    StdArc::new(move |body| {
        // Gone only if this is a blocking thread that comes too late to find a closure.
        let handle = kept
            .clone()
            .or_else(|| shared.upgrade().map(|shared| Handle { shared }));
        let _driving = handle.as_ref().map(|handle| context::start_driving(handle, role));
        let _hosting = handle.as_ref().and_then(|handle| hosting(handle, role));
        if let Some(start) = &start {
            start();
        }
        body();
        if let Some(stop) = &stop {
            stop();
        }
    })
}

/// A thread of the blocking pool may poll tasks that waited for it.
fn hosting(handle: &Handle, role: Role) -> Option<Hosting> {
    let Scheduler::MultiThread(tasks) = &handle.shared.scheduler else {
        return None;
    };
    let own = handle.clone();
    let poll_in = move |body: &mut dyn FnMut()| {
        let _driving = context::start_driving(&own, Role::Visitor);
        body();
    };
    (role == Role::Blocking)
        .then(|| tasks.host(StdArc::new(poll_in)))
        .flatten()
}

/// A number that differs from runtime to runtime and from process to process.
fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[track_caller]
fn worker_threads(settings: &Builder) -> usize {
    if let Some(workers) = settings.worker_threads {
        return workers;
    }
    match env::var_os(WORKER_THREADS) {
        None => available_parallelism().map_or(1, usize::from),
        Some(value) => match value.to_str().map(|text| text.trim().parse::<usize>()) {
            Some(Ok(workers)) if workers > 0 => workers,
            _ => panic!(
                "the environment variable {WORKER_THREADS} is {value:?}, but must be a whole number of at least \
                 1: the number of worker threads; unset it to have one for each core"
            ),
        },
    }
}
