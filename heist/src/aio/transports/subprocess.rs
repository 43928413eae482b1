//! [`SubprocessProtocol`] and [`SubprocessTransport`]: a child process as something that calls back.
//!
//! ```text
//!   connection_made ──► pipe_data_received* ──► pipe_connection_lost, of each pipe ──┬──► connection_lost
//!                  └──────────────────────────────────────────► process_exited ──────┘
//! ```
//!
//! Invariants
//!
//! - I1: the process is over for the protocol when it has exited and all its pipes are closed, whichever comes first. A
//!   grandchild that holds a pipe holds up `connection_lost`.
//! - I2: signals are sent by the driver, before it asks for the exit: never to a process whose status has been collected.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use heist_primitive::sync::StdArc as Arc;

use super::subprocess_drive::{Driver, Pipes, Shared};
use super::transport::{FromShared, ReadTransport, WriteTransport};
use crate::process::Command;
use crate::signal::unix::SignalKind;
use crate::sync::oneshot;

/// What is called about a child process. `asyncio.SubprocessProtocol`.
///
/// The calls come from one task, one after the other: `connection_made` first; then what the pipes and the process do, in
/// any order between them; `connection_lost` last, when the process has exited and its pipes are closed.
///
/// They must not block. A call that panics kills the process and closes the pipes, and the panic is that of the task.
///
/// ```
/// use heist::aio::{SubprocessProtocol, SubprocessTransport, subprocess_exec};
/// use heist::sync::oneshot;
///
/// struct Collect(Vec<u8>, Option<oneshot::Sender<Vec<u8>>>);
///
/// impl SubprocessProtocol for Collect {
///     fn pipe_data_received(&mut self, _fd: i32, data: &[u8]) {
///         self.0.extend_from_slice(data);
///     }
///     fn connection_lost(&mut self, _error: Option<std::io::Error>) {
///         let output = std::mem::take(&mut self.0);
///         self.1.take().map(|done| done.send(output));
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let (done, is_done) = oneshot::channel();
/// let transport = subprocess_exec(|| Collect(Vec::new(), Some(done)), "echo", ["hello"]).await?;
/// assert_eq!(is_done.await.unwrap(), b"hello\n");
/// assert_eq!(transport.get_returncode(), Some(0));
/// # Ok(()) })
/// # }
/// ```
pub trait SubprocessProtocol: Send + 'static {
    /// The process runs. The first call.
    fn connection_made(&mut self, transport: SubprocessTransport) {
        drop(transport);
    }

    /// The process has written to its standard output, 1, or standard error, 2.
    fn pipe_data_received(&mut self, fd: i32, data: &[u8]) {
        let _ = (fd, data);
    }

    /// A pipe is closed, on this side or on that one: standard input, 0, output, 1, or error, 2. `BrokenPipe` is of a
    /// standard input that the process closed while bytes waited for it.
    fn pipe_connection_lost(&mut self, fd: i32, error: Option<io::Error>) {
        let _ = (fd, error);
    }

    /// The process has exited; [`SubprocessTransport::get_returncode`] says how. There may be more data in its pipes.
    fn process_exited(&mut self) {}

    /// The process has exited and its pipes are closed. The last call. An error is that a callback has panicked, or that the
    /// status could not be collected.
    fn connection_lost(&mut self, error: Option<io::Error>) {
        drop(error);
    }

    /// More bytes wait for the standard input than its high-water mark allows.
    fn pause_writing(&mut self) {}

    /// No more bytes wait than the low-water mark allows.
    fn resume_writing(&mut self) {}
}

/// Runs a program with all three standard streams piped. `loop.subprocess_exec`.
///
/// When this returns, `connection_made` has been called. For other streams, an environment or a directory use
/// [`subprocess_command`].
///
/// # Errors
/// What starting the program says; or `connection_made` has panicked, and the process is killed.
///
/// # Panics
/// Outside of a runtime.
///
/// # Cancel safety
/// A dropped future kills the process.
pub async fn subprocess_exec<P, A>(
    factory: impl FnOnce() -> P,
    program: impl AsRef<OsStr>,
    args: A,
) -> io::Result<SubprocessTransport>
where
    P: SubprocessProtocol,
    A: IntoIterator,
    A::Item: AsRef<OsStr>,
{
    let mut command = Command::new(program);
    command.args(args);
    subprocess_command(factory, piped(&mut command)).await
}

/// Runs a line of `/bin/sh` with all three standard streams piped. `loop.subprocess_shell`.
///
/// # Errors
/// As for [`subprocess_exec`].
///
/// # Panics
/// Outside of a runtime.
///
/// # Cancel safety
/// A dropped future kills the shell.
///
/// ```
/// # struct Silent;
/// # impl heist::aio::SubprocessProtocol for Silent {}
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let transport = heist::aio::subprocess_shell(|| Silent, "cat | wc -l").await?;
/// let stdin = transport.stdin().expect("piped");
/// stdin.write(b"one\ntwo\n");
/// stdin.write_eof();
/// # Ok(()) })
/// # }
/// ```
pub async fn subprocess_shell<P>(
    factory: impl FnOnce() -> P,
    line: impl AsRef<OsStr>,
) -> io::Result<SubprocessTransport>
where
    P: SubprocessProtocol,
{
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line);
    subprocess_command(factory, piped(&mut command)).await
}

/// Runs what a [`Command`] says, with its streams as it says. The keyword arguments of `loop.subprocess_exec`.
///
/// [`kill_on_drop`](Command::kill_on_drop) is set: a runtime that shuts down takes the process with it.
///
/// # Errors
/// As for [`subprocess_exec`].
///
/// # Panics
/// Outside of a runtime.
///
/// # Cancel safety
/// A dropped future kills the process.
pub async fn subprocess_command<P>(
    factory: impl FnOnce() -> P,
    command: &mut Command,
) -> io::Result<SubprocessTransport>
where
    P: SubprocessProtocol,
{
    let mut child = command.kill_on_drop(true).spawn()?;
    let pid = child.id();
    let pipes = Pipes::take(&mut child)?;
    let shared = Arc::new(Shared::default());
    let transport = SubprocessTransport {
        pid,
        stdin: pipes.transport(0).map(WriteTransport::from_shared),
        stdout: pipes.transport(1).map(ReadTransport::from_shared),
        stderr: pipes.transport(2).map(ReadTransport::from_shared),
        shared: shared.clone(),
    };
    let driver = Driver::new(factory(), transport.clone(), child, pipes, shared);
    let unmade = Unmade(Some(transport));
    let (made, is_made) = oneshot::channel();
    crate::spawn(driver.drive(made));
    is_made.await.map_err(|_| {
        io::Error::other("the protocol panicked in `connection_made`, or the runtime shuts down")
    })?;
    Ok(unmade.made())
}

fn piped(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
}

/// A process that nobody has been given yet: dropped, it is killed.
struct Unmade(Option<SubprocessTransport>);

impl Unmade {
    fn made(mut self) -> SubprocessTransport {
        self.0.take().expect("it is taken once, here or in the drop")
    }
}

impl Drop for Unmade {
    fn drop(&mut self) {
        if let Some(transport) = self.0.take() {
            transport.close();
        }
    }
}

/// What a protocol, or anybody else, does to a child process. `asyncio.SubprocessTransport`.
///
/// A handle: clones are cheap, and any thread may use them. The process lives on without one.
#[derive(Clone)]
pub struct SubprocessTransport {
    pid: Option<u32>,
    stdin: Option<WriteTransport>,
    stdout: Option<ReadTransport>,
    stderr: Option<ReadTransport>,
    shared: Arc<Shared>,
}

impl SubprocessTransport {
    /// The number of the process. Once it has exited, the system may give the number to another.
    pub fn get_pid(&self) -> Option<u32> {
        self.pid
    }

    /// How the process has exited: its code, or a signal's number, negative; `None` while it runs.
    pub fn get_returncode(&self) -> Option<i32> {
        let status = self.get_status()?;
        status.code().or_else(|| status.signal().map(|signal| -signal))
    }

    /// How the process has exited, in std's words; `None` while it runs.
    pub fn get_status(&self) -> Option<ExitStatus> {
        self.shared.status()
    }

    /// The standard input, if it is piped: `get_pipe_transport(0)`. Its protocol cannot be set.
    pub fn stdin(&self) -> Option<&WriteTransport> {
        self.stdin.as_ref()
    }

    /// The standard output, if it is piped: `get_pipe_transport(1)`. Its protocol cannot be set.
    pub fn stdout(&self) -> Option<&ReadTransport> {
        self.stdout.as_ref()
    }

    /// The standard error, if it is piped: `get_pipe_transport(2)`. Its protocol cannot be set.
    pub fn stderr(&self) -> Option<&ReadTransport> {
        self.stderr.as_ref()
    }

    /// Sends a signal, in the order of the calls. A number that is no signal's does nothing.
    ///
    /// # Errors
    /// `NotFound`: the process has exited.
    pub fn send_signal(&self, signal: SignalKind) -> io::Result<()> {
        self.shared.send_signal(signal)
    }

    /// Sends `SIGTERM`.
    ///
    /// # Errors
    /// `NotFound`: the process has exited.
    pub fn terminate(&self) -> io::Result<()> {
        self.send_signal(SignalKind::terminate())
    }

    /// Sends `SIGKILL`.
    ///
    /// # Errors
    /// `NotFound`: the process has exited.
    pub fn kill(&self) -> io::Result<()> {
        self.send_signal(SignalKind::from_raw(libc::SIGKILL))
    }

    /// Closes the pipes, and kills the process if it has not exited.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Whether it is closed here, or over.
    pub fn is_closing(&self) -> bool {
        self.shared.is_closing()
    }
}

impl fmt::Debug for SubprocessTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubprocessTransport")
            .field("pid", &self.pid)
            .field("returncode", &self.get_returncode())
            .finish_non_exhaustive()
    }
}
