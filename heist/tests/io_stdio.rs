//! The standard streams, each test in a child process of its own whose streams the test holds.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use heist::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The ignored test `name` in a process of its own. What libtest prints goes to its standard output too, so the
/// children's own words are between these marks.
const BEGIN: &str = "<<<";
const END: &str = ">>>";

fn child(name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Feeds the child and returns what it said between the marks, and on its standard error.
fn converse(name: &str, input: &[u8]) -> (String, String) {
    let mut child = child(name);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    let (stdout, stderr) = (output.stdout, String::from_utf8(output.stderr).unwrap());
    let stdout = String::from_utf8(stdout).unwrap();
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let said = stdout.split(BEGIN).nth(1).and_then(|rest| rest.split(END).next());
    (said.unwrap_or_default().to_owned(), stderr)
}

#[heist::test]
#[ignore = "the child of the test below"]
async fn echo_child() {
    let mut lines = io::BufReader::new(io::stdin()).lines();
    let mut stdout = io::stdout();
    stdout.write_all(BEGIN.as_bytes()).await.unwrap();
    while let Some(line) = lines.next_line().await.unwrap() {
        stdout.write_all(line.to_uppercase().as_bytes()).await.unwrap();
        stdout.write_all(b"|").await.unwrap();
    }
    stdout.write_all(END.as_bytes()).await.unwrap();
    stdout.flush().await.unwrap();
    let mut end = [0; 4];
    assert_eq!(io::stdin().read(&mut end).await.unwrap(), 0);
}

#[test]
fn lines_in_and_out() {
    let input: String = (0..2_000).map(|n| format!("line {n}\n")).collect();
    let (said, _) = converse("echo_child", input.as_bytes());
    assert_eq!(said, input.to_uppercase().replace('\n', "|"));
}

#[heist::test]
#[ignore = "the child of the test below"]
async fn much_child() {
    let mut all = Vec::new();
    io::stdin().read_to_end(&mut all).await.unwrap();
    let mut stdout = io::stdout();
    stdout.write_all(BEGIN.as_bytes()).await.unwrap();
    stdout.write_all(&all).await.unwrap();
    stdout.write_all(END.as_bytes()).await.unwrap();
    stdout.shutdown().await.unwrap();
}

#[test]
fn megabytes_in_and_out() {
    let input: String = (0..700_000).map(|n| format!("{n:06}")).collect();
    let (said, _) = converse("much_child", input.as_bytes());
    assert!(said == input);
}

#[heist::test]
#[ignore = "the child of the test below"]
async fn two_streams_child() {
    use std::os::fd::{AsFd, AsRawFd};
    let (mut stdout, mut stderr) = (io::stdout(), io::stderr());
    let numbers = [io::stdin().as_raw_fd(), stdout.as_raw_fd(), stderr.as_raw_fd()];
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!(stderr.as_fd().as_raw_fd(), 2);
    assert!(stdout.is_write_vectored());
    let slices = [BEGIN, "out", END].map(|piece| std::io::IoSlice::new(piece.as_bytes()));
    assert_eq!(stdout.write_vectored(&slices).await.unwrap(), 9);
    stdout.flush().await.unwrap();
    stderr.write_all(b"err").await.unwrap();
    stderr.flush().await.unwrap();
    assert_eq!(stdout.write(b"").await.unwrap(), 0);
    stdout.flush().await.unwrap();
}

#[test]
fn standard_output_and_standard_error() {
    let (said, err) = converse("two_streams_child", b"");
    assert_eq!(said, "out");
    assert!(err.contains("err"), "{err}");
}

/// Writes without a flush and drops the runtime: the write was accepted, so it is done.
#[test]
#[ignore = "the child of the test below"]
fn unflushed_child() {
    let runtime = heist::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let text = format!("{BEGIN}{}\n{END}\n", "x".repeat(100_000));
        io::stdout().write_all(text.as_bytes()).await.unwrap();
    });
    drop(runtime);
}

#[test]
fn what_was_written_is_out_when_the_runtime_has_been_dropped() {
    let (said, _) = converse("unflushed_child", b"");
    assert_eq!(said.trim_end().len(), 100_000);
}

/// A flush means that the bytes are out: the other side sees a part of a line while this side lives on.
#[heist::test]
#[ignore = "the child of the test below"]
async fn flush_child() {
    let mut stdout = io::stdout();
    stdout.write_all(b"no newline:").await.unwrap();
    stdout.flush().await.unwrap();
    let mut answer = [0; 1];
    io::stdin().read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"y");
}

#[test]
fn a_flush_hands_on_what_is_no_whole_line() {
    let mut child = child("flush_child");
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut said = Vec::new();
    stdout.read_until(b':', &mut said).unwrap();
    while !said.ends_with(b"no newline:") {
        assert_ne!(stdout.read_until(b':', &mut said).unwrap(), 0);
    }
    child.stdin.take().unwrap().write_all(b"y").unwrap();
    std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// The reader of its standard output is gone: the next write is accepted, the flush has the error.
#[heist::test]
#[ignore = "the child of the test below"]
async fn broken_pipe_child() {
    let mut go = [0; 1];
    io::stdin().read_exact(&mut go).await.unwrap();
    let mut stdout = io::stdout();
    stdout.write_all(b"nobody reads this\n").await.unwrap();
    let error = stdout.flush().await.unwrap_err();
    let mut stderr = io::stderr();
    stderr
        .write_all(format!("kind: {:?}\n", error.kind()).as_bytes())
        .await
        .unwrap();
    stderr.flush().await.unwrap();
}

#[test]
fn a_broken_pipe_is_an_error_of_the_flush() {
    let mut child = child("broken_pipe_child");
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(b"g").unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(errors.contains("kind: BrokenPipe"), "{errors}");
    // libtest's own words have nowhere to go either, so how it ends says nothing.
    child.wait().unwrap();
}

/// Drops a read that waits, says so, drops the runtime, and says so.
#[test]
#[ignore = "the child of the test below"]
fn waiting_child() {
    let runtime = heist::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (mut stdin, mut line) = (io::stdin(), [0; 16]);
        let waiting = heist::time::timeout(Duration::from_millis(1), stdin.read(&mut line));
        assert!(waiting.await.is_err());
    });
    eprintln!("dropping");
    drop(runtime);
    eprintln!("dropped");
}

#[test]
fn a_read_that_waits_holds_the_end_of_the_runtime_up_until_there_is_input() {
    let mut child = child("waiting_child");
    let lines = lines_of(child.stderr.take().unwrap());
    let next = |limit| lines.recv_timeout(limit);
    assert_eq!(next(Duration::from_secs(30)).as_deref(), Ok("dropping"));
    assert_eq!(
        next(Duration::from_millis(300)),
        Err(mpsc::RecvTimeoutError::Timeout)
    );
    let mut stdin: ChildStdin = child.stdin.take().unwrap();
    stdin.write_all(b"enter\n").unwrap();
    assert_eq!(next(Duration::from_secs(30)).as_deref(), Ok("dropped"));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
}

fn lines_of(stream: ChildStderr) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            if sender.send(line.unwrap()).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Two reads through one handle: what the cancelled one brings, the other has.
#[heist::test]
#[ignore = "the child of the test below"]
async fn cancelled_child() {
    let mut stdin = io::stdin();
    let mut buffer = [0; 64];
    let waiting = heist::time::timeout(Duration::from_millis(1), stdin.read(&mut buffer));
    assert!(waiting.await.is_err());
    let mut stderr = io::stderr();
    stderr.write_all(b"cancelled\n").await.unwrap();
    stderr.flush().await.unwrap();
    let n = stdin.read(&mut buffer[..3]).await.unwrap();
    assert_eq!(&buffer[..n], b"abc");
    let mut rest = String::new();
    stdin.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "defgh");
}

#[test]
fn a_cancelled_read_loses_no_input() {
    let mut child = child("cancelled_child");
    let lines = lines_of(child.stderr.take().unwrap());
    assert_eq!(
        lines.recv_timeout(Duration::from_secs(30)).as_deref(),
        Ok("cancelled")
    );
    child.stdin.take().unwrap().write_all(b"abcdefgh").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
