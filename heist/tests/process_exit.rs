//! Waiting for exits, killing, and what becomes of children that nobody waits for.

#![cfg(all(unix, feature = "process"))]

mod rt_kit;

use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::process::{Child, Command};
use heist::signal::unix::{SignalKind, signal};
use heist::sync::Semaphore;
use heist::task::JoinSet;
use rt_kit::{Count, CountWake, both_flavours, current_thread, multi_thread, wait_until};
use std::future::{Future, poll_fn};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::pin;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A child that ends when its input does.
fn cat() -> Child {
    Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// The output of a future that must not take as long as the children here would.
async fn soon<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(30);
    heist::time::timeout(limit, future).await.expect("it hangs")
}

/// Neither running nor a zombie.
fn is_gone(id: u32) -> bool {
    !Path::new(&format!("/proc/{id}")).exists()
}

async fn is_pending(future: std::pin::Pin<&mut impl Future>) -> bool {
    let mut future = future;
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

both_flavours! {
    fn waiting_twice_gives_the_same_status(runtime) {
        runtime.block_on(async {
            let mut child = sh("exit 9").spawn().unwrap();
            assert!(child.id().is_some());
            for _ in 0..2 {
                assert_eq!(child.wait().await.unwrap().code(), Some(9));
                assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(9));
                assert_eq!(child.id(), None);
            }
            child.start_kill().unwrap();
            child.kill().await.unwrap();
            assert_eq!(child.wait().await.unwrap().code(), Some(9));
        });
    }

    fn try_wait_sees_the_exit_and_leaves_the_input_open(runtime) {
        runtime.block_on(async {
            let mut child = cat();
            assert!(child.try_wait().unwrap().is_none());
            assert!(child.stdin.is_some());
            assert!(child.id().is_some());
            drop(child.stdin.take());
            wait_until("cat ends", || child.try_wait().unwrap().is_some());
            assert!(child.try_wait().unwrap().unwrap().success());
            assert_eq!(child.id(), None);
        });
    }

    fn a_dropped_wait_loses_nothing(runtime) {
        runtime.block_on(async {
            let mut child = cat();
            let stdin = child.stdin.take();
            for _ in 0..10 {
                assert!(is_pending(pin!(child.wait())).await);
            }
            drop(stdin);
            assert!(child.wait().await.unwrap().success());
        });
    }

    fn an_exit_before_the_wait_is_not_lost(runtime) {
        runtime.block_on(async {
            let mut child = sh("exit 6").spawn().unwrap();
            let stat = format!("/proc/{}/stat", child.id().unwrap());
            wait_until("it is a zombie", || {
                std::fs::read_to_string(&stat).unwrap().rsplit(") ").next().unwrap().starts_with('Z')
            });
            assert_eq!(child.wait().await.unwrap().code(), Some(6));
            assert!(!Path::new(&stat).exists());
        });
    }

    fn kill_kills_and_waits(runtime) {
        runtime.block_on(async {
            let mut child = Command::new("sleep").arg("100").spawn().unwrap();
            let id = child.id().unwrap();
            soon(child.kill()).await.unwrap();
            assert!(is_gone(id));
            assert_eq!(child.wait().await.unwrap().signal(), Some(libc::SIGKILL));

            let mut child = Command::new("sleep").arg("100").spawn().unwrap();
            child.start_kill().unwrap();
            assert_eq!(soon(child.wait()).await.unwrap().signal(), Some(libc::SIGKILL));
        });
    }

    fn kill_on_drop_kills_and_leaves_no_zombie(runtime) {
        runtime.block_on(async {
            let mut command = Command::new("sleep");
            command.arg("100").stdout(Stdio::piped()).kill_on_drop(true);
            let mut child = command.spawn().unwrap();
            let id = child.id().unwrap();
            let mut stdout = child.stdout.take().unwrap();
            drop(child);
            // The end of its output: nobody has the other end any more.
            assert_eq!(soon(stdout.read(&mut [0; 1])).await.unwrap(), 0);
            wait_until("it is reaped", || is_gone(id));

            // A future that is dropped drops its child.
            let output = command.output();
            assert!(is_pending(pin!(output)).await);
        });
        drop(runtime);
    }

    fn a_dropped_child_goes_on_and_leaves_no_zombie(runtime) {
        let (id, stdin) = runtime.block_on(async {
            let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let id = child.id().unwrap();
            let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            drop(child);
            stdin.write_all(b"alive").await.unwrap();
            let mut bytes = [0; 5];
            stdout.read_exact(&mut bytes).await.unwrap();
            assert_eq!(&bytes, b"alive");
            (id, stdin)
        });
        // It is reaped without any runtime.
        drop(runtime);
        assert!(!is_gone(id));
        drop(stdin);
        wait_until("it is reaped", || is_gone(id));
    }

    fn a_process_group_is_killed_as_one(runtime) {
        runtime.block_on(async {
            let mut command = sh("sleep 100 & echo $!; wait");
            let mut child = command.process_group(0).stdout(Stdio::piped()).spawn().unwrap();
            let mut stdout = child.stdout.take().unwrap();
            // The grandchild runs when its number is told.
            assert!(stdout.read_u8().await.unwrap().is_ascii_digit());
            let kill = format!("kill -KILL -{}", child.id().unwrap());
            assert!(sh(&kill).status().await.unwrap().success());
            assert_eq!(soon(child.wait()).await.unwrap().signal(), Some(libc::SIGKILL));
            // The grandchild has the pipe open until it is gone.
            soon(stdout.read_to_end(&mut Vec::new())).await.unwrap();
        });
    }

    fn a_thousand_children_lose_no_exit(runtime) {
        runtime.block_on(async {
            let room = Arc::new(Semaphore::new(24));
            let mut set = JoinSet::new();
            for n in 0..1_000 {
                let room = room.clone();
                set.spawn(async move {
                    let _permit = room.acquire().await.unwrap();
                    let mut child = sh(&format!("exit {}", n % 256)).spawn().unwrap();
                    let id = child.id().unwrap();
                    let status = child.wait().await.unwrap();
                    assert_eq!(status.code(), Some(n % 256));
                    assert!(is_gone(id));
                });
            }
            let mut done = 0;
            while let Some(result) = soon(set.join_next()).await {
                result.unwrap();
                done += 1;
            }
            assert_eq!(done, 1_000);
        });
    }

    /// Whose runtime is gone is told of by SIGCHLD, as on a system without pidfd.
    fn a_thousand_children_told_of_by_signals_lose_no_exit(runtime) {
        for _ in 0..20 {
            let first = rt_kit::current_thread();
            let children: Vec<_> = first.block_on(async {
                let child = |n| sh(&format!("read line; exit {n}")).stdin(Stdio::piped()).spawn().unwrap();
                (0..50).map(child).collect()
            });
            drop(first);
            runtime.block_on(async {
                let mut set = JoinSet::new();
                for (n, mut child) in (0..).zip(children) {
                    // The wait closes its input, and so it ends.
                    set.spawn(async move { assert_eq!(child.wait().await.unwrap().code(), Some(n)) });
                }
                while let Some(result) = soon(set.join_next()).await {
                    result.unwrap();
                }
            });
        }
    }
}

#[test]
fn a_wait_told_of_by_signals_is_woken_by_the_exit() {
    let first = multi_thread();
    let (mut child, stdin) = first.block_on(async {
        let mut child = cat();
        let stdin = child.stdin.take();
        (child, stdin)
    });
    drop(first);
    let wakes = Count::default();
    let waker = Waker::from(Arc::new(CountWake(wakes.clone())));
    {
        // No runtime is needed any more.
        let mut wait = pin!(child.wait());
        assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(stdin);
        let mut exited = false;
        wait_until("the exit wakes", || {
            // Other tests' children send the same signal, so a wake may be for one of theirs.
            if wakes.get() > 0 && !exited {
                exited = wait.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
            }
            exited
        });
    }
    assert!(child.try_wait().unwrap().unwrap().success());
}

#[test]
fn a_thousand_dropped_children_leave_no_zombie() {
    let runtime = multi_thread();
    let mut ids = Vec::new();
    for _ in 0..40 {
        let batch: Vec<_> = runtime.block_on(async { (0..25).map(|_| cat()).collect() });
        ids.extend(batch.iter().map(|child: &Child| child.id().unwrap()));
        // Each loses its input and is given up at once.
        drop(batch);
        let last = ids[ids.len() - 1];
        wait_until("the batch ends", || is_gone(last));
    }
    drop(runtime);
    wait_until("all are reaped", || ids.iter().all(|&id| is_gone(id)));
}

#[test]
fn others_may_have_children_and_listen_for_their_signal() {
    let runtime = current_thread();
    runtime.block_on(async {
        let mut listener = signal(SignalKind::child()).unwrap();
        // std's child ends while ours are waited for, dropped and killed: nobody may take its status.
        let mut theirs = std::process::Command::new("sh");
        let mut theirs = theirs
            .args(["-c", "read line; exit 42"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ours = cat();
        drop(cat());
        Command::new("sleep")
            .arg("100")
            .kill_on_drop(true)
            .spawn()
            .map(drop)
            .unwrap();
        drop(theirs.stdin.take());
        ours.wait().await.unwrap();
        listener.recv().await.unwrap();
        let status = heist::task::spawn_blocking(move || theirs.wait().unwrap())
            .await
            .unwrap();
        assert_eq!(status.code(), Some(42));
    });
}

#[test]
fn a_status_that_somebody_else_took_is_an_error() {
    current_thread().block_on(async {
        let mut number = None;
        let mut command = sh("exit 1");
        let mut child = command
            .spawn_with(|std| {
                let mut taken = std.spawn()?;
                number = Some(taken.id());
                taken.wait()?;
                Ok(taken)
            })
            .unwrap();
        // std remembers what it has collected, so this one is served all the same.
        assert_eq!(child.wait().await.unwrap().code(), Some(1));
        assert!(is_gone(number.unwrap()));
    });
}

#[test]
fn a_child_may_be_waited_for_on_another_runtime_or_thread() {
    let runtime = multi_thread();
    let mut first = runtime.block_on(async { sh("exit 1").spawn().unwrap() });
    let mut second = runtime.block_on(async { sh("exit 2").spawn().unwrap() });
    let handle = runtime.handle().clone();
    let thread = std::thread::spawn(move || handle.block_on(first.wait()).unwrap().code());
    let other = current_thread();
    assert_eq!(other.block_on(soon(second.wait())).unwrap().code(), Some(2));
    assert_eq!(thread.join().unwrap(), Some(1));
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_that_the_system_has_collected_is_not_killed_by_its_number() {
    let shell = r#"exec env --ignore-signal=CHLD "$0" "$@""#;
    let output = rt_kit::child("child_that_ignores_its_children", shell, &[]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "started by a_child_that_the_system_has_collected_is_not_killed_by_its_number, which ignores SIGCHLD"]
fn child_that_ignores_its_children() {
    current_thread().block_on(async {
        let mut child = sh("exit 1").kill_on_drop(true).spawn().unwrap();
        for _ in 0..2 {
            let error = soon(child.wait()).await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ECHILD), "{error}");
            // Not ESRCH: the number, which may be somebody else's by now, was not used.
            let error = child.start_kill().unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ECHILD), "{error}");
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn killing_a_child_that_has_exited_sees_its_exit() {
    current_thread().block_on(async {
        let mut child = sh("exit 3").spawn().unwrap();
        let stat = format!("/proc/{}/stat", child.id().unwrap());
        wait_until("it is a zombie", || {
            std::fs::read_to_string(&stat).unwrap().contains(") Z ")
        });
        child.start_kill().unwrap();
        // Its number is free from here on.
        assert_eq!(child.id(), None);
        assert_eq!(child.wait().await.unwrap().code(), Some(3));
    });
}
