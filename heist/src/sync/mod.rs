//! What tasks use to talk to each other and to keep out of each other's way.
//!
//! | type | for |
//! |---|---|
//! | [`oneshot`] | one value, from one task to another |
//! | [`mpsc`] | many values, from many tasks to one; bounded or unbounded |
//! | [`broadcast`] | many values, each of them to all tasks that listen |
//! | [`watch`] | the latest value, to all tasks that look |
//! | [`Mutex`] | a value that one task at a time uses, also across an `.await` |
//! | [`RwLock`] | a value that many tasks read or one writes, also across an `.await` |
//! | [`OnceCell`] | a value that the first who needs it makes |
//! | [`SetOnce`] | a value that one task sets and others wait for |
//! | [`Barrier`] | a line that tasks cross together |
//! | [`Semaphore`] | so many at a time |
//! | [`Notify`] | "look again", to one task or to all |
//!
//! Everything here works on any runtime, and between runtimes and plain threads: what is not `async` can be
//! called anywhere, and what waits has a `blocking_` form for threads. Inside of heist's tasks, each successful
//! wait also counts against the task's [budget](crate::task), so that a task whose channel is never empty
//! lets others run now and then.
//!
//! ```text
//!   public      oneshot    mpsc    Mutex, RwLock,  Semaphore      Notify ◄── watch, Barrier, SetOnce
//!                  │       │   │   OnceCell           │             │
//!                  │       │   │         │            │             │    ┌── broadcast
//!   private        │       │   ├────── batch.rs ◄──────┘             │    │   permits in order of arrival
//!                  │       │ atomic_waker.rs  └────── waiters.rs ◄──┴────┘   who waits, in which order
//!                  │       │   │                      wakers.rs              wake after the lock, not under it
//!   unsafe       guarded/ ◄┴───┘                                             memory behind a key, a permit, a claim
//! ```
//!
//! Deliberately absent: intrusive lists, and any `unsafe` outside of guarded/.

mod atomic_waker;
mod barrier;
mod batch;
mod blocking;
mod budget;
mod guarded;
mod mutex;
mod notify;
mod once_cell;
mod rwlock;
mod semaphore;
mod set_once;
pub(crate) mod waiters;
pub(crate) mod wakers;

pub mod broadcast;
pub mod mpsc;
pub mod oneshot;
pub mod watch;

/// The named futures of this module.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}

pub use barrier::{Barrier, BarrierWaitResult};
pub use batch::{AcquireError, TryAcquireError};
pub use mutex::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard, TryLockError};
pub use notify::Notify;
pub use once_cell::{OnceCell, SetError};
pub use rwlock::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockMappedWriteGuard,
    RwLockReadGuard, RwLockWriteGuard,
};
pub use semaphore::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
pub use set_once::{SetOnce, SetOnceError};
