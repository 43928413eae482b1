//! What the tests of Unix-domain sockets and pipes share: a directory for their files, and single polls.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::future::Future;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

/// A directory for socket files that is removed in the end.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Directory {
        let path = std::env::temp_dir().join(unique());
        std::fs::create_dir(&path).unwrap();
        Directory(path)
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // A directory that stays behind fails no test.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A name that no other test has.
pub(crate) fn unique() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!(
        "heist-test-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

/// One poll whose waker does nothing.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The kind of an error.
#[track_caller]
pub(crate) fn kind<T: std::fmt::Debug>(result: std::io::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

/// Makes a test on the current-thread runtime of each function that takes a `Runtime`: for those that assert that
/// no event comes, since there the driver turns only where the test waits.
#[allow(unused_macros, reason = "no test file uses all of it")]
macro_rules! one_flavour {
    ($(fn $name:ident($runtime:ident) $body:block)*) => {$(
        #[test]
        fn $name() {
            let $runtime = rt_kit::current_thread();
            $body
        }
    )*};
}
#[allow(unused_imports, reason = "no test file uses all of it")]
pub(crate) use one_flavour;
