//! The current-thread scheduler: tasks run on the thread that is inside of `block_on`, which also owns the driver.
//!
//! ```text
//!   block_on:  take the core ─► root future if woken ─► up to `event_interval` tasks ─► driver ─┐ … ─► put the core back
//!                                ▲                                                               │
//!                                └───────────────────────────────────────────────────────────────┘
//! ```
//!
//! The core (the queue and the driver) is in one place; a second thread that calls `block_on` meanwhile polls its own
//! future, sleeping in between, and takes the core over when it becomes free.
//!
//! | file | holds |
//! |---|---|
//! | `shared.rs` | what outsiders see: the injector, the root's woken flag, how tasks are scheduled |
//!
//! Invariants
//!
//! - C1: tasks are polled only by the thread that holds the core.
//! - C2: what gives its turn up (`yield_now`, or its budget spent: I4 of `coop.rs`) runs again only after the driver was
//!   looked into, so ready I/O and due timers are seen between the turns of a yielding loop. What merely wakes itself
//!   goes to the back of the queue; the driver is looked into after `event_interval` polls of tasks, or as many of the
//!   root, at the latest.
//! - C3: the holder sleeps in the driver only if the root was not woken and no task is queued; whoever changes that from
//!   another thread wakes the driver's unparker after. On the holder's own thread nobody needs to: what wakes there, a
//!   poll or the driver at the end of its turn, is followed by a look.
//!
//! Ordering pairs: push or `woken = true`; unpark ↔ return of `Driver::park`; look. The driver guarantees that an
//! unpark before a park ends it. Model: loom-tests/tests/current_thread.rs.
//!
//! Deliberately absent: a thread of its own.

mod shared;

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use heist_primitive::sync::Arc;
use heist_primitive::sync::StdArc;
use heist_primitive::thread::ThreadId;

use crate::coop;
use crate::driver::{Clock, Driver};
use crate::histogram::{Histogram, Timed};
use crate::hooks::{Hooks, Sleeping};
use crate::multi_thread::WorkerCounters;
use crate::park::{self, Parker};
use crate::task::registry::Desk;
use crate::task::{How, Id, JoinHandle, Lent, Meta, Runnable, Scheduler as _, TaskInfo, raw};

pub(crate) use shared::Shared;
pub use shared::is_current;
use shared::{Local, RootWaker};

const PANICKED: &str =
    "a spawned task panicked and the runtime is configured to shut down on unhandled panic";

/// Tasks between two looks at the injector.
const GLOBAL_QUEUE_INTERVAL: u32 = 31;

/// How a scheduler is made.
pub struct Config {
    /// Tasks between two looks at the injector.
    pub global_queue_interval: Option<u32>,
    /// Tasks between two looks at the driver.
    pub event_interval: u32,
    /// What to call when tasks and the thread pass certain points.
    pub hooks: Hooks,
    /// What is to be measured.
    pub timed: Timed,
    /// Whether a task that panics shuts the scheduler down, and makes every `block_on` panic.
    pub shut_down_on_panic: bool,
    /// Monotonic nanoseconds.
    pub clock: Clock,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("current_thread::Config")
            .field("event_interval", &self.event_interval)
            .finish_non_exhaustive()
    }
}

/// What only the thread in `block_on` has.
struct Core {
    local: VecDeque<Runnable>,
    driver: Box<dyn Driver>,
    desk: Desk,
    tick: u32,
}

/// Owns the tasks and the driver.
pub struct Scheduler {
    handle: Handle,
}

impl Scheduler {
    /// A scheduler without tasks.
    pub fn new(config: Config, driver: Box<dyn Driver>) -> Self {
        let unparker = driver.unparker();
        let core = Core {
            local: VecDeque::with_capacity(64),
            driver,
            desk: Desk::new(0),
            tick: 0,
        };
        let shared = Arc::new(Shared::new(&config, unparker, core));
        shared.lifeline.tie(&shared);
        Self {
            handle: Handle { shared },
        }
    }

    /// The users' end.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Polls `future` on this thread, and runs tasks and the driver as long as no other thread does.
    ///
    /// # Panics
    ///
    /// If a task has panicked and that is to shut the scheduler down.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.shared.panic_if_told_to();
        let mut future = pin!(future);
        if let Some(core) = self.handle.shared.take_core() {
            return self.run(core, future);
        }
        let parker = StdArc::new(Parker::new());
        let waker = Waker::from(parker.clone());
        let mut cx = Context::from_waker(&waker);
        loop {
            self.handle.shared.panic_if_told_to();
            if let Poll::Ready(output) = coop::budget(|| future.as_mut().poll(&mut cx)) {
                self.handle.shared.leave_waiting(&waker);
                return output;
            }
            if let Some(core) = self.handle.shared.take_core_or_wait(&waker) {
                return self.run(core, future);
            }
            parker.park();
        }
    }

    #[track_caller]
    fn run<F: Future>(&self, core: Core, mut future: Pin<&mut F>) -> F::Output {
        let shared = &self.handle.shared;
        let entered = Entered::new(shared, core);
        let root = StdArc::new(RootWaker::new(shared));
        let waker = Waker::from(root.clone());
        entered.local.set_root(&waker);
        let mut cx = Context::from_waker(&waker);
        // Since the driver was looked into.
        let (mut polls, mut root_polls) = (0, 0);
        loop {
            let mut root_yielded = false;
            if root.take_woken() {
                root_polls += 1;
                if let Poll::Ready(output) = coop::budget(|| future.as_mut().poll(&mut cx)) {
                    return output;
                }
                root_yielded = root.is_woken() && coop::take_given_up_turn();
            }
            let idle = loop {
                if polls >= shared.event_interval {
                    break false;
                }
                let Some(task) = entered.next_task() else {
                    break true;
                };
                polls += 1;
                shared.run(task);
            };
            shared.panic_if_told_to();
            // C2: the root's plain wake of itself.
            let root_again = idle && root.is_woken() && !root_yielded && !entered.local.has_yielded();
            if !(root_again && root_polls < shared.event_interval) {
                entered.park(idle, &root);
                (polls, root_polls) = (0, 0);
            }
        }
    }

    /// Drops all tasks, on this thread. Later ones are cancelled as they are spawned.
    ///
    /// If another thread is inside of `block_on`, it does so when it leaves.
    pub fn shutdown(&mut self) {
        let shared = &self.handle.shared;
        shared.close();
        if let Some(core) = shared.take_core() {
            drop(Entered::new(shared, core));
        }
        shared.drop_core();
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        if !self.handle.shared.is_closed() {
            self.shutdown();
        }
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("current_thread::Scheduler")
            .finish_non_exhaustive()
    }
}

/// This thread holds the core and is where the tasks are.
struct Entered<'a> {
    shared: &'a Arc<Shared>,
    local: Rc<Local>,
    awake_since: Cell<u64>,
    /// Polls before the last sleep.
    polls_before: Cell<u64>,
}

impl<'a> Entered<'a> {
    fn new(shared: &'a Arc<Shared>, core: Core) -> Self {
        let local = Rc::new(Local::new(shared.clone(), core));
        local.enter();
        shared.counters.set_owner();
        Self {
            shared,
            local,
            awake_since: Cell::new((shared.clock)()),
            polls_before: Cell::new(shared.counters.polls.get()),
        }
    }

    fn next_task(&self) -> Option<Runnable> {
        let injector_first = self.local.tick() % self.shared.global_queue_interval == 0;
        let injected = || self.shared.pop_injected();
        if injector_first {
            injected().or_else(|| self.local.pop())
        } else {
            self.local.pop().or_else(injected)
        }
    }

    /// Looks into the driver, and waits there if no task was found and `root` has not been woken.
    fn park(&self, no_task: bool, root: &RootWaker) {
        let is_idle = || no_task && !root.is_woken() && self.local.is_empty();
        let hooks = if is_idle() {
            Sleeping::begin(self.shared.hooks.as_deref())
        } else {
            None
        };
        // Once more, for what the hook has done.
        let wait = is_idle();
        // C2: before they are queued again.
        let yielded = self.local.take_yielded();
        self.shared.counters.forced_yields.add(coop::take_refusals());
        if wait {
            self.count_park();
        }
        self.local
            .turn_driver(if wait { None } else { Some(Duration::ZERO) });
        if wait {
            self.shared.counters.unparks.add(1);
            self.awake_since.set((self.shared.clock)());
        }
        self.local.append(yielded);
        drop(hooks);
    }

    fn count_park(&self) {
        let counters = &self.shared.counters;
        counters.parks.add(1);
        let polls = counters.polls.get();
        if self.polls_before.replace(polls) == polls {
            counters.noops.add(1);
        }
        self.end_stretch();
    }

    fn end_stretch(&self) {
        let since = self.awake_since.get();
        self.shared
            .counters
            .end_stretch((self.shared.clock)().saturating_sub(since));
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if self.shared.is_closed() {
            // While this thread is still the one that tasks know.
            self.shared.cancel_all();
        }
        self.end_stretch();
        self.shared.counters.forced_yields.add(coop::take_refusals());
        let core = self.local.leave();
        self.shared.put_core(core);
    }
}

/// Spawns onto a scheduler and reads its counters.
#[derive(Clone)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
}

impl Handle {
    /// Spawns a task. It runs when a thread is inside of `block_on`. If the scheduler is closed the task is cancelled
    /// at once.
    pub fn spawn<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_and(future, meta, |task| {
            if let Some(task) = self.shared.schedule_here(task, How::Spawned) {
                self.shared.schedule_elsewhere(task);
            }
        })
    }

    /// As [`spawn`](Self::spawn), but the task's first poll is here and now, on the calling thread; after it the task is on
    /// a queue only if it has been woken.
    pub fn spawn_eager<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_and(future, meta, |task| coop::budget(|| task.run()))
    }

    fn spawn_and<F>(&self, future: F, meta: Meta, start: impl FnOnce(Runnable)) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, runnable, join) = raw::new_task(future, Lent::of(&self.shared), meta);
        if let Some(hooks) = &self.shared.hooks {
            hooks.spawned(&task);
        }
        match self.shared.enter(task) {
            Ok(()) => start(runnable),
            Err(task) => task.shutdown(),
        }
        JoinHandle::new(join)
    }

    /// Always 1: the thread inside of `block_on`.
    pub fn workers(&self) -> usize {
        1
    }

    /// The counters of the only worker.
    ///
    /// # Panics
    ///
    /// If `worker` is not 0.
    #[track_caller]
    pub fn worker_counters(&self, worker: usize) -> WorkerCounters {
        assert_eq!(worker, 0, "a current-thread runtime has one worker");
        self.shared.worker_counters()
    }

    /// Which thread was the last in `block_on`, or is in it.
    ///
    /// # Panics
    ///
    /// If `worker` is not 0.
    #[track_caller]
    pub fn worker_thread(&self, worker: usize) -> Option<ThreadId> {
        assert_eq!(worker, 0, "a current-thread runtime has one worker");
        self.shared.counters.owner()
    }

    /// The times of polls, if they are measured.
    ///
    /// # Panics
    ///
    /// If `worker` is not 0.
    #[track_caller]
    pub fn poll_times(&self, worker: usize) -> Option<&Histogram> {
        assert_eq!(worker, 0, "a current-thread runtime has one worker");
        self.shared.counters.poll_times.as_ref()
    }

    /// How long tasks had waited when they were polled, if that is measured.
    ///
    /// # Panics
    ///
    /// If `worker` is not 0.
    #[track_caller]
    pub fn latencies(&self, worker: usize) -> Option<&Histogram> {
        assert_eq!(worker, 0, "a current-thread runtime has one worker");
        self.shared.counters.latencies.as_ref()
    }

    /// Polls `future` on this thread and sleeps between the polls. Runs no tasks.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        park::block_on(poll_fn(|cx| {
            let polled = future.as_mut().poll(cx);
            self.shared.count_forced_yields(coop::take_refusals());
            polled
        }))
    }

    /// How often a budget that was used up has made a task yield.
    pub fn forced_yields(&self) -> u64 {
        self.shared.forced_yields()
    }

    /// Tasks waiting in the injector.
    pub fn injector_depth(&self) -> usize {
        self.shared.injector_depth()
    }

    /// Tasks waiting in the local queue.
    ///
    /// # Panics
    ///
    /// If `worker` is not 0.
    #[track_caller]
    pub fn local_depth(&self, worker: usize) -> usize {
        assert_eq!(worker, 0, "a current-thread runtime has one worker");
        self.shared.local_depth()
    }

    /// Tasks that are live.
    pub fn alive_tasks(&self) -> usize {
        self.shared.alive_tasks()
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

    /// Whether this thread runs the tasks, and `waker` is that of the task or the future of `block_on` which it polls now. If
    /// so, the thread comes back to the driver before it sleeps.
    pub fn polls_for(&self, waker: &Waker) -> bool {
        self.shared.is_polling_for(waker)
    }

    /// Whether a thread is in `block_on` and runs the tasks.
    pub fn is_driven(&self) -> bool {
        self.shared.is_driven()
    }

    /// Tasks ever spawned.
    pub fn spawned_tasks(&self) -> u64 {
        self.shared.spawned_tasks()
    }

    /// Tasks scheduled from other threads.
    pub fn remote_schedules(&self) -> u64 {
        self.shared.remote_schedules()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("current_thread::Handle").finish_non_exhaustive()
    }
}
