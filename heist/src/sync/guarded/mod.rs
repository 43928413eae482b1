//! The fence around sync's unsafe code: kinds of memory that a protocol, and not a borrow, guards.
//!
//! ```text
//!   slot.rs    Slot<T, K>      one value, opened by whoever holds the only key of type K
//!   lock.rs    Guarded<T>      one value, opened by whoever holds all permits of its semaphore
//!   shared.rs  Shareable<T>    one value, opened for reading by whoever holds one permit of many
//!   once.rs    Once<T>         one value, written once and read by all ever after
//!   queue.rs   Queue<T>        values on their way from many producers to one consumer, in linked blocks
//! ```
//!
//! Each of them has a safe interface for the rest of sync and answers every unsafe line by the numbered
//! invariants in its header. Nothing outside of this folder is unsafe.
//!
//! Absent on purpose: waiting. Who waits for a permit, a value or a key is decided in the modules above.

mod lock;
mod once;
mod queue;
mod shared;
mod slot;

pub(super) use lock::{Exclusive, Guarded, lock, try_lock};
pub(super) use once::Once;
pub(super) use queue::{Consumer, Pop, Pushed, Queue};
pub(super) use shared::{Shareable, Shared, share, try_share};
pub(super) use slot::Slot;
