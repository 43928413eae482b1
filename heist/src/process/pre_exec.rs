#![allow(unsafe_code)]
//! [`Command::pre_exec`], apart from the rest because it is unsafe to call.
//!
//! Invariants
//!
//! - I1: the caller promises of the closure what [`std::os::unix::process::CommandExt::pre_exec`] asks for, and it is
//!   handed on unchanged.

use super::Command;
use std::io;
use std::os::unix::process::CommandExt;

impl Command {
    /// Runs `f` in the child, between the fork and the start of the program.
    ///
    /// Several such closures run in the order in which they were given. If one fails, the rest do not run, and
    /// [`spawn`](Command::spawn) fails with its error.
    ///
    /// # Safety
    ///
    /// After the fork only one thread is left in the child, and locks that others held stay locked for ever. `f` may
    /// call only what is safe in a signal handler: it must not allocate, lock, or touch the runtime. Descriptors and
    /// memory are copies of this process's, so `f` must not use or close what somebody here owns in a way that
    /// breaks the owner's assumptions.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// use heist::process::Command;
    ///
    /// let mut command = Command::new("true");
    /// // SAFETY: the closure calls nothing.
    /// unsafe { command.pre_exec(|| Err(std::io::ErrorKind::PermissionDenied.into())) };
    /// assert!(command.status().await.is_err());
    /// # Ok(()) })
    /// # }
    /// ```
    pub unsafe fn pre_exec<F>(&mut self, f: F) -> &mut Command
    where
        F: FnMut() -> io::Result<()> + Send + Sync + 'static,
    {
        // SAFETY: I1.
        unsafe { self.as_std_mut().pre_exec(f) };
        self
    }
}
