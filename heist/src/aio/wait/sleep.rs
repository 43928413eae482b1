//! [`sleep`] with a result.

use std::time::Duration;

use crate::{task, time};

/// Waits until `delay` has passed and returns `result`. `asyncio.sleep`.
///
/// A delay of zero lets the other tasks run once. Otherwise it is [`time::sleep`] with a result.
///
/// ```
/// use heist::aio::sleep;
/// use std::time::Duration;
///
/// # heist::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// assert_eq!(sleep(Duration::from_millis(1), "hello").await, "hello");
/// # });
/// ```
///
/// # Cancel safety
///
/// Dropping the wait cancels the timer, and drops `result`.
///
/// # Panics
///
/// If the runtime has no timers, when polled.
pub async fn sleep<T>(delay: Duration, result: T) -> T {
    if delay.is_zero() {
        task::yield_now().await;
    } else {
        time::sleep(delay).await;
    }
    result
}
