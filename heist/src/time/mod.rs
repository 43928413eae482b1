//! Time: sleeping, time limits and intervals.
//!
//! - [`sleep`] and [`sleep_until`] wait once; [`Sleep`] can be [reset](Sleep::reset) instead of being made anew.
//! - [`timeout`] and [`timeout_at`] limit how long another future may take.
//! - [`interval`] and [`interval_at`] tick with a fixed period and make up for ticks that were missed as its
//!   [`MissedTickBehavior`] says.
//! - [`Instant`] is `std::time::Instant`, read from the runtime's clock.
//!
//! All of it must be made inside a runtime that has time enabled
//! ([`enable_time`](crate::runtime::Builder::enable_time) or
//! [`enable_all`](crate::runtime::Builder::enable_all)) and then belongs to that runtime, wherever it is
//! polled.
//!
//! # Precision
//!
//! Timers never fire early. Deadlines are rounded up to a tick of 16.4 µs (2^14 ns), and the thread that waits
//! for them is woken with better than millisecond precision where the system allows it (Linux). A duration
//! that the platform cannot add to the present counts as about 30 years; a [`timeout`] of so much never ends.
//!
//! The clock is the one of `std::time::Instant`: monotonic, and on Linux it stands still while the machine is
//! suspended. With the feature `test-util` a current-thread runtime's clock can be stopped and moved by `pause`,
//! `resume` and `advance`, and [`Instant::now`] follows it; its timers are exact to the nanosecond then.
//!
//! # Example
//!
//! ```
//! use heist::time::{self, Duration};
//!
//! #[heist::main]
//! async fn main() {
//!     let slow = async {
//!         time::sleep(Duration::from_secs(3_600)).await;
//!         "done"
//!     };
//!     let outcome = time::timeout(Duration::from_millis(5), slow).await;
//!     assert!(outcome.is_err());
//! }
//! ```
//!
//! # Map of the module
//!
//! ```text
//!  Sleep, Timeout, Interval ──> entry.rs ──> shard.rs, one a worker ──> heist_timer::Wheel<Waker>
//!                                              │  ▲
//!                                 horizon.rs ◄─┘  └── timers.rs ◄── runtime/driver.rs: next_timeout, turn, advance
//!                                 ticks.rs: from time to ticks and back
//!                                 clock.rs: the only reader of the machine's clock
//!                                   └──> hands.rs: pause, resume, advance (feature test-util)
//! ```

pub mod error;

mod clock;
mod entry;
#[cfg(feature = "test-util")]
mod hands;
#[cfg(not(feature = "test-util"))]
#[path = "no_hands.rs"]
mod hands;
#[doc(hidden)]
pub mod horizon;
mod instant;
mod interval;
#[cfg(heist_loom)]
#[doc(hidden)]
pub mod model;
pub(crate) mod shard;
mod sleep;
mod ticks;
mod timeout;
pub(crate) mod timers;

pub(crate) use clock::{Clock, machine_now};
#[cfg(feature = "test-util")]
pub use hands::{advance, pause, resume};
pub use instant::Instant;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
#[doc(no_inline)]
pub use std::time::Duration;
#[doc(inline)]
pub use timeout::{Timeout, timeout, timeout_at};
