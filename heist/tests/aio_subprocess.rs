//! Subprocesses, as asyncio documents them: communicate without a deadlock, the return code, signals, pipes as streams.
#![cfg(unix)]

mod aio_kit;
mod sync_kit;

use std::io::ErrorKind;
use std::process::Stdio;

use aio_kit::runtime;
use heist::aio::{Process, create_subprocess_exec, create_subprocess_shell};
use sync_kit::Task;

async fn cat() -> Process {
    create_subprocess_exec("cat", [""; 0])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .await
        .unwrap()
}

#[test]
fn communicate_moves_much_data_both_ways_without_a_deadlock() {
    runtime().block_on(async {
        let mut both = create_subprocess_shell("tee /dev/stderr")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .await
            .unwrap();
        let input: Vec<u8> = (0..3_000_000u32).map(|n| (n / 5) as u8).collect();
        let (stdout, stderr) = both.communicate(&input).await.unwrap();
        assert!(stdout.unwrap() == input && stderr.unwrap() == input);
        assert_eq!(both.returncode(), Some(0));
    });
}

#[test]
fn communicate_gives_none_for_what_is_no_pipe() {
    runtime().block_on(async {
        let mut process = create_subprocess_shell("echo out; echo err >&2")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .await
            .unwrap();
        let answer = process.communicate(b"").await.unwrap();
        assert_eq!(answer, (Some(b"out\n".to_vec()), None));
    });
}

#[test]
fn communicate_ignores_that_the_input_is_not_read() {
    runtime().block_on(async {
        let mut process = create_subprocess_shell("exec 0<&-; echo done; exit 7")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .await
            .unwrap();
        let (stdout, _) = process.communicate(&[b'x'; 1_000_000]).await.unwrap();
        assert_eq!(
            (stdout.unwrap(), process.returncode()),
            (b"done\n".to_vec(), Some(7))
        );
    });
}

#[test]
fn a_communicate_that_is_given_up_loses_nothing() {
    runtime().block_on(async {
        let mut process = create_subprocess_shell("echo first; read line; echo $line; sleep 0.01; cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .await
            .unwrap();
        let mut input = b"second\n".to_vec();
        input.resize(500_000, b'x');
        {
            let mut dropped = Task::pending(process.communicate(&input));
            dropped.drop_future();
        }
        let (stdout, _) = process.communicate(b"").await.unwrap();
        assert_eq!(stdout.unwrap(), [b"first\n", &input[..]].concat());
    });
}

#[test]
fn stdin_is_a_writer_and_stdout_a_reader() {
    runtime().block_on(async {
        let mut cat = cat().await;
        let (stdin, stdout) = (cat.stdin.take().unwrap(), cat.stdout.as_mut().unwrap());
        for line in ["one\n", "two\n"] {
            stdin.write(line);
            stdin.drain().await.unwrap();
            assert_eq!(stdout.readline().await.unwrap(), line.as_bytes());
        }
        stdin.write("last");
        stdin.close();
        stdin.wait_closed().await.unwrap();
        assert_eq!(stdout.read_to_end().await.unwrap(), b"last");
        assert!(stdout.at_eof());
        assert_eq!(cat.wait().await.unwrap(), 0);
    });
}

#[test]
fn drain_of_stdin_is_held_up_by_a_process_that_does_not_read() {
    runtime().block_on(async {
        let mut process = create_subprocess_shell("read line; cat > /dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .await
            .unwrap();
        let stdin = process.stdin.take().unwrap();
        // Beyond the pipe's own size and the high mark together.
        stdin.write(vec![b'x'; 2_000_000]);
        let mut drain = Task::new(stdin.drain());
        assert!(drain.poll().is_pending());
        stdin.write("\n");
        stdin.drain().await.unwrap();
        drop(drain);
        drop(stdin);
        assert_eq!(process.wait().await.unwrap(), 0);
    });
}

#[test]
fn returncode_is_none_before_the_end_and_minus_the_signal_after_one() {
    runtime().block_on(async {
        let mut cat = cat().await;
        assert_eq!(cat.returncode(), None);
        assert!(cat.pid() > 0);
        cat.terminate().unwrap();
        assert_eq!(cat.wait().await.unwrap(), -15);
        assert_eq!(cat.returncode(), Some(-15));
        assert_eq!(cat.wait().await.unwrap(), -15);
        assert!(cat.status().is_some_and(|status| !status.success()));
    });
}

#[test]
fn kill_and_send_signal_reach_the_process_and_fail_after_its_end() {
    runtime().block_on(async {
        let mut killed = cat().await;
        killed.kill().unwrap();
        assert_eq!(killed.wait().await.unwrap(), -9);
        for late in [killed.kill(), killed.terminate(), killed.send_signal(0)] {
            assert_eq!(late.unwrap_err().kind(), ErrorKind::NotFound);
        }

        let mut trapping =
            create_subprocess_shell("trap 'exit 4' USR1; echo ready; while :; do sleep 0.01; done")
                .stdout(Stdio::piped())
                .await
                .unwrap();
        trapping.stdout.as_mut().unwrap().readline().await.unwrap();
        trapping.send_signal(0).unwrap();
        trapping.send_signal(libc::SIGUSR1).unwrap();
        assert_eq!(trapping.wait().await.unwrap(), 4);
    });
}

#[test]
fn a_wait_that_is_given_up_loses_nothing() {
    runtime().block_on(async {
        let mut cat = cat().await;
        Task::pending(cat.wait()).drop_future();
        drop(cat.stdin.take());
        assert_eq!(cat.wait().await.unwrap(), 0);
    });
}

#[test]
fn stderr_to_stdout_keeps_the_order() {
    runtime().block_on(async {
        let mut process = create_subprocess_shell("echo 1; echo 2 >&2; echo 3")
            .stderr_to_stdout()
            .await
            .unwrap();
        assert!(process.stderr.is_none());
        let (stdout, stderr) = process.communicate(b"").await.unwrap();
        assert_eq!((stdout.unwrap(), stderr), (b"1\n2\n3\n".to_vec(), None));
    });
}

#[test]
fn cwd_env_and_limit_are_as_they_were_asked_for() {
    runtime().block_on(async {
        let mut process = create_subprocess_shell("pwd; echo $GREETING")
            .cwd("/")
            .env("GREETING", "a long line")
            .limit(5)
            .stdout(Stdio::piped())
            .await
            .unwrap();
        let stdout = process.stdout.as_mut().unwrap();
        assert_eq!(stdout.readline().await.unwrap(), b"/\n");
        assert!(stdout.readline().await.is_err());
        process.wait().await.unwrap();
    });
}

#[test]
fn a_program_that_is_not_there_is_an_error_of_the_start() {
    runtime().block_on(async {
        let missing = create_subprocess_exec("/nonexistent/program", [""; 0])
            .await
            .unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    });
}
