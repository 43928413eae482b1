//! The one shim over std, parking_lot and loom. Internal to heist, no semver.
//!
//! Every other crate of heist takes its locks, atomics, cells, threads and thread-locals from here, so
//! that `--cfg heist_loom` swaps all of them at once for loom's modelled ones:
//!
//! | item | normally | under `--cfg heist_loom` |
//! |---|---|---|
//! | `sync::Arc` | std | loom |
//! | `sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, Condvar}` | parking_lot (no poison) | loom's, poison removed |
//! | `sync::atomic::*` | std | loom |
//! | `cell::UnsafeCell` | std's behind `with`/`with_mut` | loom's, which reports racing accesses |
//! | `sync::atomic::UnmodelledU64` | std | std: for counters and ids that order nothing |
//! | `thread`, `thread_local!`, `hint` | std | loom |
//! | `sync::StdArc` | std | std: for `std::task::Wake`, which takes no other |
//! | `sync::OnceLock` | std | std's, and a flag of loom's |
//!
//! Invariants about absence: no type of heist's, no unsafe, no logic. Code above this crate names a
//! `cfg(heist_loom)` only for size constants, in a `model` module, or at module level.

#[cfg(heist_loom)]
mod model;
#[cfg(heist_loom)]
pub use model::{cell, hint, sync, thread};

#[cfg(not(heist_loom))]
mod real;
#[cfg(not(heist_loom))]
pub use real::{cell, hint, sync, thread};

pub use crossbeam_utils::CachePadded;

/// std's `thread_local!`.
#[cfg(not(heist_loom))]
pub use std::thread_local;

/// loom's `thread_local!`, which does not know `const` initialisers.
#[cfg(heist_loom)]
#[macro_export]
macro_rules! thread_local {
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = const { $init:expr }; $($rest:tt)*) => {
        $crate::loom_thread_local!($(#[$attr])* $vis static $name: $t = $init);
        $crate::thread_local!($($rest)*);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = const { $init:expr }) => {
        $crate::loom_thread_local!($(#[$attr])* $vis static $name: $t = $init);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = $init:expr; $($rest:tt)*) => {
        $crate::loom_thread_local!($(#[$attr])* $vis static $name: $t = $init);
        $crate::thread_local!($($rest)*);
    };
    () => {};
}

#[cfg(heist_loom)]
#[doc(hidden)]
pub use loom::thread_local as loom_thread_local;
