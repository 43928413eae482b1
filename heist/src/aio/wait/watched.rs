//! `Watched`: tasks of one type, returned as they end.
//!
//! Invariants: those of [`JoinSet`](crate::task::JoinSet)'s list, which this uses: a task that ends puts its slot there, so
//! the cost of an end does not depend on how many tasks are watched.
//!
//! Deliberately absent: aborting. What becomes of the tasks is up to who watches them.

use std::task::{Context, Poll, Waker, ready};

use heist_executor::coop::{poll_proceed, unconstrained};
use heist_primitive::sync::StdArc as Arc;

use crate::aio::task::Task;
use crate::task::join_set::ready::{Ready, SlotWaker};

/// See the module.
pub(super) struct Watched<T> {
    tasks: Vec<Option<Task<T>>>,
    wakers: Vec<Waker>,
    left: usize,
    ready: Arc<Ready>,
}

impl<T> Watched<T> {
    pub(super) fn new(tasks: impl IntoIterator<Item = Task<T>>) -> Self {
        let ready = Arc::new(Ready::new());
        let tasks: Vec<_> = tasks.into_iter().map(Some).collect();
        let waker = |slot| {
            // Each is looked at once, and given its waker then.
            ready.push(slot);
            Waker::from(Arc::new(SlotWaker {
                slot,
                ready: ready.clone(),
            }))
        };
        Self {
            wakers: (0..tasks.len()).map(waker).collect(),
            left: tasks.len(),
            tasks,
            ready,
        }
    }

    /// How many have not been returned.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// The next task that has ended, with its place in the order they were given in; `None` if none is left. The output is in
    /// the task.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, Task<T>)>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let unit = ready!(poll_proceed(cx));
        while let Some(slot) = self.ready.pop_or_wait(cx.waker()) {
            if let Some(task) = self.take_done(slot) {
                unit.made_progress();
                return Poll::Ready(Some((slot, task)));
            }
        }
        Poll::Pending
    }

    fn take_done(&mut self, slot: usize) -> Option<Task<T>> {
        let task = self.tasks[slot].as_mut()?;
        let mut cx = Context::from_waker(&self.wakers[slot]);
        // The caller has paid already.
        if unconstrained(|| task.poll_done(&mut cx)).is_pending() {
            return None;
        }
        self.left -= 1;
        self.tasks[slot].take()
    }

    /// The tasks that have not been returned, in the order they were given in.
    pub(super) fn take_rest(&mut self) -> Vec<Task<T>> {
        self.left = 0;
        self.tasks.iter_mut().filter_map(Option::take).collect()
    }
}

impl<T> Drop for Watched<T> {
    fn drop(&mut self) {
        self.ready.leave();
    }
}
