//! A child that has not been seen to exit, and what tells of its exit.
//!
//! ```text
//!                      pidfd_open works, runtime alive
//!   new ──1──► Pidfd ───────────────────────────────────2──► reaped ──► status
//!    │           │ the runtime has shut down, or the status is not to be had yet
//!    │           3
//!    │           ▼
//!    └──1──► Signal ────────────────────────────────────4──► reaped ──► status
//!
//!   any of them dropped before it is reaped ──5──► killed if asked for ──► orphans.rs
//! ```
//!
//! 1 [`Watch::new`], 2-4 [`Running::poll_exit`], 5 the drop.
//!
//! Invariants
//!
//! - I1: the status is collected by the child's own number only, and by `std::process::Child`, which remembers it.
//!   So a number that the system has given to another process is never waited for nor killed: before a kill the
//!   child is asked whether it still has its number.
//! - I2: with signals, a listener is armed first and the child asked afterwards. An exit before the question is
//!   found by it, an exit after it sends a signal that the listener hears.
//! - I3: a pidfd is readable from the exit on and stays so; nothing clears it. When it is readable and there is no
//!   status yet (a debugger has to see the exit first), signals take over, because the parent gets one when it
//!   is its turn. So nobody spins.
//! - I4: until the caller has the `Child`, a drop kills: an error of `spawn` leaves no process behind.
//!
//! Ordering: the kernel's, and that of the signal registry, whose lock orders arming against arrival.
//!
//! Absent on purpose: `waitpid(-1)`, which would take the children of others.

use super::orphans;
use super::pidfd::Pidfd;
use crate::net::evented::Evented;
use crate::signal::registry::Listener;
use heist_executor::coop;
use heist_reactor::{Direction, Interest};
use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::task::{Context, Poll, ready};

/// A child whose status has not been collected.
#[derive(Debug)]
pub(super) struct Running {
    /// Present until the drop.
    child: Option<Child>,
    watch: Watch,
    kill_on_drop: bool,
}

/// What tells of the exit.
#[derive(Debug)]
enum Watch {
    Pidfd(Evented<Pidfd>),
    Signal(Listener),
}

impl Watch {
    /// A pidfd where there is one. Otherwise, and if there are no descriptors left for it, signals.
    fn new(id: u32) -> io::Result<Watch> {
        match Pidfd::open(id).and_then(|pidfd| Evented::new(pidfd, Interest::READABLE)) {
            Ok(pidfd) => Ok(Watch::Pidfd(pidfd)),
            Err(_) => Watch::signal(),
        }
    }

    fn signal() -> io::Result<Watch> {
        Listener::new(libc::SIGCHLD).map(Watch::Signal)
    }
}

impl Running {
    /// Takes over a child that was just started.
    ///
    /// # Errors
    /// There is neither a pidfd nor a signal handler to be had. The child is killed.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub(super) fn new(child: Child) -> io::Result<Running> {
        // I4: from here on the child has somebody who kills and reaps it.
        let unwatched = Unwatched(Some(child));
        let watch = Watch::new(unwatched.id())?;
        Ok(Running {
            child: unwatched.watched(),
            watch,
            kill_on_drop: true,
        })
    }

    /// Whether a drop kills.
    pub(super) fn set_kill_on_drop(&mut self, kill_on_drop: bool) {
        self.kill_on_drop = kill_on_drop;
    }

    pub(super) fn id(&self) -> u32 {
        self.child
            .as_ref()
            .expect("the child is here until the drop")
            .id()
    }

    /// The ends of the pipes that were asked for.
    pub(super) fn take_stdio(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        let child = self.child();
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    }

    /// Kills it. By I1 only after [`try_wait`](Self::try_wait) has said that it has not been collected.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.child().kill()
    }

    /// The status, if the child has exited.
    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child().try_wait()
    }

    /// Waits for the exit. Only the waker of the latest call is kept.
    pub(super) fn poll_exit(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        loop {
            match &mut self.watch {
                Watch::Pidfd(pidfd) => {
                    // An error says that the runtime that watched the pidfd has shut down.
                    let _ = ready!(pidfd.poll_ready(cx, Direction::Read));
                    if let Some(status) = self.try_wait()? {
                        return Poll::Ready(Ok(status));
                    }
                    self.watch = Watch::signal()?;
                }
                Watch::Signal(listener) => {
                    let unit = ready!(coop::poll_proceed(cx));
                    // I2.
                    let heard = listener.poll(cx).is_ready();
                    let status = self.try_wait()?;
                    if status.is_none() && !heard {
                        return Poll::Pending;
                    }
                    unit.made_progress();
                    if let Some(status) = status {
                        return Poll::Ready(Ok(status));
                    }
                }
            }
        }
    }

    fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("the child is here until the drop")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            leave(child, self.kill_on_drop);
        }
    }
}

/// A child that nothing watches yet; dropped, it is killed.
struct Unwatched(Option<Child>);

impl Unwatched {
    fn id(&self) -> u32 {
        self.0
            .as_ref()
            .expect("the child is here until it is watched")
            .id()
    }

    fn watched(mut self) -> Option<Child> {
        self.0.take()
    }
}

impl Drop for Unwatched {
    fn drop(&mut self) {
        if let Some(child) = self.0.take() {
            leave(child, true);
        }
    }
}

/// Gives the child up: kills it if asked for, and sees to it that its status is collected.
fn leave(mut child: Child, kill: bool) {
    // I1: a child that is known not to be collected still owns its number.
    if let Ok(None) = child.try_wait() {
        if kill {
            // It may have exited meanwhile; there is nobody to tell of a failure.
            let _ = child.kill();
        }
        orphans::adopt(child);
    }
}
