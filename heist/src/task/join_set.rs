//! `JoinSet`: tasks that are waited for together, in the order in which they end.
//!
//! ```text
//!   slots:  [ task │ vacant │ task │ … ]        a task that ends ──► its SlotWaker ──► the ready list ──► join_next
//! ```
//!
//! Invariants
//!
//! - I1: a slot that holds a task is in the ready list, or the task holds the slot's waker and has not ended. So what
//!   `join_next` finds by the list alone is complete, and costs the same however many tasks the set has.
//! - I2: a slot's waker is kept when the slot is vacated and serves the next task there: one allocation a slot.
//! - I3: dropping the set aborts every task that is in it.
//!
//! Absent on purpose: a lock around the tasks. Only the list is shared with them.

mod builder;
#[cfg(heist_loom)]
#[doc(hidden)]
pub mod model;
pub(crate) mod ready;

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use heist_executor::coop::{poll_proceed, unconstrained};
use heist_primitive::sync::StdArc;

use self::ready::{Ready, SlotWaker};
use super::{AbortHandle, Id, JoinError, JoinHandle, LocalSet};
use crate::runtime::Handle;

pub use self::builder::Builder;

/// A slot's task and the waker that the task is given.
struct Slot<T> {
    task: Option<JoinHandle<T>>,
    waker: Waker,
}

/// A set of tasks with outputs of one type, which it returns as they end.
///
/// Dropping the set aborts what is left in it; [`detach_all`](Self::detach_all) lets it run on instead.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let mut set = heist::task::JoinSet::new();
/// for number in 0..10 {
///     set.spawn(async move { number });
/// }
/// let mut seen = [false; 10];
/// while let Some(number) = set.join_next().await {
///     seen[number.unwrap()] = true;
/// }
/// assert_eq!(seen, [true; 10]);
/// # });
/// ```
pub struct JoinSet<T> {
    slots: Vec<Slot<T>>,
    vacant: Vec<usize>,
    ready: StdArc<Ready>,
}

impl<T> JoinSet<T> {
    /// An empty set.
    pub fn new() -> Self {
        Self {
            slots: Vec::new(),
            vacant: Vec::new(),
            ready: StdArc::new(Ready::new()),
        }
    }

    /// Tasks in the set: those whose output it has not returned, ended or not.
    pub fn len(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }

    /// Whether no task is in the set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn tasks(&self) -> impl Iterator<Item = &JoinHandle<T>> {
        self.slots.iter().filter_map(|slot| slot.task.as_ref())
    }
}

impl<T: 'static> JoinSet<T> {
    /// A builder for a task with a name.
    ///
    /// ```
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let mut set = heist::task::JoinSet::new();
    /// set.build_task().name("answer").spawn(async { 42 }).unwrap();
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 42);
    /// # });
    /// ```
    pub fn build_task(&mut self) -> Builder<'_, T> {
        Builder::new(self)
    }

    /// Spawns a task onto the current runtime, as [`heist::spawn`](crate::spawn) does, and puts it into the set.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn spawn<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(crate::spawn(task))
    }

    /// Spawns a task onto the runtime of `handle` and puts it into the set.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, task: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn(task))
    }

    /// Spawns a task onto the current [`LocalSet`], as [`spawn_local`](super::spawn_local) does, and puts it into
    /// the set.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet`.
    #[track_caller]
    pub fn spawn_local<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(super::spawn_local(task))
    }

    /// Spawns a task onto `local_set` and puts it into the set. It runs when `local_set` does.
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, task: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(local_set.spawn_local(task))
    }

    /// Runs `f` on the current runtime's blocking pool, as [`spawn_blocking`](super::spawn_blocking) does, and puts it
    /// into the set.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let mut set = heist::task::JoinSet::new();
    /// set.spawn_blocking(|| 1);
    /// set.spawn_blocking(|| 2);
    /// assert_eq!(set.join_all().await.iter().sum::<i32>(), 3);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(super::spawn_blocking(f))
    }

    /// Runs `f` on the blocking pool of the runtime of `handle` and puts it into the set.
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn_blocking(f))
    }

    fn insert(&mut self, task: JoinHandle<T>) -> AbortHandle {
        let abort = task.abort_handle();
        let slot = match self.vacant.pop() {
            Some(slot) => {
                self.slots[slot].task = Some(task);
                slot
            }
            None => {
                let slot = self.slots.len();
                let ready = self.ready.clone();
                self.slots.push(Slot {
                    task: Some(task),
                    waker: Waker::from(StdArc::new(SlotWaker { slot, ready })),
                });
                slot
            }
        };
        // I1: it is looked at once, and given the waker then.
        self.ready.push(slot);
        abort
    }

    /// Waits for the next task to end, takes it out and returns its output; `None` if the set is empty.
    ///
    /// # Errors
    ///
    /// The task was aborted, or it panicked.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no task is taken out by a call that is cancelled.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// As [`join_next`](Self::join_next), with the task's id.
    ///
    /// # Errors
    ///
    /// The task was aborted, or it panicked; [`JoinError::id`] tells which.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no task is taken out by a call that is cancelled.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// Takes out a task that has ended, if there is one.
    ///
    /// # Errors
    ///
    /// The task was aborted, or it panicked.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        Some(self.try_join_next_with_id()?.map(|(_, output)| output))
    }

    /// As [`try_join_next`](Self::try_join_next), with the task's id.
    ///
    /// # Errors
    ///
    /// The task was aborted, or it panicked; [`JoinError::id`] tells which.
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        loop {
            let slot = self.ready.pop()?;
            if let Some(output) = self.take_ended(slot) {
                return Some(output);
            }
        }
    }

    /// Aborts every task in the set and waits until all have ended.
    ///
    /// Outputs and panics are dropped.
    ///
    /// # Cancel safety
    ///
    /// A call that is cancelled has aborted all tasks; those that have not ended are still in the set.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Waits for all tasks and returns their outputs in the order in which they ended.
    ///
    /// # Panics
    ///
    /// If a task panicked, with its panic, or was aborted; the others are aborted then.
    ///
    /// # Cancel safety
    ///
    /// A call that is cancelled aborts the tasks that have not ended and drops the outputs of those that have.
    ///
    /// ```
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let set: heist::task::JoinSet<_> = (0..5).map(|n| async move { n * n }).collect();
    /// let mut squares = set.join_all().await;
    /// squares.sort();
    /// assert_eq!(squares, [0, 1, 4, 9, 16]);
    /// # });
    /// ```
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(output) = self.join_next().await {
            match output {
                Ok(output) => outputs.push(output),
                Err(error) => match error.try_into_panic() {
                    Ok(payload) => resume_unwind(payload),
                    Err(error) => panic!("a task of the `JoinSet` has no output for `join_all`: {error}"),
                },
            }
        }
        outputs
    }

    /// Aborts every task. They stay in the set, and [`join_next`](Self::join_next) returns them, cancelled or, if they
    /// had ended already, with their outputs.
    pub fn abort_all(&mut self) {
        self.tasks().for_each(JoinHandle::abort);
    }

    /// Takes every task out of the set; they run on, detached.
    pub fn detach_all(&mut self) {
        for (number, slot) in self.slots.iter_mut().enumerate() {
            if slot.task.take().is_some() {
                self.vacant.push(number);
            }
        }
    }

    /// Polls for the next task to end.
    ///
    /// `Ready(None)` if the set is empty. `Pending` if no task has ended, or the caller's [budget](super::coop) is
    /// spent; `cx`'s waker is woken then when this is worth another call. Only the latest waker is.
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        let output = ready!(self.poll_join_next_with_id(cx));
        Poll::Ready(output.map(|output| output.map(|(_, output)| output)))
    }

    /// As [`poll_join_next`](Self::poll_join_next), with the task's id.
    #[allow(clippy::type_complexity, reason = "tokio's signature")]
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        let unit = ready!(poll_proceed(cx));
        while let Some(slot) = self.ready.pop_or_wait(cx.waker()) {
            if let Some(output) = self.take_ended(slot) {
                unit.made_progress();
                return Poll::Ready(Some(output));
            }
        }
        Poll::Pending
    }

    /// Vacates `slot` if its task has ended; else the task has the slot's waker now.
    fn take_ended(&mut self, slot: usize) -> Option<Result<(Id, T), JoinError>> {
        let Slot { task, waker } = &mut self.slots[slot];
        let handle = task.as_mut()?;
        let id = handle.id();
        let mut cx = Context::from_waker(waker);
        // The caller has paid already.
        let Poll::Ready(output) = unconstrained(|| Pin::new(handle).poll(&mut cx)) else {
            return None;
        };
        *task = None;
        self.vacant.push(slot);
        Some(output.map(|output| (id, output)))
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        // A task that ends before its handle is dropped below wakes nobody.
        self.ready.leave();
        self.tasks().for_each(JoinHandle::abort);
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Spawns each future onto the current runtime.
impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

/// Spawns each future onto the current runtime.
impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        futures.into_iter().for_each(|future| {
            self.spawn(future);
        });
    }
}
