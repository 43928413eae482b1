//! [`BoundedSemaphore`]: a semaphore that cannot be released more often than it was acquired.
//!
//! Invariants
//!
//! - I1: free permits + `out` = the bound. A permit is counted as out before its holder goes on, and not any more before it
//!   is free again.
//!
//! Ordering pairs: those of the semaphore below. `out` is relaxed: it is compared with nothing but itself.
//!
//! Deliberately absent: an unbounded one, which is [`sync::Semaphore`](crate::sync::Semaphore).

use std::error::Error;
use std::fmt;

use heist_primitive::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::sync::Semaphore;

/// So many at a time, and an error for who gives back what nobody took. `asyncio.BoundedSemaphore`.
///
/// ```
/// use heist::aio::BoundedSemaphore;
///
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// let connections = BoundedSemaphore::new(2);
/// let permit = connections.acquire().await;
/// assert!(!connections.locked());
/// drop(permit);
/// assert!(connections.release().is_err(), "all are back already");
/// # });
/// ```
pub struct BoundedSemaphore {
    semaphore: Semaphore,
    out: AtomicUsize,
    bound: usize,
}

/// The error of [`BoundedSemaphore::release`]: nothing is out that could be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleasedTooOftenError(());

impl fmt::Display for ReleasedTooOftenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore was released more often than it was acquired")
    }
}

impl Error for ReleasedTooOftenError {}

impl BoundedSemaphore {
    /// Makes a semaphore with `value` permits.
    ///
    /// # Panics
    ///
    /// If `value` exceeds [`Semaphore::MAX_PERMITS`].
    #[track_caller]
    pub fn new(value: usize) -> Self {
        Self {
            semaphore: Semaphore::new(value),
            out: AtomicUsize::new(0),
            bound: value,
        }
    }

    /// Takes a permit, waiting for it in line.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait takes no permit and gives up the place in the line.
    pub async fn acquire(&self) -> BoundedPermit<'_> {
        match self.semaphore.acquire().await {
            Ok(permit) => permit.forget(),
            Err(_) => unreachable!("this semaphore is never closed"),
        }
        self.out.fetch_add(1, Relaxed);
        BoundedPermit { semaphore: self }
    }

    /// Takes a permit if one is free and nobody waits for one.
    pub fn try_acquire(&self) -> Option<BoundedPermit<'_>> {
        self.semaphore.try_acquire().ok()?.forget();
        self.out.fetch_add(1, Relaxed);
        Some(BoundedPermit { semaphore: self })
    }

    /// Gives back a permit that was [forgotten](BoundedPermit::forget). Called without one, it gives back that of
    /// somebody else, whose own release fails then.
    ///
    /// # Errors
    ///
    /// If all permits are back: there is a release too many somewhere.
    pub fn release(&self) -> Result<(), ReleasedTooOftenError> {
        self.out
            .fetch_update(Relaxed, Relaxed, |out| out.checked_sub(1))
            .map_err(|_| ReleasedTooOftenError(()))?;
        self.semaphore.add_permits(1);
        Ok(())
    }

    /// Whether no permit is free.
    pub fn locked(&self) -> bool {
        self.semaphore.available_permits() == 0
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedSemaphore")
            .field("free", &self.semaphore.available_permits())
            .field("bound", &self.bound)
            .finish()
    }
}

/// One of a [`BoundedSemaphore`]'s permits; given back when dropped.
#[derive(Debug)]
#[must_use = "if unused the permit is given back at once"]
pub struct BoundedPermit<'a> {
    semaphore: &'a BoundedSemaphore,
}

impl BoundedPermit<'_> {
    /// Keeps the permit out, to be given back by [`BoundedSemaphore::release`], maybe from elsewhere.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for BoundedPermit<'_> {
    fn drop(&mut self) {
        // It fails if somebody released in this one's stead; the bound holds then, too.
        let _released_before = self.semaphore.release();
    }
}
