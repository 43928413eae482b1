//! The fence around sync's unsafe code: kinds of memory that a protocol, and not a borrow, guards.
//!
//! ```text
//!   slot.rs    Slot<T, K>      one value, opened by whoever holds the only key of type K
//!   lock.rs    Guarded<T>      one value, opened by whoever holds all permits of its semaphore
//!   shared.rs  Shareable<T>    one value, opened for reading by whoever holds one permit of many
//!   pair.rs    Half<T, A>      one allocation with two owners, freed by the one that leaves last
//!   once.rs    Once<T>         one value, written once and read by all ever after
//!   waiters.rs Waiters<S>      who waits, in which order: a list through the waiting futures
//!   queue.rs   Queue<T>        values on their way from many producers to one consumer, in linked blocks
//! ```
//!
//! Each of them has a safe interface for the rest of sync and answers every unsafe line by the numbered
//! invariants in its header. Nothing outside of this folder is unsafe.
//!
//! Absent on purpose: waking. Who waits for a permit, a value or a key is decided in the modules above.

mod lock;
mod once;
mod pair;
mod queue;
mod shared;
mod slot;
mod waiters;

pub(super) use lock::{Exclusive, Guarded, lock, try_lock};
pub(super) use once::Once;
pub(super) use pair::Half;
pub(super) use queue::{Consumer, Pop, Pushed, Queue};
pub(super) use shared::{Shareable, Shared, share, try_share};
pub(super) use slot::Slot;
pub(crate) use waiters::{Waiter, Waiters};
