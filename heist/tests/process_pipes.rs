//! The pipes to and from a child.

#![cfg(all(unix, feature = "process"))]

mod rt_kit;

use heist::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use heist::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use heist::time::timeout;
use rt_kit::{both_flavours, current_thread, panic_of};
use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::pin::{Pin, pin};
use std::process::Stdio;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn piped(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn sh(script: &str) -> Command {
    let mut command = piped("sh");
    command.args(["-c", script]);
    command
}

fn ends(child: &mut Child) -> (ChildStdin, ChildStdout) {
    (child.stdin.take().unwrap(), child.stdout.take().unwrap())
}

both_flavours! {
    fn sort_is_piped_both_ways(runtime) {
        runtime.block_on(async {
            let mut sort = piped("sort").arg("-n").spawn().unwrap();
            let (mut stdin, stdout) = ends(&mut sort);
            let writer = heist::spawn(async move {
                for n in (0..20_000).rev() {
                    stdin.write_all(format!("{n}\n").as_bytes()).await.unwrap();
                }
            });
            let mut lines = BufReader::new(stdout).lines();
            for n in 0..20_000 {
                assert_eq!(lines.next_line().await.unwrap().unwrap(), n.to_string());
            }
            assert_eq!(lines.next_line().await.unwrap(), None);
            writer.await.unwrap();
            assert!(sort.wait().await.unwrap().success());
        });
    }

    fn cat_answers_each_line_while_it_runs(runtime) {
        runtime.block_on(async {
            let mut cat = piped("cat").spawn().unwrap();
            let (mut stdin, stdout) = ends(&mut cat);
            let mut lines = BufReader::new(stdout).lines();
            for n in 0..200 {
                stdin.write_all(format!("line {n}\n").as_bytes()).await.unwrap();
                assert_eq!(lines.next_line().await.unwrap().unwrap(), format!("line {n}"));
            }
            stdin.shutdown().await.unwrap();
            stdin.flush().await.unwrap();
            stdin.write_all(b"shutdown does nothing\n").await.unwrap();
            assert_eq!(lines.next_line().await.unwrap().unwrap(), "shutdown does nothing");
            drop(stdin);
            assert_eq!(lines.next_line().await.unwrap(), None);
            assert!(cat.wait().await.unwrap().success());
        });
    }

    fn wait_with_output_reads_more_than_both_pipes_hold(runtime) {
        const BYTES: usize = 3 << 20;
        runtime.block_on(async {
            // The error stream first: who read one after the other would never come to its end.
            let script = format!("head -c {BYTES} /dev/zero >&2; head -c {BYTES} /dev/zero; exit 4");
            let output = sh(&script).stderr(Stdio::piped()).output().await.unwrap();
            assert_eq!((output.stdout.len(), output.stderr.len()), (BYTES, BYTES));
            assert_eq!(output.status.code(), Some(4));
            let swapped = format!("head -c {BYTES} /dev/zero; head -c {BYTES} /dev/zero >&2");
            let output = sh(&swapped).stderr(Stdio::piped()).output().await.unwrap();
            assert_eq!((output.stdout.len(), output.stderr.len()), (BYTES, BYTES));
        });
    }

    fn a_full_pipe_waits_for_its_reader(runtime) {
        runtime.block_on(async {
            let mut child = sh("read gate <&2; exec wc -c").stderr(gate()).spawn().unwrap();
            let (mut stdin, mut stdout) = ends(&mut child);
            let mut written = 0;
            heist::task::coop::unconstrained(poll_fn(|cx| loop {
                match Pin::new(&mut stdin).poll_write(cx, &[b'x'; 5_000]) {
                    Poll::Ready(n) => written += n.unwrap(),
                    Poll::Pending => return Poll::Ready(()),
                }
            }))
            .await;
            assert!(written > 0);
            GATE.with(|gate| gate.borrow_mut().take().unwrap().write_all(b"open\n").unwrap());
            stdin.write_all(&[b'x'; 100_000]).await.unwrap();
            drop(stdin);
            let mut counted = String::new();
            stdout.read_to_string(&mut counted).await.unwrap();
            assert_eq!(counted.trim().parse::<usize>().unwrap(), written + 100_000);
        });
    }

    fn a_child_that_closes_its_input_breaks_the_pipe(runtime) {
        runtime.block_on(async {
            let mut child = sh("exec <&-; echo closed; exec sleep 100").spawn().unwrap();
            let (mut stdin, mut stdout) = ends(&mut child);
            stdout.read_exact(&mut [0; 7]).await.unwrap();
            // Another test that is just starting a child has a copy of everything open until the program runs.
            let error = loop {
                if let Err(error) = stdin.write_all(b"nobody reads this").await {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            child.kill().await.unwrap();
        });
    }

    fn a_writer_that_waits_ends_when_the_child_dies(runtime) {
        runtime.block_on(async {
            let mut child = piped("sleep").arg("100").spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let writer = heist::spawn(async move {
                loop {
                    if let Err(error) = stdin.write_all(&[0; 8192]).await {
                        return error.kind();
                    }
                }
            });
            heist::task::yield_now().await;
            child.kill().await.unwrap();
            assert_eq!(writer.await.unwrap(), ErrorKind::BrokenPipe);
        });
    }
}

thread_local! {
    static GATE: std::cell::RefCell<Option<std::os::unix::net::UnixStream>> = const { std::cell::RefCell::new(None) };
}

/// A stream for the child to read a line from, whose other end is [`GATE`].
fn gate() -> Stdio {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    GATE.set(Some(ours));
    Stdio::from(std::os::fd::OwnedFd::from(theirs))
}

#[test]
fn a_child_that_reads_to_the_end_of_its_input_gets_there() {
    current_thread().block_on(async {
        // `wait` closes the input; otherwise both would wait for each other.
        let limit = Duration::from_secs(30);
        let mut cat = piped("cat").spawn().unwrap();
        assert!(
            timeout(limit, cat.wait())
                .await
                .expect("it hangs")
                .unwrap()
                .success()
        );
        assert!(cat.stdin.is_none());
        let cat = piped("cat").spawn().unwrap();
        let output = timeout(limit, cat.wait_with_output()).await.expect("it hangs");
        assert!(output.unwrap().status.success());
    });
}

#[test]
fn nothing_to_read_is_pending_and_zero_bytes_are_nothing() {
    current_thread().block_on(async {
        let mut cat = piped("cat").spawn().unwrap();
        let (mut stdin, mut stdout) = ends(&mut cat);
        let mut bytes = [0; 8];
        let mut cx = Context::from_waker(Waker::noop());
        let mut buf = ReadBuf::new(&mut bytes);
        assert!(Pin::new(&mut stdout).poll_read(&mut cx, &mut buf).is_pending());
        assert!(buf.filled().is_empty());
        assert_eq!(stdin.write(b"").await.unwrap(), 0);
        stdin.write_all(b"abc").await.unwrap();
        assert_eq!(stdout.read(&mut []).await.unwrap(), 0);
        let mut three = [0; 3];
        stdout.read_exact(&mut three).await.unwrap();
        assert_eq!(&three, b"abc");
    });
}

#[test]
fn reading_appends_to_what_the_buffer_has() {
    current_thread().block_on(async {
        let mut echo = Command::new("echo")
            .arg("world")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut bytes = b"hello ".to_vec();
        echo.stdout.take().unwrap().read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, b"hello world\n");
        echo.wait().await.unwrap();
    });
}

#[test]
fn several_buffers_are_written_by_one_call() {
    current_thread().block_on(async {
        let mut cat = piped("cat").spawn().unwrap();
        let (mut stdin, mut stdout) = ends(&mut cat);
        assert!(stdin.is_write_vectored());
        let parts = [IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(b"call")];
        assert_eq!(stdin.write_vectored(&parts).await.unwrap(), 8);
        let mut bytes = [0; 8];
        stdout.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"one call");
    });
}

#[test]
fn a_dropped_read_takes_nothing() {
    current_thread().block_on(async {
        let mut cat = piped("cat").spawn().unwrap();
        let (mut stdin, mut stdout) = ends(&mut cat);
        {
            let mut bytes = [0; 4];
            let mut read = pin!(stdout.read(&mut bytes));
            assert!(poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx).is_pending())).await);
        }
        stdin.write_all(b"kept").await.unwrap();
        let mut bytes = [0; 4];
        stdout.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"kept");
    });
}

#[test]
fn pipes_of_one_child_are_handed_to_the_next() {
    current_thread().block_on(async {
        let mut echo = sh("echo b; echo a").spawn().unwrap();
        let stdout: Stdio = echo.stdout.take().unwrap().try_into().unwrap();
        let sort = Command::new("sort").stdin(stdout).output().await.unwrap();
        assert_eq!(sort.stdout, b"a\nb\n");
        assert!(echo.wait().await.unwrap().success());

        let mut cat = piped("cat").stderr(Stdio::piped()).spawn().unwrap();
        let stdin: Stdio = cat.stdin.take().unwrap().try_into().unwrap();
        let _stderr: Stdio = cat.stderr.take().unwrap().try_into().unwrap();
        assert!(
            Command::new("echo")
                .arg("through")
                .stdout(stdin)
                .status()
                .await
                .unwrap()
                .success()
        );
        assert_eq!(cat.wait_with_output().await.unwrap().stdout, b"through\n");
    });
}

#[test]
fn a_descriptor_that_is_handed_out_blocks() {
    current_thread().block_on(async {
        let mut cat = piped("cat").stderr(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = ends(&mut cat);
        assert_eq!(stdin.as_fd().as_raw_fd(), stdin.as_raw_fd());
        let mut input = std::fs::File::from(stdin.into_owned_fd().unwrap());
        let mut output = std::fs::File::from(stdout.into_owned_fd().unwrap());
        let mut errors = std::fs::File::from(cat.stderr.take().unwrap().into_owned_fd().unwrap());
        // In non-blocking mode, each of these would fail unless cat happened to have run.
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4];
            output.read_exact(&mut bytes).map(|()| bytes)
        });
        let silence = std::thread::spawn(move || errors.read(&mut [0; 4]));
        input.write_all(b"slow").unwrap();
        assert_eq!(&reader.join().unwrap().unwrap(), b"slow");
        drop(input);
        assert!(cat.wait().await.unwrap().success());
        assert_eq!(silence.join().unwrap().unwrap(), 0);
    });
}

#[test]
fn pipes_of_stds_children_can_be_taken_over() {
    let mut std = std::process::Command::new("sh");
    std.args(["-c", "read line; echo $line; echo err >&2"]);
    std.stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = std.spawn().unwrap();
    let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let stderr = child.stderr.take().unwrap();
    current_thread().block_on(async {
        let mut stdin = ChildStdin::from_std(stdin).unwrap();
        let mut stdout = ChildStdout::from_std(stdout).unwrap();
        let mut stderr = ChildStderr::from_std(stderr).unwrap();
        stdin.write_all(b"line\n").await.unwrap();
        let (mut out, mut err) = (String::new(), String::new());
        stdout.read_to_string(&mut out).await.unwrap();
        stderr.read_to_string(&mut err).await.unwrap();
        assert_eq!((&*out, &*err), ("line\n", "err\n"));
    });
    assert!(child.wait().unwrap().success());

    let mut outside = std::process::Command::new("true")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let text = panic_of(|| ChildStdin::from_std(outside.stdin.take().unwrap()));
    assert!(text.contains("there is no heist runtime"), "{text}");
    outside.wait().unwrap();
}

#[test]
fn pipes_of_a_runtime_that_is_gone_are_errors_and_not_hangs() {
    let first = current_thread();
    let mut cat = first.block_on(async { piped("cat").spawn().unwrap() });
    drop(first);
    let mut stdout = cat.stdout.take().unwrap();
    current_thread().block_on(async {
        assert!(stdout.read(&mut [0; 1]).await.is_err());
        assert!(cat.wait().await.unwrap().success());
    });
}
