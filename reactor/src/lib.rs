//! One `mio::Poll`, the sources registered in it, and who waits for which of them. Internal to heist, no semver.
//!
//! ```text
//!   Handle::register ──► Slots (index + generation) ──► Source (readiness word + waiters)
//!                             ▲                              ▲            │ poll_ready, readiness()
//!   epoll_wait ──► Reactor::turn ── token ───────────────────┘            ▼
//!        ▲              └──► wakers: Vec<Waker>, woken by the caller    Registration (held by the socket)
//!        └── Interrupt (unparker) and the fine timer live in the same poll
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `reactor.rs` | [`Reactor`]: the poll and its `turn` |
//! | `registration.rs` | [`Handle`], [`Registration`]: what sockets hold |
//! | `source.rs` | the readiness word and its waiters: the protocol that must lose no wake-up |
//! | `slots.rs` | the table from token to source: a stale event hits nothing |
//! | `interrupt.rs` | the unparker: any number of unparks, one system call |
//! | `timerfd.rs`, `coarse_timer.rs` | waits finer than epoll's millisecond, per platform |
//! | `ready.rs`, `interest.rs` | the two bit sets users see as `heist::io::{Ready, Interest}` |
//!
//! Invariants about absence: the reactor knows no task, owns no clock, polls no future and wakes nobody.
//! A waker is never cloned, woken or dropped while one of its locks is held, so no user code can run
//! under them.

mod interest;
mod interrupt;
mod reactor;
mod ready;
mod registration;
mod slots;
mod source;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod timerfd;
#[cfg(any(target_os = "linux", target_os = "android"))]
use timerfd as fine_timer;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod coarse_timer;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use coarse_timer as fine_timer;

pub use interest::Interest;
pub use reactor::Reactor;
pub use ready::Ready;
pub use registration::{Handle, Metrics, Registration};
pub use source::{Direction, Readiness, ReadyEvent, ShutDown};

/// What the loom models exercise without a `mio::Poll`.
#[doc(hidden)]
pub mod model {
    pub use crate::interrupt::Gate;
    pub use crate::slots::{Key, Slots};
    pub use crate::source::Source;
}
