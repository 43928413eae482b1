//! `yield_now`: to the end of the queue.

/// Lets other tasks run before this one goes on.
///
/// The task goes behind all others that are ready, on the injector or the end of a deque, and I/O and
/// timers that are due are seen before it runs again.
///
/// # Cancel safety
///
/// Dropping the future before it is ready does nothing but a spurious wake-up.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// for step in 0..3 {
///     println!("{step}");
///     heist::task::yield_now().await;
/// }
/// # });
/// ```
pub async fn yield_now() {
    heist_executor::task::yield_now().await;
}
