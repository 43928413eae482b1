//! Starting an example, asking a foreign program, and ending both, whatever happens.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// After this long, something hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The built program of an example.
///
/// # Panics
///
/// If it is not built.
pub(crate) fn example(name: &str) -> Command {
    let test = env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().nth(2).expect("tests are in PROFILE/deps");
    let program = profile.join("examples").join(name);
    assert!(
        program.exists(),
        "{} is missing: `cargo build -p heist-examples --examples` builds it",
        program.display()
    );
    Command::new(program)
}

/// A running server; dropping it kills it.
pub(crate) struct Server {
    child: Child,
    lines: mpsc::Receiver<String>,
    /// Where it listens, as `IP:PORT`.
    pub(crate) address: String,
}

impl Server {
    /// Starts an example that takes its address as the first argument, on a free port.
    pub(crate) fn start(name: &str, more: &[&str]) -> Server {
        let mut command = example(name);
        command.arg("127.0.0.1:0").args(more);
        Server::spawn(command)
    }

    /// Starts a server and waits until it has said where it listens.
    pub(crate) fn spawn(mut command: Command) -> Server {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let (lines, receiver) = mpsc::channel();
        thread::spawn(move || forward(stdout, &lines));
        let mut server = Server {
            child,
            lines: receiver,
            address: String::new(),
        };
        let line = server.line();
        let start = line
            .find("127.0.0.1:")
            .unwrap_or_else(|| panic!("no address in {line:?}"));
        let address = &line[start..];
        let end = address.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
        server.address = address[..end.unwrap_or(address.len())].to_owned();
        server
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        self.lines
            .recv_timeout(PATIENCE)
            .expect("the server prints a line")
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        // The shell's own kill: not every system has the program.
        let kill = format!("kill -INT {}", self.child.id());
        let sent = Command::new("sh")
            .args(["-c", &kill])
            .status()
            .expect("there is a shell");
        assert!(sent.success(), "{kill} ended with {sent}");
    }

    /// Waits for its end, which must be a good one, and returns what it printed last.
    pub(crate) fn ended(mut self) -> String {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the child is ours") {
                break status;
            }
            assert!(Instant::now() < deadline, "it goes on after Ctrl-C");
            thread::sleep(Duration::from_millis(5));
        };
        assert!(status.success(), "it ended with {status}");
        self.lines.iter().last().unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn forward(stdout: ChildStdout, lines: &mpsc::Sender<String>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if lines.send(line).is_err() {
            return;
        }
    }
}

/// Whether a program is installed; says so if it is not.
pub(crate) fn installed(program: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&paths).any(|path| path.join(program).exists());
    if !found {
        // Past the capture of a test's output: a skipped test must be seen.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {program} is not installed");
    }
    found
}

/// Runs a program to its end, which must be a good one, and returns what it printed.
pub(crate) fn output(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(
        status.success(),
        "{command:?} ended with {status}: {stdout}{stderr}"
    );
    stdout.into_owned()
}

/// What curl prints for these arguments.
pub(crate) fn curl(arguments: &[&str]) -> String {
    output(
        Command::new("curl")
            .args(["-sS", "--noproxy", "*", "--max-time", "30"])
            .args(arguments),
    )
}

/// An empty folder; dropping it removes it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let path = env::temp_dir().join(format!("heist-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the folder for temporary files takes one");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Reads one line, byte by byte, so that nothing behind it is lost.
pub(crate) fn read_line(stream: &mut impl Read) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.last() != Some(&b'\n') {
        stream.read_exact(&mut byte).expect("a line comes");
        line.push(byte[0]);
    }
    String::from_utf8(line).expect("a line is text")
}
