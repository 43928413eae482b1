//! One slot: a doubly linked list of entries in order of insertion, and the earliest deadline among them.
//!
//! Invariants
//!
//! - L1: `head` and `tail` are both [`NIL`] or both not.
//! - L2: `earliest` is never later than the deadline of any entry in the list. It is exact until the entry
//!   that set it is unlinked from among several others, or postponed; from then it may be too early, until the slot is
//!   emptied or one entry is left that was not postponed. Finding the true one would mean walking the list, and a cancel
//!   must stay O(1).
//! - L3: `earliest` is a tick of this slot. A postponed entry's deadline may be one of another, so it never gets here.
//!
//! Absent on purpose: removal of the entries themselves. A slot links indices; the slab owns.

use crate::slab::{NIL, Slab};

/// The list of one slot. 16 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) head: u32,
    tail: u32,
    pub(crate) earliest: u64,
}

impl Slot {
    pub(crate) const EMPTY: Self = Self {
        head: NIL,
        tail: NIL,
        earliest: u64::MAX,
    };

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head == NIL
    }

    /// Appends the node `index`.
    #[inline]
    pub(crate) fn push<T>(&mut self, nodes: &mut Slab<T>, index: u32) {
        let node = nodes.node_mut(index);
        node.prev = self.tail;
        node.next = NIL;
        self.earliest = self.earliest.min(node.deadline);
        match self.tail {
            NIL => self.head = index,
            tail => nodes.node_mut(tail).next = index,
        }
        self.tail = index;
    }

    /// Unlinks the node `index`, which must be in this list.
    #[inline]
    pub(crate) fn unlink<T>(&mut self, nodes: &mut Slab<T>, index: u32) {
        let node = nodes.node(index);
        let (prev, next) = (node.prev, node.next);
        match prev {
            NIL => self.head = next,
            prev => nodes.node_mut(prev).next = next,
        }
        match next {
            NIL => self.tail = prev,
            next => nodes.node_mut(next).prev = prev,
        }
        if self.is_empty() {
            self.earliest = u64::MAX;
        } else if self.head == self.tail {
            let last = nodes.node(self.head);
            if !last.filed.postponed {
                self.earliest = last.deadline;
            }
        }
    }
}
