//! What a thread knows about runtimes: which one is current, and whether the thread may block.
//!
//! ```text
//!            enter / block_on / thread start                 drop of the guard
//!   stack:   [ .. ] ───────────────────────► [ .., handle ] ─────────────────► [ .. ]
//!
//!            ┌──────┐  start_driving   ┌─────────┐      Free: may block (plain threads, blocking pool)
//!            │ Free │ ───────────────► │ Driving │      Driving: runs tasks or block_on's future
//!            └──────┘ ◄─────────────── └─────────┘
//!                       guard's drop
//! ```
//!
//! Invariants
//!
//! - I1: the current runtime of a thread is the last element of its stack.
//! - I2: a public guard pops only what it pushed; out of that order it panics and pops nothing.
//! - I3: a guard of this module's own (`Driving`) puts back length and state whatever the user left above.
//! - I4: no borrow of the stack is held while foreign code runs: readers clone an `Rc`, which costs no atomic.
//! - I6: `shard`, if it is there, is the last element's for this thread, and `spare` is one more reference to it. Whatever changes
//!   the stack or the number takes both out, and the next timer finds the shard anew.
//! - I5: nothing here panics because the thread-local is destroyed, unless the caller cannot be served
//!   without a runtime.
//!
//! Absent on purpose: a process-wide default runtime.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use heist_executor::task::{JoinHandle, Meta};
use heist_executor::{current_thread, local, multi_thread};
use heist_primitive::CachePadded;
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};
use heist_primitive::thread::AccessError;

use super::handle::{Handle, TryCurrentError};
use super::id::Id;
use crate::macros::support::replace_state;
use crate::time::shard::Shard;

struct Context {
    stack: RefCell<Vec<Rc<Handle>>>,
    driving: Cell<bool>,
    /// The runtime that this thread belongs to, for workers and threads of the blocking pool.
    home: Cell<Option<Id>>,
    /// Of [`thread_number`], once it is known.
    number: Cell<Option<isize>>,
    /// I6: one load from here, where the way over the runtime is five, each of which waits for the one before.
    shard: RefCell<Option<Arc<CachePadded<Shard>>>>,
    /// What the last timer that was dropped here had, for the next one: it saves both of them the count.
    spare: Cell<Option<Arc<CachePadded<Shard>>>>,
}

heist_primitive::thread_local! {
    static CONTEXT: Context = const {
        Context {
            stack: RefCell::new(Vec::new()),
            driving: Cell::new(false),
            home: Cell::new(None),
            number: Cell::new(None),
            shard: RefCell::new(None),
            spare: Cell::new(None),
        }
    };
}

/// Threads that are no workers and have a number.
static OTHERS: UnmodelledU64 = UnmodelledU64::new(0);

const NO_RUNTIME: &str = "there is no heist runtime on this thread: call this from a task or from the future \
     given to `Runtime::block_on`, or hold the guard of `Runtime::enter` or `Handle::enter` \
     (`#[heist::main]` starts a runtime around `main`)";
const DESTROYED: &str = "the thread-local state of this thread is being destroyed, so no heist runtime can be \
     reached from here: don't use the runtime in the destructor of a thread-local";
const NO_IO: &str = "this heist runtime has I/O disabled: call `enable_io` or `enable_all` on its \
     `runtime::Builder` before `build`";
const NO_TIME: &str = "this heist runtime has timers disabled: call `enable_time` or `enable_all` on its \
     `runtime::Builder` before `build`";
const NESTED: &str = "Cannot start a runtime from within a runtime: this thread is already running \
     asynchronous tasks, and blocking it would stop them; `.await` the future instead, or move the call \
     into `heist::task::spawn_blocking`";
const IN_PLACE: &str = "can call blocking only when running on the multi-threaded runtime: here this thread is the \
     only one for its tasks, and `block_in_place` would stop them; use `heist::task::spawn_blocking`";
const DROPPED_IN_ASYNC: &str = "Cannot drop a runtime in a context where blocking is not allowed, such as \
     asynchronous code: its drop waits for its threads, which would stop the tasks of this one; drop it outside, \
     or call `Runtime::shutdown_background`, which does not wait (that is what has been done now)";
const DROPPED_AT_HOME: &str = "Cannot drop a runtime in a context where blocking is not allowed: this is a thread \
     of its own blocking pool, where its drop would wait for itself; call `Runtime::shutdown_background`, which does not wait (that is what has \
     been done now)";

pub(super) fn message(error: &TryCurrentError) -> &'static str {
    if error.is_thread_local_destroyed() {
        DESTROYED
    } else {
        NO_RUNTIME
    }
}

/// The current runtime, or why there is none.
pub(crate) fn try_current() -> Result<Rc<Handle>, TryCurrentError> {
    match CONTEXT.try_with(|context| context.stack.borrow().last().cloned()) {
        Ok(Some(handle)) => Ok(handle),
        Ok(None) => Err(TryCurrentError::missing_context()),
        Err(AccessError { .. }) => Err(TryCurrentError::thread_local_destroyed()),
    }
}

/// The current runtime.
///
/// # Panics
///
/// If there is none.
#[track_caller]
pub(crate) fn current() -> Rc<Handle> {
    match try_current() {
        Ok(handle) => handle,
        Err(error) => panic!("{}", message(&error)),
    }
}

/// The reactor of the current runtime.
///
/// # Panics
///
/// Outside of a runtime, and if the runtime has I/O disabled.
#[track_caller]
pub(crate) fn io() -> heist_reactor::Handle {
    match current().io() {
        Some(io) => io.clone(),
        None => panic!("{NO_IO}"),
    }
}

/// The timers of the current runtime that this thread adds to.
///
/// # Panics
///
/// Outside of a runtime, and if the runtime has timers disabled.
#[inline(always)]
#[track_caller]
pub(crate) fn timers() -> ShardRef {
    let shard = CONTEXT.try_with(|context| match context.spare.take() {
        None => context.shard.borrow().clone(),
        spare => spare,
    });
    ShardRef(match shard {
        Ok(Some(shard)) => Some(shard),
        _ => Some(find_timers()),
    })
}

#[cold]
#[track_caller]
fn find_timers() -> Arc<CachePadded<Shard>> {
    let shard = CONTEXT.try_with(|context| {
        let stack = context.stack.borrow();
        let shard = stack.last()?.timers()?.shard(context.number());
        *context.shard.borrow_mut() = Some(shard.clone());
        Some(shard.clone())
    });
    match shard {
        Ok(Some(shard)) => shard,
        _ => no_timers(),
    }
}

/// A timer's reference to its shard.
pub(crate) struct ShardRef(Option<Arc<CachePadded<Shard>>>);

impl Deref for ShardRef {
    type Target = Shard;

    #[inline]
    fn deref(&self) -> &Shard {
        match &self.0 {
            Some(shard) => shard,
            None => unreachable!("taken only by the drop"),
        }
    }
}

impl Drop for ShardRef {
    #[inline]
    fn drop(&mut self) {
        let left = CONTEXT.try_with(|context| {
            let is_ours =
                matches!((&*context.shard.borrow(), &self.0), (Some(a), Some(b)) if Arc::ptr_eq(a, b));
            // One that was there goes instead.
            if is_ours {
                context.spare.replace(self.0.take())
            } else {
                None
            }
        });
        drop(left);
    }
}

#[cold]
#[track_caller]
fn no_timers() -> ! {
    let _ = current();
    panic!("{NO_TIME}");
}

/// A number for this thread: of a worker its index, and of others what spreads them: -1, -2 and so on.
pub(crate) fn thread_number() -> isize {
    CONTEXT.try_with(Context::number).unwrap_or(0)
}

impl Context {
    /// I6; what is returned is to be dropped when no borrow is held (I4).
    fn take_shard(&self) -> [Option<Arc<CachePadded<Shard>>>; 2] {
        [self.shard.take(), self.spare.take()]
    }

    #[inline]
    fn number(&self) -> isize {
        self.number.get().unwrap_or_else(|| self.find_number())
    }

    #[cold]
    fn find_number(&self) -> isize {
        let number = match multi_thread::current_worker() {
            Some(index) => index as isize,
            None => -1 - OTHERS.fetch_add(1, Ordering::Relaxed) as isize,
        };
        self.number.set(Some(number));
        number
    }
}

/// Whether the current runtime can wait for a time: it may have been built without timers, or there is none.
pub(crate) fn has_timers() -> bool {
    try_current().is_ok_and(|runtime| runtime.timers().is_some())
}

/// Runs `f` on the blocking pool of the current runtime.
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
pub(crate) fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    current().spawn_blocking_as(f, Meta::caller())
}

/// Panics if blocking this thread would block tasks; `what` names the call, such as ``"`blocking_recv`"``.
#[track_caller]
pub(crate) fn assert_may_block(what: &str) {
    if is_driving() {
        panic!(
            "Cannot block the current thread from within a runtime: {what} would block a thread that is running \
             asynchronous tasks. Use the `async` counterpart, or move the call into `heist::task::spawn_blocking`"
        );
    }
}

/// Whether this thread is running tasks or the future of a `block_on`.
pub(crate) fn is_driving() -> bool {
    CONTEXT.try_with(|context| context.driving.get()).unwrap_or(false)
}

/// Drives again when dropped.
#[must_use]
pub(crate) struct Paused {
    driving: bool,
}

/// This thread may block until the guard is dropped: its tasks go on elsewhere.
///
/// # Panics
///
/// If they cannot: on the thread that runs the tasks of a current-thread runtime, and where a `LocalSet` is polled.
#[track_caller]
pub(crate) fn pause_driving() -> Paused {
    let driving = is_driving();
    if driving && (local::is_running() || current_thread::is_current()) {
        panic!("{IN_PLACE}");
    }
    let _ = CONTEXT.try_with(|context| context.driving.set(false));
    Paused { driving }
}

impl Drop for Paused {
    fn drop(&mut self) {
        let _ = CONTEXT.try_with(|context| context.driving.set(self.driving));
    }
}

/// Why waiting here for the threads of the runtime `id` would never end, if so.
pub(super) fn refuse_to_wait_for(id: Id) -> Option<&'static str> {
    let (driving, home) = CONTEXT
        .try_with(|context| (context.driving.get(), context.home.get()))
        .unwrap_or((false, None));
    match (driving, home) {
        (true, _) => Some(DROPPED_IN_ASYNC),
        (false, Some(home)) if home == id => Some(DROPPED_AT_HOME),
        _ => None,
    }
}

/// Makes `handle` current. Returns the stack's new length, to give to [`leave`]; 0 if the thread-local is
/// destroyed.
pub(super) fn enter(handle: &Handle) -> usize {
    let entered = CONTEXT.try_with(|context| {
        let mut stack = context.stack.borrow_mut();
        stack.push(Rc::new(handle.clone()));
        (stack.len(), context.take_shard())
    });
    // What is taken out is dropped here, after the borrow has ended (I4).
    entered.map_or(0, |(depth, _)| depth)
}

/// Undoes the [`enter`] that returned `depth`.
///
/// # Panics
///
/// If another `enter` came after it and has not been undone.
#[track_caller]
pub(super) fn leave(depth: usize) {
    let popped = CONTEXT.try_with(|context| {
        let mut stack = context.stack.borrow_mut();
        if stack.len() == depth {
            Ok((stack.pop(), context.take_shard()))
        } else {
            Err(())
        }
    });
    // The popped handle is dropped here, after the borrow has ended (I4).
    if matches!(popped, Ok(Err(()))) && depth > 0 && !heist_primitive::thread::panicking() {
        panic!(
            "`EnterGuard`s were dropped out of order: drop the guards of `Runtime::enter` and `Handle::enter` \
             in the reverse order of their creation"
        );
    }
}

/// What a thread is for while a [`Driving`] guard lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It runs tasks of the runtime or turns its driver, and must not block.
    Driver,
    /// It runs closures that may block.
    Blocking,
    /// It lends itself to a `block_on`.
    Visitor,
}

/// Gives the thread back as it was when dropped.
#[must_use]
pub(super) struct Driving {
    depth: usize,
    driving: bool,
    home: Option<Id>,
    /// The state of the thread's random generator, if the runtime has replaced it by one of its own.
    random: Option<u64>,
}

/// Makes `handle` current for a thread in `role`.
///
/// # Panics
///
/// As a [`Role::Visitor`] on a thread that is already driving.
#[track_caller]
pub(super) fn start_driving(handle: &Handle, role: Role) -> Driving {
    if role == Role::Visitor && is_driving() {
        panic!("{NESTED}");
    }
    let before = CONTEXT.try_with(|context| {
        if role == Role::Driver {
            // It may have been asked before it was a worker.
            context.number.set(None);
        }
        let home = match role {
            Role::Driver | Role::Blocking => Some(handle.id()),
            Role::Visitor => context.home.get(),
        };
        (
            context.driving.replace(role != Role::Blocking),
            context.home.replace(home),
        )
    });
    let (driving, home) = before.unwrap_or((false, None));
    Driving {
        depth: enter(handle),
        driving,
        home,
        random: handle.shared.seeds.next().map(replace_state),
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        let left = CONTEXT.try_with(|context| {
            context.driving.set(self.driving);
            context.home.set(self.home);
            let mut stack = context.stack.borrow_mut();
            let keep = self.depth.saturating_sub(1).min(stack.len());
            (stack.split_off(keep), context.take_shard())
        });
        if let Some(random) = self.random {
            replace_state(random);
        }
        // Dropped after the borrow has ended (I4).
        drop(left);
    }
}
