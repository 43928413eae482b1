//! heist's macros: the attributes `main` and `test`, and `select!`, `join!`, `try_join!` and `pin!`.
//!
//! The work is done in the crate heist-macros. Here is what users read, and what passes `$crate` on, so that
//! an expansion finds heist under whatever name it has.
//!
//! Absent on purpose: `task_local!`, which belongs to `task`.

#[cfg(feature = "macros")]
mod entry;
#[cfg(feature = "macros")]
mod join;
mod pin;
#[cfg(feature = "macros")]
mod select;
pub mod support;

#[cfg(feature = "macros")]
pub use self::entry::{main, test};
