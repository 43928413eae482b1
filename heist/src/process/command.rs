//! What to run and how: std's `Command`, whose children can be awaited.
//!
//! Absent on purpose: any setting of its own but `kill_on_drop`; the rest is std's, reached by
//! [`Command::as_std_mut`] too. `pre_exec` is in `pre_exec.rs`.

use super::child::Child;
use crate::runtime::context;
use std::ffi::OsStr;
use std::future::Future;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child as StdChild, Command as StdCommand, ExitStatus, Output, Stdio};

/// A program to start, with its arguments, environment and standard streams.
///
/// It is [`std::process::Command`] with children that can be awaited, and may start any number of them.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::process::Command;
///
/// let output = Command::new("expr").args(["6", "*", "7"]).output().await?;
/// assert_eq!(output.stdout, b"42\n");
/// # Ok(()) })
/// # }
/// ```
#[derive(Debug)]
pub struct Command {
    std: StdCommand,
    kill_on_drop: bool,
}

impl Command {
    /// A command to run `program`, which is looked for in `PATH` unless it is a path.
    ///
    /// It starts without arguments, with this process's environment and working directory. The child has this process's
    /// standard streams, but for [`output`](Command::output), and is not killed when its [`Child`] is dropped.
    pub fn new<S: AsRef<OsStr>>(program: S) -> Command {
        Command::from(StdCommand::new(program))
    }

    /// std's command, to look at.
    pub fn as_std(&self) -> &StdCommand {
        &self.std
    }

    /// std's command, for settings that have no method here.
    pub fn as_std_mut(&mut self) -> &mut StdCommand {
        &mut self.std
    }

    /// std's command. [`kill_on_drop`](Command::kill_on_drop) is lost: std does not know it.
    pub fn into_std(self) -> StdCommand {
        self.std
    }

    /// Adds one argument, which is passed as it is: no shell splits it or expands it.
    pub fn arg<S: AsRef<OsStr>>(&mut self, arg: S) -> &mut Command {
        self.std.arg(arg);
        self
    }

    /// Adds several arguments.
    pub fn args<I, S>(&mut self, args: I) -> &mut Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.std.args(args);
        self
    }

    /// Sets a variable of the child's environment.
    pub fn env<K, V>(&mut self, key: K, val: V) -> &mut Command
    where
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.std.env(key, val);
        self
    }

    /// Sets several variables of the child's environment.
    pub fn envs<I, K, V>(&mut self, vars: I) -> &mut Command
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.std.envs(vars);
        self
    }

    /// Keeps a variable out of the child's environment.
    pub fn env_remove<K: AsRef<OsStr>>(&mut self, key: K) -> &mut Command {
        self.std.env_remove(key);
        self
    }

    /// Lets the child's environment be what is set here and nothing else.
    pub fn env_clear(&mut self) -> &mut Command {
        self.std.env_clear();
        self
    }

    /// Sets the child's working directory.
    ///
    /// Whether a relative path of the program is looked for from there or from here depends on the system: give an
    /// absolute one.
    pub fn current_dir<P: AsRef<Path>>(&mut self, dir: P) -> &mut Command {
        self.std.current_dir(dir);
        self
    }

    /// Sets the child's standard input: `Stdio::piped()` to write to it, `Stdio::null()`, a file, another child's pipe.
    pub fn stdin<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Command {
        self.std.stdin(cfg);
        self
    }

    /// Sets the child's standard output: `Stdio::piped()` to read it, `Stdio::null()`, a file, another child's pipe.
    pub fn stdout<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Command {
        self.std.stdout(cfg);
        self
    }

    /// Sets the child's standard error: `Stdio::piped()` to read it, `Stdio::null()`, a file, another child's pipe.
    pub fn stderr<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Command {
        self.std.stderr(cfg);
        self
    }

    /// Whether a [`Child`] that is dropped before its exit was seen is killed. It is not, by default.
    ///
    /// The signal is sent by the drop, and the status is collected in the background. The child's own children live on;
    /// see [`process_group`](Command::process_group) for a way to reach them.
    pub fn kill_on_drop(&mut self, kill_on_drop: bool) -> &mut Command {
        self.kill_on_drop = kill_on_drop;
        self
    }

    /// What [`kill_on_drop`](Command::kill_on_drop) was set to.
    pub fn get_kill_on_drop(&self) -> bool {
        self.kill_on_drop
    }

    /// Sets the user that the child runs as. [`spawn`](Command::spawn) fails if this process may not do so.
    pub fn uid(&mut self, id: u32) -> &mut Command {
        self.std.uid(id);
        self
    }

    /// Sets the group that the child runs as. [`spawn`](Command::spawn) fails if this process may not do so.
    pub fn gid(&mut self, id: u32) -> &mut Command {
        self.std.gid(id);
        self
    }

    /// Sets the name under which the program is told to run, its argument number 0.
    pub fn arg0<S: AsRef<OsStr>>(&mut self, arg: S) -> &mut Command {
        self.std.arg0(arg);
        self
    }

    /// Puts the child into a process group: an existing one of this session, or with 0 a new one of its own, whose number
    /// is the child's.
    ///
    /// A signal to a group reaches all that are in it: what the child has started as well, but not this process. Ctrl-C
    /// in the terminal goes to this process's group and does not reach the child then.
    pub fn process_group(&mut self, pgroup: i32) -> &mut Command {
        self.std.process_group(pgroup);
        self
    }

    /// Starts the program.
    ///
    /// This thread waits until the system has started it or said why not, which is short.
    ///
    /// # Errors
    /// What the operating system says: `NotFound` if there is no such program, `PermissionDenied`, `EMFILE` if there
    /// are no descriptors left for pipes, `WouldBlock` if there are too many processes. No process is left behind then.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// use heist::io::{AsyncReadExt, AsyncWriteExt};
    /// use heist::process::Command;
    /// use std::process::Stdio;
    ///
    /// let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    /// let mut stdin = cat.stdin.take().expect("it is piped");
    /// let mut stdout = cat.stdout.take().expect("it is piped");
    /// stdin.write_all(b"purr").await?;
    /// let mut heard = [0; 4];
    /// stdout.read_exact(&mut heard).await?;
    /// assert_eq!(&heard, b"purr");
    /// drop(stdin);
    /// assert!(cat.wait().await?.success());
    /// # Ok(()) })
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn(&mut self) -> io::Result<Child> {
        self.spawn_with(StdCommand::spawn)
    }

    /// [`spawn`](Command::spawn) with a function of the caller's that starts std's command.
    ///
    /// # Errors
    /// What `with` says, and as for `spawn`.
    ///
    /// # Panics
    /// As for `spawn`; `with` is not called then.
    #[track_caller]
    pub fn spawn_with(
        &mut self,
        with: impl FnOnce(&mut StdCommand) -> io::Result<StdChild>,
    ) -> io::Result<Child> {
        // Panics before there is a process, rather than after.
        let _reactor = context::io();
        Child::adopt(with(&mut self.std)?, self.kill_on_drop)
    }

    /// Starts the program at once; the future waits for its exit.
    ///
    /// Ends of pipes on this side are closed: a child that reads a piped input finds it empty.
    ///
    /// # Errors
    /// As for [`spawn`](Command::spawn) and [`Child::wait`], from the future.
    ///
    /// # Panics
    /// As for `spawn`, from this call.
    ///
    /// # Cancel safety
    /// Dropping the future drops the child.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// use heist::process::Command;
    ///
    /// assert!(Command::new("true").status().await?.success());
    /// # Ok(()) })
    /// # }
    /// ```
    #[track_caller]
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + use<> {
        let child = self.spawn();
        async move {
            let mut child = child?;
            drop((child.stdin.take(), child.stdout.take(), child.stderr.take()));
            child.wait().await
        }
    }

    /// Starts the program at once, with piped standard output and standard error; the future reads them and waits for
    /// the exit.
    ///
    /// The standard input is what was set, or this process's.
    ///
    /// # Errors
    /// As for [`spawn`](Command::spawn) and [`Child::wait_with_output`], from the future.
    ///
    /// # Panics
    /// As for `spawn`, from this call.
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
    ///
    /// let output = Command::new("sh").args(["-c", "echo out; echo err >&2"]).output().await?;
    /// assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
    /// # Ok(()) })
    /// # }
    /// ```
    #[track_caller]
    pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + use<> {
        self.std.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.spawn();
        async move { child?.wait_with_output().await }
    }
}

impl From<StdCommand> for Command {
    fn from(std: StdCommand) -> Command {
        Command {
            std,
            kill_on_drop: false,
        }
    }
}
