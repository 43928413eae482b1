//! The task cell: one allocation that holds state, future or output, and the join waker.
//!
//! ```text
//!   Cell<F, S>   ┌────────────────────────────────── Header ───────────────────────────────────────────┬───────────┬────────────────────┐
//!                │ state │ vtable │ id │ parent │ registry slot │ latency │ location │ name │ join waker │ scheduler │ stage: F or output │
//!                └─────────────────────────────────────────────────────────────────────────────────────┴───────────┴────────────────────┘
//!                    ▲ TaskRef, Runnable, JoinRef<T>, wakers: each a thin pointer that owns one reference
//! ```
//!
//! This is the executor's fence around `unsafe`: everything outside of this file handles the owning types
//! [`TaskRef`], [`Runnable`], [`JoinRef`] and [`TaskSlot`], which are safe.
//!
//! Invariants (S1–S5 are those of `state.rs`)
//!
//! - R1: a `NonNull<Header>` in any of the owning types points to the header of a live `Cell<F, S>`, because it
//!   owns one of the counted references (S5); `repr(C)` makes the two addresses equal.
//! - R2: `vtable` was made for that very `F` and `S`, so a function of it may cast back.
//! - R3: `stage` is touched only by the holder of RUNNING (S1), or after COMPLETE by the one to whom S3
//!   gives the output.
//! - R4: `join_waker` is touched as S4 says.
//! - R5: the future is never moved: it is polled and dropped in place, inside its allocation.
//! - R6: `F: Send` and `F::Output: Send`, so any thread may poll it, drop it, or take its output; or R8.
//! - R7: `JoinRef<T>` is made only by [`new_task`] and [`new_local_task`], with `T` the output of that `F`.
//! - R8: the task was made by [`new_local_task`], whose scheduler lives on one thread, the owner. A `Runnable` of it is run
//!   there only; elsewhere it is pushed to that scheduler's queue, or dropped. `TaskRef::shutdown` is called there only.
//!   So the future is polled and dropped there only, by these two: no *last* reference finds a future in the cell, for
//!   the registry keeps one until the future is gone (and a scheduler that is leaked keeps it for ever). The output, if
//!   it is not `Send`, is taken or dropped by its `JoinHandle`, which is then not `Send` either, or by the completer.
//!   Wakers, `AbortHandle`s and `JoinHandle`s elsewhere touch the header, and free the memory of an empty cell.
//!
//! Ordering pairs: all of them are transitions of `state.rs`, and [`TaskSlot`]'s swap, AcqRel ↔ AcqRel, which
//! hands a `Runnable` from owner to thief. Models: loom-tests/tests/{task_state,next_slot}.rs.
//!
//! Deliberately absent: a queue link (queues hold the pointer), an allocation besides the cell (the name
//! excepted), knowledge of any particular scheduler.
#![allow(unsafe_code)]

mod slot;
mod view;

use std::future::Future;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, forget};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use heist_primitive::cell::UnsafeCell;
use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};

use super::latency::Latency;
use super::state::{State, ToIdle, ToRunning, ToScheduled};
use super::{How, Id, JoinError, Meta, Schedule, id};
use crate::hooks::TaskMeta;

pub(crate) use slot::TaskSlot;

/// The part of a cell that does not depend on the future.
struct Header {
    state: State,
    vtable: &'static Vtable,
    id: Id,
    /// The task that spawned this one, if one did.
    parent: Option<Id>,
    registry_slot: UnmodelledU64,
    latency: Latency,
    location: &'static Location<'static>,
    /// Behind a thin pointer: most tasks have none.
    name: Option<Box<Name>>,
    join_waker: UnsafeCell<Option<Waker>>,
}

/// The name of a task.
struct Name(Box<str>);

/// What a cell holds at its end: first the future, then its output.
enum Stage<F: Future> {
    Running(F),
    Finished(Result<F::Output, JoinError>),
    Consumed,
}

impl Header {
    fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| &*name.0)
    }

    fn meta(&self) -> TaskMeta<'_> {
        TaskMeta::new(self.id, self.name(), self.location)
    }

    /// With RUNNING held, in a poll.
    fn meta_of_poll(&self) -> TaskMeta<'_> {
        self.meta().with_latency(self.latency.get())
    }
}

#[repr(C)]
struct Cell<F: Future, S> {
    header: Header,
    scheduler: S,
    stage: UnsafeCell<Stage<F>>,
}

/// The functions that know `F` and `S`. Callers guarantee R1 and R2.
struct Vtable {
    /// Consumes the reference of a `Runnable`.
    run: unsafe fn(NonNull<Header>),
    /// Consumes one reference, as the `Runnable` that is put on the queue.
    schedule: unsafe fn(NonNull<Header>, How),
    /// Called with RUNNING held; consumes one reference.
    cancel: unsafe fn(NonNull<Header>),
    /// Called by the owner of the output (S3); the target is an `Option<Result<F::Output, JoinError>>`.
    take_output: unsafe fn(NonNull<Header>, *mut ()),
    /// Called by the owner of the output (S3).
    drop_output: unsafe fn(NonNull<Header>),
    /// Called by the one who dropped the last reference.
    dealloc: unsafe fn(NonNull<Header>),
}

struct VtableOf<F, S>(PhantomData<(F, S)>);

impl<F: Future, S: Schedule> VtableOf<F, S> {
    const VTABLE: Vtable = Vtable {
        run: run::<F, S>,
        schedule: schedule::<F, S>,
        cancel: cancel::<F, S>,
        take_output: take_output::<F, S>,
        drop_output: drop_output::<F, S>,
        dealloc: dealloc::<F, S>,
    };
}

/// Makes a task: the registry's reference, the `Runnable` that will poll it first, and its `JoinHandle`'s.
pub(crate) fn new_task<F, S>(future: F, scheduler: S, meta: Meta) -> (TaskRef, Runnable, JoinRef<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    new_cell(future, scheduler, meta)
}

/// Makes a task that stays on the thread that calls this. `scheduler` must keep R8: local/ is the only caller.
pub(crate) fn new_local_task<F, S>(
    future: F,
    scheduler: S,
    meta: Meta,
) -> (TaskRef, Runnable, JoinRef<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
    S: Schedule,
{
    new_cell(future, scheduler, meta)
}

fn new_cell<F, S>(future: F, scheduler: S, meta: Meta) -> (TaskRef, Runnable, JoinRef<F::Output>)
where
    F: Future + 'static,
    S: Schedule,
{
    let header = Header {
        state: State::new(),
        vtable: &VtableOf::<F, S>::VTABLE,
        id: Id::next(),
        parent: id::try_id(),
        registry_slot: UnmodelledU64::new(u64::MAX),
        latency: Latency::new(),
        location: meta.location,
        name: meta.name.map(|name| Box::new(Name(name))),
        join_waker: UnsafeCell::new(None),
    };
    let cell = Box::new(Cell {
        header,
        scheduler,
        stage: UnsafeCell::new(Stage::Running(future)),
    });
    let header = NonNull::from(Box::leak(cell)).cast::<Header>();
    (
        TaskRef(header),
        Runnable(TaskRef(header)),
        JoinRef {
            task: ManuallyDrop::new(TaskRef(header)),
            output: PhantomData,
        },
    )
}

// ---------------------------------------------------------------------------------------------------------
// The owning types
// ---------------------------------------------------------------------------------------------------------

/// A counted reference to a task of any type.
pub(crate) struct TaskRef(NonNull<Header>);

// SAFETY: R6 or R8; the header's other fields are Send and Sync, and R3 and R4 order access to the cells.
unsafe impl Send for TaskRef {}
// SAFETY: as above.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    fn header(&self) -> &Header {
        // SAFETY: R1.
        unsafe { self.0.as_ref() }
    }

    /// Asks for the future to be dropped at its next chance; the output will be a cancelled `JoinError`.
    pub(crate) fn abort(&self) {
        submit(
            self.0,
            self.header().state.transition_to_scheduled_and_cancelled(),
        );
    }

    /// Drops the future now if nobody polls it, else leaves a note for the poller. For shutdown.
    pub(crate) fn shutdown(self) {
        if self.header().state.transition_to_shutdown() {
            let this = ManuallyDrop::new(self);
            // SAFETY: R1, R2; RUNNING was just taken; the reference is this one, given up.
            unsafe { (this.header().vtable.cancel)(this.0) }
        }
    }
}

impl Clone for TaskRef {
    fn clone(&self) -> Self {
        self.header().state.add_reference();
        Self(self.0)
    }
}

impl Drop for TaskRef {
    fn drop(&mut self) {
        drop_reference(self.0);
    }
}

/// The right and the duty to poll a task once; where R8 holds, on the owner's thread.
pub(crate) struct Runnable(TaskRef);

impl Runnable {
    /// Polls the future once, or drops it if the task was aborted.
    pub(crate) fn run(self) {
        let this = ManuallyDrop::new(self);
        // SAFETY: R1, R2; the reference given up is this one.
        unsafe { (this.0.header().vtable.run)(this.0.0) }
    }

    /// The task goes onto a queue at `now`. Only by schedulers that measure latency.
    pub(crate) fn stamp(&self, now: u64) {
        self.0.header().latency.stamp(now);
    }

    /// The poll begins at `now`: how many nanoseconds the task has waited for it, if it was [stamped](Self::stamp).
    pub(crate) fn settle_latency(&self, now: u64) -> Option<u64> {
        self.0.header().latency.settle(now)
    }

    /// The task, without the right to poll it. For a `Runnable` that will never run.
    pub(crate) fn into_task(self) -> TaskRef {
        self.0
    }
}

/// The reference of a `JoinHandle<T>`.
pub(crate) struct JoinRef<T> {
    /// Its reference is dropped by the transitions of `JoinRef::drop`.
    task: ManuallyDrop<TaskRef>,
    output: PhantomData<T>,
}

// SAFETY: of `T` only the output passes through this type, once; R6 or R8 covers the rest.
unsafe impl<T: Send> Send for JoinRef<T> {}
// SAFETY: through a shared reference no `T` can be had.
unsafe impl<T: Send> Sync for JoinRef<T> {}

impl<T> JoinRef<T> {
    pub(crate) fn task(&self) -> &TaskRef {
        &self.task
    }

    /// The output, once; until then `waker` is remembered, the latest only.
    pub(crate) fn poll_output(&mut self, waker: &Waker) -> Poll<Result<T, JoinError>> {
        if !self.complete_or_register(waker) {
            return Poll::Pending;
        }
        let mut output: Option<Result<T, JoinError>> = None;
        let target = ptr::from_mut(&mut output).cast::<()>();
        // SAFETY: R1, R2, and the target's type is right by R7; complete, so the output is ours (S3).
        unsafe { (self.task.header().vtable.take_output)(self.task.0, target) };
        Poll::Ready(output.expect("`JoinHandle` polled after it has returned its output"))
    }

    fn complete_or_register(&mut self, waker: &Waker) -> bool {
        let header = self.task.header();
        let state = header.state.load();
        if state.is_complete() {
            return true;
        }
        if state.has_join_waker() {
            // SAFETY: R4: the bit is set and we are the `JoinHandle`: we may read.
            let same = header
                .join_waker
                .with(|slot| unsafe { (*slot).as_ref().is_some_and(|w| w.will_wake(waker)) });
            if same {
                return false;
            }
            if !header.state.unset_join_waker() {
                return true;
            }
        }
        put_join_waker(header, Some(waker.clone()));
        if header.state.set_join_waker() {
            return false;
        }
        put_join_waker(header, None);
        true
    }
}

impl<T> Drop for JoinRef<T> {
    fn drop(&mut self) {
        let header = self.task.header();
        if header.state.drop_join_handle_fast() {
            // The transition dropped the reference too.
            return;
        }
        let owed = header.state.transition_to_join_handle_dropped();
        if owed.output {
            // SAFETY: R1, R2; the transition made the output ours (S3).
            ignore_panic(|| unsafe { (header.vtable.drop_output)(self.task.0) });
        }
        if owed.waker {
            ignore_panic(|| put_join_waker(header, None));
        }
        drop_reference(self.task.0);
    }
}

// ---------------------------------------------------------------------------------------------------------
// What wakers and handles do
// ---------------------------------------------------------------------------------------------------------

/// Writes the join waker's slot. Only by the one to whom S4 gives it.
fn put_join_waker(header: &Header, waker: Option<Waker>) {
    // SAFETY: R4, at every caller: the bit is clear and the slot is the caller's.
    let old = header.join_waker.with_mut(|slot| unsafe { slot.replace(waker) });
    drop(old);
}

/// Drops one reference and with the last one the cell.
fn drop_reference(header: NonNull<Header>) {
    // SAFETY: R1; the reference is dropped in this very call.
    let last = unsafe { header.as_ref() }.state.drop_references(1);
    if last {
        dealloc_erased(header);
    }
}

/// Frees the cell. Only by the one who dropped the last reference.
fn dealloc_erased(header: NonNull<Header>) {
    // SAFETY: nobody else holds a reference any more (S5), so the cell is still there and ours.
    let vtable = unsafe { header.as_ref() }.vtable;
    // SAFETY: R2, and as above.
    unsafe { (vtable.dealloc)(header) }
}

/// Does what a wake's or abort's verdict asks for. The caller keeps its own reference.
fn submit(header: NonNull<Header>, verdict: ToScheduled) {
    match verdict {
        ToScheduled::Nothing => {}
        ToScheduled::Dealloc => dealloc_erased(header),
        ToScheduled::Submit => {
            // SAFETY: R1.
            let vtable = unsafe { header.as_ref() }.vtable;
            // SAFETY: R1, R2; the reference given up was made by the transition.
            unsafe { (vtable.schedule)(header, How::Woken) }
        }
    }
}

/// Runs user code whose panic has nobody to go to.
fn ignore_panic(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // Even the payload may panic as it goes; then it is leaked.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(payload))).map_err(forget);
    }
}

const WAKER_VTABLE: RawWakerVTable =
    RawWakerVTable::new(waker_clone, waker_wake, waker_wake_by_ref, waker_drop);

fn raw_waker(header: NonNull<Header>) -> RawWaker {
    RawWaker::new(header.as_ptr().cast_const().cast(), &WAKER_VTABLE)
}

/// The header behind a waker's data pointer.
unsafe fn waker_header(data: *const ()) -> NonNull<Header> {
    // SAFETY: made by `raw_waker` from a NonNull.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

unsafe fn waker_clone(data: *const ()) -> RawWaker {
    // SAFETY: `data` is a waker's.
    let header = unsafe { waker_header(data) };
    // SAFETY: R1: the waker that is being cloned holds a reference.
    unsafe { header.as_ref() }.state.add_reference();
    raw_waker(header)
}

unsafe fn waker_wake(data: *const ()) {
    // SAFETY: `data` is a waker's.
    let header = unsafe { waker_header(data) };
    // SAFETY: R1: the waker's reference is dropped below or by the transition.
    let verdict = unsafe { header.as_ref() }
        .state
        .transition_to_scheduled_by_value();
    let submitted = verdict == ToScheduled::Submit;
    submit(header, verdict);
    if submitted {
        drop_reference(header);
    }
}

unsafe fn waker_wake_by_ref(data: *const ()) {
    // SAFETY: `data` is a waker's.
    let header = unsafe { waker_header(data) };
    // SAFETY: R1: the waker holds a reference throughout.
    submit(
        header,
        unsafe { header.as_ref() }.state.transition_to_scheduled_by_ref(),
    );
}

unsafe fn waker_drop(data: *const ()) {
    // SAFETY: `data` is a waker's.
    drop_reference(unsafe { waker_header(data) });
}

// ---------------------------------------------------------------------------------------------------------
// The functions that know the future's type
// ---------------------------------------------------------------------------------------------------------

/// # Safety
///
/// R1 and R2 for `F` and `S`, and the caller's reference outlives `'a`.
unsafe fn cell<'a, F: Future, S>(header: NonNull<Header>) -> &'a Cell<F, S> {
    // SAFETY: the caller's.
    unsafe { header.cast::<Cell<F, S>>().as_ref() }
}

unsafe fn run<F: Future, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: the `Runnable`'s reference is dropped only by the transitions below.
    let cell = unsafe { cell::<F, S>(header) };
    match cell.header.state.transition_to_running() {
        ToRunning::Release => {}
        ToRunning::Dealloc => dealloc_erased(header),
        ToRunning::Cancel => {
            cell.cancel();
            cell.complete(header);
        }
        ToRunning::Run => {
            if cell.poll_between_hooks(header).is_ready() {
                cell.complete(header);
                return;
            }
            match cell.header.state.transition_to_idle() {
                ToIdle::Done => {}
                ToIdle::Dealloc => dealloc_erased(header),
                ToIdle::Reschedule => {
                    cell.scheduler.schedule(Runnable(TaskRef(header)), How::Yielded);
                    drop_reference(header);
                }
                ToIdle::Cancel => {
                    cell.cancel();
                    cell.complete(header);
                }
            }
        }
    }
}

unsafe fn schedule<F: Future, S: Schedule>(header: NonNull<Header>, how: How) {
    // SAFETY: the caller has a reference besides the one that the new `Runnable` takes over.
    let cell = unsafe { cell::<F, S>(header) };
    cell.scheduler.schedule(Runnable(TaskRef(header)), how);
}

unsafe fn cancel<F: Future, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: the reference given up is dropped by `complete`.
    let cell = unsafe { cell::<F, S>(header) };
    cell.cancel();
    cell.complete(header);
}

unsafe fn take_output<F: Future, S: Schedule>(header: NonNull<Header>, target: *mut ()) {
    // SAFETY: the caller's reference.
    let cell = unsafe { cell::<F, S>(header) };
    let taken = cell.stage.with_mut(|stage| {
        // SAFETY: R3: complete, and the output is the caller's. No future is left that could be moved (R5).
        match unsafe { stage.replace(Stage::Consumed) } {
            Stage::Finished(output) => Some(output),
            Stage::Running(_) | Stage::Consumed => None,
        }
    });
    // SAFETY: R7: the target is a live `Option<Result<F::Output, JoinError>>`.
    unsafe { *target.cast::<Option<Result<F::Output, JoinError>>>() = taken };
}

unsafe fn drop_output<F: Future, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: the caller's reference.
    let cell = unsafe { cell::<F, S>(header) };
    let _current = id::enter(cell.header.id);
    cell.drop_uncollected();
}

unsafe fn dealloc<F: Future, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: made by `Box::leak` in `new_task`, and nobody else has a reference (S5).
    let cell = unsafe { Box::from_raw(header.cast::<Cell<F, S>>().as_ptr()) };
    // For the models: freeing is an access that everybody else's must have come before.
    cell.header.join_waker.with_mut(|_| ());
    cell.stage.with_mut(|_| ());
}

/// Drops the future of a poll that panics while the thread still is panicking, as its destructors expect of what is on a
/// stack: a lock that it holds becomes poisoned. With RUNNING held.
struct DropFuture<'a, F: Future, S: Schedule>(&'a Cell<F, S>);

impl<F: Future, S: Schedule> Drop for DropFuture<'_, F, S> {
    fn drop(&mut self) {
        ignore_panic(|| self.0.set_stage(Stage::Consumed));
    }
}

impl<F: Future, S: Schedule> Cell<F, S> {
    /// [`poll`](Self::poll) with the scheduler's hooks around it. With RUNNING held.
    fn poll_between_hooks(&self, header: NonNull<Header>) -> Poll<()> {
        let Some(hooks) = self.scheduler.hooks() else {
            return self.poll(header);
        };
        hooks.before_poll(|| self.header.meta_of_poll());
        let polled = self.poll(header);
        hooks.after_poll(|| self.header.meta_of_poll());
        polled
    }

    /// Polls the future in place and puts its output or panic into the stage. With RUNNING held.
    fn poll(&self, header: NonNull<Header>) -> Poll<()> {
        // A waker that borrows the runner's reference: it is never dropped.
        // SAFETY: the vtable keeps the contract of RawWaker.
        let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw_waker(header)) });
        let mut cx = Context::from_waker(&waker);
        let _current = id::enter(self.header.id);
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let unwinding = DropFuture(self);
            let polled = self.stage.with_mut(|stage| {
                // SAFETY: R3: RUNNING is held.
                let Stage::Running(future) = (unsafe { &mut *stage }) else {
                    unreachable!("polled after completion")
                };
                // SAFETY: R5.
                unsafe { Pin::new_unchecked(future) }.poll(&mut cx)
            });
            forget(unwinding);
            if polled.is_ready() {
                self.set_stage(Stage::Consumed);
            }
            polled
        }));
        let output = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => {
                self.scheduler.task_panicked();
                Err(JoinError::panicked(self.header.id, payload))
            }
        };
        self.set_stage(Stage::Finished(output));
        Poll::Ready(())
    }

    /// Drops the future in place and leaves a cancelled `JoinError`. With RUNNING held.
    fn cancel(&self) {
        let _current = id::enter(self.header.id);
        let dropped = catch_unwind(AssertUnwindSafe(|| self.set_stage(Stage::Consumed)));
        let error = match dropped {
            Ok(()) => JoinError::cancelled(self.header.id),
            Err(payload) => JoinError::panicked(self.header.id, payload),
        };
        self.set_stage(Stage::Finished(Err(error)));
    }

    /// Hands the output over and drops the caller's reference and the registry's. With RUNNING held.
    fn complete(&self, header: NonNull<Header>) {
        let state = self.header.state.transition_to_complete();
        if !state.is_join_interested() {
            let _current = id::enter(self.header.id);
            ignore_panic(|| self.drop_uncollected());
        } else if state.has_join_waker() {
            ignore_panic(|| {
                // SAFETY: R4: complete and the bit is set: we may read.
                self.header
                    .join_waker
                    .with(|slot| unsafe { (*slot).as_ref() }.map(Waker::wake_by_ref));
            });
            if !self
                .header
                .state
                .unset_join_waker_after_complete()
                .is_join_interested()
            {
                ignore_panic(|| put_join_waker(&self.header, None));
            }
        }
        if let Some(hooks) = self.scheduler.hooks() {
            ignore_panic(|| hooks.terminated(|| self.header.meta()));
        }
        let slot = self.header.registry_slot.load(Ordering::Relaxed);
        let from_registry = self.scheduler.release(slot).map(forget).is_some();
        if self.header.state.drop_references(1 + usize::from(from_registry)) {
            dealloc_erased(header);
        }
    }

    /// Drops an output that nobody will collect, and tells of it if it is a panic. Only by the owner of the output (S3).
    fn drop_uncollected(&self) {
        self.stage.with(|stage| {
            // SAFETY: R3: complete, and the output is the caller's.
            if let (Stage::Finished(Err(error)), Some(hook)) = (unsafe { &*stage }, self.scheduler.on_panic())
            {
                if error.is_panic() {
                    hook(&self.header.meta(), error);
                }
            }
        });
        self.set_stage(Stage::Consumed);
    }

    /// Drops in place what the stage holds and puts `next` there, also if that drop panics. Only by the one to
    /// whom R3 gives the stage.
    fn set_stage(&self, next: Stage<F>) {
        // SAFETY: R3, at every caller. The assignment drops the future where it is (R5).
        self.stage.with_mut(|stage| unsafe { *stage = next });
    }
}
