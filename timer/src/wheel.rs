//! The wheel itself.
//!
//! ```text
//!            1 insert                      3 advance (cascade: to a lower level)
//!  (outside) ----------> filed at Place::of(deadline, now) ------.
//!            <----------      ^                                  |
//!            2 cancel         '----------------------------------'
//!            4 advance (fired)
//! ```
//!
//! An entry whose deadline is [postponed](Wheel::postpone) stays where it is. `advance` files it anew when it comes there,
//! as it does in a cascade.
//!
//! Invariants
//!
//! - W1: every entry is in the slot that [`Place::of`] names for the deadline it was filed with and the current `now`.
//!   `insert` files it there; moving `now` moves exactly the entries whose place changes, which are those in
//!   the slot that `now` enters. Its deadline is the one it was filed with or, if it was postponed since, a later one.
//! - W2: by W1 and P2 the earliest entry is in the lowest slot of the lowest occupied level, so finding it is
//!   two bit scans, and cascading touches only that slot.
//! - W3: a cascade moves `now` to the slot's earliest deadline or to its target, whichever comes first, so an
//!   entry goes down at least one level each time and is moved at most ten times in its life, and ten times more for
//!   each time it is found postponed.
//! - W4: after `advance(t)` every entry left has a deadline after `t`.
//! - W5: by W1 and P3 entries of equal deadline that were not postponed stay in one list, so they fire in order of
//!   insertion.
//!
//! Costs: insert, cancel, reschedule, postpone and next_deadline O(1); advance O(fired + moved), however far the time
//! jumps. The slots take 1 KiB a level, up to the highest that was ever needed: with `now` and the deadlines below 2^24 4 KiB.
//!
//! Absent on purpose: a clock, the length of a tick, and any promise about time going back (it is ignored).

use std::fmt;

use crate::place::{LEVELS, Place, SLOTS};
use crate::slab::{Filed, Key, NIL, Slab};
use crate::slot::Slot;

/// A timer wheel: a set of `T`s with a deadline each.
///
/// Deadlines and `now` are ticks of whatever length the caller likes. Deadlines up to and including
/// `u64::MAX` are exact.
pub struct Wheel<T> {
    now: u64,
    /// Bit `l` is set if level `l` has an occupied slot.
    levels: u16,
    /// Bit `s` of entry `l` is set if slot `s` of level `l` is occupied.
    occupied: [u64; LEVELS],
    /// Of the levels that were needed so far.
    slots: Vec<Slot>,
    nodes: Slab<T>,
}

impl<T> Wheel<T> {
    /// An empty wheel at tick 0.
    pub fn new() -> Self {
        Self {
            now: 0,
            levels: 0,
            occupied: [0; LEVELS],
            slots: Vec::new(),
            nodes: Slab::new(),
        }
    }

    /// The tick last advanced to.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// How many entries are waiting.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no entry is waiting.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an entry that fires in the first [`advance`](Self::advance) to `deadline` or later.
    ///
    /// A deadline before [`now`](Self::now) counts as `now`: the entry fires in the next `advance`, whatever
    /// its argument.
    ///
    /// # Panics
    ///
    /// If 2^32 - 1 entries are waiting already.
    pub fn insert(&mut self, deadline: u64, payload: T) -> Key {
        let (index, key) = self.nodes.insert(deadline.max(self.now), payload);
        self.file(index);
        key
    }

    /// Removes an entry and returns its payload, or `None` if it has fired or been cancelled before.
    pub fn cancel(&mut self, key: Key) -> Option<T> {
        let index = self.nodes.find(key)?;
        self.unfile(index);
        Some(self.nodes.remove(index))
    }

    /// Gives an entry another deadline, as if it were cancelled and inserted again under the same key.
    ///
    /// Returns whether the entry was there; if not, nothing happens.
    pub fn reschedule(&mut self, key: Key, deadline: u64) -> bool {
        let Some(index) = self.nodes.find(key) else {
            return false;
        };
        self.unfile(index);
        self.nodes.node_mut(index).deadline = deadline.max(self.now);
        self.file(index);
        true
    }

    /// Gives an entry another deadline, at less cost than [`reschedule`](Self::reschedule) if it is a later one: the entry
    /// is found at the old one and put where it belongs, so [`next_deadline`](Self::next_deadline) may still be the old one.
    /// However often it was postponed until then, that is one idle advance. Among entries of equal deadline it may come
    /// anywhere.
    ///
    /// Returns whether the entry was there; if not, nothing happens.
    pub fn postpone(&mut self, key: Key, deadline: u64) -> bool {
        let Some(index) = self.nodes.find(key) else {
            return false;
        };
        let node = self.nodes.node_mut(index);
        if deadline < node.deadline {
            return self.reschedule(key, deadline);
        }
        node.filed.postponed |= deadline > node.deadline;
        node.deadline = deadline;
        true
    }

    /// The payload of an entry, or `None` if it has fired or been cancelled.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.nodes.payload_mut(key)
    }

    /// The tick to [`advance`](Self::advance) to next, or `None` if the wheel is empty.
    ///
    /// Never later than the earliest deadline and never before [`now`](Self::now). It is the earliest
    /// deadline, except that after the earliest entry of a slot was cancelled or rescheduled from among
    /// several others, or postponed, it may be the deadline that entry had. Advancing there fires nothing and makes it exact
    /// again, so each such cancel costs at most one idle advance. An entry that is alone in the wheel, and was not postponed,
    /// is always reported exactly.
    pub fn next_deadline(&self) -> Option<u64> {
        self.lowest().map(|place| self.slots[place.index()].earliest)
    }

    /// Moves the time to `now` and appends the payloads of all entries that are due to `fired`: in order of
    /// their deadlines, and of insertion where these are equal.
    ///
    /// A `now` before the [current one](Self::now) leaves the time as it is.
    pub fn advance(&mut self, now: u64, fired: &mut Vec<T>) {
        let target = now.max(self.now);
        while let Some(place) = self.lowest() {
            if place.first_tick(self.now) > target {
                break;
            }
            let slot = self.empty(place);
            self.now = slot.earliest.min(target);
            self.settle(slot.head, fired);
        }
        self.now = target;
    }

    /// Fires or files anew every entry of a list that was just taken off its slot.
    fn settle(&mut self, head: u32, fired: &mut Vec<T>) {
        let mut index = head;
        while index != NIL {
            let node = self.nodes.node(index);
            let (deadline, next) = (node.deadline, node.next);
            if deadline <= self.now {
                fired.push(self.nodes.remove(index));
            } else {
                self.file(index);
            }
            index = next;
        }
    }

    /// The occupied slot that is due first.
    #[inline]
    fn lowest(&self) -> Option<Place> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        let slot = self.occupied[level].trailing_zeros() as usize;
        Some(Place { level, slot })
    }

    /// Links a node into the slot where it belongs now.
    #[inline]
    fn file(&mut self, index: u32) {
        let node = self.nodes.node_mut(index);
        let place = Place::of(node.deadline, self.now);
        node.filed = Filed {
            slot: place.index() as u16,
            postponed: false,
        };
        if place.index() >= self.slots.len() {
            self.add_levels(place.level);
        }
        self.slots[place.index()].push(&mut self.nodes, index);
        self.occupied[place.level] |= 1 << place.slot;
        self.levels |= 1 << place.level;
    }

    #[cold]
    fn add_levels(&mut self, level: usize) {
        self.slots.resize((level + 1) * SLOTS, Slot::EMPTY);
    }

    /// Unlinks a node from its slot.
    #[inline]
    fn unfile(&mut self, index: u32) {
        let filed = usize::from(self.nodes.node(index).filed.slot);
        let slot = &mut self.slots[filed];
        slot.unlink(&mut self.nodes, index);
        if slot.is_empty() {
            self.mark_empty(Place::at(filed));
        }
    }

    /// Takes all entries off a slot.
    fn empty(&mut self, place: Place) -> Slot {
        self.mark_empty(place);
        std::mem::replace(&mut self.slots[place.index()], Slot::EMPTY)
    }

    #[inline]
    fn mark_empty(&mut self, place: Place) {
        self.occupied[place.level] &= !(1 << place.slot);
        if self.occupied[place.level] == 0 {
            self.levels &= !(1 << place.level);
        }
    }
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Wheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("now", &self.now)
            .field("len", &self.len())
            .field("next_deadline", &self.next_deadline())
            .finish()
    }
}
