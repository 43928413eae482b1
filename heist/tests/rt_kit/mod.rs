//! What the tests of `runtime` and `task` share: both flavours from one body, futures that are woken by
//! hand, and counters that tell the exact history.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use heist::runtime::{Builder, Runtime};

/// A current-thread runtime with everything enabled.
pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A multi-thread runtime with two workers and everything enabled.
pub(crate) fn multi_thread() -> Runtime {
    workers(2)
}

/// A multi-thread runtime with everything enabled.
pub(crate) fn workers(workers: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .unwrap()
}

/// Makes two tests of each function that takes a `Runtime`: one a flavour.
#[allow(unused_macros, reason = "no test file uses all of it")]
macro_rules! both_flavours {
    ($($(#[$meta:meta])* fn $name:ident($runtime:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            fn check($runtime: heist::runtime::Runtime) $body

            #[test]
            $(#[$meta])*
            fn current_thread() {
                check(rt_kit::current_thread());
            }

            #[test]
            $(#[$meta])*
            fn multi_thread() {
                check(rt_kit::multi_thread());
            }
        }
    )*};
}
#[allow(unused_imports, reason = "no test file uses all of it")]
pub(crate) use both_flavours;

/// Counts something from any thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(crate) fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Counts its drops.
#[derive(Debug)]
pub(crate) struct CountDrop(pub(crate) Count);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// An event that is raised once, from anywhere; its future counts its polls and drops.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    state: Arc<Mutex<(bool, Vec<Waker>)>>,
    pub(crate) polls: Count,
    pub(crate) drops: Count,
}

impl Event {
    pub(crate) fn raise(&self) {
        let wakers = {
            let mut state = self.state.lock().unwrap();
            state.0 = true;
            std::mem::take(&mut state.1)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The wakers that polls have left.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        self.state.lock().unwrap().1.clone()
    }

    pub(crate) fn wait(&self) -> Waiting {
        Waiting {
            event: self.clone(),
            _drop: CountDrop(self.drops.clone()),
        }
    }
}

pub(crate) struct Waiting {
    event: Event,
    _drop: CountDrop,
}

impl Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.event.state.lock().unwrap();
        self.event.polls.add();
        if state.0 {
            return Poll::Ready(());
        }
        state.1.push(cx.waker().clone());
        Poll::Pending
    }
}

/// A waker that counts.
pub(crate) struct CountWake(pub(crate) Count);

impl Wake for CountWake {
    fn wake(self: Arc<Self>) {
        self.0.add();
    }
}

/// A waker that counts and panics.
pub(crate) struct PanicWake(pub(crate) Count);

impl Wake for PanicWake {
    fn wake(self: Arc<Self>) {
        self.0.add();
        panic!("a waker that panics");
    }
}

/// Waits for what another thread is going to make true; fails if it never does.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("never happened: {what}");
}

/// What a panic says.
pub(crate) fn text(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload
            .downcast_ref::<&str>()
            .map_or_else(String::new, |text| (*text).to_owned()),
    }
}

/// Runs `f`, which must panic, and returns what it says.
#[track_caller]
pub(crate) fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => text(payload),
    }
}

/// Runs the ignored test `name` of this file in a process of its own, by `shell` if not empty.
pub(crate) fn child(name: &str, shell: &str, variables: &[(&str, &str)]) -> Output {
    let this = std::env::current_exe().unwrap();
    let mut command = if shell.is_empty() {
        Command::new(&this)
    } else {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("{shell}; exec \"$0\" \"$@\""))
            .arg(&this);
        command
    };
    command.args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"]);
    command
        .env_remove("HEIST_WORKER_THREADS")
        .envs(variables.iter().copied());
    command.output().unwrap()
}

/// The entries of a directory of `/proc/self`.
pub(crate) fn proc_self(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(format!("/proc/self/{folder}")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The names of this process's threads.
pub(crate) fn thread_names() -> Vec<String> {
    let names = proc_self("task").into_iter();
    // A thread may end between the listing and the look.
    let names = names.flat_map(|id| std::fs::read_to_string(format!("/proc/self/task/{id}/comm")));
    names.map(|name| name.trim().to_owned()).collect()
}
