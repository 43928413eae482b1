//! What tasks use to talk to each other and to keep out of each other's way.
//!
//! | type | for |
//! |---|---|
//! | [`oneshot`] | one value, from one task to another |
//! | [`mpsc`] | many values, from many tasks to one; bounded or unbounded |
//! | [`Mutex`] | a value that one task at a time uses, also across an `.await` |
//! | [`Semaphore`] | so many at a time |
//! | [`Notify`] | "look again", to one task or to all |
//!
//! Everything here works on any runtime, and between runtimes and plain threads: what is not `async` can be
//! called anywhere, and what waits has a `blocking_` form for threads. Inside of heist's tasks, each successful
//! wait also counts against the task's [budget](crate::task), so that a task whose channel is never empty
//! lets others run now and then.
//!
//! ```text
//!   public      oneshot    mpsc        Mutex      Semaphore      Notify
//!                  │       │   │         │            │             │
//!   private        │       │   ├────── batch.rs ◄──────┘             │     permits in order of arrival
//!                  │       │ atomic_waker.rs  └────── waiters.rs ◄──┘     who waits, in which order
//!                  │       │   │                      wakers.rs           wake after the lock, not under it
//!   unsafe       guarded/ ◄┴───┘                                          memory behind a key, a permit, a claim
//! ```
//!
//! Deliberately absent: intrusive lists, and any `unsafe` outside of guarded/.

mod atomic_waker;
mod batch;
mod blocking;
mod guarded;
mod mutex;
mod notify;
mod semaphore;
mod waiters;
mod wakers;

pub mod mpsc;
pub mod oneshot;

/// The named futures of this module.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}

pub use batch::{AcquireError, TryAcquireError};
pub use mutex::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard, TryLockError};
pub use notify::Notify;
pub use semaphore::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
