//! The memory of cells: what a thread has freed, it uses again.
//!
//! A task lives for microseconds, and tasks of one program have few sizes. The general allocator keeps a handful of blocks of
//! a size for a thread at hand and takes a lock for more, so a burst of tasks pays for that lock. Here a thread keeps blocks
//! of up to [`KEEP`] bytes together, by size.
//!
//! Invariants
//!
//! - V1: a block in the list of a class was allocated with the layout of that class, and nobody else has it. Its first word
//!   is the link to the next.
//! - V2: a list is its thread's. A block may come from another thread's allocation: what is freed here stays here.
//!
//! Ordering pairs: none of its own; who frees a cell comes after all who used it (S5).
//!
//! Deliberately absent: memory that is given back when a thread has been idle. [`KEEP`] is the bound.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::NonNull;

/// Bytes that a thread keeps at the most.
const KEEP: usize = 128 * 1024;

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
    let kept = class.and_then(|class| KEPT.try_with(|kept| kept.pop(class)).ok().flatten());
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
            unsafe { kept.push(class, block.cast()) }
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
