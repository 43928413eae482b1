//! Subprocesses with streams for pipes: [`create_subprocess_exec`], [`create_subprocess_shell`], [`Process`].
//!
//! ```text
//!   create_subprocess_* ──► Subprocess ──.await──► Process ─┬─ stdin: StreamWriter
//!     what to run             how: stdio, limit, cwd        ├─ stdout, stderr: StreamReader
//!                                                           └─ heist::process::Child: exit, signals
//! ```
//!
//! Deliberately absent: `asyncio.subprocess.PIPE`, `DEVNULL`: they are `Stdio::piped()` and `Stdio::null()` of std;
//! `STDOUT`, which is [`Subprocess::stderr_to_stdout`].

use std::ffi::OsStr;
use std::fmt;
use std::future::{IntoFuture, Ready, poll_fn, ready};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::task::{Context, Poll};

use super::streams::{StreamReader, StreamWriter};
use crate::net::unix::pipe;
use crate::process::{Child, Command};

/// What a subprocess is to be, made by [`create_subprocess_exec`] and [`create_subprocess_shell`]; `.await` starts it.
#[must_use = "nothing is started before it is awaited"]
#[derive(Debug)]
pub struct Subprocess {
    command: Command,
    limit: Option<usize>,
    merge: bool,
}

/// A subprocess that runs `program` with `args`, without a shell. `asyncio.create_subprocess_exec`.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::aio::create_subprocess_exec;
/// use std::process::Stdio;
///
/// let mut sort = create_subprocess_exec("sort", ["-r"])
///     .stdin(Stdio::piped())
///     .stdout(Stdio::piped())
///     .await?;
/// let (stdout, _) = sort.communicate(b"apple\npear\n").await?;
/// assert_eq!(stdout.unwrap(), b"pear\napple\n");
/// assert_eq!(sort.returncode(), Some(0));
/// # Ok(()) })
/// # }
/// ```
pub fn create_subprocess_exec<A>(program: impl AsRef<OsStr>, args: A) -> Subprocess
where
    A: IntoIterator<Item: AsRef<OsStr>>,
{
    let mut command = Command::new(program);
    command.args(args);
    Subprocess {
        command,
        limit: None,
        merge: false,
    }
}

/// A subprocess in which `/bin/sh` runs `line`. `asyncio.create_subprocess_shell`.
///
/// It is the caller's duty to quote what comes from elsewhere, so that it is not taken for a command.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::aio::create_subprocess_shell;
/// use std::process::Stdio;
///
/// let mut shell = create_subprocess_shell("echo one; exit 3").stdout(Stdio::piped()).await?;
/// let (stdout, _) = shell.communicate(b"").await?;
/// assert_eq!((stdout.unwrap(), shell.returncode()), (b"one\n".to_vec(), Some(3)));
/// # Ok(()) })
/// # }
/// ```
pub fn create_subprocess_shell(line: impl AsRef<OsStr>) -> Subprocess {
    create_subprocess_exec("/bin/sh", [OsStr::new("-c"), line.as_ref()])
}

impl Subprocess {
    /// Where its input comes from: `Stdio::piped()` for [`Process::stdin`]. This process's own if nothing is said.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    /// Where its output goes: `Stdio::piped()` for [`Process::stdout`]. This process's own if nothing is said.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    /// Where its errors go: `Stdio::piped()` for [`Process::stderr`]. This process's own if nothing is said.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.command.stderr(stderr);
        self
    }

    /// Output and errors into one pipe, in the order in which they come, for [`Process::stdout`]: `stdout=PIPE,
    /// stderr=STDOUT` in asyncio.
    pub fn stderr_to_stdout(mut self) -> Self {
        self.merge = true;
        self
    }

    /// The [limit](StreamReader::limit) of `stdout` and `stderr`, in bytes.
    ///
    /// # Panics
    ///
    /// When it is started, if it is 0.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The directory it starts in: `cwd`.
    pub fn cwd(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Whether it is killed when the [`Process`] is dropped before it has exited. By default it goes on.
    pub fn kill_on_drop(mut self, kill: bool) -> Self {
        self.command.kill_on_drop(kill);
        self
    }

    /// Everything else that can be said of a command.
    pub fn command_mut(&mut self) -> &mut Command {
        &mut self.command
    }

    fn start(mut self) -> io::Result<Process> {
        let mut merged = None;
        if self.merge {
            let (sender, receiver) = pipe::pipe()?;
            let end = sender.into_blocking_fd()?;
            self.command.stderr(end.try_clone()?).stdout(end);
            merged = Some(receiver);
        }
        let mut child = self.command.spawn()?;
        // It has the ends of the pipe that are to be the child's alone.
        drop(self.command);
        let stdout = match merged {
            Some(receiver) => Some(StreamReader::new(receiver)),
            None => child.stdout.take().map(StreamReader::new),
        };
        let mut process = Process {
            pid: child.id().expect("it was just started"),
            stdin: child.stdin.take().map(StreamWriter::new),
            stdout,
            stderr: child.stderr.take().map(StreamReader::new),
            status: None,
            child,
        };
        if let Some(limit) = self.limit {
            let readers = [&mut process.stdout, &mut process.stderr];
            readers
                .into_iter()
                .flatten()
                .for_each(|reader| reader.set_limit(limit));
        }
        Ok(process)
    }
}

impl IntoFuture for Subprocess {
    type Output = io::Result<Process>;
    type IntoFuture = Ready<io::Result<Process>>;

    /// Starts it.
    ///
    /// # Errors
    ///
    /// The program is not found, or may not be run; or what else the operating system says.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if its I/O is not enabled.
    fn into_future(self) -> Self::IntoFuture {
        ready(self.start())
    }
}

/// A running subprocess. `asyncio.subprocess.Process`.
///
/// When it is dropped, the subprocess goes on, unless [`kill_on_drop`](Subprocess::kill_on_drop) was set, and leaves no
/// zombie.
pub struct Process {
    /// Its input, if that is a pipe. Dropping it, or `close`, is the end of the input.
    pub stdin: Option<StreamWriter>,
    /// Its output, if that is a pipe.
    pub stdout: Option<StreamReader>,
    /// Its errors, if they go into a pipe of their own.
    pub stderr: Option<StreamReader>,
    child: Child,
    pid: u32,
    status: Option<ExitStatus>,
}

impl Process {
    /// Its number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, as Python counts: what it gave to `exit`, or minus the number of the signal that ended it. `None`
    /// if nobody has waited for that.
    pub fn returncode(&self) -> Option<i32> {
        self.status.map(returncode)
    }

    /// How it ended, as std tells it.
    pub fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    /// Waits for its end, and says how it ended, as [`returncode`](Self::returncode).
    ///
    /// If its output is a pipe that nobody reads, it may wait for that reader for ever: use
    /// [`communicate`](Self::communicate).
    ///
    /// # Errors
    ///
    /// Somebody else has collected its status.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn wait(&mut self) -> io::Result<i32> {
        let status = self.child.wait().await?;
        self.status = Some(status);
        Ok(returncode(status))
    }

    /// Gives it `input`, closes its input, reads its output and errors to their ends, and waits for its end.
    ///
    /// All at the same time, so none waits for another, however much there is. What is not a pipe is `None`. If it does
    /// not read its input to the end that is no error.
    ///
    /// # Errors
    ///
    /// As for [`StreamReader::read`] and [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// If there is input and its input is no pipe.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the input goes on being sent, and another call, without input, gives what both have read.
    pub async fn communicate(&mut self, input: &[u8]) -> io::Result<(Option<Vec<u8>>, Option<Vec<u8>>)> {
        assert!(
            input.is_empty() || self.stdin.is_some(),
            "communicate was given input for a process whose input is no pipe: ask for stdin(Stdio::piped()), or give it once"
        );
        if let Some(stdin) = self.stdin.take() {
            // What the pipe does not take now, the stream's own task gives it; also after this drop, which closes it.
            stdin.write(input);
        }
        let Self { stdout, stderr, .. } = self;
        poll_fn(|cx| {
            let (stdout, stderr) = (poll_ended(stdout, cx), poll_ended(stderr, cx));
            match (stdout?, stderr?) {
                (Poll::Ready(()), Poll::Ready(())) => Poll::Ready(io::Result::Ok(())),
                _ => Poll::Pending,
            }
        })
        .await?;
        self.wait().await?;
        // Only now, so that a call that is dropped has taken nothing.
        let take = |stream: &mut Option<StreamReader>| stream.as_mut().map(StreamReader::take_received);
        Ok((take(&mut self.stdout), take(&mut self.stderr)))
    }

    /// Sends it a signal, by its number.
    ///
    /// # Errors
    ///
    /// It has ended (`NotFound`); the signal is none; the system forbids it.
    pub fn send_signal(&mut self, signal: i32) -> io::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            self.status = Some(status);
            return Err(io::Error::new(io::ErrorKind::NotFound, "the process has ended"));
        }
        crate::process::kill(self.pid, signal)
    }

    /// Asks it to end: SIGTERM.
    ///
    /// # Errors
    ///
    /// As for [`send_signal`](Self::send_signal).
    pub fn terminate(&mut self) -> io::Result<()> {
        self.send_signal(libc::SIGTERM)
    }

    /// Ends it: SIGKILL.
    ///
    /// # Errors
    ///
    /// As for [`send_signal`](Self::send_signal).
    pub fn kill(&mut self) -> io::Result<()> {
        self.send_signal(libc::SIGKILL)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("pid", &self.pid)
            .field("returncode", &self.returncode())
            .finish_non_exhaustive()
    }
}

/// Receives all there is; of no stream there is nothing.
fn poll_ended(stream: &mut Option<StreamReader>, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
    match stream {
        Some(stream) => match stream.poll_ended(cx) {
            Poll::Ready(ended) => ended.map(Poll::Ready),
            Poll::Pending => Ok(Poll::Pending),
        },
        None => Ok(Poll::Ready(())),
    }
}

fn returncode(status: ExitStatus) -> i32 {
    let signal = status.signal().map_or(0, |signal| -signal);
    status.code().unwrap_or(signal)
}
