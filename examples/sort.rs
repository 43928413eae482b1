//! A child process piped both ways: `cargo run --example sort` lets `sort` put 100,000 lines in order.
//!
//! Writing and reading go on at the same time: with one after the other, both sides would wait for ever as soon
//! as a pipe is full.

use heist::io::{self, AsyncBufReadExt, AsyncWriteExt, BufReader, BufWriter};
use heist::process::{ChildStdin, Command};
use std::process::{ExitCode, Stdio};

#[heist::main]
async fn main() -> io::Result<ExitCode> {
    let lines = std::env::args()
        .nth(1)
        .and_then(|lines| lines.parse().ok())
        .unwrap_or(100_000);
    let mut child = Command::new("sort")
        .arg("--numeric-sort")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("a pipe that was asked for is missing"));
    };

    let writing = heist::spawn(write(stdin, lines));
    let mut sorted = BufReader::new(stdout).lines();
    let mut wanted = 0;
    while let Some(line) = sorted.next_line().await? {
        if line != wanted.to_string() {
            eprintln!("wanted {wanted}, got {line}");
            return Ok(ExitCode::FAILURE);
        }
        wanted += 1;
    }
    writing.await??;
    let status = child.wait().await?;
    println!("{wanted} of {lines} lines came back in order; sort ended with {status}");
    Ok(if status.success() && wanted == lines {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Writes the numbers below `lines`, the greatest first. Dropping the pipe tells `sort` that this is all.
async fn write(stdin: ChildStdin, lines: u32) -> io::Result<()> {
    let mut stdin = BufWriter::new(stdin);
    for number in (0..lines).rev() {
        stdin.write_all(format!("{number}\n").as_bytes()).await?;
    }
    stdin.shutdown().await
}
