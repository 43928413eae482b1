//! The fence around sync's unsafe code: three kinds of memory that a protocol, and not a borrow, guards.
//!
//! ```text
//!   slot.rs    Slot<T, K>      one value, opened by whoever holds the only key of type K
//!   lock.rs    Guarded<T>      one value, opened by whoever holds all permits of its semaphore
//!   queue.rs   Queue<T>        values on their way from many producers to one consumer, in linked blocks
//! ```
//!
//! Each of the three has a safe interface for the rest of sync and answers every unsafe line by the numbered
//! invariants in its header. Nothing outside of this folder is unsafe.
//!
//! Absent on purpose: waiting. Who waits for a permit, a value or a key is decided in the modules above.

mod lock;
mod queue;
mod slot;

pub(super) use lock::{Exclusive, Guarded, lock, try_lock};
pub(super) use queue::{Consumer, Pop, Pushed, Queue};
pub(super) use slot::Slot;
