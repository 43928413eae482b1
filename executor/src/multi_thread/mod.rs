//! The multi-thread scheduler: a pool of workers that steal from each other.
//!
//! | file | holds |
//! |---|---|
//! | `worker.rs` | the loop of one worker and its search order |
//! | `sleepers.rs` | who sleeps, who searches, whom a push wakes |
//! | `guest.rs` | tasks at the thread in `block_on` |
//! | `follow.rs` | tasks at a thread of the blocking pool |
//! | `crew.rs` | the threads, and how a worker goes on at another when its own blocks |
//! | `shared.rs` | what workers share: injector, peers, notification, closing |
//! | `sentinel.rs` | rescue of the task behind a stuck worker |
//! | `counters.rs` | what a worker counts |
//!
//! This file holds the pool's owner ([`Pool`]) and its users' [`Handle`].

mod counters;
mod crew;
mod follow;
mod guest;
mod sentinel;
mod shared;
mod sleepers;
mod worker;

use std::cell::OnceCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::time::Duration;

use heist_primitive::sync::{Arc, StdArc};
use heist_primitive::thread::ThreadId;

use crate::coop;
use crate::driver::{Around, Clock, ThreadName};
use crate::histogram::{Histogram, Timed};
use crate::hooks::Hooks;
use crate::loan::Loan;
use crate::park;
use crate::queue::Local;
use crate::task::registry::Desk;
use crate::task::{Id, JoinHandle, Lent, Meta, Runnable, TaskInfo, TaskRef, raw};

pub use counters::WorkerCounters;
pub(crate) use counters::{Counter, Counters};
use crew::{Crew, Seat, Starter};
pub use follow::Hosting;
pub(crate) use follow::{closure_has_returned, run as run_closure};
use guest::Stay;
use sentinel::Sentinel;
use shared::Shared;
#[doc(hidden)]
pub use sleepers::{Processor, Sleepers};
use worker::Worker;
pub use worker::current_index as current_worker;

/// How a pool is made.
pub struct Config {
    /// Worker threads; at least one.
    pub workers: usize,
    /// Names the threads.
    pub thread_name: ThreadName,
    /// Bytes; the platform's default if `None`.
    pub stack_size: Option<usize>,
    /// Tasks between two looks at the injector; if `None`, as many as take about 200 µs.
    pub global_queue_interval: Option<u32>,
    /// Tasks between two looks at the driver, where there is a loan.
    pub event_interval: u32,
    /// The driver that workers wait in when they have nothing to do. Without one they wait on their parkers.
    pub loan: Option<StdArc<Loan>>,
    /// Whether a task that a worker's own task spawns or wakes comes next on that worker, before its deque.
    pub next_slot: bool,
    /// Whether a thread in [`Handle::block_on_as_guest`] may poll tasks.
    pub guest: bool,
    /// What to call when tasks and workers pass certain points.
    pub hooks: Hooks,
    /// What is to be measured.
    pub timed: Timed,
    /// For the choice of victims.
    pub seed: u64,
    /// Monotonic nanoseconds.
    pub clock: Clock,
    /// For the choice of who is woken.
    pub processor: Processor,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

/// Owns the worker threads.
pub struct Pool {
    handle: Handle,
    thread_name: ThreadName,
    stack_size: Option<usize>,
    /// The workers' ends of the deques, until they start.
    locals: Vec<Local>,
}

impl Pool {
    /// A pool whose threads have not started; tasks may be spawned on it already.
    ///
    /// # Panics
    ///
    /// If there are to be no workers.
    pub fn new(config: Config) -> Self {
        assert!(
            config.workers > 0,
            "a multi-thread runtime needs at least 1 worker thread"
        );
        let locals: Vec<_> = (0..config.workers).map(|_| Local::new()).collect();
        let shared = Arc::new(Shared::new(&config, &locals));
        shared.lifeline.tie(&shared);
        Self {
            handle: Handle { shared },
            thread_name: config.thread_name,
            stack_size: config.stack_size,
            locals,
        }
    }

    /// The users' end.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Starts the worker threads.
    ///
    /// # Errors
    ///
    /// The operating system's, if it refuses a thread; those that have started run on until the pool is shut down.
    pub fn start(&mut self, around: Around) -> io::Result<()> {
        let shared = &self.handle.shared;
        let starter = Starter {
            thread_name: self.thread_name.clone(),
            stack_size: self.stack_size,
            around,
        };
        shared.crew.open(starter.clone());
        for (index, local) in std::mem::take(&mut self.locals).into_iter().enumerate() {
            let desk = Desk::new(index);
            Crew::start(shared, starter.clone(), Seat { index, local, desk })?;
        }
        Ok(())
    }

    /// Closes the pool: nothing new is taken in, every live task is cancelled. Does not wait.
    pub fn begin_shutdown(&self) {
        self.handle.shared.close();
    }

    /// Waits for the worker threads to end, for `limit` at the most. True: all have ended.
    pub fn join(&mut self, limit: Option<Duration>) -> bool {
        let all = self.handle.shared.crew.join(limit);
        if all {
            // Without a single worker (none could be started) nobody else has cancelled the tasks.
            self.cancel_all();
        }
        all
    }

    /// Has `at_end` called by the worker thread that ends last, or here if all have ended: for who does not wait for them.
    pub fn at_end(&self, at_end: impl FnOnce() + Send + 'static) {
        self.handle.shared.crew.at_end(Box::new(at_end));
    }

    fn cancel_all(&self) {
        self.handle.shared.registry.shut_down(0);
        self.handle.shared.lifeline.cut();
        self.handle.shared.drain();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // It was never started. Else the workers see to it.
        if !self.locals.is_empty() {
            self.handle.shared.close();
            self.cancel_all();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("workers", &self.handle.workers())
            .finish_non_exhaustive()
    }
}

/// Runs `f`, which may block. If this thread is a worker, its other tasks go on at another thread meanwhile, and so does
/// the worker after that, unless `f` was quicker; this thread is none then until its current task's poll has ended.
///
/// If no thread can be had, the worker's tasks wait, those that others do not steal.
pub fn block_in_place<R>(f: impl FnOnce() -> R) -> R {
    let _absent = worker::leave_seat();
    coop::unconstrained(f)
}

/// Spawns onto a pool and reads its counters.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    /// Spawns a task: onto the calling worker's own queue, or through the injector. If the pool is closed the
    /// task is cancelled at once.
    pub fn spawn<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_and(future, meta, |task, runnable| self.shared.launch(task, runnable))
    }

    /// As [`spawn`](Self::spawn), but the task's first poll is here and now, on the calling thread; after it the task is on
    /// a queue only if it has been woken.
    pub fn spawn_eager<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_and(future, meta, |task, runnable| {
            self.shared.enter(task)?;
            coop::budget(|| runnable.run());
            // The calling task's poll may go on for long.
            worker::with_current(&self.shared, Worker::notify_of_yielded_in_poll);
            Ok(())
        })
    }

    fn spawn_and<F>(
        &self,
        future: F,
        meta: Meta,
        start: impl FnOnce(TaskRef, Runnable) -> Result<(), TaskRef>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, runnable, join) = raw::new_task(future, Lent::of(&self.shared), meta);
        if let Some(hooks) = &self.shared.hooks {
            hooks.spawned(&task);
        }
        if let Err(task) = start(task, runnable) {
            task.shutdown();
        }
        JoinHandle::new(join)
    }

    /// Runs `f`; the wakes that it makes on this thread, to this pool, notify at most one parked worker, after it.
    pub fn batch<R>(&self, f: impl FnOnce() -> R) -> R {
        self.shared.batch(f)
    }

    /// What the reactor thread calls between turns when [`Loan::attend`] asks for it.
    pub fn sentinel(&self) -> impl FnMut() -> bool + Send + use<> {
        let mut sentinel = Sentinel::new(self.shared.clone());
        move || sentinel.look()
    }

    /// Whether the calling thread is one of the pool's workers.
    pub fn is_worker(&self) -> bool {
        worker::with_current(&self.shared, |_| ()).is_some()
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.shared.peers.len()
    }

    /// The counters of one worker.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_counters(&self, worker: usize) -> WorkerCounters {
        self.shared.peers[worker].counters.snapshot()
    }

    /// Which thread a worker is, once it has started.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_thread(&self, worker: usize) -> Option<ThreadId> {
        self.shared.peers[worker].counters.owner()
    }

    /// The times of one worker's polls, if they are measured.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn poll_times(&self, worker: usize) -> Option<&Histogram> {
        self.shared.peers[worker].counters.poll_times.as_ref()
    }

    /// How long tasks had waited when that worker polled them, if that is measured.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn latencies(&self, worker: usize) -> Option<&Histogram> {
        self.shared.peers[worker].counters.latencies.as_ref()
    }

    /// Polls `future` on this thread, which is not a worker, and sleeps between the polls.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let poll = poll_fn(|cx| {
            let polled = future.as_mut().poll(cx);
            self.shared.count_forced_yields(coop::take_refusals());
            polled
        });
        self.shared.keep(|| park::block_on(poll))
    }

    /// As [`block_on`](Self::block_on), but tasks that the future talks to may be polled on this thread between its own
    /// polls, if the pool was made so. The pool must not be joined meanwhile.
    pub fn block_on_as_guest<F: Future>(&self, future: F) -> F::Output {
        if !self.shared.admits_guest {
            return self.block_on(future);
        }
        // From the first wait on: most that is ready at once asks nobody.
        let stay: OnceCell<Stay> = OnceCell::new();
        let mut future = pin!(future);
        let polls = poll_fn(|cx| {
            if let Some(stay) = stay.get() {
                stay.before_poll();
            }
            let polled = future.as_mut().poll(cx);
            self.shared.count_forced_yields(coop::take_refusals());
            polled
        });
        let wait = |parker: &park::Parker| stay.get_or_init(|| Stay::begin(&self.shared)).wait(parker);
        self.shared.keep(|| park::block_on_and(polls, wait))
    }

    /// This thread, which is one of a blocking pool, may poll a task that waited for its closure, inside of `poll_in`, until
    /// the guard goes; if the pool was made so.
    pub fn host(&self, poll_in: Around) -> Option<Hosting> {
        follow::host(&self.shared, poll_in)
    }

    /// Polls of tasks by threads in [`block_on_as_guest`](Self::block_on_as_guest).
    pub fn guest_polls(&self) -> u64 {
        self.shared.guest.tasks.get()
    }

    /// How often a budget that was used up has made a task yield.
    pub fn forced_yields(&self) -> u64 {
        self.shared.forced_yields()
    }

    /// Tasks waiting in the injector.
    pub fn injector_depth(&self) -> usize {
        self.shared.injector_depth()
    }

    /// Tasks waiting on one worker: in its deque and its next-slot.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[track_caller]
    pub fn local_depth(&self, worker: usize) -> usize {
        let peer = &self.shared.peers[worker];
        peer.queue.len() + usize::from(peer.next.is_occupied())
    }

    /// Tasks that are live.
    pub fn alive_tasks(&self) -> usize {
        self.shared.registry.live()
    }

    /// The live tasks, in no order.
    pub fn tasks(&self) -> Vec<TaskInfo> {
        let tasks = self.shared.registry.tasks();
        tasks.into_iter().filter_map(TaskInfo::new).collect()
    }

    /// The live task with this id, looked for among all.
    pub fn task(&self, id: Id) -> Option<TaskInfo> {
        self.shared.registry.find(id).and_then(TaskInfo::new)
    }

    /// Whether it has been closed: what is spawned is cancelled.
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// Tasks ever spawned.
    pub fn spawned_tasks(&self) -> u64 {
        self.shared.registry.entered()
    }

    /// Tasks scheduled from outside of the pool's workers.
    pub fn remote_schedules(&self) -> u64 {
        self.shared.remote_schedules()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("multi_thread::Handle")
            .field("workers", &self.workers())
            .finish_non_exhaustive()
    }
}
