//! Subprocesses: one that gets all at once, a shell, and one that is talked to and ended.
//! `cargo run --example asyncio_child_process`; in Python: `child_process.py`.

use heist::aio::{create_subprocess_exec, create_subprocess_shell};
use std::io;
use std::process::Stdio;

#[heist::main]
async fn main() -> io::Result<()> {
    pipe_through_sort().await?;
    run("echo to stdout; echo to stderr >&2; exit 3").await?;
    talk_to_cat().await
}

async fn pipe_through_sort() -> io::Result<()> {
    let mut sort = create_subprocess_exec("sort", NO_ARGUMENTS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .await?;
    let (stdout, _) = sort.communicate(b"pear\napple\nfig\n").await?;
    println!("sorted: {}", text(stdout).replace('\n', ", "));
    Ok(())
}

async fn run(command: &str) -> io::Result<()> {
    let mut shell = create_subprocess_shell(command)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .await?;
    let (stdout, stderr) = shell.communicate(b"").await?;
    println!(
        "[{command}] exited with {}",
        shell.returncode().unwrap_or_default()
    );
    println!("[stdout] {}", text(stdout));
    println!("[stderr] {}", text(stderr));
    Ok(())
}

async fn talk_to_cat() -> io::Result<()> {
    let mut cat = create_subprocess_exec("cat", NO_ARGUMENTS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .await?;
    if let (Some(stdin), Some(stdout)) = (&cat.stdin, &mut cat.stdout) {
        for word in ["one", "two"] {
            stdin.write(format!("{word}\n"));
            stdin.drain().await?;
            println!("cat says {}", text(Some(stdout.readline().await?)));
        }
    }
    cat.terminate()?;
    println!("cat ended with {}", cat.wait().await?);
    Ok(())
}

const NO_ARGUMENTS: [&str; 0] = [];

/// What came through a pipe, without its last line end.
fn text(bytes: Option<Vec<u8>>) -> String {
    String::from_utf8_lossy(&bytes.unwrap_or_default())
        .trim_end()
        .to_owned()
}
