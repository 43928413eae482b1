//! Task identifiers, and which task this thread is polling.
//!
//! Invariants
//!
//! - D1: an id is given out once per process. Threads take them from the shared counter in blocks, so that
//!   spawning writes no line that all workers share.
//! - D2: while a task's future is polled or dropped by the executor, [`try_id`] gives its id; nested polls (a
//!   task dropped inside of another's poll) restore the outer one.
//!
//! Deliberately absent: a meaning of their order. Ids grow on one thread and tell nothing across threads.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;

use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};

/// Ids a thread takes from the shared counter at a time.
const BLOCK: u64 = 64;

static NEXT_BLOCK: UnmodelledU64 = UnmodelledU64::new(1);

heist_primitive::thread_local! {
    /// The next id of this thread's block, and its end.
    static OWN_BLOCK: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    static CURRENT: Cell<Option<Id>> = const { Cell::new(None) };
}

/// Identifies a task among all tasks that this process ever had.
///
/// Ids are opaque. They can be sorted, for maps and for printing, but not into the order of spawning.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(NonZeroU64);

impl Id {
    pub(crate) fn next() -> Self {
        let take_block = || {
            let start = NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
            (start, start + BLOCK)
        };
        let id = OWN_BLOCK
            .try_with(|own| {
                let (next, end) = own.get();
                let (next, end) = if next == end { take_block() } else { (next, end) };
                own.set((next + 1, end));
                next
            })
            // This thread is past its thread-locals: it gets a block for one id.
            .unwrap_or_else(|_| take_block().0);
        Self(NonZeroU64::new(id).expect("the counter starts at 1 and cannot come round"))
    }

    /// The number, for logs and protocols.
    pub fn as_u64(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Restores the outer task's id.
pub(super) struct Entered(Option<Id>);

/// This thread works for task `id` until the guard goes.
pub(super) fn enter(id: Id) -> Entered {
    Entered(
        CURRENT
            .try_with(|current| current.replace(Some(id)))
            .unwrap_or(None),
    )
}

impl Drop for Entered {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.set(self.0));
    }
}

/// The id of the task that is running.
///
/// # Panics
///
/// Outside of a task; `block_on`'s future is not one.
#[track_caller]
pub fn id() -> Id {
    try_id().expect("`task::id` called outside of a task: use `task::try_id` where there may be none")
}

/// The id of the task that is running, or `None` outside of a task.
pub fn try_id() -> Option<Id> {
    CURRENT.try_with(Cell::get).unwrap_or(None)
}
