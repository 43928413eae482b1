//! Queues that any number of tasks put into and get from: [`Queue`], [`LifoQueue`], [`PriorityQueue`].
//!
//! ```text
//!   put:  a permit of `space` ──► item into the store ──► a permit to `items`
//!   get:  a permit of `items` ──► item from the store ──► a permit to `space`
//!
//!   shutdown: both semaphores are closed. Who puts gets its item back; who gets takes what is left in the store
//! ```
//!
//! Invariants
//!
//! - I1: while the queue is open, items in the store = permits of `items` that are free or were taken by gets that are about
//!   to take theirs. So a get with a permit finds an item.
//! - I2: a permit and its item are moved without an await between: a dropped wait loses neither.
//! - I3: tasks wait in line on either side, and an item goes to the one who waits longest.
//! - I4: nothing enters the store after the shutdown: both happen under the store's lock.
//! - I5: `unfinished` is the number of items put in whose `task_done` has not been called. A join ends when it has come
//!   down to 0 since the join began, also if items have been put in again at once: `rounds` counts that.
//! - I6: items are dropped outside of the lock.
//!
//! Ordering pairs: the store's lock, and the semaphores'. Models: loom-tests/tests/aio_queue.rs.
//!
//! Deliberately absent: a lock-free store. The lock is held for a push or a pop.

mod core;
mod error;
mod store;

pub use error::{QueueEmpty, QueueFull, QueueShutDown, TaskDoneError, TryGetError, TryPutError};

use self::core::Core;
use self::store::{Fifo, Lifo, Priority};

/// One kind of queue: a name over [`Core`].
macro_rules! queue {
    ($(#[$doc:meta])* $name:ident, $store:ident $(, $bound:ident)?) => {
        $(#[$doc])*
        pub struct $name<T> {
            core: Core<$store<T>>,
        }

        impl<T $(: $bound)?> $name<T> {
            /// Makes a queue for at most `maxsize` items; 0 means any number.
            ///
            /// # Panics
            ///
            /// If `maxsize` exceeds [`Semaphore::MAX_PERMITS`](crate::sync::Semaphore::MAX_PERMITS).
            #[track_caller]
            pub fn new(maxsize: usize) -> Self {
                Self { core: Core::new(maxsize) }
            }

            /// Puts an item in, waiting in line for room.
            ///
            /// # Errors
            ///
            /// If the queue is shut down, before or during the wait. The item is in the error.
            ///
            /// # Cancel safety
            ///
            /// A dropped wait has not put the item in, and drops it.
            pub async fn put(&self, item: T) -> Result<(), QueueShutDown<T>> {
                self.core.put(item).await
            }

            /// Puts an item in if there is room and nobody waits for it.
            ///
            /// # Errors
            ///
            /// [`TryPutError::Full`] or [`TryPutError::ShutDown`], with the item.
            pub fn put_nowait(&self, item: T) -> Result<(), TryPutError<T>> {
                self.core.put_nowait(item)
            }

            /// Takes the next item out, waiting in line for one.
            ///
            /// # Errors
            ///
            /// If the queue is shut down and empty, before or during the wait.
            ///
            /// # Cancel safety
            ///
            /// A dropped wait takes nothing out.
            pub async fn get(&self) -> Result<T, QueueShutDown> {
                self.core.get().await
            }

            /// Takes the next item out if there is one and nobody waits for it.
            ///
            /// # Errors
            ///
            /// [`TryGetError::Empty`]; [`TryGetError::ShutDown`] if it is shut down as well.
            pub fn get_nowait(&self) -> Result<T, TryGetError> {
                self.core.get_nowait()
            }

            /// Says that the work on one item that was taken out is done. See [`join`](Self::join).
            ///
            /// # Errors
            ///
            /// If it is called more often than items were put in.
            pub fn task_done(&self) -> Result<(), TaskDoneError> {
                self.core.task_done()
            }

            /// Waits until the work on every item that was put in is [done](Self::task_done). An item counts from when
            /// it is put in, also while it waits in the queue.
            ///
            /// # Cancel safety
            ///
            /// Dropping the wait loses nothing.
            pub async fn join(&self) {
                self.core.join().await;
            }

            /// Takes no items in any more. What is in the queue can still be taken out; with `immediate` it is dropped,
            /// and counts as done.
            ///
            /// Those who wait to put get their items back; those who wait to get are told, once nothing is left.
            pub fn shutdown(&self, immediate: bool) {
                self.core.shutdown(immediate);
            }

            /// How many items are in the queue.
            pub fn qsize(&self) -> usize {
                self.core.len()
            }

            /// How many items it takes; 0 for any number.
            pub fn maxsize(&self) -> usize {
                self.core.maxsize()
            }

            /// Whether there are no items in it. It may have changed by the time one looks at the answer.
            pub fn empty(&self) -> bool {
                self.core.len() == 0
            }

            /// Whether there are [`maxsize`](Self::maxsize) items in it; never if that is 0.
            pub fn full(&self) -> bool {
                let maxsize = self.core.maxsize();
                maxsize > 0 && self.core.len() >= maxsize
            }
        }

        impl<T $(: $bound)?> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("qsize", &self.core.len())
                    .field("maxsize", &self.core.maxsize())
                    .finish_non_exhaustive()
            }
        }
    };
}

queue! {
    /// First in, first out; many put, many get. `asyncio.Queue`.
    ///
    /// Beyond [`mpsc`](crate::sync::mpsc) it has any number of consumers, and [`join`](Self::join) waits for the work on the
    /// items and not only for their receipt.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use heist::aio::Queue;
    ///
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// let queue = Arc::new(Queue::new(10));
    /// for _ in 0..2 {
    ///     let queue = queue.clone();
    ///     heist::spawn(async move {
    ///         while let Ok(page) = queue.get().await {
    ///             println!("fetching {page}");
    ///             queue.task_done().unwrap();
    ///         }
    ///     });
    /// }
    /// for page in 1..=20 {
    ///     queue.put(page).await.unwrap();
    /// }
    /// queue.join().await;
    /// queue.shutdown(false);
    /// # });
    /// ```
    Queue, Fifo
}

queue! {
    /// Last in, first out. `asyncio.LifoQueue`.
    ///
    /// ```
    /// use heist::aio::LifoQueue;
    ///
    /// let queue = LifoQueue::new(0);
    /// queue.put_nowait("first").unwrap();
    /// queue.put_nowait("second").unwrap();
    /// assert_eq!(queue.get_nowait(), Ok("second"));
    /// ```
    LifoQueue, Lifo
}

queue! {
    /// The least item first; among equal ones the one that came first. `asyncio.PriorityQueue`.
    ///
    /// Items are usually pairs of a priority and a value; [`std::cmp::Reverse`] turns the order round.
    ///
    /// ```
    /// use heist::aio::PriorityQueue;
    ///
    /// let queue = PriorityQueue::new(0);
    /// queue.put_nowait((2, "later")).unwrap();
    /// queue.put_nowait((1, "now")).unwrap();
    /// assert_eq!(queue.get_nowait(), Ok((1, "now")));
    /// ```
    PriorityQueue, Priority, Ord
}
