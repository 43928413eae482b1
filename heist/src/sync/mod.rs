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
//!                  │       │ atomic_waker.rs  │      wakers.rs   ◄──┼────┤   wake after the lock, not under it
//!                  │       │   │              │                     │    │
//!   unsafe       guarded/ ◄┴───┴──────────────┴─────────────────────┴────┘   memory behind a key, a permit, a claim;
//!                                                                            who waits, in which order
//! ```
//!
//! # Model-checking code that uses this module
//!
//! A protocol of your own on top of these types can be run by [loom](https://docs.rs/loom) in every order of its threads'
//! steps: under `--cfg heist_loom` the types here stand on loom's locks and atomics. In Cargo.toml:
//!
//! ```toml
//! [target.'cfg(heist_loom)'.dev-dependencies]
//! loom = { version = "0.7.2", features = ["futures"] }
//!
//! [lints.rust]
//! unexpected_cfgs = { level = "warn", check-cfg = ["cfg(heist_loom)"] }
//! ```
//!
//! A model, say in `tests/latch.rs`. What your code takes from std (`Arc`, atomics, locks, threads) it has to take from loom
//! here; heist's types are the same:
//!
//! ```ignore
//! #![cfg(heist_loom)]
//!
//! use heist::sync::Notify;
//! use loom::future::block_on;
//! use loom::sync::Arc;
//! use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
//! use loom::thread;
//!
//! struct Latch {
//!     open: AtomicBool,
//!     opened: Notify,
//! }
//!
//! impl Latch {
//!     fn new() -> Self {
//!         Latch {
//!             open: AtomicBool::new(false),
//!             opened: Notify::new(),
//!         }
//!     }
//!
//!     fn open(&self) {
//!         self.open.store(true, Ordering::Release);
//!         self.opened.notify_waiters();
//!     }
//!
//!     async fn wait(&self) {
//!         // First the future, then the look: turn the two lines round and the model deadlocks.
//!         let opened = self.opened.notified();
//!         if !self.open.load(Ordering::Acquire) {
//!             opened.await;
//!         }
//!     }
//! }
//!
//! #[test]
//! fn nobody_waits_at_an_open_latch() {
//!     loom::model(|| {
//!         let shared = Arc::new((Latch::new(), AtomicUsize::new(0)));
//!         let opener = {
//!             let shared = shared.clone();
//!             thread::spawn(move || {
//!                 shared.1.store(1, Ordering::Relaxed);
//!                 shared.0.open();
//!             })
//!         };
//!         block_on(shared.0.wait());
//!         assert_eq!(shared.1.load(Ordering::Relaxed), 1);
//!         opener.join().unwrap();
//!     });
//! }
//! ```
//!
//! One command runs it; the variable bounds the number of preemptions, without which only small models end:
//!
//! ```sh
//! RUSTFLAGS="--cfg heist_loom" LOOM_MAX_PREEMPTIONS=3 cargo test --release --test latch
//! ```
//!
//! Only what is in this module and in [`aio`](crate::aio) can be modelled so; runtimes, timers and sockets need a kernel,
//! which loom has not. Constructors in constants, as `Notify::const_new`, do not exist under the cfg.
//!
//! Deliberately absent: any `unsafe` outside of guarded/.

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
pub(crate) mod wakers;

pub mod broadcast;
pub mod mpsc;
pub mod oneshot;
pub mod watch;

/// The named futures of this module.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}

pub(crate) use guarded::{Waiter, Waiters};

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
