//! Which kinds of readiness somebody asks for.
//!
//! Absent on purpose: BSD's AIO and LIO interests.

use std::fmt;
use std::ops;

const READABLE: u8 = 1;
const WRITABLE: u8 = 1 << 1;
const PRIORITY: u8 = 1 << 2;
const ERROR: u8 = 1 << 3;

/// The kinds of readiness a caller waits for; never empty.
///
/// Interests combine with `|` or, in a `const`, with [`add`](Interest::add).
///
/// ```
/// # use heist_reactor::Interest;
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Interest(u8);

impl Interest {
    /// Data to read, or the end of what the peer sends.
    pub const READABLE: Interest = Interest(READABLE);

    /// Room to write, or nobody left to write to.
    pub const WRITABLE: Interest = Interest(WRITABLE);

    /// Errors on the source.
    pub const ERROR: Interest = Interest(ERROR);

    /// Out-of-band data and other exceptional conditions (`EPOLLPRI`).
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub const PRIORITY: Interest = Interest(PRIORITY);

    /// Whether this asks for readable readiness.
    pub const fn is_readable(self) -> bool {
        self.0 & READABLE != 0
    }

    /// Whether this asks for writable readiness.
    pub const fn is_writable(self) -> bool {
        self.0 & WRITABLE != 0
    }

    /// Whether this asks for errors.
    pub const fn is_error(self) -> bool {
        self.0 & ERROR != 0
    }

    /// Whether this asks for priority readiness; false on platforms that have none.
    pub const fn is_priority(self) -> bool {
        self.0 & PRIORITY != 0
    }

    /// Both interests together; `|` does the same outside of a `const`.
    ///
    /// ```
    /// # use heist_reactor::Interest;
    /// const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    /// assert!(BOTH.is_readable() && BOTH.is_writable());
    /// ```
    #[must_use = "this returns the sum and changes neither interest"]
    #[allow(clippy::should_implement_trait)]
    pub const fn add(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }

    /// This interest without `other`, or `None` if nothing is left.
    ///
    /// ```
    /// # use heist_reactor::Interest;
    /// assert_eq!(Interest::READABLE.remove(Interest::READABLE), None);
    /// ```
    #[must_use = "this returns the difference and changes neither interest"]
    pub fn remove(self, other: Interest) -> Option<Interest> {
        let left = self.0 & !other.0;
        (left != 0).then_some(Interest(left))
    }

    /// What mio has to watch. Errors are always reported, but mio needs some interest to register.
    pub(crate) fn to_mio(self) -> mio::Interest {
        let wanted = [
            (self.is_readable(), mio::Interest::READABLE),
            (self.is_writable(), mio::Interest::WRITABLE),
            (self.is_priority(), mio_priority()),
        ];
        let sum = wanted
            .into_iter()
            .filter_map(|(asked, interest)| asked.then_some(interest))
            .reduce(|sum, interest| sum | interest);
        sum.unwrap_or(mio::Interest::READABLE)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn mio_priority() -> mio::Interest {
    mio::Interest::PRIORITY
}

/// Nobody can ask for priority here: the constant does not exist.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn mio_priority() -> mio::Interest {
    mio::Interest::READABLE
}

impl ops::BitOr for Interest {
    type Output = Interest;

    fn bitor(self, other: Interest) -> Interest {
        self.add(other)
    }
}

impl ops::BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Interest) {
        *self = self.add(other);
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.is_readable(), "READABLE"),
            (self.is_writable(), "WRITABLE"),
            (self.is_priority(), "PRIORITY"),
            (self.is_error(), "ERROR"),
        ];
        let mut separator = "";
        for (_, name) in names.into_iter().filter(|(asked, _)| *asked) {
            write!(f, "{separator}{name}")?;
            separator = " | ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_names_every_interest() {
        let all = Interest::READABLE | Interest::WRITABLE | Interest(PRIORITY) | Interest::ERROR;
        assert_eq!(format!("{all:?}"), "READABLE | WRITABLE | PRIORITY | ERROR");
    }

    #[test]
    fn an_error_interest_alone_registers_for_something() {
        assert_eq!(Interest::ERROR.to_mio(), mio::Interest::READABLE);
    }
}
