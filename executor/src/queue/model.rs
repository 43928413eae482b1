//! The run queues under loom: the same interface over a locked deque, trusted to be right.
//!
//! `is_empty` reads a counter outside of the lock, with the weak ordering that the real deques offer, so that
//! models find out whether the code around it relies on more.

use std::collections::VecDeque;

use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Arc, Mutex};

use super::Steal;
use crate::task::Runnable;

struct Queue {
    tasks: Mutex<VecDeque<Runnable>>,
    len: AtomicUsize,
}

impl Queue {
    fn new() -> Self {
        Self {
            tasks: Mutex::new(VecDeque::new()),
            len: AtomicUsize::new(0),
        }
    }

    fn push(&self, task: Runnable) {
        let mut tasks = self.tasks.lock();
        tasks.push_back(task);
        self.len.store(tasks.len(), Ordering::Release);
    }

    fn pop(&self) -> Option<Runnable> {
        let mut tasks = self.tasks.lock();
        let task = tasks.pop_front();
        self.len.store(tasks.len(), Ordering::Release);
        task
    }

    fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// One to run, and, if the limit allows, one more for the thief's deque if there is one.
    fn steal(&self, into: &Local, limit: usize) -> Steal {
        let Some(task) = self.pop() else {
            return Steal::Empty;
        };
        if let Some(more) = (limit > 1).then(|| self.pop()).flatten() {
            into.push(more);
        }
        Steal::Success(task)
    }
}

/// The owner's end of a worker's deque.
pub(crate) struct Local(Arc<Queue>);

/// The thieves' end.
pub(crate) struct Remote(Arc<Queue>);

/// The queue into which everybody pushes who is not a worker.
pub(crate) struct Injector(Queue);

impl Local {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Queue::new()))
    }

    pub(crate) fn remote(&self) -> Remote {
        Remote(self.0.clone())
    }

    pub(crate) fn push(&self, task: Runnable) {
        self.0.push(task);
    }

    pub(crate) fn pop(&self) -> Option<Runnable> {
        self.0.pop()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Remote {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn steal(&self, into: &Local, limit: usize) -> Steal {
        self.0.steal(into, limit)
    }
}

impl Injector {
    pub(crate) fn new() -> Self {
        Self(Queue::new())
    }

    pub(crate) fn push(&self, task: Runnable) {
        self.0.push(task);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn steal_one(&self) -> Steal {
        self.0.pop().map_or(Steal::Empty, Steal::Success)
    }

    pub(crate) fn steal(&self, into: &Local, limit: usize) -> Steal {
        self.0.steal(into, limit)
    }

    pub(crate) fn move_to(&self, into: &Local, _limit: usize) -> bool {
        let task = self.0.pop();
        task.map(|task| into.push(task)).is_some()
    }
}

/// A queue that anybody pushes to and pops from, one by one.
pub(crate) struct Fifo<T> {
    items: Mutex<VecDeque<T>>,
    len: AtomicUsize,
}

impl<T> Fifo<T> {
    pub(crate) fn new() -> Self {
        Self {
            items: Mutex::new(VecDeque::new()),
            len: AtomicUsize::new(0),
        }
    }

    pub(crate) fn push(&self, item: T) {
        let mut items = self.items.lock();
        items.push_back(item);
        self.len.store(items.len(), Ordering::Release);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// No better informed than `is_empty`.
    pub(crate) fn pop(&self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let mut items = self.items.lock();
        let item = items.pop_front();
        self.len.store(items.len(), Ordering::Release);
        item
    }
}
