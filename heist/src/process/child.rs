//! A running child, and how it ended.
//!
//! ```text
//!   Running ──wait, try_wait, kill──► Done(status)
//! ```
//!
//! Invariants
//!
//! - I1: once `Done`, always `Done` with the same status: the number may be another process's by then, so nothing
//!   is asked or killed any more.
//!
//! Absent on purpose: `Future` on the child itself; [`Child::wait`] is the one way to wait.

use super::exit::Running;
use super::stdio::{ChildStderr, ChildStdin, ChildStdout};
use crate::io::{AsyncRead, AsyncReadExt};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::process::{self, ExitStatus, Output};
use std::task::Poll;

/// A child process, from [`Command::spawn`](super::Command::spawn).
///
/// Dropped, it goes on, unless [`kill_on_drop`](super::Command::kill_on_drop) was set; either way it leaves no zombie.
///
/// It may be waited for on any runtime and on any thread, also when the runtime that started it is gone. The pipes
/// belong to that runtime.
#[derive(Debug)]
pub struct Child {
    state: State,

    /// The child's standard input, if it was [piped](std::process::Stdio::piped).
    ///
    /// `take()` it to use it beside the methods of the child.
    pub stdin: Option<ChildStdin>,

    /// The child's standard output, if it was [piped](std::process::Stdio::piped).
    ///
    /// `take()` it to use it beside the methods of the child.
    pub stdout: Option<ChildStdout>,

    /// The child's standard error, if it was [piped](std::process::Stdio::piped).
    ///
    /// `take()` it to use it beside the methods of the child.
    pub stderr: Option<ChildStderr>,
}

#[derive(Debug)]
enum State {
    Running(Running),
    Done(ExitStatus),
}

impl Child {
    /// Takes over a child that was just started. If that fails, the child is killed.
    #[track_caller]
    pub(super) fn adopt(child: process::Child, kill_on_drop: bool) -> io::Result<Child> {
        let mut running = Running::new(child)?;
        let (stdin, stdout, stderr) = running.take_stdio();
        let stdin = stdin.map(ChildStdin::from_std).transpose()?;
        let stdout = stdout.map(ChildStdout::from_std).transpose()?;
        let stderr = stderr.map(ChildStderr::from_std).transpose()?;
        running.set_kill_on_drop(kill_on_drop);
        Ok(Child {
            state: State::Running(running),
            stdin,
            stdout,
            stderr,
        })
    }

    /// The number of the process, or `None` if its exit has been seen: the system may have given the number to
    /// another process by then.
    pub fn id(&self) -> Option<u32> {
        match &self.state {
            State::Running(running) => Some(running.id()),
            State::Done(_) => None,
        }
    }

    /// Sends `SIGKILL` and does not wait for the exit. Does nothing if the child has exited.
    ///
    /// # Errors
    /// What the operating system says: for instance `ECHILD`, if somebody else in this process has collected the status,
    /// for the number may be another process's by then.
    pub fn start_kill(&mut self) -> io::Result<()> {
        match (self.try_wait()?, &mut self.state) {
            (None, State::Running(running)) => running.kill(),
            _ => Ok(()),
        }
    }

    /// Sends `signal`. Does nothing if the exit has been seen.
    pub(crate) fn send_signal(&mut self, signal: libc::c_int) -> io::Result<()> {
        match &mut self.state {
            State::Running(running) => super::kill(running.id(), signal),
            State::Done(_) => Ok(()),
        }
    }

    /// Sends `SIGKILL` and waits for the exit. Returns at once if the exit has been seen.
    ///
    /// It kills this process alone, not the processes that it has started.
    ///
    /// # Errors
    /// As for [`start_kill`](Child::start_kill) and [`wait`](Child::wait).
    ///
    /// # Cancel safety
    /// The signal is sent by the first poll; a dropped future gives up the waiting only.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// use heist::process::Command;
    /// use std::time::Duration;
    ///
    /// let mut child = Command::new("sleep").arg("60").spawn()?;
    /// if heist::time::timeout(Duration::from_millis(10), child.wait()).await.is_err() {
    ///     child.kill().await?;
    /// }
    /// # Ok(()) })
    /// # }
    /// ```
    pub async fn kill(&mut self) -> io::Result<()> {
        self.start_kill()?;
        self.wait().await.map(drop)
    }

    /// Waits for the exit. Later calls return the same status at once.
    ///
    /// It first drops [`stdin`](Child::stdin), so that a child which reads to the end of its input comes to it. Take it
    /// out before, to keep it open.
    ///
    /// A child that has been started with piped output and prints more than the pipe holds waits for somebody to read
    /// it: read beside waiting, or use [`wait_with_output`](Child::wait_with_output).
    ///
    /// # Errors
    /// What the operating system says: for instance `ECHILD`, if somebody else in this process has collected the status.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped, but `stdin` is closed by the first poll.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// use heist::process::Command;
    ///
    /// let mut child = Command::new("sh").args(["-c", "exit 3"]).spawn()?;
    /// assert_eq!(child.wait().await?.code(), Some(3));
    /// assert_eq!(child.wait().await?.code(), Some(3));
    /// # Ok(()) })
    /// # }
    /// ```
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        match &mut self.state {
            State::Done(status) => Ok(*status),
            State::Running(running) => {
                let status = poll_fn(|cx| running.poll_exit(cx)).await?;
                self.state = State::Done(status);
                Ok(status)
            }
        }
    }

    /// The status, if the child has exited; does not wait, and leaves `stdin` open.
    ///
    /// # Errors
    /// As for [`wait`](Child::wait).
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        match &mut self.state {
            State::Done(status) => Ok(Some(*status)),
            State::Running(running) => {
                let status = running.try_wait()?;
                if let Some(status) = status {
                    self.state = State::Done(status);
                }
                Ok(status)
            }
        }
    }

    /// Waits for the exit and reads what is left of the standard output and standard error meanwhile.
    ///
    /// What was not piped, or was taken out, is empty in the result. Drops [`stdin`](Child::stdin) first, as
    /// [`wait`](Child::wait) does.
    ///
    /// # Errors
    /// As for [`wait`](Child::wait), and what reading says.
    ///
    /// # Cancel safety
    /// Dropping the future drops the child, and what was read.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// use heist::process::Command;
    /// use std::process::Stdio;
    ///
    /// let child = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
    /// assert_eq!(child.wait_with_output().await?.stdout, b"hello\n");
    /// # Ok(()) })
    /// # }
    /// ```
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        let (mut stdout, mut stderr) = (self.stdout.take(), self.stderr.take());
        let read = both(read_to_end(&mut stdout), read_to_end(&mut stderr));
        let (status, (out, err)) = both(self.wait(), read).await?;
        Ok(Output {
            status,
            stdout: out,
            stderr: err,
        })
    }
}

async fn read_to_end<R: AsyncRead + Unpin>(pipe: &mut Option<R>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// Waits for both, or for the first error.
async fn both<A, B>(
    a: impl Future<Output = io::Result<A>>,
    b: impl Future<Output = io::Result<B>>,
) -> io::Result<(A, B)> {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut first, mut second) = (None, None);
    poll_fn(move |cx| {
        if first.is_none() {
            if let Poll::Ready(result) = a.as_mut().poll(cx) {
                first = Some(result?);
            }
        }
        if second.is_none() {
            if let Poll::Ready(result) = b.as_mut().poll(cx) {
                second = Some(result?);
            }
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready(Ok((first, second))),
            missing => {
                (first, second) = missing;
                Poll::Pending
            }
        }
    })
    .await
}
