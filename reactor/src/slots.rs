//! The table from token to source: index + generation, never a pointer.
//!
//! ```text
//!   token (usize):  | generation | index |      Slab<Entry { generation, source }>
//! ```
//!
//! Invariants
//!
//! - I1: every registration takes a generation of its own; a key finds its entry only if both index and
//!   generation match. So an event that was already on its way when its source was deregistered finds
//!   nothing, or finds the detached source that nobody waits on, never the slot's next tenant.
//! - I2: after `shutdown` no source gets in, and every source that is in has been told.
//! - I3: no `Source` is dropped under the lock.
//!
//! Ordering: everything happens under the one mutex. Models in loom-tests/tests/reactor_readiness.rs:
//! `an_event_in_flight_hits_nobody_else` (I1), `shutdown_misses_no_registration` (I2).
//!
//! Absent on purpose: sharding. `turn` takes the lock once per batch of events, a socket twice in its life.

use crate::ready::Ready;
use crate::source::{Source, gone};
use heist_primitive::sync::{Arc, Mutex, MutexGuard};
use slab::Slab;
use std::io;
use std::task::Waker;

/// Bits of a token that are the index: 2^32 sources, or 2^20 where a word has 32 bits.
const INDEX_BITS: u32 = if usize::BITS == 64 { 32 } else { 20 };
const INDEX: usize = (1 << INDEX_BITS) - 1;

/// The names of the reactor's own events: the last two indices are never given to a source.
pub(crate) const INTERRUPT: mio::Token = mio::Token(usize::MAX);
pub(crate) const FINE_TIMER: mio::Token = mio::Token(usize::MAX - 1);
const MOST_SOURCES: usize = INDEX - 1;

/// The name of one registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(usize);

impl Key {
    fn new(index: usize, generation: usize) -> Key {
        Key(generation << INDEX_BITS | index)
    }

    fn index(self) -> usize {
        self.0 & INDEX
    }

    fn generation(self) -> usize {
        self.0 >> INDEX_BITS
    }

    pub(crate) fn token(self) -> mio::Token {
        mio::Token(self.0)
    }

    pub(crate) fn of(token: mio::Token) -> Key {
        Key(token.0)
    }
}

/// All registered sources.
#[derive(Debug)]
pub struct Slots(Mutex<Table>);

#[derive(Debug)]
pub(crate) struct Table {
    entries: Slab<Entry>,
    next_generation: usize,
    is_shutdown: bool,
    pub(crate) registered: u64,
    pub(crate) deregistered: u64,
    pub(crate) ready_events: u64,
}

#[derive(Debug)]
struct Entry {
    generation: usize,
    source: Arc<Source>,
}

impl Default for Slots {
    fn default() -> Slots {
        Slots::new()
    }
}

impl Slots {
    /// No sources.
    pub fn new() -> Slots {
        Slots(Mutex::new(Table {
            entries: Slab::new(),
            next_generation: 0,
            is_shutdown: false,
            registered: 0,
            deregistered: 0,
            ready_events: 0,
        }))
    }

    /// Adds a source.
    ///
    /// # Errors
    /// The reactor has shut down, or all tokens are taken.
    pub fn insert(&self) -> io::Result<(Key, Arc<Source>)> {
        let source = Arc::new(Source::new());
        let mut table = self.0.lock();
        if table.is_shutdown {
            return Err(gone());
        }
        if table.entries.len() == MOST_SOURCES {
            return Err(io::Error::other(
                "the reactor has no token left; close some sockets",
            ));
        }
        let generation = table.next_generation;
        table.next_generation = (generation + 1) & (usize::MAX >> INDEX_BITS);
        let index = table.entries.insert(Entry {
            generation,
            source: Arc::clone(&source),
        });
        table.registered += 1;
        Ok((Key::new(index, generation), source))
    }

    /// Removes a source. A second removal does nothing.
    pub fn remove(&self, key: Key) {
        let mut table = self.0.lock();
        if table.find(key).is_none() {
            return;
        }
        let entry = table.entries.remove(key.index());
        table.deregistered += 1;
        drop(table);
        drop(entry);
    }

    /// An event for `key`: see [`Source::set_ready`]. Does nothing if the source is gone.
    pub fn dispatch(&self, key: Key, ready: Ready, wakers: &mut Vec<Waker>) {
        self.lock().dispatch(key, ready, wakers);
    }

    /// Refuses new sources and ends every wait on the present ones.
    pub fn shutdown(&self, wakers: &mut Vec<Waker>) {
        let mut table = self.0.lock();
        table.is_shutdown = true;
        for (_, entry) in &table.entries {
            entry.source.shutdown(wakers);
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock()
    }
}

impl Table {
    pub(crate) fn dispatch(&mut self, key: Key, ready: Ready, wakers: &mut Vec<Waker>) {
        self.ready_events += 1;
        if let Some(source) = self.find(key) {
            source.set_ready(ready, wakers);
        }
    }

    fn find(&self, key: Key) -> Option<&Arc<Source>> {
        let entry = self.entries.get(key.index())?;
        (entry.generation == key.generation()).then_some(&entry.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_keeps_index_and_generation_apart() {
        let key = Key::new(7, 9);
        assert_eq!((key.index(), key.generation()), (7, 9));
        assert_eq!(Key::of(key.token()), key);
        for reserved in [INTERRUPT, FINE_TIMER] {
            assert!(Key::of(reserved).index() >= MOST_SOURCES);
        }
    }
}
