//! The blocking pool: threads for closures that block, as many as are needed up to a limit.
//!
//! ```text
//!              begin: queue longer than idle threads, below the limit
//!     (none) ───────────────────────────────────────────► working ◄──────┐
//!        ▲                                                   │ queue empty │ notified
//!        │ keep-alive over, or closing                       ▼             │
//!        └───────────────────────────────────────────────  idle ──────────┘
//! ```
//!
//! A closure is a task whose future runs it in its first poll, so it has the same handle, id, name, abort (before
//! it begins) and panic handling as any task.
//!
//! Invariants
//!
//! - B1: a queued closure has a thread to run it: when the lock is released, `threads > 0` or the queue is empty. A
//!   thread counts from before it is made; if it cannot be made and no other is there, the queue is emptied with an
//!   error for each, so that nobody waits for ever.
//! - B2: a thread goes only with the queue empty, decided under the lock.
//! - B3: a closure to be [run at the close](AtClose::Run) that was accepted is run, also after the pool has begun to
//!   shut down; B1's case of a thread that cannot be made is the one exception, and its handle says so.
//! - B4: closures run, are dropped and are cancelled outside of the lock.
//! - B5: a closure that a thread was made for counts as begun: when the pool closes, as many of the oldest stay in the
//!   queue as there are threads on their way to it. They are run as those of B3 are.
//!
//! Ordering pairs: the lock, alone. Models: loom-tests/tests/blocking.rs.
//!
//! Deliberately absent: priorities, and a bound on the queue.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::io;
use std::mem::forget;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use heist_primitive::sync::{Arc, Condvar, Mutex, StdArc};
use heist_primitive::thread;

use crate::coop;
use crate::driver::{Around, ThreadName};
use crate::hooks::{Hooks, PanicHook, TaskHook};
use crate::task::{How, JoinHandle, Meta, Queue, Runnable, Schedule, TaskRef, raw};

/// How a pool is made.
pub struct Config {
    /// Threads at the most; at least one.
    pub max_threads: usize,
    /// How long an idle thread stays.
    pub keep_alive: Duration,
    /// Names the threads.
    pub thread_name: ThreadName,
    /// Bytes; the platform's default if `None`.
    pub stack_size: Option<usize>,
    /// Told of every closure.
    pub watch: Option<Watch>,
    /// After a closure has ended, however it did.
    pub on_terminate: Option<TaskHook>,
    /// When the panic of a closure is dropped uncollected.
    pub on_panic: Option<PanicHook>,
}

/// What becomes of a closure that has not begun when the pool shuts down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtClose {
    /// It is cancelled.
    Cancel,
    /// It is run all the same, for somebody was told that it will be.
    Run,
}

/// Why a closure was not accepted. It was dropped.
#[derive(Debug)]
pub enum Refused {
    /// The pool has begun to shut down.
    Closed,
    /// The operating system refuses the only thread there would be.
    NoThread(io::Error),
}

/// Told `true` when a closure is given to the pool, and `false` when it has ended or was cancelled, after whoever awaits
/// it was woken.
pub type Watch = StdArc<dyn Fn(bool) + Send + Sync>;

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("max_threads", &self.max_threads)
            .field("keep_alive", &self.keep_alive)
            .finish_non_exhaustive()
    }
}

struct Shared {
    /// With `on_terminate` and `on_panic` only: closures are neither hooked when given to the pool nor around their only poll.
    hooks: Option<StdArc<Hooks>>,
    state: Mutex<State>,
    /// For idle threads.
    work: Condvar,
    /// For [`Pool::join`].
    ended: Condvar,
    config: Config,
}

struct State {
    queue: VecDeque<Queued>,
    threads: usize,
    /// Of these, those that were made and have not come to the queue yet.
    starting: usize,
    idle: usize,
    closing: bool,
    around: Option<Around>,
    /// Of the threads that have not ended.
    handles: HashMap<u64, thread::JoinHandle<()>>,
    next_handle: u64,
    /// Of threads that have been counted out, for [`Pool::join`]: all since the closing, before that the latest only. Ended
    /// threads do not join each other, for the destructor of a thread-local may be what waits for the pool.
    ended: Vec<thread::JoinHandle<()>>,
}

struct Queued {
    task: Runnable,
    at_close: AtClose,
}

impl State {
    /// Whether a thread works, waits, or is on its way out through the hooks.
    fn has_threads(&self) -> bool {
        self.threads > 0 || !self.handles.is_empty()
    }
}

/// Owns the threads.
#[derive(Debug)]
pub struct Pool {
    handle: Handle,
}

impl Pool {
    /// A pool without threads yet.
    ///
    /// # Panics
    ///
    /// If there are to be no threads.
    pub fn new(config: Config) -> Self {
        assert!(
            config.max_threads > 0,
            "the blocking pool needs at least 1 thread"
        );
        let state = State {
            queue: VecDeque::new(),
            threads: 0,
            starting: 0,
            idle: 0,
            closing: false,
            around: None,
            handles: HashMap::new(),
            next_handle: 0,
            ended: Vec::new(),
        };
        let hooks = Hooks {
            on_terminate: config.on_terminate.clone(),
            on_panic: config.on_panic.clone(),
            ..Hooks::default()
        };
        let hooks = (hooks.on_terminate.is_some() || hooks.on_panic.is_some()).then(|| StdArc::new(hooks));
        let shared = Shared {
            hooks,
            state: Mutex::new(state),
            work: Condvar::new(),
            ended: Condvar::new(),
            config,
        };
        Self {
            handle: Handle {
                shared: Arc::new(shared),
            },
        }
    }

    /// What is set up around the body of each thread that is started from now on.
    pub fn set_around(&mut self, around: Around) {
        self.handle.shared.state.lock().around = Some(around);
    }

    /// The users' end.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Closes the pool: closures that have not begun are cancelled unless they are to be run (B3, B5), as are all later
    /// ones. Does not wait.
    pub fn begin_shutdown(&self) {
        self.close(|queued| queued.at_close == AtClose::Run);
    }

    /// Closes the pool, and cancels also closures that were to be run, but for B5.
    pub fn begin_shutdown_and_cancel(&self) {
        self.close(|_| false);
    }

    fn close(&self, to_be_run: impl Fn(&Queued) -> bool) {
        let (cancelled, around) = {
            let mut state = self.handle.shared.state.lock();
            state.closing = true;
            let mut coming = state.starting;
            let queue = std::mem::take(&mut state.queue).into_iter();
            let (kept, cancelled): (VecDeque<_>, VecDeque<_>) = queue.partition(|queued| {
                let expected = coming > 0;
                coming -= usize::from(expected);
                expected || to_be_run(queued)
            });
            state.queue = kept;
            (cancelled, state.around.take())
        };
        self.handle.shared.work.notify_all();
        cancelled.into_iter().for_each(cancel);
        drop(around);
    }

    /// Waits for the threads to end, for `limit` at the most. True: all have ended.
    pub fn join(&self, limit: Option<Duration>) -> bool {
        let shared = &self.handle.shared;
        let mut state = shared.state.lock();
        match limit {
            None => shared.ended.wait_while(&mut state, |state| state.has_threads()),
            Some(limit) => {
                shared
                    .ended
                    .wait_while_for(&mut state, |state| state.has_threads(), limit);
                if state.has_threads() {
                    return false;
                }
            }
        }
        let mut ended = std::mem::take(&mut state.ended);
        drop(state);
        // This may be one of them itself, in the destructor of a thread-local.
        ended.retain(|handle| handle.thread().id() != thread::current().id());
        for handle in ended {
            // A panic was reported when it happened.
            let _ = handle.join();
        }
        true
    }
}

/// Runs closures on a pool.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("blocking::Handle")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}

impl Handle {
    /// Runs `f` on a thread of the pool, a new one if all are busy and the limit allows. If the pool is closed the
    /// closure is cancelled at once.
    ///
    /// # Panics
    ///
    /// If the operating system refuses the only thread there would be; everything that is queued is cancelled then.
    #[track_caller]
    pub fn spawn<F, R>(&self, f: F, meta: Meta) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (task, join) = self.task(f, meta);
        match self.enqueue(task, AtClose::Cancel) {
            Ok(()) | Err(Refused::Closed) => join,
            Err(Refused::NoThread(error)) => panic!(
                "cannot start a thread for a blocking task: {error}; raise the limit on threads (`ulimit -u`, \
                 `pids.max`) or lower `max_blocking_threads`"
            ),
        }
    }

    /// Like [`spawn`](Self::spawn), and says so if the closure will not run.
    ///
    /// # Errors
    ///
    /// If the pool is closed, and if the operating system refuses the only thread there would be; everything that is
    /// queued is cancelled then.
    pub fn try_spawn<F, R>(&self, f: F, meta: Meta, at_close: AtClose) -> Result<JoinHandle<R>, Refused>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (task, join) = self.task(f, meta);
        self.enqueue(task, at_close)?;
        Ok(join)
    }

    fn task<F, R>(&self, f: F, meta: Meta) -> (Runnable, JoinHandle<R>)
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (unregistered, task, join) =
            raw::new_task(Blocking(Some(f)), Unscheduled::new(&self.shared), meta);
        drop(unregistered);
        (task, JoinHandle::new(join))
    }

    /// On an error the task is cancelled.
    fn enqueue(&self, task: Runnable, at_close: AtClose) -> Result<(), Refused> {
        let queued = Queued { task, at_close };
        let mut state = self.shared.state.lock();
        if state.closing {
            drop(state);
            cancel(queued);
            return Err(Refused::Closed);
        }
        state.queue.push_back(queued);
        if state.queue.len() > state.idle && state.threads < self.shared.config.max_threads {
            state.threads += 1;
            drop(state);
            let counted = Counted(self);
            let started = self.start_thread();
            forget(counted);
            match started {
                Err(error) if !self.count_out() => return Err(Refused::NoThread(error)),
                _ => {}
            }
        } else {
            drop(state);
            self.shared.work.notify_one();
        }
        Ok(())
    }

    /// Makes a thread that is counted already.
    fn start_thread(&self) -> io::Result<()> {
        let config = &self.shared.config;
        let mut builder = thread::Builder::new().name((config.thread_name)());
        if let Some(bytes) = config.stack_size {
            builder = builder.stack_size(bytes);
        }
        let mut state = self.shared.state.lock();
        let number = state.next_handle;
        state.next_handle += 1;
        let (shared, around) = (self.shared.clone(), state.around.clone());
        // Under the lock, so that the thread finds its own handle when it ends.
        let handle = builder.spawn(move || {
            let mut leave = Leave {
                shared: shared.clone(),
                number,
                came: false,
                counted_out: false,
            };
            match around {
                Some(around) => around(&mut || leave.work(&shared)),
                None => leave.work(&shared),
            }
        })?;
        state.handles.insert(number, handle);
        state.starting += 1;
        Ok(())
    }

    /// B1: a thread that was counted is not there. False: nor is any other, so what was queued is cancelled.
    fn count_out(&self) -> bool {
        let mut state = self.shared.state.lock();
        state.threads -= 1;
        if state.threads > 0 {
            drop(state);
            // A thread that is there will come to it.
            self.shared.work.notify_one();
            return true;
        }
        let stranded = std::mem::take(&mut state.queue);
        drop(state);
        self.shared.ended.notify_all();
        stranded.into_iter().for_each(cancel);
        false
    }

    /// Threads there are.
    pub fn threads(&self) -> usize {
        self.shared.state.lock().threads
    }

    /// Threads that wait for work.
    pub fn idle_threads(&self) -> usize {
        self.shared.state.lock().idle
    }

    /// Closures that have not begun.
    pub fn queue_depth(&self) -> usize {
        self.shared.state.lock().queue.len()
    }
}

/// A thread that is counted and not yet made. Counts it out if making it panics, as the function for its name may.
struct Counted<'a>(&'a Handle);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.count_out();
    }
}

/// Completes a task that will not run with a cancellation.
fn cancel(queued: Queued) {
    queued.task.into_task().shutdown();
}

/// The end of a thread: makes sure that it is counted out.
struct Leave {
    shared: Arc<Shared>,
    number: u64,
    /// It is not among those that start any more.
    came: bool,
    counted_out: bool,
}

impl Leave {
    /// The body of a thread. Ends with the queue empty and the thread counted out in the same hold of the lock (B2).
    fn work(&mut self, shared: &Shared) {
        let mut state = shared.state.lock();
        state.starting -= 1;
        self.came = true;
        loop {
            while let Some(queued) = state.queue.pop_front() {
                drop(state);
                queued.task.run();
                state = shared.state.lock();
            }
            let mut leaving = state.closing;
            if !leaving {
                state.idle += 1;
                leaving = shared
                    .work
                    .wait_for(&mut state, shared.config.keep_alive)
                    .timed_out();
                state.idle -= 1;
            }
            if leaving && state.queue.is_empty() {
                state.threads -= 1;
                self.counted_out = true;
                return;
            }
        }
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        let mut stranded = VecDeque::new();
        if !self.came {
            state.starting -= 1;
        }
        if !self.counted_out {
            // A hook around the body panicked: B1.
            state.threads -= 1;
            if state.threads == 0 {
                stranded = std::mem::take(&mut state.queue);
            }
        }
        if !state.closing {
            state.ended.clear();
        }
        let own = state.handles.remove(&self.number);
        state.ended.extend(own);
        drop(state);
        self.shared.ended.notify_all();
        stranded.into_iter().for_each(cancel);
    }
}

/// Runs a closure in its first poll.
struct Blocking<F>(Option<F>);

impl<F> Unpin for Blocking<F> {}

impl<F: FnOnce() -> R, R> Future for Blocking<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        let f = self.0.take().expect("a blocking task is polled once");
        // Blocking is what it is for: no budget.
        coop::stop();
        Poll::Ready(f())
    }
}

/// A blocking task is queued once, by `spawn`; an abort finds it scheduled, running or complete, never idle.
struct Unscheduled {
    watch: Option<Watch>,
    hooks: Option<StdArc<Hooks>>,
}

impl Unscheduled {
    fn new(shared: &Shared) -> Self {
        let watch = shared.config.watch.clone();
        if let Some(watch) = &watch {
            watch(true);
        }
        Self {
            watch,
            hooks: shared.hooks.clone(),
        }
    }
}

/// For a task that is scheduled without need.
struct Nowhere;

impl Queue for Nowhere {
    fn push(self, task: Runnable, _: How) {
        drop(task);
    }
}

impl Schedule for Unscheduled {
    type Queue = Nowhere;

    /// The watch is told after the wake.
    const RELEASES_LAST: bool = true;

    fn queue(&self) -> Nowhere {
        Nowhere
    }

    fn release(&self, _: u64) -> Option<TaskRef> {
        if let Some(watch) = &self.watch {
            watch(false);
        }
        None
    }

    fn hooks(&self) -> Option<&Hooks> {
        self.hooks.as_deref()
    }

    fn on_panic(&self) -> Option<&PanicHook> {
        self.hooks.as_ref()?.on_panic.as_ref()
    }
}
