//! [`wait_for`]: a task for a while, and its end in any case.

use std::time::Duration;

use crate::aio::task::Task;
use crate::task::JoinError;
use crate::time;
use crate::time::error::Elapsed;

/// Waits for `task` for no longer than `timeout`; then cancels it, and waits until it has ended. `asyncio.wait_for`.
///
/// So when this returns nothing of the task runs any more, and it may take longer than `timeout` if the task
/// [holds](crate::aio::CancelToken::hold) the cancellation up. For a future that is not a task,
/// [`time::timeout`] is the same: it drops it, which does not take long.
///
/// ```
/// use heist::aio::{create_task, wait_for};
/// use std::time::Duration;
///
/// # heist::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let task = create_task(std::future::pending::<()>());
/// assert!(wait_for(task, Duration::from_millis(1)).await.is_err());
/// # });
/// ```
///
/// # Errors
///
/// [`Elapsed`] if the time was over first, and the task did not return an output for all that.
///
/// # Cancel safety
///
/// Dropping the wait cancels the task, and does not wait for that.
///
/// # Panics
///
/// If the runtime has no timers.
pub async fn wait_for<T>(mut task: Task<T>, timeout: Duration) -> Result<Result<T, JoinError>, Elapsed> {
    if let Ok(output) = time::timeout(timeout, &mut task).await {
        return Ok(output);
    }
    task.cancel();
    match task.await {
        Err(error) if error.is_cancelled() => Err(Elapsed::new()),
        output => Ok(output),
    }
}
