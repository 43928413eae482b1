//! The task cell where its type is known: making, running, cancelling, completing and freeing it.
//!
//! ```text
//!   run:  RUNNING ─► poll ─┬─► pending ─► idle, or onto the queue again
//!                          └─► ready, or cancelled ─► [ output nobody wants: drop ] ─► hook ─► out of the registry ─► COMPLETE
//!                                                                                              ─► wake the joiner
//! ```
//!
//! Invariants: R1–R9 of `raw.rs`. A task has left the registry, and its hook was called, before anybody sees that it is
//! complete.
//!
//! Ordering pairs: those of `state.rs`. Models: loom-tests/tests/task_state.rs.
//!
//! Deliberately absent: what does not depend on the type: it is in `raw.rs`, compiled once.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, forget, needs_drop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use heist_primitive::cell::UnsafeCell;
use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};

use super::memory;
use super::origin::Origin;
use super::{
    Header, JoinRef, OWNS_SCHEDULER, Runnable, TaskRef, Vtable, dealloc_erased, drop_reference, ignore_panic,
    put_join_waker, raw_waker,
};
use crate::task::state::{State, ToComplete, ToIdle, ToRunning, ToWoken};
use crate::task::{How, Id, JoinError, Meta, Queue, Schedule, id};

/// What a cell holds at its end: first the future, then its output.
enum Stage<F: Future> {
    Running(F),
    Finished(Result<F::Output, JoinError>),
    Consumed,
}

#[repr(C)]
struct Cell<F: Future, S> {
    header: Header,
    scheduler: S,
    stage: UnsafeCell<Stage<F>>,
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
    let (origin, has_extra) = Origin::new(id::try_id(), meta.name, scheduler.stamps());
    let header = Header {
        state: State::new(has_extra),
        vtable: &VtableOf::<F, S>::VTABLE,
        id: Id::next(),
        origin,
        registry_slot: UnmodelledU64::new(u64::MAX),
        location: meta.location,
        join_waker: UnsafeCell::new(None),
    };
    let cell = memory::take(Layout::new::<Cell<F, S>>()).cast::<Cell<F, S>>();
    // SAFETY: memory for one, and ours.
    unsafe {
        cell.write(Cell {
            header,
            scheduler,
            stage: UnsafeCell::new(Stage::Running(future)),
        });
    }
    let header = cell.cast::<Header>();
    (
        TaskRef(header),
        Runnable(TaskRef(header)),
        JoinRef {
            task: ManuallyDrop::new(TaskRef(header)),
            output: PhantomData,
        },
    )
}

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
                    let queue = cell.scheduler.queue();
                    queue.push(Runnable(TaskRef(header)), How::Yielded);
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
    // SAFETY: the reference that the new `Runnable` takes over. Once that is pushed, the cell may be gone.
    let queue = unsafe { cell::<F, S>(header) }.scheduler.queue();
    queue.push(Runnable(TaskRef(header)), how);
}

unsafe fn cancel<F: Future, S: Schedule>(header: NonNull<Header>) {
    // SAFETY: the reference given up is dropped by `complete`.
    let cell = unsafe { cell::<F, S>(header) };
    if cell.scheduler.give() {
        cell.header.registry_slot.store(OWNS_SCHEDULER, Ordering::Relaxed);
    }
    cell.cancel();
    cell.complete(header);
}

unsafe fn take_output<F: Future, S: Schedule>(header: NonNull<Header>, target: *mut ()) {
    // SAFETY: the caller's reference.
    let cell = unsafe { cell::<F, S>(header) };
    let taken = cell.stage.with_mut(|stage| {
        // SAFETY: R3: complete, and the output is the caller's. No future is left that could be moved (R5).
        match unsafe { stage.replace(Stage::Consumed) } {
            Stage::Finished(output) => Some(output.map_err(JoinError::collected)),
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
    let at = header.cast::<Cell<F, S>>();
    // Freed also if a destructor panics.
    let _memory = Memory(at);
    // SAFETY: nobody else has a reference (S5).
    let cell = unsafe { &mut *at.as_ptr() };
    // For the models: freeing is an access that everybody else's must have come before.
    cell.header.join_waker.with_mut(|_| ());
    cell.stage.with_mut(|_| ());
    cell.header.origin.free(cell.header.state.has_extra());
    if cell.header.registry_slot.load(Ordering::Relaxed) == OWNS_SCHEDULER {
        cell.scheduler.take_back();
    }
    // SAFETY: made by `new_cell`, and as above.
    unsafe { at.drop_in_place() }
}

/// The memory of a cell whose contents are being dropped.
struct Memory<F: Future, S>(NonNull<Cell<F, S>>);

impl<F: Future, S> Drop for Memory<F, S> {
    fn drop(&mut self) {
        // SAFETY: `dealloc` makes one for memory that `new_cell` has taken, and it is empty now.
        unsafe { memory::give(self.0.cast(), Layout::new::<Cell<F, S>>()) }
    }
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
                Err(self.panicked(payload))
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
            Err(payload) => self.panicked(payload),
        };
        self.set_stage(Stage::Finished(Err(error)));
    }

    /// A panic, which tells of itself if it is dropped uncollected: maybe after the scheduler has gone (R9).
    #[cold]
    fn panicked(&self, payload: Box<dyn Any + Send>) -> JoinError {
        JoinError::panicked(self.header.id, payload, self.scheduler.on_panic().cloned())
    }

    /// Ends the task: hands the output over and drops the caller's reference and the registry's. With RUNNING held.
    fn complete(&self, header: NonNull<Header>) {
        let joined = self.header.state.load().is_join_interested();
        if !joined {
            self.drop_unjoined();
        }
        if let Some(hooks) = self.scheduler.hooks() {
            ignore_panic(|| hooks.terminated(|| self.header.meta()));
        }
        let slot = self.header.registry_slot.load(Ordering::Relaxed);
        if S::RELEASES_LAST {
            // The caller's reference stays until then.
            self.hand_over(header, joined, 0);
            self.scheduler.release(slot);
            return drop_reference(header);
        }
        let from_registry = self.scheduler.release(slot).map(forget).is_some();
        self.hand_over(header, joined, 1 + usize::from(from_registry));
    }

    /// Makes the task complete and drops `own` references.
    fn hand_over(&self, header: NonNull<Header>, joined: bool, own: usize) {
        if joined {
            match self.header.state.transition_to_complete(own) {
                ToComplete::Done => return,
                ToComplete::Wake => return self.wake_joiner(header, own),
                ToComplete::Unjoined => self.drop_unjoined(),
            }
        }
        if self.header.state.transition_to_complete_unjoined(own) {
            dealloc_erased(header);
        }
    }

    /// Wakes who waits for the output, and drops `own` references. Complete, with JOIN_WAKER set.
    fn wake_joiner(&self, header: NonNull<Header>, own: usize) {
        ignore_panic(|| {
            // SAFETY: R4: complete and the bit is set: we may read.
            self.header
                .join_waker
                .with(|slot| unsafe { (*slot).as_ref() }.map(Waker::wake_by_ref));
        });
        if self.header.state.transition_to_woken(own) == ToWoken::DropWaker {
            ignore_panic(|| put_join_waker(&self.header, None));
            if self.header.state.drop_references(own) {
                dealloc_erased(header);
            }
        }
    }

    /// Drops the output for want of a handle. With RUNNING held.
    fn drop_unjoined(&self) {
        if !needs_drop::<F::Output>() && self.ended_well() {
            return;
        }
        let _current = id::enter(self.header.id);
        ignore_panic(|| self.drop_uncollected());
    }

    /// Whether the output is there, and no error. As [`drop_uncollected`](Self::drop_uncollected).
    fn ended_well(&self) -> bool {
        self.stage.with(|stage| {
            // SAFETY: R3.
            matches!(unsafe { &*stage }, Stage::Finished(Ok(_)))
        })
    }

    /// Drops an output that nobody will collect, and tells of it if it is a panic. Only by the owner of the output (S3), or
    /// with RUNNING held when there is no handle.
    fn drop_uncollected(&self) {
        self.stage.with(|stage| {
            // SAFETY: R3.
            if let Stage::Finished(Err(error)) = unsafe { &*stage } {
                error.tell_uncollected(&self.header.meta());
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
