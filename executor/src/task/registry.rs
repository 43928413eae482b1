//! All live tasks of a runtime, so that shutdown can find those that wait, and whoever asks can list them.
//!
//! One shard per worker and one for everybody else. A worker enters what it spawns into its own shard by a plain store, and
//! a task that ends is taken out by one exchange, wherever that happens.
//!
//! ```text
//!   shard   entries:  [ task │ free │ task │ … ]   by everybody: take, read        slot = shard · 2^32 + index
//!   desk    free indexes of its shard              by its owner's thread: put
//!             ▲ returned: those that others have freed, in batches, behind a lock
//! ```
//!
//! Invariants (E1, E2 of `raw/entry.rs`)
//!
//! - G1: an entry owns one reference, given at [`insert`](Registry::insert) and taken back by exactly one of
//!   [`remove`](Registry::remove) (the task ends) and [`shut_down`](Registry::shut_down). Who takes it by `remove` gives
//!   the index back; after a shutdown it stays used.
//! - G2: after `shut_down` by a desk's owner its shard stays empty, for he sees that it is closed, and so does the common
//!   shard after anybody's. So after the first, a task is in a shard only while the shard's owner has yet to make his.
//! - G3: no task is dropped, run or woken under a lock.
//! - G4: an index is free in one place: a desk, a batch on its way to its shard, or what was returned to that.
//!
//! Ordering pairs: those of `raw/entry.rs`; for indexes that change threads and for the common shard, locks. The counts are
//! one writer's each and order nothing.
//!
//! Deliberately absent: order among tasks.

use std::cell::{Cell, RefCell};
use std::mem;

use heist_primitive::CachePadded;
use heist_primitive::sync::atomic::{AtomicBool, Ordering, UnmodelledU64};
use heist_primitive::sync::{Mutex, OnceLock};

use super::raw::{Entry, Taken};
use super::{Id, TaskRef};
use crate::multi_thread::Counter;

/// Entries of the first chunk; each further chunk has twice as many as the one before.
#[cfg(not(heist_loom))]
const FIRST_CHUNK: u32 = 64;
#[cfg(heist_loom)]
const FIRST_CHUNK: u32 = 2;

/// As many as 2^32 entries need.
const CHUNKS: usize = 32 - FIRST_CHUNK.ilog2() as usize;

/// Indexes of other shards that a desk keeps before it returns them.
#[cfg(not(heist_loom))]
const RETURNS: usize = 32;
#[cfg(heist_loom)]
const RETURNS: usize = 1;

/// The owner's end of a shard: on one thread at a time, or behind a lock.
pub(crate) struct Desk {
    shard: usize,
    free: RefCell<Vec<u32>>,
    /// Indexes from here on were never used.
    fresh: Cell<u32>,
    /// Slots of other shards that tasks have left here.
    foreign: RefCell<Vec<u64>>,
}

impl Desk {
    /// The only one of shard `shard`.
    pub(crate) fn new(shard: usize) -> Self {
        Self {
            shard,
            free: RefCell::new(Vec::new()),
            fresh: Cell::new(0),
            foreign: RefCell::new(Vec::new()),
        }
    }
}

#[derive(Default)]
struct Shard {
    chunks: [OnceLock<Box<[Entry]>>; CHUNKS],
    returned: Mutex<Vec<u32>>,
    /// Whether it is worth to look there.
    has_returned: UnmodelledU64,
    /// Held by a reader, for E2.
    reading: Mutex<()>,
    counts: CachePadded<Counts>,
}

/// Written by the desk's owner.
#[derive(Default)]
struct Counts {
    entered: Counter,
    /// Tasks that have ended on his thread, of any shard.
    ended: Counter,
}

impl Shard {
    fn entry(&self, index: u32) -> Option<&Entry> {
        let place = u64::from(index) + u64::from(FIRST_CHUNK);
        let chunk = place.ilog2() - FIRST_CHUNK.ilog2();
        let offset = place - (u64::from(FIRST_CHUNK) << chunk);
        self.chunks[chunk as usize].get()?.get(offset as usize)
    }

    /// Makes the chunk that begins with `index`, if one does.
    fn grow(&self, index: u32) {
        let place = u64::from(index) + u64::from(FIRST_CHUNK);
        if place.is_power_of_two() {
            let chunk = place.ilog2() - FIRST_CHUNK.ilog2();
            let _ = self.chunks[chunk as usize].set((0..place).map(|_| Entry::new()).collect());
        }
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.chunks.iter().map_while(|chunk| chunk.get()).flatten()
    }

    fn give_back(&self, indexes: impl Iterator<Item = u32>) {
        self.returned.lock().extend(indexes);
        self.has_returned.store(1, Ordering::Relaxed);
    }

    /// An index that is free.
    fn free_index(&self, desk: &Desk) -> u32 {
        let mut free = desk.free.borrow_mut();
        if free.is_empty() && self.has_returned.load(Ordering::Relaxed) != 0 {
            let mut returned = self.returned.lock();
            self.has_returned.store(0, Ordering::Relaxed);
            mem::swap(&mut *returned, &mut *free);
        }
        free.pop().unwrap_or_else(|| {
            let index = desk.fresh.get();
            let next = index
                .checked_add(1)
                .expect("fewer than 2^32 live tasks per worker");
            desk.fresh.set(next);
            self.grow(index);
            index
        })
    }
}

/// The registry of one runtime.
pub(crate) struct Registry {
    /// The last is the common one.
    shards: Box<[Shard]>,
    common: Mutex<Desk>,
    closed: AtomicBool,
    /// Tasks that have ended on threads without a desk, or were shut down.
    ended_elsewhere: CachePadded<UnmodelledU64>,
}

impl Registry {
    /// With a shard for each of `desks` and one more.
    pub(crate) fn new(desks: usize) -> Self {
        Self {
            shards: (0..=desks).map(|_| Shard::default()).collect(),
            common: Mutex::new(Desk::new(desks)),
            closed: AtomicBool::new(false),
            ended_elsewhere: CachePadded::new(UnmodelledU64::new(0)),
        }
    }

    /// Enters a task, through this thread's desk or, where it has none, the common one.
    ///
    /// # Errors
    ///
    /// The task, if the runtime is shutting down.
    pub(crate) fn insert(&self, desk: Option<&Desk>, task: TaskRef) -> Result<(), TaskRef> {
        match desk {
            Some(desk) => self.enter(desk, task),
            None => self.enter(&self.common.lock(), task),
        }
    }

    fn enter(&self, desk: &Desk, task: TaskRef) -> Result<(), TaskRef> {
        // G2: set by this thread, or before the common lock was released, or too late to matter.
        if self.closed.load(Ordering::Relaxed) {
            return Err(task);
        }
        let shard = &self.shards[desk.shard];
        let index = shard.free_index(desk);
        task.set_registry_slot((desk.shard as u64) << 32 | u64::from(index));
        let entry = shard.entry(index).expect("its chunk was made");
        entry.put(task);
        shard.counts.entered.add(1);
        Ok(())
    }

    /// Takes a task out that ends on the thread of `desk`; `None` if shutdown was first, it was never entered, or a reader
    /// has its reference now.
    pub(crate) fn remove(&self, desk: Option<&Desk>, slot: u64) -> Option<TaskRef> {
        let number = (slot >> 32) as usize;
        let shard = self.shards.get(number)?;
        let index = slot as u32;
        let Taken::Task(task) = shard.entry(index)?.take() else {
            return None;
        };
        match desk {
            Some(desk) => {
                self.shards[desk.shard].counts.ended.add(1);
                if desk.shard == number {
                    desk.free.borrow_mut().push(index);
                } else {
                    self.keep_foreign(desk, slot);
                }
            }
            None => {
                self.ended_elsewhere.fetch_add(1, Ordering::Relaxed);
                shard.give_back([index].into_iter());
            }
        }
        task
    }

    /// G4: back to their shards, once there are many.
    fn keep_foreign(&self, desk: &Desk, slot: u64) {
        let mut foreign = desk.foreign.borrow_mut();
        foreign.push(slot);
        if foreign.len() >= RETURNS {
            foreign.sort_unstable();
            for of_one in foreign.chunk_by(|a, b| a >> 32 == b >> 32) {
                let shard = &self.shards[(of_one[0] >> 32) as usize];
                shard.give_back(of_one.iter().map(|&slot| slot as u32));
            }
            foreign.clear();
        }
    }

    /// Closes the registry and shuts down what is in it, from shard `first` on and round. By a desk's owner, at the end of
    /// his work, and by anybody when there is none.
    pub(crate) fn shut_down(&self, first: usize) {
        self.closed.store(true, Ordering::Relaxed);
        for offset in 0..self.shards.len() {
            let number = (first + offset) % self.shards.len();
            let tasks = {
                // G2: nobody is half-way into the common one.
                let _common = (number == self.shards.len() - 1).then(|| self.common.lock());
                let shard = &self.shards[number];
                let _reading = shard.reading.lock();
                let take = |entry: &Entry| match entry.take() {
                    Taken::Task(task) => task,
                    Taken::Nothing => None,
                };
                shard.entries().filter_map(take).collect::<Vec<_>>()
            };
            self.ended_elsewhere
                .fetch_add(tasks.len() as u64, Ordering::Relaxed);
            tasks.into_iter().for_each(TaskRef::shutdown);
        }
    }

    /// The tasks that are live now, shard by shard: not all of one moment.
    pub(crate) fn tasks(&self) -> Vec<TaskRef> {
        let mut tasks = Vec::new();
        for shard in &self.shards {
            let _reading = shard.reading.lock();
            tasks.extend(shard.entries().filter_map(|entry| entry.read(|_| true)));
        }
        tasks
    }

    /// The live task with this id.
    pub(crate) fn find(&self, id: Id) -> Option<TaskRef> {
        self.shards.iter().find_map(|shard| {
            let _reading = shard.reading.lock();
            shard
                .entries()
                .find_map(|entry| entry.read(|task| task.id() == id))
        })
    }

    /// Tasks that are live now.
    pub(crate) fn live(&self) -> usize {
        // Those that have ended first, so that nobody is counted who has not entered.
        let of_desks = self.shards.iter().map(|shard| shard.counts.ended.get());
        let ended = self.ended_elsewhere.load(Ordering::Relaxed) + of_desks.sum::<u64>();
        usize::try_from(self.entered().saturating_sub(ended)).unwrap_or(usize::MAX)
    }

    /// Tasks ever entered.
    pub(crate) fn entered(&self) -> u64 {
        self.shards.iter().map(|shard| shard.counts.entered.get()).sum()
    }
}
