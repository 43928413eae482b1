//! The seam between the executor and what wakes its tasks.
//!
//! Deliberately absent: what a driver waits for. The executor knows that it can be waited in and interrupted.

use std::task::Waker;
use std::time::Duration;

use heist_primitive::sync::StdArc;

/// Waits for the outside world and wakes the tasks that it is ready for.
///
/// Its owner lends it: the reactor thread turns it on a multi-thread runtime, the thread inside of `block_on`
/// on a current-thread one.
pub trait Driver: Send {
    /// Waits until something is ready, `timeout` is over, or the unparker was woken since the last return; then
    /// wakes whom it concerns, on this thread. `Some(ZERO)` looks without waiting.
    fn park(&mut self, timeout: Option<Duration>);

    /// A waker that ends the wait of [`park`](Self::park), or makes the next one return at once.
    fn unparker(&self) -> Waker;
}

/// Runs the body of a thread inside whatever its embedder sets up around it: the runtime's context, and the
/// hooks for the start and stop of a thread.
pub type Around = StdArc<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// Names the threads of a pool.
pub type ThreadName = StdArc<dyn Fn() -> String + Send + Sync>;

/// Monotonic nanoseconds since some moment before the pool was made: the embedder's clock, which it may pause.
pub type Clock = StdArc<dyn Fn() -> u64 + Send + Sync>;
