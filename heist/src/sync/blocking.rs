//! Waiting on a thread that has no task to suspend: what the `blocking_*` methods share.
//!
//! Deliberately absent: a parker (the executor's), and a way to run a driver while waiting: these methods are for
//! threads outside of the runtime.

use std::future::Future;

use crate::runtime::context;

/// Parks this thread until `future` is done, for the method called `what`.
///
/// # Panics
///
/// In asynchronous code.
#[track_caller]
pub(super) fn block_on<F: Future>(what: &str, future: F) -> F::Output {
    context::assert_may_block(what);
    park_on(future)
}

/// Parks this thread until `future`, which waits for a moment at the most, is done.
pub(super) fn park_on<F: Future>(future: F) -> F::Output {
    heist_executor::park::block_on(future)
}
