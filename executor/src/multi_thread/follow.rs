//! Following up: a thread of the blocking pool polls the task that waited for its closure, where a worker would have to be
//! woken for that.
//!
//! A task that waits for a closure costs two wake-ups of threads, there and back. Where a worker would have to be woken for the
//! way back, and no closure waits for the thread that has run it, that thread takes the guest's place (`guest.rs`), if nobody
//! has it: the wake at the closure's end puts the task into the place's next-slot, and the thread polls it. What the task
//! asks of the blocking pool then is queued before the thread looks into that queue again.
//!
//! ```text
//!   closure ─► its end ─► a worker would have to be woken: take the place ─► wake ─► next-slot ─► poll ─► leave the place
//!                 └─► otherwise ────────────────────────────────────────────► wake ─► a worker
//! ```
//!
//! Invariants (those with a B are in `guest.rs`)
//!
//! - F1: the place is taken after the closure has returned and left before the thread looks for the next one. So what a
//!   closure wakes while it runs goes to the workers at once.
//! - F2: while a thread has the place it counts as one of the crew. So who waits for the pool's end waits for the poll.
//! - F3: tasks are polled inside of `poll_in`, where the runtime is current and may not be blocked.
//! - F4: at most [`STREAK`](super::guest) polls in a row, as B2.
//! - F5: nor is it done while the blocking pool is at its limit with nobody idle. The task may block in place for another
//!   closure, which then has a thread.
//!
//! Ordering pairs: those of `guest.rs` and of the lock of the crew's threads. Model: loom-tests/tests/guest.rs,
//! `a_task_that_waits_for_closures_gets_their_ends`, `the_end_of_the_pool_waits_for_a_poll_at_a_blocking_thread` (F2).
//!
//! Deliberately absent: keeping a push of the task's from calling another thread. It comes for nothing if this one is quicker,
//! but a task that goes on computing must not hold its own closure up.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use heist_primitive::sync::Arc;

use super::guest::Stay;
use super::shared::Shared;
use crate::driver::Around;
use crate::task::Runnable;
use crate::threads::Member;

heist_primitive::thread_local! {
    static HOST: RefCell<Option<Rc<Host>>> = const { RefCell::new(None) };
}

/// What a thread of the blocking pool knows of the workers' pool.
struct Host {
    shared: Arc<Shared>,
    stay: Stay,
    poll_in: Around,
    /// When the closure that runs began, none was queued or another thread was coming for those, and F5.
    may_follow_up: Cell<bool>,
    /// F2.
    member: RefCell<Option<Member>>,
}

/// This thread polls no tasks any more when this is dropped.
#[must_use]
pub struct Hosting(());

impl fmt::Debug for Hosting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosting").finish_non_exhaustive()
    }
}

/// This thread, one of the blocking pool, may poll tasks of `shared` from now on, inside of `poll_in`.
pub(super) fn host(shared: &Arc<Shared>, poll_in: Around) -> Option<Hosting> {
    if !shared.admits_guest {
        return None;
    }
    let host = Rc::new(Host {
        shared: shared.clone(),
        stay: Stay::begin(shared),
        poll_in,
        may_follow_up: Cell::new(false),
        member: RefCell::new(None),
    });
    let installed = HOST.try_with(|current| *current.borrow_mut() = Some(host));
    installed.is_ok().then_some(Hosting(()))
}

impl Drop for Hosting {
    fn drop(&mut self) {
        let host = HOST.try_with(RefCell::take);
        // Dropped after the borrow has ended.
        drop(host);
    }
}

fn current() -> Option<Rc<Host>> {
    HOST.try_with(|host| host.borrow().clone()).ok().flatten()
}

/// Runs a closure, and then the task that it has woken at its end, if that is for this thread.
pub(crate) fn run(closure: Runnable, may_follow_up: impl FnOnce() -> bool) {
    let Some(host) = current() else {
        return closure.run();
    };
    host.may_follow_up.set(may_follow_up());
    host.shared.keep(|| {
        closure.run();
        host.may_follow_up.set(false);
        if host.stay.is_guest() {
            host.follow_up();
        }
    });
}

/// A closure has returned on this thread; what waits for it is woken next.
pub(crate) fn closure_has_returned() {
    if let Some(host) = current() {
        if host.may_follow_up.take() {
            host.take_place();
        }
    }
}

impl Host {
    fn take_place(&self) {
        let shared = &self.shared;
        if shared.is_closed() || !shared.sleepers.would_wake() {
            return;
        }
        let member = shared.crew.join_in();
        if member.is_some() && self.stay.take_place() {
            *self.member.borrow_mut() = member;
        }
    }

    fn follow_up(&self) {
        if self.stay.has_task() {
            (self.poll_in)(&mut || self.stay.poll_tasks());
        }
        self.stay.leave_place();
        let member = self.member.take();
        drop(member);
    }
}
