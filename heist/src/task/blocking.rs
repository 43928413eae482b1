//! `spawn_blocking` and `block_in_place`: closures that may block, on threads that may.

use heist_executor::multi_thread;
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

/// Runs `f`, which may block, on this thread, and lets the other tasks of the worker go on elsewhere meanwhile.
///
/// On a worker thread, the worker's queue and identity go to another thread, an idle one or a new one. Other parts of
/// *this* task, such as the other arms of a `select!` or `join!`, are held up: use [`spawn_blocking`] if they must go on.
/// Outside of a worker, in the future of a `block_on`, on the blocking pool or outside of any runtime, `f` is just
/// called. In `f`, [`Handle::block_on`](crate::runtime::Handle::block_on) is allowed, and the [budget](super::coop) is off.
///
/// # Cancel safety
///
/// `f` cannot be aborted; a runtime that shuts down waits for it.
///
/// # Panics
///
/// On a current-thread runtime and in the tasks of a [`LocalSet`](super::LocalSet), which have no other thread.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let text = heist::spawn(async {
///     heist::task::block_in_place(|| std::fs::read_to_string("/proc/version").unwrap_or_default())
/// });
/// println!("{}", text.await.unwrap());
/// # });
/// ```
#[track_caller]
pub fn block_in_place<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    let _paused = context::pause_driving();
    multi_thread::block_in_place(f)
}
