//! The entries of a wheel, addressed by index and generation, with a free list through the vacant ones.
//!
//! ```text
//!          1 insert
//!  vacant ----------> occupied       1 Slab::insert   2 Slab::remove (the generation goes up)
//!         <----------
//!          2 remove
//! ```
//!
//! Invariants
//!
//! - S1: a node is occupied if and only if its payload is `Some`.
//! - S2: removal changes the generation, so a [`Key`] made before it names nothing. After 2^32 - 1 re-uses of
//!   one node an old key would match again; a caller that keeps a key that long must not rely on this.
//! - S3: vacant nodes form one list through `next`, last freed first.
//!
//! A node takes 24 bytes and the size of `Option<T>`: 40 bytes for a `Waker`. Nodes are re-used and the slab
//! grows by doubling; it never shrinks.
//!
//! Absent on purpose: the slots. A node carries a number that says into which it is linked; the wheel reads it.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};

/// No node: the end of a list.
pub(crate) const NIL: u32 = u32::MAX;

/// Names one entry of a [`Wheel`](crate::Wheel), also after it has gone: then it names nothing.
///
/// 8 bytes, and so is `Option<Key>`. One number and not two: so an enum with a key in it comes out of a function in registers.
/// In memory its halves would be written one by one and read as one, which a processor cannot forward.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(NonZeroU64);

impl Key {
    #[inline]
    fn new(index: u32, generation: NonZeroU32) -> Self {
        Self(NonZeroU64::from(generation) | u64::from(index) << 32)
    }

    #[inline]
    fn index(self) -> u32 {
        (self.0.get() >> 32) as u32
    }

    #[inline]
    fn generation(self) -> u32 {
        self.0.get() as u32
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("index", &self.index())
            .field("generation", &self.generation())
            .finish()
    }
}

/// One entry, or a vacant place for one.
pub(crate) struct Node<T> {
    payload: Option<T>,
    pub(crate) deadline: u64,
    pub(crate) prev: u32,
    pub(crate) next: u32,
    generation: NonZeroU32,
    /// Where the wheel has linked it.
    pub(crate) filed: Filed,
}

/// The slot that a node is linked into, by its index among all, and whether the deadline was moved back since.
#[derive(Clone, Copy)]
pub(crate) struct Filed {
    pub(crate) slot: u16,
    pub(crate) postponed: bool,
}

/// All nodes of a wheel.
pub(crate) struct Slab<T> {
    nodes: Vec<Node<T>>,
    free: u32,
    len: usize,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self {
            nodes: Vec::new(),
            free: NIL,
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Stores an entry that is not yet linked anywhere.
    pub(crate) fn insert(&mut self, deadline: u64, payload: T) -> (u32, Key) {
        let index = if self.free == NIL { self.grow() } else { self.free };
        let node = &mut self.nodes[index as usize];
        self.free = node.next;
        self.len += 1;
        node.payload = Some(payload);
        node.deadline = deadline;
        node.prev = NIL;
        node.next = NIL;
        (index, Key::new(index, node.generation))
    }

    /// Adds one vacant node, which becomes the head of the free list.
    #[cold]
    fn grow(&mut self) -> u32 {
        let index = u32::try_from(self.nodes.len()).unwrap_or(NIL);
        assert!(
            index != NIL,
            "a timer wheel holds at most 2^32 - 1 timers at a time"
        );
        self.nodes.push(Node {
            payload: None,
            deadline: 0,
            prev: NIL,
            next: NIL,
            generation: NonZeroU32::MIN,
            filed: Filed {
                slot: 0,
                postponed: false,
            },
        });
        index
    }

    /// Takes the payload out and frees the node, which must be unlinked and occupied.
    pub(crate) fn remove(&mut self, index: u32) -> T {
        let node = &mut self.nodes[index as usize];
        let payload = node.payload.take().expect("S1: only an occupied node is removed");
        node.generation = node.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        node.next = self.free;
        self.free = index;
        self.len -= 1;
        payload
    }

    /// The node that `key` names, if it is still there.
    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        let node = self.nodes.get(key.index() as usize)?;
        (node.generation.get() == key.generation() && node.payload.is_some()).then_some(key.index())
    }

    /// The payload that `key` names, if it is still there.
    pub(crate) fn payload_mut(&mut self, key: Key) -> Option<&mut T> {
        let node = self.nodes.get_mut(key.index() as usize)?;
        if node.generation.get() == key.generation() {
            node.payload.as_mut()
        } else {
            None
        }
    }

    pub(crate) fn node(&self, index: u32) -> &Node<T> {
        &self.nodes[index as usize]
    }

    pub(crate) fn node_mut(&mut self, index: u32) -> &mut Node<T> {
        &mut self.nodes[index as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn sizes_are_as_documented() {
        assert_eq!(size_of::<Node<Waker>>(), 40);
        assert_eq!(size_of::<Option<Key>>(), 8);
    }

    #[test]
    fn freed_nodes_are_reused_last_freed_first_and_old_keys_name_nothing() {
        let mut slab = Slab::new();
        let (first, first_key) = slab.insert(1, 'a');
        let (second, second_key) = slab.insert(2, 'b');
        assert_eq!(slab.remove(first), 'a');
        assert_eq!(slab.remove(second), 'b');
        let (reused, key) = slab.insert(3, 'c');
        assert_eq!(reused, second);
        assert_eq!(slab.find(first_key), None);
        assert_eq!(slab.find(second_key), None);
        assert_eq!(slab.payload_mut(second_key), None);
        assert_eq!(slab.payload_mut(key), Some(&mut 'c'));
        assert_eq!((slab.len(), slab.nodes.len()), (1, 2));
    }

    #[test]
    fn the_generation_skips_zero_when_it_wraps() {
        let mut slab = Slab::new();
        let (index, _) = slab.insert(1, ());
        slab.node_mut(index).generation = NonZeroU32::MAX;
        slab.remove(index);
        let (_, key) = slab.insert(1, ());
        assert_eq!((key.index(), key.generation()), (index, 1));
    }
}
