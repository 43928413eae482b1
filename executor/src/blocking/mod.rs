//! The blocking pool: threads for closures that block, as many as are needed up to a limit.
//!
//! | file | holds |
//! |---|---|
//! | `shared.rs` | the queue, the gate that a push passes, who is idle and who is coming; making threads, closing |
//! | `thread.rs` | the life of a thread |
//! | `closure.rs` | a closure as a task |
//!
//! ```text
//!              a push, or one that has come: none idle, room below the limit        hooks
//!     (none) ──────────────────────────────────────────► coming ─────────────────────────► working ◄───┐
//!        ▲                                                 ▲ has taken a closure; if more is queued,    │
//!        │                                                 │ the next one is coming                     │
//!        │                    a push, or one that has come │                                            │
//!        │                                                 └───────── idle ◄──── queue empty ───────────┤
//!        │                    keep-alive over, or closing               │                               │
//!        └──────────────────────────────────────────────────────────────┴───────────────────────────────┘
//! ```
//!
//! A push calls a thread only if none is coming, and a thread that has come calls the next before it runs what it took. So
//! closures that block have a thread each, up to the limit, as fast as threads wake each other; and closures that are quick
//! are run by the few threads that were woken for the first of them. A push while a thread is coming, or with all threads
//! busy and no room, takes no lock and wakes nobody. Of idle threads the latest comes first, so those that are not needed go.
//!
//! A closure is a task whose future runs it in its first poll, so it has the same handle, id, name, abort (before
//! it begins) and panic handling as any task.
//!
//! Invariants
//!
//! - B1: a queued closure has a thread to run it: one is coming, or none is idle and there is no room for another (or the
//!   operating system has refused it) and those there are look into the queue before they rest. If there is none at all and
//!   none can be made, the queue is emptied with an error for each, so that nobody waits for ever.
//! - B2: a thread goes only with the queue empty, decided under the lock.
//! - B3: a closure to be [run at the close](AtClose::Run) that was accepted is run, also after the pool has begun to
//!   shut down; B1's case of a thread that cannot be made is the one exception, and its handle says so.
//! - B4: closures run, are dropped and are cancelled outside of the lock.
//! - B5: a closure that a thread is coming for counts as begun, and so does one for which a thread is to come as soon as those
//!   before it have one, within the limit: when the pool closes, that many of the oldest stay in the queue. They are run as
//!   those of B3 are. Idle threads do not count: what waits for one of them is cancelled.
//!
//! Ordering pairs: in `shared.rs`. Models: loom-tests/tests/blocking.rs.
//!
//! Deliberately absent: priorities, and a bound on the queue.

mod closure;
mod shared;
mod thread;

use std::fmt;
use std::io;
use std::time::Duration;

use heist_primitive::sync::{Arc, StdArc};
use heist_primitive::thread::current;

use self::shared::{Queued, Shared};
use crate::driver::{Around, ThreadName};
use crate::hooks::{Hooks, PanicHook, TaskHook};
use crate::task::{JoinHandle, Meta, Runnable};

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
        let hooks = Hooks {
            on_terminate: config.on_terminate.clone(),
            on_panic: config.on_panic.clone(),
            ..Hooks::default()
        };
        let hooks = (hooks.on_terminate.is_some() || hooks.on_panic.is_some()).then(|| StdArc::new(hooks));
        Self {
            handle: Handle {
                shared: Arc::new(Shared::new(config, hooks)),
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
        self.handle.shared.close(|queued| queued.at_close == AtClose::Run);
    }

    /// Closes the pool, and cancels also closures that were to be run, but for B5.
    pub fn begin_shutdown_and_cancel(&self) {
        self.handle.shared.close(|_| false);
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
        ended.retain(|handle| handle.thread().id() != current().id());
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
        let at_close = AtClose::Cancel;
        match Shared::submit(&self.shared, Queued { task, at_close }, join.id()) {
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
        Shared::submit(&self.shared, Queued { task, at_close }, join.id())?;
        Ok(join)
    }

    fn task<F, R>(&self, f: F, meta: Meta) -> (Runnable, JoinHandle<R>)
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        closure::task(
            f,
            meta,
            self.shared.config.watch.clone(),
            self.shared.hooks.clone(),
        )
    }

    /// Threads there are.
    pub fn threads(&self) -> usize {
        self.shared.state.lock().threads
    }

    /// Threads that wait for work.
    pub fn idle_threads(&self) -> usize {
        self.shared.state.lock().idle.len()
    }

    /// Closures that have not begun.
    pub fn queue_depth(&self) -> usize {
        self.shared.queue_depth()
    }
}
