//! [`Stream`] around what gives one thing after another: listeners, intervals, channels, lines, signals.
//!
//! | a stream of | is a | around |
//! |---|---|---|
//! | connections | [`TcpListenerStream`] | [`TcpListener`](crate::net::TcpListener) |
//! | connections on one machine | `UnixListenerStream` | `UnixListener` (Unix only) |
//! | ticks | [`IntervalStream`] | [`Interval`](crate::time::Interval) |
//! | values from other tasks | [`ReceiverStream`], [`UnboundedReceiverStream`] | [`mpsc`](crate::sync::mpsc)'s receivers |
//! | values that all listeners get | [`BroadcastStream`] | [`broadcast::Receiver`](crate::sync::broadcast::Receiver) |
//! | the latest value | [`WatchStream`] | [`watch::Receiver`](crate::sync::watch::Receiver) |
//! | outputs of tasks | [`JoinSetStream`] | [`JoinSet`](crate::task::JoinSet) |
//! | lines, segments | [`LinesStream`], [`SplitStream`] | [`Lines`](crate::io::Lines), [`Split`](crate::io::Split) |
//! | entries of a directory | [`ReadDirStream`] | [`ReadDir`](crate::fs::ReadDir) |
//! | signals | `SignalStream` | `signal::unix::Signal` (feature `signal`) |
//!
//! Names, constructors and items are those of the crate tokio-stream's `wrappers`, so `use heist::stream as wrappers;`
//! is what a port changes. They are here without a feature, because futures-core, which has the trait, is a dependency
//! anyway.
//!
//! # Examples
//!
//! ```
//! use futures_util::StreamExt;
//! use heist::stream::ReceiverStream;
//!
//! # fn main() -> std::io::Result<()> {
//! # heist::runtime::Runtime::new()?.block_on(async {
//! let (sender, receiver) = heist::sync::mpsc::channel(8);
//! heist::spawn(async move {
//!     for n in 1..=3 {
//!         sender.send(n).await.unwrap();
//!     }
//! });
//! let doubled: Vec<u32> = ReceiverStream::new(receiver).map(|n| n * 2).collect().await;
//! assert_eq!(doubled, [2, 4, 6]);
//! # Ok(()) })
//! # }
//! ```
//!
//! Invariants
//!
//! - I1: a wrapper has no state but the place where it waits: what `into_inner` gives back goes on where the stream
//!   stopped, and dropping a stream between two items loses none. (A [`WatchStream`] also knows whether it has begun:
//!   unpolled, it gives a receiver back that has no change to tell.)
//! - I2: polling allocates nothing, the broadcast and watch streams included, whose waits are no borrows.
//!
//! Absent on purpose: `Stream` on the wrapped types themselves. A listener would have to leave the peer's address out
//! and a broadcast receiver to choose what lagging is, and each would have two ways to be read, of which a generic
//! caller gets the lesser; tokio's types have none either. Combinators: futures-util, futures-lite and tokio-stream have
//! them, for any stream.

mod broadcast;
pub mod errors;
mod interval;
mod join_set;
mod lines;
mod listeners;
mod mpsc;
mod read_dir;
#[cfg(all(unix, feature = "signal"))]
mod signal;
#[cfg(unix)]
mod unix_listener;
mod watch;
mod wrapper;

pub use broadcast::BroadcastStream;
pub use interval::IntervalStream;
pub use join_set::JoinSetStream;
pub use lines::{LinesStream, SplitStream};
pub use listeners::TcpListenerStream;
pub use mpsc::{ReceiverStream, UnboundedReceiverStream};
pub use read_dir::ReadDirStream;
#[cfg(all(unix, feature = "signal"))]
pub use signal::SignalStream;
#[cfg(unix)]
pub use unix_listener::UnixListenerStream;
pub use watch::WatchStream;

#[doc(no_inline)]
pub use futures_core::Stream;
