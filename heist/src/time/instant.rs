//! [`Instant`]: a moment of the runtime's clock.
//!
//! Invariant: an `Instant` is a `std::time::Instant` and nothing else, so conversion is free both ways.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

use super::hands;

/// About 30 years: further than anyone waits, and representable on every platform. What cannot be added counts as this.
const FAR_FUTURE: Duration = Duration::from_secs(30 * 365 * 86_400);

/// A moment in time, like [`std::time::Instant`] but read from the runtime's clock.
///
/// ```
/// use heist::time::{Duration, Instant};
///
/// let start = Instant::now();
/// let deadline = start + Duration::from_secs(5);
/// assert_eq!(deadline - start, Duration::from_secs(5));
/// assert_eq!(start - deadline, Duration::ZERO, "differences saturate");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    std: std::time::Instant,
}

impl Instant {
    /// The current time: of the current runtime's clock if that has been paused or advanced, and of the machine's
    /// otherwise.
    pub fn now() -> Instant {
        hands::current_now()
    }

    /// The same moment, from std's type.
    pub fn from_std(std: std::time::Instant) -> Instant {
        Self { std }
    }

    /// The same moment, as std's type.
    pub fn into_std(self) -> std::time::Instant {
        self.std
    }

    /// The time that passed from `earlier` to this moment, or zero if `earlier` is later.
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }

    /// The time that passed from `earlier` to this moment, or `None` if `earlier` is later.
    ///
    /// ```
    /// use heist::time::{Duration, Instant};
    ///
    /// let start = Instant::now();
    /// let end = start + Duration::from_millis(1);
    /// assert_eq!(end.checked_duration_since(start), Some(Duration::from_millis(1)));
    /// assert_eq!(start.checked_duration_since(end), None);
    /// ```
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.std.checked_duration_since(earlier.std)
    }

    /// The time that passed from `earlier` to this moment, or zero if `earlier` is later.
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.std.saturating_duration_since(earlier.std)
    }

    /// The time that passed since this moment, or zero if it is still to come.
    pub fn elapsed(&self) -> Duration {
        Self::now().saturating_duration_since(*self)
    }

    /// The moment `duration` later, or `None` if the platform cannot represent it.
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.std.checked_add(duration).map(Self::from_std)
    }

    /// The moment `duration` earlier, or `None` if the platform cannot represent it.
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.std.checked_sub(duration).map(Self::from_std)
    }

    /// The moment `duration` later, or about 30 years later if the platform cannot represent it.
    pub(crate) fn after(self, duration: Duration) -> Instant {
        self.checked_add(duration).unwrap_or_else(|| self + FAR_FUTURE)
    }
}

impl From<std::time::Instant> for Instant {
    fn from(std: std::time::Instant) -> Instant {
        Self::from_std(std)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> std::time::Instant {
        instant.into_std()
    }
}

/// The moment so much later.
///
/// # Panics
///
/// If the platform cannot represent it; see [`Instant::checked_add`].
impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        Self::from_std(self.std + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

/// The time between two moments, or zero if the right one is later.
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

/// The moment so much earlier.
///
/// # Panics
///
/// If the platform cannot represent it; see [`Instant::checked_sub`].
impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        Self::from_std(self.std - duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.std.fmt(f)
    }
}
