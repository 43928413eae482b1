//! A hierarchical timer wheel that knows no clock: `now` is an argument. Internal to heist, no semver.
//!
//! 11 levels of 64 slots cover every `u64` tick, so there is no overflow list and no farthest deadline.
//! What a tick is worth is the caller's affair. The idea is Varghese and Lauck's ("Hashed and Hierarchical
//! Timing Wheels", SOSP 1987); filing by the highest differing bit instead of by distance is what makes
//! cursors and wrap-around disappear.
//!
//! | file | holds |
//! |---|---|
//! | `place.rs` | which level and slot a deadline belongs to: arithmetic only |
//! | `slab.rs` | the entries, by index and generation, with their free list |
//! | `slot.rs` | one doubly linked list of entries and its earliest deadline |
//! | `wheel.rs` | the wheel: insert, cancel, reschedule, next deadline, advance |
//!
//! ```
//! use heist_timer::Wheel;
//!
//! let mut wheel = Wheel::new();
//! let tea = wheel.insert(180, "tea");
//! wheel.insert(60, "egg");
//! assert_eq!(wheel.next_deadline(), Some(60));
//!
//! let mut fired = Vec::new();
//! wheel.advance(100, &mut fired);
//! assert_eq!(fired, ["egg"]);
//! assert_eq!(wheel.cancel(tea), Some("tea"));
//! assert!(wheel.is_empty());
//! ```
//!
//! Invariants about absence: no thread, no lock, no clock, no waker, no unsafe code.
#![forbid(unsafe_code)]

mod place;
mod slab;
mod slot;
mod wheel;

pub use slab::Key;
pub use wheel::Wheel;
