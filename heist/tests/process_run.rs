//! Starting programs: settings, results, errors, and where it may be done.

#![cfg(all(unix, feature = "process"))]

mod rt_kit;

use heist::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use heist::runtime::LocalRuntime;
use rt_kit::{both_flavours, child, current_thread, multi_thread, panic_of, wait_until};
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

both_flavours! {
    fn output_has_both_streams_and_the_status(runtime) {
        runtime.block_on(async {
            let output = sh("echo out; echo err >&2; exit 7").output().await.unwrap();
            assert_eq!(output.stdout, b"out\n");
            assert_eq!(output.stderr, b"err\n");
            assert_eq!(output.status.code(), Some(7));
        });
    }

    fn status_says_how_it_ended(runtime) {
        runtime.block_on(async {
            assert!(Command::new("true").status().await.unwrap().success());
            assert_eq!(sh("exit 255").status().await.unwrap().code(), Some(255));
            let killed = sh("kill -TERM $$").status().await.unwrap();
            assert_eq!((killed.code(), killed.signal()), (None, Some(libc::SIGTERM)));
        });
    }

    fn status_closes_pipes_so_that_the_child_ends(runtime) {
        runtime.block_on(async {
            let mut cat = Command::new("cat");
            cat.stdin(Stdio::piped()).stdout(Stdio::piped());
            assert!(cat.status().await.unwrap().success());
        });
    }

    fn tasks_wait_for_their_children(runtime) {
        runtime.block_on(async {
            let tasks: Vec<_> = (0..20)
                .map(|n| heist::spawn(async move { sh(&format!("exit {n}")).status().await.unwrap().code() }))
                .collect();
            for (n, task) in (0..).zip(tasks) {
                assert_eq!(task.await.unwrap(), Some(n));
            }
        });
    }

    fn what_cannot_be_started_is_an_error(runtime) {
        runtime.block_on(async {
            let mut missing = Command::new("a-program-that-nobody-has");
            assert_eq!(missing.spawn().unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(missing.status().await.unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(missing.output().await.unwrap_err().kind(), ErrorKind::NotFound);
            let mut nowhere = Command::new("true");
            nowhere.current_dir("/a-directory-that-nobody-has");
            assert_eq!(nowhere.spawn().unwrap_err().kind(), ErrorKind::NotFound);
            let mut file = Command::new("/proc/self/status");
            assert_eq!(file.spawn().unwrap_err().kind(), ErrorKind::PermissionDenied);
        });
    }
}

#[test]
fn settings_reach_the_child() {
    current_thread().block_on(async {
        let mut command = sh("echo $0-$1-$A-$B-$C-$(pwd)");
        command
            .args(["zero", "one"])
            .env("A", "a")
            .envs([("B", "b"), ("C", "c")])
            .env_remove("C")
            .current_dir("/");
        assert_eq!(command.output().await.unwrap().stdout, b"zero-one-a-b--/\n");

        let mut clear = Command::new("/usr/bin/env");
        clear.env("GONE", "1").env_clear().env("ONLY", "this");
        assert_eq!(clear.output().await.unwrap().stdout, b"ONLY=this\n");

        let mut named = sh("echo $0");
        named.arg0("another name");
        assert_eq!(named.output().await.unwrap().stdout, b"another name\n");
    });
}

#[test]
fn user_and_group_are_the_systems_to_set() {
    let id = |option: &str| {
        let output = std::process::Command::new("id").arg(option).output().unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .trim()
            .parse::<u32>()
            .unwrap()
    };
    let (user, group) = (id("-u"), id("-g"));
    current_thread().block_on(async {
        let mut same = sh("echo $(id -u) $(id -g)");
        same.uid(user).gid(group);
        let expected = format!("{user} {group}\n");
        // Without privileges even setting the groups anew may be refused, but then it is an error.
        match same.output().await {
            Ok(output) => assert_eq!(output.stdout, expected.as_bytes()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied),
        }
    });
}

#[test]
fn a_command_starts_any_number_of_children_and_converts_from_std_and_back() {
    current_thread().block_on(async {
        let mut std = std::process::Command::new("echo");
        std.arg("a");
        let mut command = Command::from(std);
        command.as_std_mut().arg("b");
        assert!(!command.get_kill_on_drop());
        assert!(command.kill_on_drop(true).get_kill_on_drop());
        assert_eq!(command.as_std().get_program(), "echo");
        assert!(format!("{command:?}").contains("echo"));
        for _ in 0..2 {
            assert_eq!(command.output().await.unwrap().stdout, b"a b\n");
        }
        assert_eq!(command.into_std().output().unwrap().stdout, b"a b\n");
    });
}

#[test]
fn the_callers_own_spawn_is_used() {
    current_thread().block_on(async {
        let mut command = Command::new("false");
        let mut child = command
            .spawn_with(|std| {
                assert_eq!(std.get_program(), "false");
                std::process::Command::new("true").spawn()
            })
            .unwrap();
        assert!(child.wait().await.unwrap().success());
        let refused = command.spawn_with(|_| Err(ErrorKind::Unsupported.into()));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
    });
}

#[test]
fn children_on_a_local_runtime() {
    let runtime = LocalRuntime::new().unwrap();
    let status = runtime.block_on(async {
        let task = heist::task::spawn_local(async { sh("exit 3").status().await });
        task.await.unwrap().unwrap()
    });
    assert_eq!(status.code(), Some(3));
}

#[test]
fn outside_of_a_runtime_nothing_is_started_and_the_panic_says_how_to_enter() {
    let text = panic_of(|| Command::new("true").spawn_with(|_| panic!("it must not come to this")));
    assert!(
        text.contains("there is no heist runtime on this thread"),
        "{text}"
    );
    assert!(text.contains("Runtime::enter"), "{text}");
    assert!(panic_of(|| drop(Command::new("true").status())).contains("there is no heist runtime"));
    assert!(panic_of(|| drop(Command::new("true").output())).contains("there is no heist runtime"));

    let without_io = heist::runtime::Builder::new_current_thread().build().unwrap();
    let text = without_io.block_on(async { panic_of(|| Command::new("true").spawn()) });
    assert!(text.contains("enable_io"), "{text}");
}

#[test]
fn an_entered_runtime_is_enough_to_start_a_child() {
    let runtime = multi_thread();
    let guard = runtime.enter();
    let mut child = Command::new("true").spawn().unwrap();
    drop(guard);
    assert!(runtime.block_on(child.wait()).unwrap().success());
}

#[test]
fn futures_and_types_may_move_between_threads() {
    fn send<T: Send>(_: T) {}
    fn send_sync<T: Send + Sync>() {}
    send_sync::<Command>();
    send_sync::<Child>();
    send_sync::<ChildStdin>();
    send_sync::<ChildStdout>();
    send_sync::<ChildStderr>();
    current_thread().block_on(async {
        let (status, output) = {
            let mut command = Command::new("true");
            (command.status(), command.output())
        };
        send(&status);
        send(&output);
        assert!(status.await.unwrap().success() && output.await.unwrap().status.success());
    });
}

/// The descriptors of this process, without the one that lists them.
fn descriptors() -> usize {
    rt_kit::proc_self("fd").len() - 1
}

#[test]
#[cfg(target_os = "linux")]
fn no_descriptors_are_an_error_and_leave_no_process() {
    let output = child("child_without_descriptors", "ulimit -n 64", &[]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "started by no_descriptors_are_an_error_and_leave_no_process, which limits its descriptors"]
fn child_without_descriptors() {
    let runtime = current_thread();
    runtime.block_on(async {
        // The signal path has its descriptors from here on.
        let _listener = heist::signal::unix::signal(heist::signal::unix::SignalKind::child()).unwrap();
        let mut warm = Command::new("true");
        warm.stdin(Stdio::inherit()).stdout(Stdio::inherit());
        assert!(warm.status().await.unwrap().success());
        let before = descriptors();

        let mut hoard = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            hoard.push(file);
        }
        // A child without pipes needs a descriptor for its pidfd alone, and does without: signals tell of its exit.
        assert_eq!(warm.status().await.unwrap().code(), Some(0));
        for _ in 0..20 {
            let error = Command::new("cat")
                .stdin(Stdio::piped())
                .output()
                .await
                .unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
        }
        drop(hoard);
        assert_eq!(descriptors(), before);
        assert_eq!(sh("echo again").output().await.unwrap().stdout, b"again\n");
    });
    wait_until("no child is left", || children().is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_that_nothing_can_watch_is_killed_and_collected() {
    let output = child("child_that_nothing_can_watch", "ulimit -n 64", &[]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "started by a_child_that_nothing_can_watch_is_killed_and_collected, which limits its descriptors"]
fn child_that_nothing_can_watch() {
    let runtime = current_thread();
    runtime.block_on(async {
        let mut hoard = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            hoard.push(file);
        }
        // What starting a program takes for a moment; then they are gone again.
        let mut spare = Some(hoard.split_off(hoard.len() - 4));
        let mut command = Command::new("sleep");
        command.arg("1000");
        let spawned = command.spawn_with(|std| {
            drop(spare.take());
            let child = std.spawn();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                hoard.push(file);
            }
            child
        });
        assert_eq!(spawned.unwrap_err().raw_os_error(), Some(libc::EMFILE));
        drop(hoard);
        wait_until("no child is left", || children().is_empty());
    });
}

/// The children of this process, zombies among them.
fn children() -> Vec<String> {
    let of_task = |id: String| std::fs::read_to_string(format!("/proc/self/task/{id}/children"));
    let lists = rt_kit::proc_self("task").into_iter().flat_map(of_task);
    lists
        .flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}
