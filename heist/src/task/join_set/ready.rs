//! The list of a set's tasks that are to be looked at: those that are new and those that have ended.
//!
//! ```text
//!   next:  [ LAST │ UNLISTED │ 0 │ UNLISTED │ … ]     head = 2, tail = 0:  2 ─► 0
//!             ▲ one word for each slot of the set; the list runs through them
//! ```
//!
//! Invariants
//!
//! - L1: a slot is in the list at most once: `next[slot] != UNLISTED` exactly while it is.
//! - L2: when a slot comes into the list the set's waker is taken out and woken, after the lock.
//! - L3: a waker is left only when the list is empty, in the same hold of the lock: no task that ends is missed.
//! - L4: a slot that was vacated may still come in, by a waker that outlived its task: who takes it out looks.
//!
//! Ordering pairs: the lock, alone. Models: loom-tests/tests/join_set.rs.
//!
//! Absent on purpose: an allocation for each wake-up; the words grow with the set.

use std::task::{Wake, Waker};

use heist_primitive::sync::{Mutex, StdArc};

const UNLISTED: usize = usize::MAX;
const LAST: usize = usize::MAX - 1;

struct List {
    next: Vec<usize>,
    head: usize,
    tail: usize,
    /// Of whoever waits for the set.
    waker: Option<Waker>,
}

/// The list and who waits for it.
pub(crate) struct Ready(Mutex<List>);

impl Ready {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(List {
            next: Vec::new(),
            head: LAST,
            tail: LAST,
            waker: None,
        }))
    }

    /// Puts `slot` at the end, unless it is in the list.
    pub(crate) fn push(&self, slot: usize) {
        let waker = {
            let mut list = self.0.lock();
            if list.next.len() <= slot {
                list.next.resize(slot + 1, UNLISTED);
            }
            if list.next[slot] != UNLISTED {
                return;
            }
            list.next[slot] = LAST;
            match list.tail {
                LAST => list.head = slot,
                tail => list.next[tail] = slot,
            }
            list.tail = slot;
            list.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the first.
    pub(crate) fn pop(&self) -> Option<usize> {
        self.0.lock().pop()
    }

    /// Takes the first, or leaves `waker` to be woken by the next [`push`](Self::push).
    pub(crate) fn pop_or_wait(&self, waker: &Waker) -> Option<usize> {
        let mut list = self.0.lock();
        let slot = list.pop();
        if slot.is_none() && !list.waker.as_ref().is_some_and(|left| left.will_wake(waker)) {
            let before = list.waker.replace(waker.clone());
            drop(list);
            drop(before);
        }
        slot
    }

    /// Nobody waits any more.
    pub(crate) fn leave(&self) {
        let waker = self.0.lock().waker.take();
        drop(waker);
    }
}

impl List {
    fn pop(&mut self) -> Option<usize> {
        if self.head == LAST {
            return None;
        }
        let slot = self.head;
        self.head = std::mem::replace(&mut self.next[slot], UNLISTED);
        if self.head == LAST {
            self.tail = LAST;
        }
        Some(slot)
    }
}

/// What a task wakes when it ends: puts its slot into the list.
pub(crate) struct SlotWaker {
    pub(crate) slot: usize,
    pub(crate) ready: StdArc<Ready>,
}

impl Wake for SlotWaker {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.ready.push(self.slot);
    }
}
