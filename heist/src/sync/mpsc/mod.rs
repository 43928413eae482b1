//! A channel for many values, from any number of senders to one receiver, in order.
//!
//! [`channel`] makes a bounded one, whose senders wait while it is full; [`unbounded_channel`] one that takes whatever
//! memory it needs, and whose `send` never waits. Values of one sender arrive in the order in which they were
//! sent; those of several senders in the order in which they got into the channel.
//!
//! ```
//! use heist::sync::mpsc;
//!
//! # heist_executor::park::block_on(async {
//! let (tx, mut rx) = mpsc::channel(100);
//!
//! for thread in 0..3 {
//!     let tx = tx.clone();
//!     std::thread::spawn(move || tx.blocking_send(thread).unwrap());
//! }
//! drop(tx);
//!
//! let mut sum = 0;
//! while let Some(thread) = rx.recv().await {
//!     sum += thread;
//! }
//! assert_eq!(sum, 3);
//! # });
//! ```
//!
//! # The end of a channel
//!
//! When all senders are dropped the receiver gets what is still in the channel, and then `None`. When the receiver
//! is dropped, sending fails and what was in the channel is dropped. To stop without losing anything, the receiver
//! calls [`close`](Receiver::close), which makes sending fail, and receives until it gets `None`.
//!
//! # Between tasks and threads
//!
//! What is not `async` works on any thread. Where a thread has to wait, use [`Sender::blocking_send`] and
//! [`Receiver::blocking_recv`].
//!
//! # Memory
//!
//! Values are kept in linked blocks of 31; a new channel has one block, whatever its capacity. A block that has been
//! received is used again or freed. How that is done may change.

mod bounded;
mod chan;
pub mod error;
mod permit;
mod unbounded;

pub use bounded::{Receiver, Sender, WeakSender, channel};
pub use permit::{OwnedPermit, Permit, PermitIterator};
pub use unbounded::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel};
