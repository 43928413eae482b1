//! `spawn_blocking`: closures that may block, on threads that may.

use heist_executor::task::JoinHandle;

use crate::runtime::context;

/// Runs `f` on a thread of the current runtime's blocking pool.
///
/// For work that blocks (files, locks of others, libraries without `async`) or computes for long: a worker
/// thread that did it would hold up other tasks. The pool starts threads on demand, up to
/// [`max_blocking_threads`](crate::runtime::Builder::max_blocking_threads); closures beyond that wait in a
/// queue without bound. In `f` the runtime is current, and
/// [`Handle::block_on`](crate::runtime::Handle::block_on) is allowed.
///
/// # Cancel safety
///
/// A closure that has started cannot be aborted: dropping or aborting the handle lets it run on. One that
/// still waits in the queue is dropped by an abort, and when the runtime shuts down. Dropping a runtime
/// waits for closures that have started.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let sum = heist::task::spawn_blocking(|| (1..=1_000_000u64).sum::<u64>()).await.unwrap();
/// assert_eq!(sum, 500_000_500_000);
/// # });
/// ```
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    context::spawn_blocking(f)
}
