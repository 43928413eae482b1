//! Signals of the operating system, as something to wait for.
//!
//! | module | holds |
//! |---|---|
//! | here | [`ctrl_c`] |
//! | [`unix`] | any signal: [`unix::signal`], [`unix::Signal`], [`unix::SignalKind`] |
//! | `registry` | the one handler of this process, and who tells those that wait |
//! | `route` | what a handler does and whom it rings for: the driver of a runtime, or the thread |
//! | `ear` | how a driver hears of signals |
//!
//! Waiting for a signal needs no runtime: the wake-up comes from a thread of its own, `heist-signal`, which
//! starts with the first [`unix::signal`] and sleeps. A task of a runtime is woken by the driver of that, without the thread.
//!
//! Absent on purpose: restoring a signal's default action, and anything but Unix.

pub(crate) mod ear;
pub(crate) mod registry;
#[doc(hidden)]
pub mod route;
pub mod unix;

use std::io;

use self::unix::{SignalKind, signal};

/// Waits for the next Ctrl-C: for the signal `SIGINT`.
///
/// Listening begins with the first poll. From then on, **for the rest of the process**, Ctrl-C does not end the
/// program any more, also when this future is dropped: the program must do so itself. To hear every
/// Ctrl-C, keep one [`Signal`](unix::Signal); between two calls of this function one can be missed.
///
/// # Errors
///
/// If the handler, its socket pairs or its thread cannot be set up.
///
/// # Cancel safety
///
/// A Ctrl-C that arrives after this future was dropped is not seen by the next one. In a loop with `select!`,
/// use [`Signal::recv`](unix::Signal::recv).
///
/// # Examples
///
/// ```no_run
/// # async fn serve() {}
/// #[heist::main]
/// async fn main() -> std::io::Result<()> {
///     heist::select! {
///         result = heist::signal::ctrl_c() => {
///             result?;
///             println!("stopping");
///         }
///         () = serve() => {}
///     }
///     Ok(())
/// }
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    signal(SignalKind::interrupt())?.recv().await;
    Ok(())
}
