//! `LocalSet`: tasks whose futures need not be `Send`, on the thread that owns the set.
//!
//! Invariants
//!
//! - I1: neither the set nor its guard leaves its thread: both are `!Send`.
//! - I2: while the set's tasks or the future beside them are polled, blocking in place is refused: the thread is the
//!   tasks' only one.
//!
//! Absent on purpose: the queues, which are heist-executor's (`local/`).

use std::fmt;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use heist_executor::local;
use heist_executor::task::{JoinHandle, Meta};
use heist_primitive::sync::StdArc;

use crate::runtime::hooks::report_uncollected;
use crate::runtime::local::spawn as spawn_here;
use crate::runtime::{Id, Runtime, UnhandledPanic};

/// Tasks that stay on one thread, so that their futures may hold `Rc`, `RefCell` and other things that are not `Send`.
///
/// The set is a scheduler that somebody must poll: [`run_until`](Self::run_until) and [`block_on`](Self::block_on) poll
/// it beside a future, and awaiting the set itself polls it until all of its tasks have ended. Inside of it
/// [`spawn_local`] spawns more. It cannot be awaited in a task given to [`spawn`](super::spawn), for it is not `Send`
/// itself: run it in the future of a `block_on`.
///
/// Dropping the set drops its tasks, on this thread; their handles return a cancelled [`JoinError`](super::JoinError).
///
/// ```
/// use std::rc::Rc;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let local = heist::task::LocalSet::new();
/// let length = local.run_until(async {
///     let text = Rc::new("not Send".to_owned());
///     heist::task::spawn_local(async move { text.len() }).await.unwrap()
/// });
/// assert_eq!(length.await, 8);
/// # });
/// ```
pub struct LocalSet {
    set: local::LocalSet,
    id: Id,
}

impl LocalSet {
    /// A set without tasks, owned by this thread.
    pub fn new() -> Self {
        Self {
            set: local::LocalSet::with_panic_hook(StdArc::new(report_uncollected)),
            id: Id::from_seed(RandomState::new().build_hasher().finish()),
        }
    }

    /// Makes the set current for [`spawn_local`] on this thread until the guard is dropped.
    ///
    /// The tasks run when the set is polled, not here.
    ///
    /// ```
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let local = heist::task::LocalSet::new();
    /// let task = {
    ///     let _guard = local.enter();
    ///     heist::task::spawn_local(async { 5 })
    /// };
    /// local.await;
    /// assert_eq!(task.await.unwrap(), 5);
    /// # });
    /// ```
    pub fn enter(&self) -> LocalEnterGuard {
        LocalEnterGuard {
            _entered: self.set.enter(),
        }
    }

    /// Spawns a task onto this set. It runs when the set is polled, whether or not its handle is awaited.
    ///
    /// ```
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let local = heist::task::LocalSet::new();
    /// let task = local.spawn_local(async { "ran here" });
    /// assert_eq!(local.run_until(task).await.unwrap(), "ran here");
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.spawn_as(future, Meta::caller())
    }

    pub(super) fn spawn_as<F>(&self, future: F, meta: Meta) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.set.spawn(future, meta)
    }

    /// Runs `future` to its end on `rt` and this thread, and the set's tasks beside it.
    ///
    /// Tasks that have not ended by then stay in the set.
    ///
    /// # Panics
    ///
    /// As [`Runtime::block_on`]: if `future` panics, and in asynchronous code.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Runtime::new()?;
    /// let local = heist::task::LocalSet::new();
    /// let answer = local.block_on(&runtime, async {
    ///     heist::task::spawn_local(async { 42 }).await.unwrap()
    /// });
    /// assert_eq!(answer, 42);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn block_on<F>(&self, rt: &Runtime, future: F) -> F::Output
    where
        F: Future,
    {
        rt.block_on(self.run_until(future))
    }

    /// Runs `future`, and the set's tasks beside it until it ends.
    ///
    /// # Cancel safety
    ///
    /// A call that is cancelled drops `future`; the tasks stay in the set.
    pub async fn run_until<F>(&self, future: F) -> F::Output
    where
        F: Future,
    {
        let mut future = pin!(future);
        poll_fn(|cx| self.set.poll_beside(cx, |cx| future.as_mut().poll(cx))).await
    }

    /// Sets what the set does when one of its tasks panics.
    ///
    /// With [`UnhandledPanic::ShutdownRuntime`] it drops all of its tasks, cancels later ones as they are spawned, and its
    /// polls, among them those of [`run_until`](Self::run_until) and [`block_on`](Self::block_on), panic.
    ///
    /// ```should_panic
    /// use heist::runtime::UnhandledPanic;
    ///
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let mut local = heist::task::LocalSet::new();
    /// local.unhandled_panic(UnhandledPanic::ShutdownRuntime);
    /// local.spawn_local(async { panic!("nobody handles this") });
    /// local.run_until(std::future::pending::<()>()).await;
    /// # });
    /// ```
    pub fn unhandled_panic(&mut self, behavior: UnhandledPanic) -> &mut Self {
        self.set.shut_down_on_panic(match behavior {
            UnhandledPanic::Ignore => false,
            UnhandledPanic::ShutdownRuntime => true,
        });
        self
    }

    /// What tells this set from others, and from runtimes.
    pub fn id(&self) -> Id {
        self.id
    }
}

/// Ready when the last task has ended.
impl Future for LocalSet {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.set.poll(cx)
    }
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet").finish_non_exhaustive()
    }
}

/// Keeps a [`LocalSet`] current for this thread; made by [`LocalSet::enter`].
#[must_use = "the set is current only while the guard lives"]
pub struct LocalEnterGuard {
    _entered: local::Entered,
}

impl fmt::Debug for LocalEnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEnterGuard").finish_non_exhaustive()
    }
}

/// Spawns a task onto the [`LocalSet`] or local runtime that this code runs in; its future need not be `Send`.
///
/// The task runs on this thread, whether or not its handle is awaited.
///
/// # Panics
///
/// Outside of a `LocalSet` and a [`LocalRuntime`](crate::runtime::LocalRuntime): call it from one of their tasks, from the
/// future given to [`LocalSet::run_until`] or a `block_on`, or while holding the guard of [`LocalSet::enter`].
///
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let local = heist::task::LocalSet::new();
/// local.run_until(async {
///     let count = Rc::new(Cell::new(0));
///     let tasks = (0..3).map(|_| {
///         let count = count.clone();
///         heist::task::spawn_local(async move { count.set(count.get() + 1) })
///     });
///     for task in tasks.collect::<Vec<_>>() {
///         task.await.unwrap();
///     }
///     assert_eq!(count.get(), 3);
/// }).await;
/// # });
/// ```
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_here(future, Meta::caller())
}
