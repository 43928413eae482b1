//! All live tasks of a runtime, so that shutdown can find those that wait, and whoever asks can list them.
//!
//! One shard per worker and one for everybody else; a task is entered into the shard of the thread that
//! spawns it, so workers do not meet on a lock except to remove what another has spawned.
//!
//! ```text
//!   shard (a lock)  ┌ entries: task │ free → 3 │ task │ free → none │ … ┐   slot = shard · 2^32 + index
//! ```
//!
//! Invariants
//!
//! - G1: an entry owns one reference, given at [`insert`](Registry::insert) and taken back by exactly one of
//!   [`remove`](Registry::remove) (the task completed) and [`shut_down`](Registry::shut_down).
//! - G2: after [`shut_down`](Registry::shut_down) a shard takes nothing in: `insert` gives the task back and
//!   the spawner shuts it down.
//! - G3: no task is dropped, run or woken under a shard's lock.
//!
//! Ordering pairs: the shard's lock, alone.
//!
//! Deliberately absent: order among tasks, and a count outside of the shards.

use std::mem;

use heist_primitive::CachePadded;
use heist_primitive::sync::Mutex;

use super::{Id, TaskRef};

const NONE: u32 = u32::MAX;

enum Entry {
    Live(TaskRef),
    /// Free; the next free entry's index.
    Free(u32),
}

struct Shard {
    entries: Vec<Entry>,
    first_free: u32,
    live: usize,
    entered: u64,
    closed: bool,
}

impl Shard {
    fn tasks(&self) -> impl Iterator<Item = &TaskRef> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Live(task) => Some(task),
            Entry::Free(_) => None,
        })
    }
}

/// The registry of one runtime.
pub(crate) struct Registry {
    shards: Box<[CachePadded<Mutex<Shard>>]>,
}

impl Registry {
    /// With a shard for each of `workers` and one more.
    pub(crate) fn new(workers: usize) -> Self {
        let shard = || Shard {
            entries: Vec::new(),
            first_free: NONE,
            live: 0,
            entered: 0,
            closed: false,
        };
        Self {
            shards: (0..=workers)
                .map(|_| CachePadded::new(Mutex::new(shard())))
                .collect(),
        }
    }

    /// Enters a task, through worker `worker`'s shard or, from outside, the common one.
    ///
    /// # Errors
    ///
    /// The task, if the runtime is shutting down.
    pub(crate) fn insert(&self, worker: Option<usize>, task: TaskRef) -> Result<(), TaskRef> {
        let number = worker.unwrap_or(self.shards.len() - 1);
        let mut shard = self.shards[number].lock();
        if shard.closed {
            drop(shard);
            return Err(task);
        }
        let index = match shard.first_free {
            NONE => u32::try_from(shard.entries.len()).expect("fewer than 2^32 live tasks per worker"),
            free => free,
        };
        task.set_registry_slot((number as u64) << 32 | u64::from(index));
        if index == shard.first_free {
            let Entry::Free(next) = mem::replace(&mut shard.entries[index as usize], Entry::Live(task))
            else {
                unreachable!("the free list leads to free entries");
            };
            shard.first_free = next;
        } else {
            shard.entries.push(Entry::Live(task));
        }
        shard.live += 1;
        shard.entered += 1;
        Ok(())
    }

    /// Takes a task out that has completed; `None` if shutdown was first, or it was never entered.
    pub(crate) fn remove(&self, slot: u64) -> Option<TaskRef> {
        let index = slot as u32;
        let mut shard = self.shards.get((slot >> 32) as usize)?.lock();
        if shard.closed {
            return None;
        }
        let first_free = shard.first_free;
        let entry = shard.entries.get_mut(index as usize)?;
        let Entry::Live(task) = mem::replace(entry, Entry::Free(first_free)) else {
            unreachable!("a task is removed once");
        };
        shard.first_free = index;
        shard.live -= 1;
        Some(task)
    }

    /// Closes every shard, from `first` on and round, and shuts down what was in it.
    pub(crate) fn shut_down(&self, first: usize) {
        for offset in 0..self.shards.len() {
            let entries = {
                let mut shard = self.shards[(first + offset) % self.shards.len()].lock();
                shard.closed = true;
                shard.live = 0;
                mem::take(&mut shard.entries)
            };
            for entry in entries {
                if let Entry::Live(task) = entry {
                    task.shutdown();
                }
            }
        }
    }

    /// The tasks that are live now, shard by shard: not all of one moment.
    pub(crate) fn tasks(&self) -> Vec<TaskRef> {
        let mut tasks = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            // G3: a clone is a count, and moves of the list touch no task.
            tasks.reserve(shard.live);
            tasks.extend(shard.tasks().cloned());
        }
        tasks
    }

    /// The live task with this id.
    pub(crate) fn find(&self, id: Id) -> Option<TaskRef> {
        let find =
            |shard: &CachePadded<Mutex<Shard>>| shard.lock().tasks().find(|task| task.id() == id).cloned();
        self.shards.iter().find_map(find)
    }

    /// Tasks that are live now.
    pub(crate) fn live(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().live).sum()
    }

    /// Tasks ever entered.
    pub(crate) fn entered(&self) -> u64 {
        self.shards.iter().map(|shard| shard.lock().entered).sum()
    }
}
