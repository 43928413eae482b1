//! What the tests of `fs` share: a folder that is removed again, and a blocking pool that stands still on demand.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::future::{Future, poll_fn};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use heist::runtime::{Builder, Runtime};

/// A folder of the test's own.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("heist-fs-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The path of an entry.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes a file and returns its path.
    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.at(name), contents).unwrap();
        self.at(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A runtime whose blocking pool has one thread.
pub(crate) fn one_blocking_thread() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).max_blocking_threads(1).enable_all();
    builder.build().unwrap()
}

/// While it lives, the only thread of a pool is busy, so that what is spawned waits in the queue.
pub(crate) struct Gate(mpsc::Sender<()>);

impl Gate {
    pub(crate) fn close(runtime: &Runtime) -> Self {
        let (at_work, came) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let _detached = runtime.handle().spawn_blocking(move || {
            at_work.send(()).unwrap();
            let _ = released.recv();
        });
        came.recv().unwrap();
        Self(release)
    }

    pub(crate) fn open(self) {}
}

/// Polls once.
pub(crate) async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|cx| match Pin::new(&mut *future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Polls once, expects to have to wait, and drops the future.
pub(crate) async fn cancelled_half_way<F: Future>(future: F)
where
    F::Output: std::fmt::Debug,
{
    let output = poll_once(&mut Box::pin(future)).await;
    assert!(output.is_none(), "it did not wait: {output:?}");
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
