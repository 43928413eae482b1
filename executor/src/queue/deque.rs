//! The run queues of an ordinary build: crossbeam-deque, FIFO.

use crossbeam_deque::{Injector as CrossbeamInjector, Steal as CrossbeamSteal, Stealer, Worker};

use super::Steal;
use crate::task::Runnable;

/// The owner's end of a worker's deque.
pub(crate) struct Local(Worker<Runnable>);

/// The thieves' end.
pub(crate) struct Remote(Stealer<Runnable>);

/// The queue into which everybody pushes who is not a worker.
pub(crate) struct Injector(CrossbeamInjector<Runnable>);

impl Local {
    pub(crate) fn new() -> Self {
        Self(Worker::new_fifo())
    }

    pub(crate) fn remote(&self) -> Remote {
        Remote(self.0.stealer())
    }

    #[inline]
    pub(crate) fn push(&self, task: Runnable) {
        self.0.push(task);
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<Runnable> {
        if self.0.is_empty() { None } else { self.0.pop() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Remote {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes up to half of the victim's tasks, and at most `limit`: one to run, the rest into `into`.
    pub(crate) fn steal(&self, into: &Local, limit: usize) -> Steal {
        self.0.steal_batch_with_limit_and_pop(&into.0, limit).into()
    }
}

impl Injector {
    pub(crate) fn new() -> Self {
        Self(CrossbeamInjector::new())
    }

    #[inline]
    pub(crate) fn push(&self, task: Runnable) {
        self.0.push(task);
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes one.
    pub(crate) fn steal_one(&self) -> Steal {
        self.0.steal().into()
    }

    /// Takes a batch of at most `limit`, and fewer of a short queue: one to run, the rest into `into`.
    pub(crate) fn steal(&self, into: &Local, limit: usize) -> Steal {
        self.0.steal_batch_with_limit_and_pop(&into.0, limit).into()
    }

    /// Moves at most `limit` to the end of `into`, in their order, and fewer of a short queue. False: there were none.
    pub(crate) fn move_to(&self, into: &Local, limit: usize) -> bool {
        loop {
            match self.0.steal_batch_with_limit(&into.0, limit) {
                CrossbeamSteal::Empty => return false,
                CrossbeamSteal::Success(()) => return true,
                CrossbeamSteal::Retry => heist_primitive::hint::spin_loop(),
            }
        }
    }
}

impl From<CrossbeamSteal<Runnable>> for Steal {
    fn from(steal: CrossbeamSteal<Runnable>) -> Self {
        match steal {
            CrossbeamSteal::Empty => Steal::Empty,
            CrossbeamSteal::Success(task) => Steal::Success(task),
            CrossbeamSteal::Retry => Steal::Retry,
        }
    }
}

/// A queue that anybody pushes to and pops from, one by one.
pub(crate) struct Fifo<T>(CrossbeamInjector<T>);

impl<T> Fifo<T> {
    pub(crate) fn new() -> Self {
        Self(CrossbeamInjector::new())
    }

    #[inline]
    pub(crate) fn push(&self, item: T) {
        self.0.push(item);
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<T> {
        while !self.is_empty() {
            match self.0.steal() {
                CrossbeamSteal::Success(item) => return Some(item),
                CrossbeamSteal::Empty => break,
                CrossbeamSteal::Retry => heist_primitive::hint::spin_loop(),
            }
        }
        None
    }
}
