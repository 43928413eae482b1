//! Child processes: start one, talk to it through pipes, wait for its exit.
//!
//! | to do | use |
//! |---|---|
//! | say what to run | [`Command`] |
//! | run it and collect what it prints | [`Command::output`] |
//! | run it and learn how it ended | [`Command::status`] |
//! | run it beside this program | [`Command::spawn`], [`Child`] |
//! | write to it, read from it | [`ChildStdin`], [`ChildStdout`], [`ChildStderr`] with [`heist::io`](crate::io) |
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! # heist::runtime::Runtime::new()?.block_on(async {
//! use heist::io::AsyncWriteExt;
//! use heist::process::Command;
//! use std::process::Stdio;
//!
//! let mut sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
//! sort.stdin.take().expect("it is piped").write_all(b"pear\napple\n").await?;
//! let output = sort.wait_with_output().await?;
//! assert!(output.status.success());
//! assert_eq!(output.stdout, b"apple\npear\n");
//! # Ok(()) })
//! # }
//! ```
//!
//! # What happens to a child that is dropped
//!
//! It goes on, unless [`Command::kill_on_drop`] was set: then it is killed. In both cases it leaves no zombie: its
//! exit status is collected in the background, also when no runtime is left, for as long as this process lives.
//! To know that it is over, wait for it.
//!
//! # How an exit is noticed
//!
//! ```text
//!   Command::spawn ──► Child ──► exit.rs: Running ──┬──► pidfd.rs in the reactor      Linux 5.3 and later
//!                        │              │           └──► SIGCHLD through heist::signal   everywhere else
//!                        │              └─ dropped before its exit ──► orphans.rs, on SIGCHLD
//!                        └──► stdio.rs: ChildStdin, ChildStdout, ChildStderr: pipes in the reactor
//! ```
//!
//! Each child is asked for by its own number, so others in the program may have children of their own and handlers
//! for `SIGCHLD`. What they must not do is to collect any child's status (`waitpid(-1)`): a [`Child`] whose
//! status somebody else has taken answers with an error.
//!
//! Absent on purpose: anything but Unix.

mod child;
mod command;
mod exit;
mod kill;
mod orphans;
mod pre_exec;
mod stdio;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod pidfd;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod no_pidfd;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use no_pidfd as pidfd;

pub use child::Child;
pub use command::Command;
pub(crate) use kill::kill;
pub use stdio::{ChildStderr, ChildStdin, ChildStdout};
