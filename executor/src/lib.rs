//! Task cells, work-stealing workers and the blocking pool of heist. Internal to heist: no semver promise.
//!
//! ```text
//!   task/            the cell, its state word, the handles          coop.rs    the budget of a poll
//!   queue/           deques and the injector                        park.rs    putting a thread to sleep
//!   multi_thread/    workers, sleepers, stealing                    driver.rs, loan.rs  the seam to reactor and timers, and who turns it
//!   current_thread/  the same on the thread that calls block_on     blocking.rs  threads for blocking closures
//!   local/           tasks that stay on one thread
//!   hooks.rs         what is called on the way of a task            histogram.rs  how long polls took, in buckets
//! ```
//!
//! Invariants about absence: this crate owns no file descriptor and no clock of its own (it is given one as a
//! function), and knows neither reactor nor timer: all waiting for them is a [`Driver`].

pub mod blocking;
pub mod coop;
pub mod current_thread;
mod driver;
pub mod histogram;
pub mod hooks;
pub mod loan;
pub mod local;
#[cfg(any(heist_loom, test))]
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub mod model;
pub mod multi_thread;
pub mod park;
mod queue;
mod rng;
pub mod task;
mod threads;

pub use driver::{Around, Clock, Driver, ThreadName};
