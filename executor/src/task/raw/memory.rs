//! The memory of cells: what a thread has freed, it uses again.
//!
//! A task lives for microseconds, and tasks of one program have few sizes. The general allocator keeps a handful of blocks of
//! a size for a thread at hand and takes a lock for more, so a burst of tasks pays for that lock. Here a thread keeps blocks
//! of up to [`KEEP`] bytes together, by size.
//!
//! Where one thread spawns and others run, blocks pile up with these and are missed by that one. So a thread that has no
//! room any more hands [`BATCH`] blocks to the depot, which is everybody's, and one that has none takes as many.
//!
//! ```text
//!            take                  a batch, when there is none
//!   cells ◄──────── a thread's ◄──────────────────────────────┐
//!         ────────►    lists   ──────────────────────────► depot ──► (full: the general allocator)
//!            give                  a batch, when there is no room
//! ```
//!
//! Invariants
//!
//! - V1: a block in the list of a class was allocated with the layout of that class, and nobody else has it. Its first word
//!   is the link to the next.
//! - V2: a list is its thread's. A block may come from another thread's allocation.
//! - V3: a batch in the depot is a list of [`BATCH`] blocks of its class, which nobody else has.
//!
//! Ordering pairs: the depot's lock; who frees a cell comes after all who used it (S5).
//!
//! Deliberately absent: memory that is given back when a thread has been idle. [`KEEP`] is the bound of a thread, and
//! the depot has its own. Under loom there is no depot, for a static cannot be modelled.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::NonNull;

/// Bytes that a thread keeps at the most.
const KEEP: usize = 128 * 1024;

/// Blocks that go from thread to thread together.
const BATCH: usize = 32;

/// Sizes are rounded up to a multiple of this and eight more, which is what the common allocators' own headers leave.
const STEP: usize = 16;

/// Larger cells are not kept.
const CLASSES: usize = 32;

struct Free {
    next: Option<NonNull<Free>>,
}

struct Kept {
    lists: [Cell<Option<NonNull<Free>>>; CLASSES],
    bytes: Cell<usize>,
}

heist_primitive::thread_local! {
    static KEPT: Kept = const { Kept { lists: [const { Cell::new(None) }; CLASSES], bytes: Cell::new(0) } };
}

fn class_layout(class: usize) -> Option<Layout> {
    Layout::from_size_align(class * STEP + STEP / 2, align_of::<Free>()).ok()
}

/// The class of cells of `layout`, if they are kept.
fn class(layout: Layout) -> Option<usize> {
    let class = layout.size().saturating_sub(STEP / 2).div_ceil(STEP);
    (layout.align() <= align_of::<Free>() && (1..CLASSES).contains(&class)).then_some(class)
}

/// Memory for `layout`, of a size that is not zero.
pub(super) fn take(layout: Layout) -> NonNull<u8> {
    let class = class(layout);
    let kept = class.and_then(|class| KEPT.try_with(|kept| kept.pop_or_fetch(class)).ok().flatten());
    if let Some(block) = kept {
        return block.cast();
    }
    let layout = class.and_then(class_layout).unwrap_or(layout);
    // SAFETY: the size is not zero: the caller's, or a class's.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Gives back what [`take`] returned for `layout`.
///
/// # Safety
///
/// It did, and nobody uses the block any more.
pub(super) unsafe fn give(block: NonNull<u8>, layout: Layout) {
    let class = class(layout);
    if let Some(class) = class {
        let pushed = KEPT.try_with(|kept| {
            // SAFETY: V1: the caller's.
            unsafe { kept.push_or_hand_over(class, block.cast()) }
        });
        if pushed.unwrap_or(false) {
            return;
        }
    }
    let layout = class.and_then(class_layout).unwrap_or(layout);
    // SAFETY: the caller's: this is the layout that `take` has allocated it with.
    unsafe { dealloc(block.as_ptr(), layout) }
}

impl Kept {
    fn pop(&self, class: usize) -> Option<NonNull<Free>> {
        let block = self.lists[class].get()?;
        // SAFETY: V1.
        self.lists[class].set(unsafe { block.as_ref() }.next);
        self.bytes.set(self.bytes.get() - class * STEP);
        Some(block)
    }

    #[inline]
    fn pop_or_fetch(&self, class: usize) -> Option<NonNull<Free>> {
        self.pop(class).or_else(|| {
            let Batch(first) = depot::fetch(class)?;
            self.lists[class].set(Some(first));
            self.bytes.set(self.bytes.get() + BATCH * class * STEP);
            self.pop(class)
        })
    }

    /// False: there is no room, in the depot neither.
    ///
    /// # Safety
    ///
    /// V1 holds for `block`.
    #[inline]
    unsafe fn push_or_hand_over(&self, class: usize, block: NonNull<Free>) -> bool {
        // SAFETY: the caller's.
        if unsafe { self.push(class, block) } {
            return true;
        }
        // SAFETY: the caller's: `push` has not taken it.
        self.hand_over(class) && unsafe { self.push(class, block) }
    }

    /// Gives a batch of this class to the depot. False: there is none, or no room.
    #[cold]
    fn hand_over(&self, class: usize) -> bool {
        if !depot::has_room() {
            return false;
        }
        let Some(first) = self.lists[class].get() else {
            return false;
        };
        let mut last = first;
        for _ in 1..BATCH {
            // SAFETY: V1.
            match unsafe { last.as_ref() }.next {
                Some(next) => last = next,
                None => return false,
            }
        }
        // SAFETY: V1.
        let rest = unsafe { last.as_mut() }.next.take();
        self.lists[class].set(rest);
        self.bytes.set(self.bytes.get() - BATCH * class * STEP);
        depot::leave(class, Batch(first));
        true
    }

    /// False: there is no room.
    ///
    /// # Safety
    ///
    /// V1 holds for `block`.
    unsafe fn push(&self, class: usize, block: NonNull<Free>) -> bool {
        let bytes = self.bytes.get() + class * STEP;
        if bytes > KEEP {
            return false;
        }
        self.bytes.set(bytes);
        let next = self.lists[class].replace(Some(block));
        // SAFETY: the caller's: it is ours, and large enough.
        unsafe { block.write(Free { next }) };
        true
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        for class in 1..CLASSES {
            let Some(layout) = class_layout(class) else {
                continue;
            };
            while let Some(block) = self.pop(class) {
                // SAFETY: V1.
                unsafe { dealloc(block.as_ptr().cast(), layout) }
            }
        }
    }
}

/// The first of [`BATCH`] linked blocks (V3).
struct Batch(NonNull<Free>);

// SAFETY: V3: nobody else has the blocks, which are nobody's memory in particular.
unsafe impl Send for Batch {}

#[cfg(not(heist_loom))]
mod depot {
    use heist_primitive::sync::Mutex;
    use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};

    use super::{BATCH, Batch, CLASSES, STEP};

    /// Bytes in the depot at the most, but for what comes at the same moment.
    const KEEP: u64 = 512 * 1024;

    static BATCHES: [Mutex<Vec<Batch>>; CLASSES] = [const { Mutex::new(Vec::new()) }; CLASSES];

    /// Whether it is worth to take the lock: how many batches there are.
    static COUNTS: [UnmodelledU64; CLASSES] = [const { UnmodelledU64::new(0) }; CLASSES];

    static BYTES: UnmodelledU64 = UnmodelledU64::new(0);

    fn bytes(class: usize) -> u64 {
        (BATCH * class * STEP) as u64
    }

    pub(super) fn has_room() -> bool {
        BYTES.load(Ordering::Relaxed) < KEEP
    }

    #[cold]
    pub(super) fn fetch(class: usize) -> Option<Batch> {
        if COUNTS[class].load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut batches = BATCHES[class].lock();
        let batch = batches.pop()?;
        COUNTS[class].store(batches.len() as u64, Ordering::Relaxed);
        drop(batches);
        BYTES.fetch_sub(bytes(class), Ordering::Relaxed);
        Some(batch)
    }

    pub(super) fn leave(class: usize, batch: Batch) {
        BYTES.fetch_add(bytes(class), Ordering::Relaxed);
        let mut batches = BATCHES[class].lock();
        batches.push(batch);
        COUNTS[class].store(batches.len() as u64, Ordering::Relaxed);
    }
}

#[cfg(heist_loom)]
mod depot {
    use super::Batch;

    pub(super) fn has_room() -> bool {
        false
    }

    pub(super) fn fetch(_: usize) -> Option<Batch> {
        None
    }

    pub(super) fn leave(_: usize, _: Batch) {}
}
