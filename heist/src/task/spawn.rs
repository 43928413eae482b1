//! `spawn`: a task on the current runtime.

use std::future::Future;

use heist_executor::task::{JoinHandle, Meta};

use crate::runtime::context;

/// Spawns a task onto the current runtime; it starts to run at once, whether or not its handle is awaited.
///
/// The output comes through the [`JoinHandle`]. Dropping that detaches the task. When the runtime shuts
/// down, tasks that have not ended are dropped at their next `.await`; a task spawned after that is dropped
/// at once, and its handle returns a cancelled [`JoinError`](super::JoinError).
///
/// # Panics
///
/// Outside of a runtime. Call it from a task, from the future given to
/// [`Runtime::block_on`](crate::runtime::Runtime::block_on), or while holding the guard of
/// [`Handle::enter`](crate::runtime::Handle::enter).
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let task = heist::spawn(async { "done" });
/// assert_eq!(task.await.unwrap(), "done");
/// # });
/// ```
///
/// The future must be `Send`, as it may move to another worker at any `.await`:
///
/// ```compile_fail
/// use std::rc::Rc;
///
/// heist::spawn(async {
///     let local = Rc::new(1);
///     heist::task::yield_now().await;
///     println!("{local}");
/// });
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    context::current().spawn_as(future, Meta::caller())
}
