//! What a runtime is asked to be: the builder's settings. `build.rs` makes it so.
//!
//! Invariants
//!
//! - I1: a setting that cannot work is refused by its setter, with the remedy in the panic's message.
//! - I2: a builder can build any number of runtimes, which share nothing but hooks.
//!
//! Absent on purpose: reading of the environment, which `build` does, so that a builder is only data.

use std::fmt;
use std::io;
use std::time::Duration;

use heist_executor::ThreadName;
use heist_executor::hooks::{Hooks, ThreadHook};
use heist_primitive::sync::StdArc;
use heist_primitive::thread::ThreadId;

use super::debug;
use super::handle::RuntimeFlavor;
use super::poll_times::{Latencies, PollTimes};
use super::runtime::Runtime;
use super::seed::RngSeed;

/// Settings of a [`Runtime`], and how to build it.
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = heist::runtime::Builder::new_multi_thread()
///     .worker_threads(4)
///     .max_blocking_threads(64)
///     .thread_keep_alive(Duration::from_secs(2))
///     .enable_all()
///     .build()?;
/// runtime.block_on(async { println!("{} workers", runtime.metrics().num_workers()) });
/// # Ok(())
/// # }
/// ```
pub struct Builder {
    pub(super) flavor: RuntimeFlavor,
    /// Set while `build_local` builds.
    pub(super) local_owner: Option<ThreadId>,
    pub(super) name: Option<String>,
    pub(super) enable_io: bool,
    pub(super) enable_time: bool,
    /// Always false without the feature `test-util`.
    pub(super) start_paused: bool,
    pub(super) worker_threads: Option<usize>,
    pub(super) max_blocking_threads: usize,
    pub(super) thread_keep_alive: Duration,
    /// `None`: `heist-worker-N` and `heist-blocking-N`.
    pub(super) thread_name: Option<ThreadName>,
    pub(super) thread_stack_size: Option<usize>,
    pub(super) on_thread_start: Option<ThreadHook>,
    pub(super) on_thread_stop: Option<ThreadHook>,
    pub(super) hooks: Hooks,
    pub(super) shut_down_on_panic: bool,
    pub(super) event_interval: u32,
    pub(super) reactor_loan: bool,
    pub(super) global_queue_interval: Option<u32>,
    pub(super) max_io_events_per_tick: usize,
    pub(super) max_io_events_per_busy_tick: Option<usize>,
    pub(super) next_slot: bool,
    pub(super) tasks_in_block_on: bool,
    pub(super) seed: Option<RngSeed>,
    pub(super) poll_times: PollTimes,
    pub(super) latencies: Latencies,
    /// `None`: as the environment says.
    pub(super) debug: Option<bool>,
    pub(super) slow_callback_duration: Duration,
}

impl Builder {
    /// A runtime with one worker thread per core that steal tasks from each other, and one thread that
    /// turns I/O and timers.
    ///
    /// The number of workers is, in this order: [`worker_threads`](Self::worker_threads), the environment
    /// variable `HEIST_WORKER_THREADS`, [`available_parallelism`](std::thread::available_parallelism).
    pub fn new_multi_thread() -> Self {
        Self::new(RuntimeFlavor::MultiThread)
    }

    /// A runtime that runs its tasks on the thread that calls [`Runtime::block_on`], and nowhere else.
    ///
    /// It starts no thread but those of the blocking pool, when asked for.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_current_thread().build()?;
    /// let here = std::thread::current().id();
    /// let there = runtime.block_on(async { heist::spawn(async { std::thread::current().id() }).await });
    /// assert_eq!(there.unwrap(), here);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new_current_thread() -> Self {
        Self::new(RuntimeFlavor::CurrentThread)
    }

    fn new(flavor: RuntimeFlavor) -> Self {
        Self {
            flavor,
            local_owner: None,
            name: None,
            enable_io: false,
            enable_time: false,
            start_paused: false,
            worker_threads: None,
            max_blocking_threads: 512,
            thread_keep_alive: Duration::from_secs(10),
            thread_name: None,
            thread_stack_size: None,
            on_thread_start: None,
            on_thread_stop: None,
            hooks: Hooks::default(),
            shut_down_on_panic: false,
            event_interval: 61,
            reactor_loan: true,
            global_queue_interval: None,
            max_io_events_per_tick: 1024,
            max_io_events_per_busy_tick: None,
            next_slot: true,
            tasks_in_block_on: true,
            seed: None,
            poll_times: PollTimes::new(),
            latencies: Latencies::default(),
            debug: None,
            slow_callback_duration: debug::SLOW,
        }
    }

    /// Enables everything a runtime can do: [`enable_io`](Self::enable_io) and
    /// [`enable_time`](Self::enable_time).
    pub fn enable_all(&mut self) -> &mut Self {
        self.enable_io().enable_time()
    }

    /// Enables sockets, pipes and signals.
    pub fn enable_io(&mut self) -> &mut Self {
        self.enable_io = true;
        self
    }

    /// Enables timers: [`heist::time`](crate::time).
    pub fn enable_time(&mut self) -> &mut Self {
        self.enable_time = true;
        self
    }

    /// Stops the runtime's clock from the start, as [`time::pause`](crate::time::pause) does. Default: no.
    ///
    /// Requires the feature `test-util`, and a current-thread runtime: [`build`](Self::build) panics otherwise.
    ///
    /// ```
    /// use heist::time::{Duration, Instant, sleep};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    /// runtime.block_on(async {
    ///     let start = Instant::now();
    ///     sleep(Duration::from_secs(86_400)).await; // at once
    ///     assert_eq!(start.elapsed(), Duration::from_secs(86_400));
    /// });
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "test-util")]
    pub fn start_paused(&mut self, start_paused: bool) -> &mut Self {
        self.start_paused = start_paused;
        self
    }

    /// Sets the number of worker threads. No effect on a current-thread runtime.
    ///
    /// It takes precedence over the environment variable `HEIST_WORKER_THREADS`.
    ///
    /// # Panics
    ///
    /// If `val` is 0.
    #[track_caller]
    pub fn worker_threads(&mut self, val: usize) -> &mut Self {
        assert!(
            val > 0,
            "Worker threads cannot be set to 0: a multi-thread runtime needs a worker; for a runtime without worker threads \
             use `Builder::new_current_thread`"
        );
        self.worker_threads = Some(val);
        self
    }

    /// Sets how many threads the blocking pool may have; 512 unless set. Closures beyond that wait.
    ///
    /// # Panics
    ///
    /// If `val` is 0.
    #[track_caller]
    pub fn max_blocking_threads(&mut self, val: usize) -> &mut Self {
        assert!(
            val > 0,
            "Max blocking threads cannot be set to 0: `spawn_blocking` would wait for ever; allow at least 1"
        );
        self.max_blocking_threads = val;
        self
    }

    /// Sets how long a thread of the blocking pool stays without work; 10 seconds unless set.
    pub fn thread_keep_alive(&mut self, duration: Duration) -> &mut Self {
        self.thread_keep_alive = duration;
        self
    }

    /// Names the runtime, for [`Handle::name`](super::Handle::name) and what reports on it.
    ///
    /// # Panics
    ///
    /// If the name is empty but for white space.
    #[track_caller]
    pub fn name(&mut self, val: impl Into<String>) -> &mut Self {
        let name = val.into();
        assert!(
            !name.trim().is_empty(),
            "name: a runtime's name cannot be empty; leave it out instead"
        );
        self.name = Some(name);
        self
    }

    /// Sets the name of all worker threads and threads of the blocking pool.
    ///
    /// Unless set they are called `heist-worker-0`, `heist-worker-1`, … and `heist-blocking-0`, …. The thread
    /// that turns I/O and timers is `heist-reactor` in any case.
    ///
    /// # Panics
    ///
    /// If the name contains a zero byte, which the operating system does not accept.
    #[track_caller]
    pub fn thread_name(&mut self, val: impl Into<String>) -> &mut Self {
        let name = val.into();
        assert!(
            !name.contains('\0'),
            "thread_name: a thread's name cannot contain a zero byte"
        );
        self.thread_name_fn(move || name.clone())
    }

    /// Sets a function that is called for the name of each worker thread and thread of the blocking pool.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let number = AtomicUsize::new(0);
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .thread_name_fn(move || format!("pool-{}", number.fetch_add(1, Ordering::Relaxed)))
    ///     .build()?;
    /// let name = runtime.spawn(async { std::thread::current().name().map(String::from) });
    /// assert!(runtime.block_on(name).unwrap().unwrap().starts_with("pool-"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn thread_name_fn<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() -> String + Send + Sync + 'static,
    {
        self.thread_name = Some(StdArc::new(f));
        self
    }

    /// Sets the size in bytes of the stacks of worker threads and threads of the blocking pool.
    ///
    /// Unless set, it is the standard library's: 2 MiB, or what `RUST_MIN_STACK` says.
    pub fn thread_stack_size(&mut self, val: usize) -> &mut Self {
        self.thread_stack_size = Some(val);
        self
    }

    /// Sets after how many tasks a worker, or a current-thread runtime, looks for outside events; 61 unless
    /// set.
    ///
    /// A current-thread runtime turns I/O and timers that often while it has tasks to run. Workers of a
    /// multi-thread runtime do housekeeping that often; I/O and timers have a thread of their own there.
    ///
    /// # Panics
    ///
    /// If `val` is 0.
    #[track_caller]
    pub fn event_interval(&mut self, val: u32) -> &mut Self {
        assert!(
            val > 0,
            "event_interval must be greater than 0: it is a number of tasks, at least 1"
        );
        self.event_interval = val;
        self
    }

    /// Whether workers with nothing to do wait in the driver of I/O and timers themselves. Default: yes.
    ///
    /// With the loan, a task whose socket becomes ready runs on the worker that noticed, without a hop from the
    /// reactor thread, which takes over only when no worker has looked for a millisecond. Without it, the reactor
    /// thread alone waits for I/O and timers, and wakes workers. Multi-thread runtime only.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_multi_thread().reactor_loan(false).enable_all().build()?;
    /// # drop(runtime);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reactor_loan(&mut self, on: bool) -> &mut Self {
        self.reactor_loan = on;
        self
    }

    /// Sets after how many tasks a worker looks at the injector, the queue for tasks from outside, before
    /// its own queue. Unless set, a worker of a multi-thread runtime does so after as many tasks as take about 200 µs,
    /// between 2 and 127; a current-thread runtime after 31. A worker takes one to run next, and others to fill its own queue up
    /// to that number; after a `yield_now` up to 128.
    ///
    /// # Panics
    ///
    /// If `val` is 0.
    #[track_caller]
    pub fn global_queue_interval(&mut self, val: u32) -> &mut Self {
        assert!(
            val > 0,
            "global_queue_interval must be greater than 0: it is a number of tasks, at least 1"
        );
        self.global_queue_interval = Some(val);
        self
    }

    /// Sets how many readiness events one turn of the reactor takes from the operating system; 1024 unless
    /// set. More come with the next turn.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0.
    #[track_caller]
    pub fn max_io_events_per_tick(&mut self, capacity: usize) -> &mut Self {
        assert!(
            capacity > 0,
            "max_io_events_per_tick must be non-zero: no event would ever arrive; allow at least 1"
        );
        self.max_io_events_per_tick = capacity;
        self
    }

    /// Sets how many readiness events a turn of the reactor takes that does not wait, because there are tasks to
    /// run; unless set, as many as [`max_io_events_per_tick`](Self::max_io_events_per_tick). More come with the
    /// next turn.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0.
    #[track_caller]
    pub fn max_io_events_per_busy_tick(&mut self, capacity: usize) -> &mut Self {
        assert!(
            capacity > 0,
            "max_io_events_per_busy_tick must be non-zero: no event would arrive while there are tasks to run; allow \
             at least 1"
        );
        self.max_io_events_per_busy_tick = Some(capacity);
        self
    }

    /// Turns the next-slot of the workers off: a task that another one spawns or wakes goes to the back of the
    /// worker's queue like any other, instead of being the next to run there.
    ///
    /// The slot is good for tasks that answer each other, whose data are in the cache still; at most three in a
    /// row run from it. No effect on a current-thread runtime, which has none.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_multi_thread().disable_lifo_slot().build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn disable_lifo_slot(&mut self) -> &mut Self {
        self.next_slot = false;
        self
    }

    /// Whether threads that are no workers may poll tasks: that in [`Runtime::block_on`], between polls of its own future, and
    /// those of the blocking pool. Default: yes.
    ///
    /// A future in `block_on` that exchanges messages with a task pays two wake-ups of threads for each of them. Once a few
    /// answers in a row have come within 200 µs, its thread polls that task itself, one at a time and for as long as
    /// the answers are quick; everything else stays with the workers. A task that blocks its thread then blocks the
    /// future, too: turn it off where a task may, or where tasks must see worker threads only.
    ///
    /// It stands for the other threads that may poll a task as well: one of the blocking pool, when its closure has ended, a task
    /// waits for that, and a worker would have to be woken to poll it. So a file is read piece by piece without a hop for each.
    ///
    /// It is off by itself if the workers' threads are special ([`on_thread_start`](Self::on_thread_start),
    /// [`on_thread_stop`](Self::on_thread_stop), [`thread_stack_size`](Self::thread_stack_size)), and where polls are timed one
    /// by one. Multi-thread runtime only.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_multi_thread().tasks_in_block_on(false).build()?;
    /// let main = std::thread::current().id();
    /// runtime.block_on(async move {
    ///     let elsewhere = heist::spawn(async move { std::thread::current().id() != main });
    ///     assert!(elsewhere.await.unwrap());
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn tasks_in_block_on(&mut self, on: bool) -> &mut Self {
        self.tasks_in_block_on = on;
        self
    }

    /// Sets what the random choices of the runtime are derived from: in which order `select!` polls, and from
    /// whom a worker steals. Unless set, they differ from run to run.
    ///
    /// On a current-thread runtime equal seeds give equal choices. On a multi-thread one the operating system
    /// has its say too.
    pub fn rng_seed(&mut self, seed: RngSeed) -> &mut Self {
        self.seed = Some(seed);
        self
    }

    /// Builds the runtime and starts its threads.
    ///
    /// # Errors
    ///
    /// If the operating system denies a thread or a descriptor. What had been started by then is torn down.
    ///
    /// # Panics
    ///
    /// If the number of workers comes from the environment variable `HEIST_WORKER_THREADS` and that is not a
    /// whole number of at least 1. If a multi-thread runtime is to start with its clock paused (feature `test-util`).
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_multi_thread().build()?;
    /// runtime.block_on(async { println!("hello") });
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn build(&mut self) -> io::Result<Runtime> {
        super::build::build(self)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("flavor", &self.flavor)
            .field("name", &self.name)
            .field("enable_io", &self.enable_io)
            .field("enable_time", &self.enable_time)
            .field("start_paused", &self.start_paused)
            .field("worker_threads", &self.worker_threads)
            .field("max_blocking_threads", &self.max_blocking_threads)
            .field("thread_keep_alive", &self.thread_keep_alive)
            .field("thread_stack_size", &self.thread_stack_size)
            .field("event_interval", &self.event_interval)
            .field("reactor_loan", &self.reactor_loan)
            .field("global_queue_interval", &self.global_queue_interval)
            .field("max_io_events_per_tick", &self.max_io_events_per_tick)
            .finish_non_exhaustive()
    }
}
