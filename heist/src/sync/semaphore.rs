//! [`Semaphore`] and its permits: the public face of batch.rs.
//!
//! Invariant I1: a permit value stands for that many permits of its semaphore, which its drop gives back unless
//! they were forgotten, merged into another or split off.

use std::fmt;

use heist_primitive::sync::StdArc as Arc;

use super::batch::{self, AcquireError, Batch, TryAcquireError};
use super::blocking;

/// A counting semaphore for tasks, fair in order of arrival.
///
/// A semaphore has a number of permits. [`acquire`](Self::acquire) takes one and waits while there is none; the
/// permit goes back when the [`SemaphorePermit`] is dropped. Whoever waits gets permits in the order of arrival,
/// also when the first in line wants many and those behind it want few, so nobody starves.
///
/// Limit how much runs at a time:
///
/// ```
/// use std::sync::Arc;
/// use heist::sync::Semaphore;
///
/// # heist_executor::park::block_on(async {
/// let uploads = Arc::new(Semaphore::new(2));
///
/// let first = uploads.clone().acquire_owned().await.unwrap();
/// let second = uploads.clone().acquire_owned().await.unwrap();
/// assert!(uploads.try_acquire().is_err());
///
/// drop(first);
/// assert!(uploads.try_acquire().is_ok());
/// # drop(second);
/// # });
/// ```
///
/// Count events: start with none, [`add_permits`](Self::add_permits) for each event, and
/// [`forget`](SemaphorePermit::forget) the permit of each one handled.
///
/// ```
/// use heist::sync::Semaphore;
///
/// # heist_executor::park::block_on(async {
/// let tickets = Semaphore::new(0);
/// tickets.add_permits(3);
/// for _ in 0..3 {
///     tickets.acquire().await.unwrap().forget();
/// }
/// assert_eq!(tickets.available_permits(), 0);
/// # });
/// ```
pub struct Semaphore {
    batch: Batch,
}

/// Permits of a [`Semaphore`], given back when this is dropped.
///
/// Made by [`Semaphore::acquire`] and the like.
#[must_use = "permits that are not kept go back at once"]
#[clippy::has_significant_drop]
#[derive(Debug)]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

/// Permits of a [`Semaphore`] that is shared by an [`Arc`], given back when this is dropped.
///
/// Made by [`Semaphore::acquire_owned`] and the like.
#[must_use = "permits that are not kept go back at once"]
#[clippy::has_significant_drop]
#[derive(Debug)]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
}

impl Semaphore {
    /// The most permits a semaphore can have: `usize::MAX >> 3`.
    pub const MAX_PERMITS: usize = batch::MAX_PERMITS;

    /// Makes a semaphore with this many permits.
    ///
    /// # Panics
    ///
    /// If `permits` exceeds [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        Self {
            batch: Batch::new(permits),
        }
    }

    /// How many permits are free now.
    pub fn available_permits(&self) -> usize {
        self.batch.available()
    }

    /// Adds `n` new permits; tasks that wait get them first, in order.
    ///
    /// # Panics
    ///
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS) free ones.
    #[track_caller]
    pub fn add_permits(&self, n: usize) {
        self.batch.release(n);
    }

    /// Takes up to `n` free permits away for good and returns how many it could take.
    ///
    /// ```
    /// let semaphore = heist::sync::Semaphore::new(3);
    /// assert_eq!(semaphore.forget_permits(2), 2);
    /// assert_eq!(semaphore.forget_permits(2), 1);
    /// ```
    pub fn forget_permits(&self, n: usize) -> usize {
        self.batch.forget(n)
    }

    /// Takes one permit, waiting for it in line.
    ///
    /// # Errors
    ///
    /// If the semaphore is [closed](Self::close), before or during the wait.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait takes no permit and gives up the place in the line.
    ///
    /// ```
    /// use heist::sync::Semaphore;
    ///
    /// # heist_executor::park::block_on(async {
    /// let semaphore = Semaphore::new(2);
    /// let permit = semaphore.acquire().await.unwrap();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// drop(permit);
    /// assert_eq!(semaphore.available_permits(), 2);
    /// # });
    /// ```
    pub async fn acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.take(1).await
    }

    /// Takes `n` permits, waiting for them in line.
    ///
    /// While this is first in line, permits that are given back are set aside for it until there are enough.
    ///
    /// # Errors
    ///
    /// If the semaphore is [closed](Self::close), before or during the wait.
    ///
    /// # Panics
    ///
    /// If `n` exceeds [`MAX_PERMITS`](Self::MAX_PERMITS), which is possible on 32-bit targets.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait takes no permit and gives up the place in the line; permits set aside go to the next.
    ///
    /// ```
    /// use heist::sync::Semaphore;
    ///
    /// # heist_executor::park::block_on(async {
    /// let semaphore = Semaphore::new(5);
    /// let permits = semaphore.acquire_many(3).await.unwrap();
    /// assert_eq!((permits.num_permits(), semaphore.available_permits()), (3, 2));
    /// # });
    /// ```
    pub async fn acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.take(n).await
    }

    async fn take(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.batch.acquire(n as usize).await?;
        Ok(SemaphorePermit {
            semaphore: self,
            permits: n as usize,
        })
    }

    /// Takes one permit if one is free and nobody waits.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Closed`] if the semaphore is closed, [`TryAcquireError::NoPermits`] if none is free.
    ///
    /// ```
    /// use heist::sync::{Semaphore, TryAcquireError};
    ///
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.try_acquire().unwrap();
    /// assert_eq!(semaphore.try_acquire().err(), Some(TryAcquireError::NoPermits));
    /// # drop(permit);
    /// ```
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits if that many are free and nobody waits.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Closed`] if the semaphore is closed, [`TryAcquireError::NoPermits`] if there are too few.
    ///
    /// # Panics
    ///
    /// If `n` exceeds [`MAX_PERMITS`](Self::MAX_PERMITS), which is possible on 32-bit targets.
    #[track_caller]
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.batch.try_acquire(n as usize)?;
        Ok(SemaphorePermit {
            semaphore: self,
            permits: n as usize,
        })
    }

    /// [`acquire`](Self::acquire) for a thread outside of asynchronous code, which it blocks meanwhile.
    ///
    /// # Errors
    ///
    /// If the semaphore is [closed](Self::close), before or during the wait.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`acquire`](Self::acquire).
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        blocking::block_on("`Semaphore::blocking_acquire`", self.take(1))
    }

    /// [`acquire_many`](Self::acquire_many) for a thread outside of asynchronous code, which it blocks meanwhile.
    ///
    /// # Errors
    ///
    /// If the semaphore is [closed](Self::close), before or during the wait.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`acquire_many`](Self::acquire_many). And if `n` exceeds
    /// [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub fn blocking_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        blocking::block_on("`Semaphore::blocking_acquire_many`", self.take(n))
    }

    /// [`acquire`](Self::acquire) with a permit that owns its share of the semaphore, so it can move to another task.
    ///
    /// # Errors
    ///
    /// If the semaphore is [closed](Self::close), before or during the wait.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait takes no permit and gives up the place in the line.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use heist::sync::Semaphore;
    ///
    /// # heist_executor::park::block_on(async {
    /// let semaphore = Arc::new(Semaphore::new(1));
    /// let permit = semaphore.clone().acquire_owned().await.unwrap();
    /// std::thread::spawn(move || drop(permit));
    /// let _again = semaphore.acquire().await.unwrap();
    /// # });
    /// ```
    pub async fn acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.take_owned(1).await
    }

    /// [`acquire_many`](Self::acquire_many) with permits that own their share of the semaphore.
    ///
    /// # Errors
    ///
    /// If the semaphore is [closed](Self::close), before or during the wait.
    ///
    /// # Panics
    ///
    /// If `n` exceeds [`MAX_PERMITS`](Self::MAX_PERMITS), which is possible on 32-bit targets.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait takes no permit and gives up the place in the line; permits set aside go to the next.
    pub async fn acquire_many_owned(self: Arc<Self>, n: u32) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.take_owned(n).await
    }

    async fn take_owned(self: Arc<Self>, n: u32) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.batch.acquire(n as usize).await?;
        Ok(OwnedSemaphorePermit {
            semaphore: self,
            permits: n as usize,
        })
    }

    /// [`try_acquire`](Self::try_acquire) with a permit that owns its share of the semaphore.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Closed`] if the semaphore is closed, [`TryAcquireError::NoPermits`] if none is free.
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// [`try_acquire_many`](Self::try_acquire_many) with permits that own their share of the semaphore.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Closed`] if the semaphore is closed, [`TryAcquireError::NoPermits`] if there are too few.
    ///
    /// # Panics
    ///
    /// If `n` exceeds [`MAX_PERMITS`](Self::MAX_PERMITS), which is possible on 32-bit targets.
    #[track_caller]
    pub fn try_acquire_many_owned(self: Arc<Self>, n: u32) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.batch.try_acquire(n as usize)?;
        Ok(OwnedSemaphorePermit {
            semaphore: self,
            permits: n as usize,
        })
    }

    /// [`blocking_acquire`](Self::blocking_acquire) with a permit that owns its share of the semaphore.
    ///
    /// # Errors
    ///
    /// If the semaphore is [closed](Self::close), before or during the wait.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`acquire_owned`](Self::acquire_owned).
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        blocking::block_on("`Semaphore::blocking_acquire_owned`", self.take_owned(1))
    }

    /// [`blocking_acquire_many`](Self::blocking_acquire_many) with permits that own their share of the semaphore.
    ///
    /// # Errors
    ///
    /// If the semaphore is [closed](Self::close), before or during the wait.
    ///
    /// # Panics
    ///
    /// In asynchronous code: there, use [`acquire_many_owned`](Self::acquire_many_owned). And if `n` exceeds
    /// [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        blocking::block_on("`Semaphore::blocking_acquire_many_owned`", self.take_owned(n))
    }

    /// Closes the semaphore: it gives out no permits any more, and everybody who waits gets an error.
    ///
    /// Permits that are held stay valid and can still be given back.
    ///
    /// ```
    /// use heist::sync::{Semaphore, TryAcquireError};
    ///
    /// # heist_executor::park::block_on(async {
    /// let semaphore = Semaphore::new(1);
    /// semaphore.close();
    /// assert!(semaphore.acquire().await.is_err());
    /// assert_eq!(semaphore.try_acquire().err(), Some(TryAcquireError::Closed));
    /// # });
    /// ```
    pub fn close(&self) {
        self.batch.close();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.batch.is_closed()
    }
}

/// For statics. loom's primitives have no constant constructors.
#[cfg(not(heist_loom))]
impl Semaphore {
    /// [`new`](Self::new) in a constant or a static.
    ///
    /// ```
    /// use heist::sync::Semaphore;
    ///
    /// static CONNECTIONS: Semaphore = Semaphore::const_new(100);
    /// assert_eq!(CONNECTIONS.available_permits(), 100);
    /// ```
    ///
    /// # Panics
    ///
    /// If `permits` exceeds [`MAX_PERMITS`](Self::MAX_PERMITS).
    pub const fn const_new(permits: usize) -> Self {
        Self {
            batch: Batch::const_new(permits),
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.batch.fmt(f)
    }
}

#[track_caller]
fn merged(mine: usize, same_semaphore: bool, others: usize) -> usize {
    assert!(
        same_semaphore,
        "merging permits from different semaphore instances: merge only permits of one semaphore"
    );
    match mine.checked_add(others) {
        Some(sum) => sum,
        None => panic!(
            "number of permits overflowed: a permit value can stand for usize::MAX permits at the most"
        ),
    }
}

fn split_off(mine: &mut usize, n: usize) -> Option<usize> {
    *mine = mine.checked_sub(n)?;
    Some(n)
}

impl<'a> SemaphorePermit<'a> {
    /// Drops the permits without giving them back: the semaphore has that many fewer from now on.
    ///
    /// ```
    /// let semaphore = heist::sync::Semaphore::new(1);
    /// semaphore.try_acquire().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// ```
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Adds the permits of `other` to these.
    ///
    /// # Panics
    ///
    /// If `other` is of another semaphore.
    ///
    /// ```
    /// let semaphore = heist::sync::Semaphore::new(3);
    /// let mut permits = semaphore.try_acquire().unwrap();
    /// permits.merge(semaphore.try_acquire_many(2).unwrap());
    /// assert_eq!(permits.num_permits(), 3);
    /// ```
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        self.permits = merged(
            self.permits,
            std::ptr::eq(self.semaphore, other.semaphore),
            other.permits,
        );
        other.permits = 0;
    }

    /// Splits `n` permits off, `None` if there are fewer.
    ///
    /// ```
    /// let semaphore = heist::sync::Semaphore::new(3);
    /// let mut permits = semaphore.try_acquire_many(3).unwrap();
    /// let two = permits.split(2).unwrap();
    /// assert_eq!((permits.num_permits(), two.num_permits()), (1, 2));
    /// ```
    pub fn split(&mut self, n: usize) -> Option<Self> {
        let permits = split_off(&mut self.permits, n)?;
        Some(Self {
            semaphore: self.semaphore,
            permits,
        })
    }

    /// The semaphore these are of.
    pub fn semaphore(&self) -> &Semaphore {
        self.semaphore
    }

    /// How many permits this stands for.
    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

impl OwnedSemaphorePermit {
    /// Drops the permits without giving them back: the semaphore has that many fewer from now on.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Adds the permits of `other` to these.
    ///
    /// # Panics
    ///
    /// If `other` is of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        self.permits = merged(
            self.permits,
            Arc::ptr_eq(&self.semaphore, &other.semaphore),
            other.permits,
        );
        other.permits = 0;
    }

    /// Splits `n` permits off, `None` if there are fewer.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        let permits = split_off(&mut self.permits, n)?;
        Some(Self {
            semaphore: self.semaphore.clone(),
            permits,
        })
    }

    /// The semaphore these are of.
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// How many permits this stands for.
    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        self.semaphore.batch.release(self.permits);
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        self.semaphore.batch.release(self.permits);
    }
}
