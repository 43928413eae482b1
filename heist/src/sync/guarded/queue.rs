//! An unbounded queue from many producers to one consumer: a list of blocks with a fixed number of slots.
//!
//! ```text
//!   head (consumer)                                        tail (producers)
//!     │                                                      │ index: next slot to claim, and two flags
//!     ▼                                                      ▼ block: the block that index points into
//!   ┌───────────────┐ next  ┌───────────────┐ next  ┌───────────────┐
//!   │ . . W W W W W │ ────► │ W W W E W W W │ ────► │ W E . . . . . │      spare: one block, empty
//!   └───────────────┘       └───────────────┘       └───────────────┘
//!
//!   slot:   EMPTY ──(1)──► WRITTEN          (1) push      (2) expect: the consumer found nothing and will
//!             │               ▲             (3) push,         wait, so the producer of this slot has to
//!             └─(2)► AWAITED ─┘(3)              must wake     wake it
//!
//!   index:  position × 4 + DISCONNECTED × 2 + CLOSED; the last position of each LAP belongs to no slot: it means
//!           that the producer of the block's last slot is about to link the next block.
//! ```
//!
//! A push costs one compare-and-swap on `index` and one swap on its own slot; it touches the consumer's waker
//! only if the consumer waits for this very slot. That the next block is linked by one producer for all, and
//! that a claim succeeds only while `block` fits `index`, is the idea of crossbeam-channel's list flavour; its
//! gain is that blocks need no reclamation scheme (Q3).
//!
//! Invariants
//!
//! - Q1: the block that a claimed position lies in is linked and alive until the consumer has taken that slot.
//! - Q2: a slot is written once, by the one who claimed it, before its swap to WRITTEN, and read once, by the
//!   consumer, after it saw WRITTEN.
//! - Q3: the producer of a block's last slot links the next block before its own swap, and no producer touches a
//!   block after the swap on its slot in it. So the consumer that has seen WRITTEN on the last slot owns
//!   the block alone, and finds `next` set.
//! - Q4: `spare` and a block that it was swapped out of are linked nowhere and have all slots EMPTY.
//! - Q5: head changes only under the [`Consumer`].
//! - Q6: there is no block until somebody needs a slot: a producer to claim it, or the consumer to await it. `first` is set once,
//!   by the quicker of them; then the tail's `block`, once, by a producer, before the first claim. `first` is stale when the
//!   consumer has passed it, and by then nobody follows it: head is set, and the tail's block is.
//!
//! Ordering pairs, with their models in loom-tests/tests/sync_mpsc.rs
//!
//! - swap in `write` (Release) ↔ load in `pop_at` (Acquire): the value, and `next`. `a_value_is_published_with_its_slot`.
//! - `fetch_add` in `link` (Release) ↔ load in `claim` (Acquire): the new block. `blocks_are_linked`.
//! - CAS in `claim`, AcqRel: whoever links has seen all earlier claims, so none of them can have loaded the new
//!   `block` (Q1).
//! - CAS in `expect` (Release) ↔ swap in `write` (Acquire): that the consumer's waker is in place.
//!   `a_waiting_receiver_is_woken` fails without the two, but loom runs read-modify-writes in one order and cannot
//!   tell this pair from Relaxed.
//! - CAS in `retire` (Release) ↔ swap in `fresh_block` (Acquire): the reset of a block. `blocks_are_recycled`.
//! - `fetch_or` in `disconnect` (Release) ↔ load in `pop` (Acquire): what the senders did before they went.
//!   `the_end_comes_after_what_the_senders_did`.
//! - CAS in `first_block` and in `begin` (Release) ↔ loads in `first_block`, `pop` and `claim` (Acquire): the first block, empty.
//!   `a_value_is_published_with_its_slot`, `a_dropped_receiver_drops_what_was_sent`, `blocks_are_linked`.
//!
//! Deliberately absent: a bound (the semaphore's), waiting (chan.rs's), a wait-free claim: while a producer links
//! a block, a few instructions, the others spin and then yield.
#![allow(unsafe_code)]

use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use heist_primitive::CachePadded;
use heist_primitive::cell::UnsafeCell;
use heist_primitive::sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use heist_primitive::{hint, thread};

use crate::sync::guarded::slot::Slot;

/// Slots of a block.
#[cfg(not(heist_loom))]
const SLOTS: usize = 31;
/// Slots of a block: few, so that models get to see a second one.
#[cfg(heist_loom)]
const SLOTS: usize = 2;

/// Positions of a block: one for each slot, and one that says the next block is being linked.
const LAP: usize = SLOTS + 1;

const CLOSED: usize = 0b01;
const DISCONNECTED: usize = 0b10;
const FLAGS: usize = CLOSED | DISCONNECTED;
const SHIFT: u32 = 2;
const STEP: usize = 1 << SHIFT;

const EMPTY: u8 = 0;
const AWAITED: u8 = 1;
const WRITTEN: u8 = 2;

/// Rounds of spinning before a producer that waits for a link lets other threads run.
const SPINS: u32 = 6;

/// Values on their way to one consumer.
pub(crate) struct Queue<T> {
    tail: CachePadded<Tail<T>>,
    first: AtomicPtr<Block<T>>,
    spare: AtomicPtr<Block<T>>,
    head: Slot<Head<T>, Consumer>,
}

struct Tail<T> {
    index: AtomicUsize,
    block: AtomicPtr<Block<T>>,
}

struct Head<T> {
    block: NonNull<Block<T>>,
    offset: usize,
}

// SAFETY: head owns the values from its position on, and nothing that is tied to a thread.
unsafe impl<T: Send> Send for Head<T> {}

/// The right to take from a [`Queue`]; there is one for each.
#[derive(Debug)]
pub(crate) struct Consumer {
    /// The tail's index if nothing were in the queue, without flags.
    index: usize,
}

/// What [`Queue::pop`] found.
#[must_use]
pub(crate) enum Pop<T> {
    /// The oldest value.
    Value(T),
    /// No value, but a push has begun.
    Busy,
    /// No value.
    Empty,
    /// No value, and there will be none.
    Disconnected,
}

/// What the one who pushed now owes.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// Nothing.
    Quietly,
    /// To wake the consumer, which waits for this value.
    Awaited,
}

struct Block<T> {
    next: AtomicPtr<Block<T>>,
    slots: [Place<T>; SLOTS],
}

struct Place<T> {
    state: AtomicU8,
    value: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Queue<T> {
    /// An empty queue and the right to take from it.
    pub(crate) fn new() -> (Self, Consumer) {
        let queue = Self {
            tail: CachePadded::new(Tail {
                index: AtomicUsize::new(0),
                block: AtomicPtr::new(ptr::null_mut()),
            }),
            first: AtomicPtr::new(ptr::null_mut()),
            spare: AtomicPtr::new(ptr::null_mut()),
            head: Slot::new(None),
        };
        (queue, Consumer { index: 0 })
    }

    /// Appends `value`, whether the queue is closed or not.
    #[inline]
    pub(crate) fn push(&self, value: T) -> Pushed {
        match self.claim(0) {
            Some((block, offset)) => self.write(block, offset, value),
            None => unreachable!("a claim that minds no flag is not refused"),
        }
    }

    /// Appends `value`, or gives it back if the queue is closed.
    #[inline]
    pub(crate) fn push_unless_closed(&self, value: T) -> Result<Pushed, T> {
        match self.claim(CLOSED) {
            Some((block, offset)) => Ok(self.write(block, offset, value)),
            None => Err(value),
        }
    }

    /// Refuses `push_unless_closed` from now on.
    pub(crate) fn close(&self) {
        self.tail.index.fetch_or(CLOSED, Ordering::AcqRel);
    }

    /// Whether `close` was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.tail.index.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Says that no push will come any more.
    pub(crate) fn disconnect(&self) {
        self.tail.index.fetch_or(DISCONNECTED, Ordering::Release);
    }

    /// How many values are in the queue, those included whose push has only begun.
    pub(crate) fn len(&self, consumer: &Consumer) -> usize {
        let tail = self.tail.index.load(Ordering::Acquire) & !FLAGS;
        let positions = tail.wrapping_sub(consumer.index) >> SHIFT;
        // Less the positions among them that belong to no slot.
        positions - (consumer.offset() + positions) / LAP
    }

    /// Claims the next slot, unless a flag of `refuse` is set.
    #[inline]
    fn claim(&self, refuse: usize) -> Option<(NonNull<Block<T>>, usize)> {
        let mut next = None;
        let mut waits = 0;
        let claimed = loop {
            let index = self.tail.index.load(Ordering::Acquire);
            if index & refuse != 0 {
                break None;
            }
            let offset = (index >> SHIFT) % LAP;
            if offset == SLOTS {
                wait_for_link(&mut waits);
                continue;
            }
            if offset + 1 == SLOTS && next.is_none() {
                // Before the claim, so that the others wait for two stores at the most.
                next = Some(self.fresh_block());
            }
            // Acquire for the first block (Q6). Of later ones the load above orders it after the link that made this index, and
            // the claim below, by its Release, before the link that ends it.
            let Some(block) = NonNull::new(self.tail.block.load(Ordering::Acquire)) else {
                self.begin();
                continue;
            };
            let wanted = index.wrapping_add(STEP);
            let claim =
                self.tail
                    .index
                    .compare_exchange_weak(index, wanted, Ordering::AcqRel, Ordering::Relaxed);
            if claim.is_err() {
                continue;
            }
            // Q1: the index had not moved since `block` was loaded, so that is the block of the claimed slot.
            if let Some(next) = next.take_if(|_| offset + 1 == SLOTS) {
                self.link(block, next);
            }
            break Some((block, offset));
        };
        if let Some(unused) = next {
            self.retire(unused);
        }
        claimed
    }

    /// Gives the tail its first block (Q6).
    #[cold]
    fn begin(&self) {
        let first = self.first_block();
        // Fails if another producer was quicker; then the tail may have moved on since.
        let _ = self.tail.block.compare_exchange(
            ptr::null_mut(),
            first.as_ptr(),
            Ordering::Release,
            Ordering::Relaxed,
        );
    }

    /// The first block that there ever was; it may be gone if the consumer has passed it (Q6).
    #[cold]
    fn first_block(&self) -> NonNull<Block<T>> {
        if let Some(first) = NonNull::new(self.first.load(Ordering::Acquire)) {
            return first;
        }
        let new = Block::alloc();
        let made = self.first.compare_exchange(
            ptr::null_mut(),
            new.as_ptr(),
            Ordering::Release,
            Ordering::Acquire,
        );
        match made.map_or_else(NonNull::new, |_| None) {
            None => new,
            Some(first) => {
                self.retire(new);
                first
            }
        }
    }

    /// Makes `next` the block of the tail. The caller has claimed the last slot of `block` and not written it.
    #[cold]
    fn link(&self, block: NonNull<Block<T>>, next: NonNull<Block<T>>) {
        // SAFETY: Q1: the caller's claimed slot keeps the block alive.
        let before = unsafe { block.as_ref() };
        // Relaxed: the consumer reads it after it has seen the caller's slot WRITTEN (Q3).
        before.next.store(next.as_ptr(), Ordering::Relaxed);
        self.tail.block.store(next.as_ptr(), Ordering::Relaxed);
        // Skips the position that belongs to no slot, and keeps the flags.
        self.tail.index.fetch_add(STEP, Ordering::Release);
    }

    #[inline]
    fn write(&self, block: NonNull<Block<T>>, offset: usize, value: T) -> Pushed {
        // SAFETY: Q1: the caller has claimed this slot and the consumer has not seen it.
        let place = unsafe { &block.as_ref().slots[offset] };
        // SAFETY: Q2: only the claimer writes, and the consumer does not read before the swap below.
        place
            .value
            .with_mut(|slot| unsafe { slot.write(MaybeUninit::new(value)) });
        match place.state.swap(WRITTEN, Ordering::AcqRel) {
            AWAITED => Pushed::Awaited,
            _ => Pushed::Quietly,
        }
    }

    /// Takes the oldest value.
    #[inline]
    pub(crate) fn pop(&self, consumer: &mut Consumer) -> Pop<T> {
        let popped = self.head.open(consumer, |head| match head {
            Some(head) => self.pop_at(head),
            None => {
                let block = NonNull::new(self.first.load(Ordering::Acquire))?;
                self.pop_at(head.insert(Head { block, offset: 0 }))
            }
        });
        let Some(value) = popped else {
            let index = self.tail.index.load(Ordering::Acquire);
            return if index & !FLAGS != consumer.index {
                Pop::Busy
            } else if index & DISCONNECTED != 0 {
                Pop::Disconnected
            } else {
                Pop::Empty
            };
        };
        let last = consumer.offset() + 1 == SLOTS;
        consumer.index = consumer.index.wrapping_add(if last { 2 * STEP } else { STEP });
        Pop::Value(value)
    }

    /// The value at `head`, if it is written.
    #[inline]
    fn pop_at(&self, head: &mut Head<T>) -> Option<T> {
        // SAFETY: Q1 and Q5: the consumer has not taken the slot at its head.
        let place = unsafe { &head.block.as_ref().slots[head.offset] };
        if place.state.load(Ordering::Acquire) != WRITTEN {
            return None;
        }
        // SAFETY: Q2: written, and not read before, since head moves on right below.
        let value = place.value.with(|slot| unsafe { slot.read() });
        head.offset += 1;
        if head.offset == SLOTS {
            self.next_block(head);
        }
        // SAFETY: Q2: whoever set WRITTEN had put a value in.
        Some(unsafe { value.assume_init() })
    }

    /// Moves `head`, which has read the last slot of its block, to the next one.
    #[cold]
    fn next_block(&self, head: &mut Head<T>) {
        let done = head.block;
        // SAFETY: Q3: the block is the consumer's alone.
        let next = unsafe { done.as_ref() }.next.load(Ordering::Relaxed);
        let Some(next) = NonNull::new(next) else {
            unreachable!("Q3: linked before the last slot was written");
        };
        *head = Head {
            block: next,
            offset: 0,
        };
        // SAFETY: Q3: nobody else knows this block any more.
        let block = unsafe { done.as_ref() };
        block.next.store(ptr::null_mut(), Ordering::Relaxed);
        for place in &block.slots {
            place.state.store(EMPTY, Ordering::Relaxed);
        }
        self.retire(done);
    }

    /// Announces that the consumer will wait for the value at its head: its producer will see
    /// [`Pushed::Awaited`]. To be called with the waker in place.
    ///
    /// If that value has come by now this does nothing; so look again afterwards.
    pub(crate) fn expect(&self, consumer: &mut Consumer) {
        self.head.open(consumer, |head| {
            let head = head.get_or_insert_with(|| Head {
                block: self.first_block(),
                offset: 0,
            });
            // SAFETY: Q1, Q5, Q6: the consumer has not taken the slot at its head.
            let place = unsafe { &head.block.as_ref().slots[head.offset] };
            // Fails if it is written, or awaited from the last time.
            let _ = place
                .state
                .compare_exchange(EMPTY, AWAITED, Ordering::Release, Ordering::Relaxed);
        });
    }

    /// An empty block that is linked nowhere.
    #[cold]
    fn fresh_block(&self) -> NonNull<Block<T>> {
        let spare = self.spare.swap(ptr::null_mut(), Ordering::Acquire);
        NonNull::new(spare).unwrap_or_else(Block::alloc)
    }

    /// Keeps an empty block that is linked nowhere for later, or frees it.
    #[cold]
    fn retire(&self, block: NonNull<Block<T>>) {
        let kept = self.spare.compare_exchange(
            ptr::null_mut(),
            block.as_ptr(),
            Ordering::Release,
            Ordering::Relaxed,
        );
        if kept.is_err() {
            // SAFETY: Q4: linked nowhere, and not the spare one either; made by `alloc`.
            unsafe { Block::free(block) };
        }
    }
}

impl Consumer {
    /// The offset of the next slot to take in its block.
    fn offset(&self) -> usize {
        (self.index >> SHIFT) % LAP
    }
}

impl<T> Drop for Queue<T> {
    /// Drops what was not taken. No push and no pop can be under way: they borrow the queue.
    fn drop(&mut self) {
        let _blocks = Blocks(self);
        Rest(self, Consumer { index: 0 }).drop_values();
    }
}

/// Drops the values of a queue, and goes on when the drop of one panics.
struct Rest<'a, T>(&'a Queue<T>, Consumer);

impl<T> Rest<'_, T> {
    fn drop_values(&mut self) {
        while let Pop::Value(value) = self.0.pop(&mut self.1) {
            drop(value);
        }
    }
}

impl<T> Drop for Rest<'_, T> {
    fn drop(&mut self) {
        self.drop_values();
    }
}

/// Frees the blocks of a queue that has no value left: the tail's, which is also head's, and the spare one. If no producer has
/// given the tail a block, the first one may be there.
struct Blocks<'a, T>(&'a Queue<T>);

impl<T> Drop for Blocks<'_, T> {
    fn drop(&mut self) {
        let mut last = self.0.tail.block.load(Ordering::Acquire);
        if last.is_null() {
            last = self.0.first.load(Ordering::Acquire);
        }
        let spare = self.0.spare.swap(ptr::null_mut(), Ordering::Acquire);
        for block in [last, spare].into_iter().filter_map(NonNull::new) {
            // SAFETY: `Queue::drop` made this, so nobody else has the queue; made by `alloc`, and Q4 says that
            // the two are not one.
            unsafe { Block::free(block) };
        }
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

impl<T> Block<T> {
    /// A block with all slots empty, built in its place on the heap: it may be larger than the stack.
    fn alloc() -> NonNull<Self> {
        let block = Box::into_raw(Box::<Self>::new_uninit()).cast::<Self>();
        // SAFETY: a field of the allocation made above.
        let next = unsafe { &raw mut (*block).next };
        // SAFETY: valid for writes, and nothing is there to be dropped.
        unsafe { next.write(AtomicPtr::new(ptr::null_mut())) };
        // SAFETY: a field of the allocation made above.
        let slots = unsafe { &raw mut (*block).slots }.cast::<Place<T>>();
        for offset in 0..SLOTS {
            // SAFETY: an element of the array.
            let place = unsafe { slots.add(offset) };
            let empty = Place {
                state: AtomicU8::new(EMPTY),
                value: UnsafeCell::new(MaybeUninit::uninit()),
            };
            // SAFETY: valid for writes, and nothing is there to be dropped.
            unsafe { place.write(empty) };
        }
        // SAFETY: `Box` never gives null.
        unsafe { NonNull::new_unchecked(block) }
    }

    /// Frees a block; values in it are forgotten.
    ///
    /// # Safety
    ///
    /// The block was made by [`alloc`](Self::alloc) and nobody else can reach it.
    unsafe fn free(block: NonNull<Self>) {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(block.as_ptr()) });
    }
}

/// Waits for a producer that is linking a block.
#[cold]
fn wait_for_link(waits: &mut u32) {
    if *waits < SPINS {
        for _ in 0..1 << *waits {
            hint::spin_loop();
        }
        *waits += 1;
    } else {
        thread::yield_now();
    }
}
