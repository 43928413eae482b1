//! Who waits, in which order: a doubly linked list in one vector, shared by the semaphore and [`Notify`].
//!
//! ```text
//!   first ──► 3 ◄──► 0 ◄──► 7 ◄── last        indices instead of pointers: a waiter is a `Ticket`, and may
//!   free  ──► 5 ──► 2                         be moved, dropped or forgotten without anybody's harm
//! ```
//!
//! Invariants
//!
//! - I1: an entry belongs to one [`Ticket`] from `push` to `remove`. Others may take it off the list, write its
//!   state and take its waker; only the ticket's owner frees it. So an index is never reused under a ticket.
//! - I2: an entry on the free list has no waker.
//!
//! Deliberately absent: a lock of its own (the owner wraps it in one), generations (I1 needs none), wakes
//! (wakers.rs, after the lock).
//!
//! [`Notify`]: super::Notify

use std::task::{Context, Waker};

const NONE: u32 = u32::MAX;

/// Entries above which an unused list gives its memory back.
const KEPT: usize = 1024;

/// The list; `S` is what the owner needs to know of each waiter.
#[derive(Debug)]
pub(crate) struct Waiters<S> {
    entries: Vec<Entry<S>>,
    first: u32,
    last: u32,
    free: u32,
    taken: u32,
}

#[derive(Debug)]
struct Entry<S> {
    state: S,
    waker: Option<Waker>,
    queued: bool,
    previous: u32,
    next: u32,
}

/// A waiter's own place in a [`Waiters`]. Give it back to [`Waiters::remove`].
#[derive(Debug)]
#[must_use = "a ticket that is not given back leaks its entry"]
pub(crate) struct Ticket(u32);

impl<S: Copy> Waiters<S> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            first: NONE,
            last: NONE,
            free: NONE,
            taken: 0,
        }
    }

    /// Whether nobody is in the queue; entries that have left it but were not removed do not count.
    pub(crate) fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// Puts a waiter at the end.
    pub(crate) fn push(&mut self, state: S, waker: Option<Waker>) -> Ticket {
        let entry = Entry {
            state,
            waker,
            queued: true,
            previous: self.last,
            next: NONE,
        };
        let index = self.free;
        let index = if let Some(slot) = self.entries.get_mut(index as usize) {
            self.free = slot.next;
            *slot = entry;
            index
        } else {
            let index = self.entries.len();
            assert!(index < NONE as usize, "too many tasks wait for one primitive");
            self.entries.push(entry);
            index as u32
        };
        match self.entries.get_mut(self.last as usize) {
            Some(last) => last.next = index,
            None => self.first = index,
        }
        self.last = index;
        self.taken += 1;
        Ticket(index)
    }

    /// What the owner knows of the one who waits longest.
    pub(crate) fn front_mut(&mut self) -> Option<&mut S> {
        Some(&mut self.entries.get_mut(self.first as usize)?.state)
    }

    /// Takes the one who waits longest off the list, for its ticket to find it with this state.
    pub(crate) fn pop_front(&mut self, state: impl FnOnce(S) -> S) -> Option<Option<Waker>> {
        self.pop(self.first, state)
    }

    /// Takes the one who came last off the list, for its ticket to find it with this state.
    pub(crate) fn pop_back(&mut self, state: impl FnOnce(S) -> S) -> Option<Option<Waker>> {
        self.pop(self.last, state)
    }

    fn pop(&mut self, index: u32, state: impl FnOnce(S) -> S) -> Option<Option<Waker>> {
        self.entries.get(index as usize)?;
        self.unlink(index);
        let entry = &mut self.entries[index as usize];
        entry.state = state(entry.state);
        Some(entry.waker.take())
    }

    /// What the owner knows of this waiter.
    pub(crate) fn state(&self, ticket: &Ticket) -> S {
        self.entries[ticket.0 as usize].state
    }

    /// Whether this waiter is still on the list.
    pub(crate) fn is_queued(&self, ticket: &Ticket) -> bool {
        self.entries[ticket.0 as usize].queued
    }

    /// Whether waking this waiter wakes the task of `cx`.
    pub(crate) fn will_wake(&self, ticket: &Ticket, cx: &Context<'_>) -> bool {
        let waker = &self.entries[ticket.0 as usize].waker;
        waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()))
    }

    /// Gives this waiter another waker and returns the one it had, to be dropped after the lock.
    pub(crate) fn replace_waker(&mut self, ticket: &Ticket, waker: Waker) -> Option<Waker> {
        self.entries[ticket.0 as usize].waker.replace(waker)
    }

    /// Frees this waiter's entry, wherever it is. The waker is to be dropped after the lock.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> (S, Option<Waker>) {
        let index = ticket.0;
        if self.entries[index as usize].queued {
            self.unlink(index);
        }
        let entry = &mut self.entries[index as usize];
        let left = (entry.state, entry.waker.take());
        entry.next = self.free;
        self.free = index;
        self.taken -= 1;
        if self.taken == 0 && self.entries.capacity() > KEPT {
            *self = Self::new();
        }
        left
    }

    fn unlink(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        entry.queued = false;
        let (previous, next) = (entry.previous, entry.next);
        match self.entries.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => self.first = next,
        }
        match self.entries.get_mut(next as usize) {
            Some(next) => next.previous = previous,
            None => self.last = previous,
        }
    }
}
