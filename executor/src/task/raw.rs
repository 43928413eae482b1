//! The task cell: one allocation that holds state, future or output, and the join waker.
//!
//! ```text
//!   Cell<F, S>   ┌───────────────────────────── Header, 64 bytes ─────────────────────────┬───────────┬────────────────────┐
//!                │ state │ vtable │ id │ origin │ registry slot │ location │ join waker │ scheduler │ stage: F or output │
//!                └────────────────────────────────────────────────────────────────────────┴───────────┴────────────────────┘
//!                    ▲ TaskRef, Runnable, JoinRef<T>, wakers: each a thin pointer that owns one reference
//! ```
//!
//! This is the executor's fence around `unsafe`: everything outside of it handles the owning types
//! [`TaskRef`], [`Runnable`], [`JoinRef`] and [`TaskSlot`], which are safe.
//!
//! | file | holds |
//! |---|---|
//! | `raw.rs` | the header, the owning types, wakers |
//! | `raw/cell.rs` | what knows the future's type: running, cancelling, completing, freeing |
//! | `raw/lent.rs` | how a cell reaches its scheduler without counting it |
//! | `raw/memory.rs` | the memory of cells, used again by the thread that freed it |
//! | `raw/origin.rs` | the parent of a task, and what few tasks have: a name, a stamp |
//! | `raw/slot.rs`, `raw/entry.rs`, `raw/view.rs` | without unsafe code: a place for one `Runnable`, a place of the registry; what anybody may read |
//!
//! Invariants (S1–S6 are those of `state.rs`)
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
//! - R9: who runs, cancels or shuts a task down keeps its scheduler alive meanwhile. After COMPLETE nobody reaches for it.
//!
//! Ordering pairs: all of them are transitions of `state.rs`, and [`TaskSlot`]'s swap, AcqRel ↔ AcqRel, which
//! hands a `Runnable` from owner to thief. Models: loom-tests/tests/{task_state,next_slot}.rs.
//!
//! Deliberately absent: a queue link (queues hold the pointer), an allocation besides the cell (the [`Extra`]
//! excepted), a count on the scheduler, knowledge of any particular scheduler.
#![allow(unsafe_code)]

mod cell;
mod entry;
mod lent;
mod memory;
mod origin;
mod slot;
mod view;

use std::marker::PhantomData;
use std::mem::{ManuallyDrop, forget};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr::{self, NonNull};
use std::task::{Poll, RawWaker, RawWakerVTable, Waker};

use heist_primitive::cell::UnsafeCell;
use heist_primitive::sync::atomic::UnmodelledU64;

use super::state::{State, ToScheduled};
use super::{How, Id, JoinError};
use crate::hooks::TaskMeta;
use origin::{Extra, Origin};

pub(crate) use cell::{new_local_task, new_task};
pub(crate) use entry::{Entry, Taken};
pub(crate) use lent::Lent;
pub(crate) use slot::TaskSlot;

/// In place of a registry's slot: the task was shut down, and its cell owns one count of its scheduler (`lent.rs`).
const OWNS_SCHEDULER: u64 = u64::MAX - 1;

/// The part of a cell that does not depend on the future.
struct Header {
    state: State,
    vtable: &'static Vtable,
    id: Id,
    origin: Origin,
    registry_slot: UnmodelledU64,
    location: &'static Location<'static>,
    join_waker: UnsafeCell<Option<Waker>>,
}

impl Header {
    fn extra(&self) -> Option<&Extra> {
        self.origin.extra(self.state.has_extra())
    }

    fn name(&self) -> Option<&str> {
        self.extra()?.name.as_deref()
    }

    fn meta(&self) -> TaskMeta<'_> {
        TaskMeta::new(self.id, self.name(), self.location)
    }

    /// With RUNNING held, in a poll.
    fn meta_of_poll(&self) -> TaskMeta<'_> {
        self.meta()
            .with_latency(self.extra().and_then(|extra| extra.latency.get()))
    }
}

/// The functions that know `F` and `S`. Callers guarantee R1 and R2.
struct Vtable {
    /// Consumes the reference of a `Runnable`.
    run: unsafe fn(NonNull<Header>),
    /// Consumes one reference, as the `Runnable` that is put on the queue.
    schedule: unsafe fn(NonNull<Header>, How),
    /// Called with RUNNING held, by a shutdown; consumes one reference.
    cancel: unsafe fn(NonNull<Header>),
    /// Called by the owner of the output (S3); the target is an `Option<Result<F::Output, JoinError>>`.
    take_output: unsafe fn(NonNull<Header>, *mut ()),
    /// Called by the owner of the output (S3).
    drop_output: unsafe fn(NonNull<Header>),
    /// Called by the one who dropped the last reference.
    dealloc: unsafe fn(NonNull<Header>),
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

    /// Drops the future now if nobody polls it, else leaves a note for the poller. For shutdown, by who keeps the scheduler
    /// alive (R9).
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
    /// Polls the future once, or drops it if the task was aborted. The caller keeps the scheduler alive (R9).
    pub(crate) fn run(self) {
        let this = ManuallyDrop::new(self);
        // SAFETY: R1, R2; the reference given up is this one.
        unsafe { (this.0.header().vtable.run)(this.0.0) }
    }

    /// The task goes onto a queue at `now`. Only by schedulers that measure latency.
    pub(crate) fn stamp(&self, now: u64) {
        if let Some(extra) = self.0.header().extra() {
            extra.latency.stamp(now);
        }
    }

    /// The poll begins at `now`: how many nanoseconds the task has waited for it, if it was [stamped](Self::stamp).
    pub(crate) fn settle_latency(&self, now: u64) -> Option<u64> {
        self.0.header().extra()?.latency.settle(now)
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
        let drop_waker = || ignore_panic(|| put_join_waker(header, None));
        let mut owns_output = true;
        loop {
            let state = header.state.load();
            if state.is_complete() && owns_output {
                owns_output = false;
                // SAFETY: R1, R2; complete, so the output is ours (S3).
                ignore_panic(|| unsafe { (header.vtable.drop_output)(self.task.0) });
            }
            if state.is_alone(1) {
                // S5.
                drop_waker();
                return dealloc_erased(self.task.0);
            }
            match (state.is_complete(), state.has_join_waker()) {
                // The completer is reading it, and drops it then (S4).
                (true, true) => {}
                (_, false) => drop_waker(),
                (false, true) => {
                    // If it is complete by now, the next look says so.
                    let _ = header.state.unset_join_waker();
                    continue;
                }
            }
            if header.state.drop_join_handle(state).is_ok() {
                return;
            }
        }
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

/// Does what a wake's or abort's verdict asks for.
fn submit(header: NonNull<Header>, verdict: ToScheduled) {
    match verdict {
        ToScheduled::Nothing => {}
        ToScheduled::Dealloc => dealloc_erased(header),
        ToScheduled::Submit => {
            // SAFETY: R1: the new `Runnable`'s reference.
            let vtable = unsafe { header.as_ref() }.vtable;
            // SAFETY: R1, R2; the reference given up is the one that the transition made or handed over.
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

/// Of all wakers of tasks and of no others: a static has one address.
static WAKER_VTABLE: RawWakerVTable =
    RawWakerVTable::new(waker_clone, waker_wake, waker_wake_by_ref, waker_drop);

fn raw_waker(header: NonNull<Header>) -> RawWaker {
    RawWaker::new(header.as_ptr().cast_const().cast(), &WAKER_VTABLE)
}

/// The id of the task that `waker` wakes, if it is a task's.
pub(super) fn id_of(waker: &Waker) -> Option<Id> {
    if !std::ptr::eq(waker.vtable(), &WAKER_VTABLE) {
        return None;
    }
    // SAFETY: made by `raw_waker`, which alone uses the vtable.
    let header = unsafe { waker_header(waker.data()) };
    // SAFETY: R1: the waker holds a reference.
    Some(unsafe { header.as_ref() }.id)
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
    // SAFETY: R1: the waker's reference is dropped or handed over by the transition.
    let verdict = unsafe { header.as_ref() }
        .state
        .transition_to_scheduled_by_value();
    submit(header, verdict);
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
