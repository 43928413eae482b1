//! Which operations a source is ready for.
//!
//! ```text
//!   bit    5     4        3            2           1        0
//!        ERROR PRIORITY WRITE_CLOSED READ_CLOSED WRITABLE READABLE
//! ```
//!
//! The two CLOSED bits stay once they are set, so a source that ended stays ready; only a system call that shows
//! otherwise takes them away (`Registration::refute`).

use crate::interest::Interest;
use std::fmt;
use std::ops;

const READABLE: u8 = 1;
const WRITABLE: u8 = 1 << 1;
const READ_CLOSED: u8 = 1 << 2;
const WRITE_CLOSED: u8 = 1 << 3;
const PRIORITY: u8 = 1 << 4;
const ERROR: u8 = 1 << 5;

/// The operations a source is ready for: a hint, never a promise, since another task may be quicker.
///
/// ```
/// # use heist_reactor::Ready;
/// let ready = Ready::READABLE | Ready::WRITE_CLOSED;
/// assert!(ready.is_readable());
/// assert!(ready.is_writable(), "a closed direction answers at once, so it counts as ready");
/// assert!((ready - Ready::READABLE).is_write_closed());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ready(u8);

impl Ready {
    /// Nothing.
    pub const EMPTY: Ready = Ready(0);

    /// A read may find data.
    pub const READABLE: Ready = Ready(READABLE);

    /// A write may find room.
    pub const WRITABLE: Ready = Ready(WRITABLE);

    /// The peer will send no more.
    pub const READ_CLOSED: Ready = Ready(READ_CLOSED);

    /// Nothing more can be sent.
    pub const WRITE_CLOSED: Ready = Ready(WRITE_CLOSED);

    /// Out-of-band data or another exceptional condition.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub const PRIORITY: Ready = Ready(PRIORITY);

    /// An error is pending on the source.
    pub const ERROR: Ready = Ready(ERROR);

    /// Everything.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub const ALL: Ready = Ready(READABLE | WRITABLE | READ_CLOSED | WRITE_CLOSED | PRIORITY | ERROR);

    /// Everything.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub const ALL: Ready = Ready(READABLE | WRITABLE | READ_CLOSED | WRITE_CLOSED | ERROR);

    /// The bits that a clear does not take away.
    pub(crate) const CLOSED: Ready = Ready(READ_CLOSED | WRITE_CLOSED);

    /// Whether nothing is ready.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a read would answer: data, or the end of it.
    pub fn is_readable(self) -> bool {
        self.0 & (READABLE | READ_CLOSED) != 0
    }

    /// Whether a write would answer: room, or an error.
    pub fn is_writable(self) -> bool {
        self.0 & (WRITABLE | WRITE_CLOSED) != 0
    }

    /// Whether the peer will send no more.
    pub fn is_read_closed(self) -> bool {
        self.0 & READ_CLOSED != 0
    }

    /// Whether nothing more can be sent.
    pub fn is_write_closed(self) -> bool {
        self.0 & WRITE_CLOSED != 0
    }

    /// Whether out-of-band data waits; false on platforms that do not tell.
    pub fn is_priority(self) -> bool {
        self.0 & PRIORITY != 0
    }

    /// Whether an error is pending.
    pub fn is_error(self) -> bool {
        self.0 & ERROR != 0
    }

    /// The part of this that `interest` waits for.
    pub(crate) fn of(self, interest: Interest) -> Ready {
        self & Ready::mask(interest)
    }

    /// All bits that answer `interest`.
    pub(crate) fn mask(interest: Interest) -> Ready {
        let answers = [
            (interest.is_readable(), READABLE | READ_CLOSED),
            (interest.is_writable(), WRITABLE | WRITE_CLOSED),
            (interest.is_priority(), PRIORITY | READ_CLOSED),
            (interest.is_error(), ERROR),
        ];
        Ready::union(answers)
    }

    pub(crate) fn from_mio(event: &mio::event::Event) -> Ready {
        let said = [
            (event.is_readable(), READABLE),
            (event.is_writable(), WRITABLE),
            (event.is_read_closed(), READ_CLOSED),
            (event.is_write_closed(), WRITE_CLOSED),
            (event.is_priority(), PRIORITY),
            (event.is_error(), ERROR),
        ];
        Ready::union(said)
    }

    fn union(parts: impl IntoIterator<Item = (bool, u8)>) -> Ready {
        Ready(
            parts
                .into_iter()
                .fold(0, |sum, (set, bits)| if set { sum | bits } else { sum }),
        )
    }

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn from_bits(bits: u8) -> Ready {
        Ready(bits)
    }
}

impl ops::BitOr for Ready {
    type Output = Ready;

    fn bitor(self, other: Ready) -> Ready {
        Ready(self.0 | other.0)
    }
}

impl ops::BitOrAssign for Ready {
    fn bitor_assign(&mut self, other: Ready) {
        self.0 |= other.0;
    }
}

impl ops::BitAnd for Ready {
    type Output = Ready;

    fn bitand(self, other: Ready) -> Ready {
        Ready(self.0 & other.0)
    }
}

impl ops::Sub for Ready {
    type Output = Ready;

    fn sub(self, other: Ready) -> Ready {
        Ready(self.0 & !other.0)
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready")
            .field("is_readable", &self.is_readable())
            .field("is_writable", &self.is_writable())
            .field("is_read_closed", &self.is_read_closed())
            .field("is_write_closed", &self.is_write_closed())
            .field("is_error", &self.is_error())
            .field("is_priority", &self.is_priority())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interest_is_answered_by_its_own_bits_and_by_the_end_of_its_direction() {
        assert_eq!(
            Ready::mask(Interest::READABLE),
            Ready::READABLE | Ready::READ_CLOSED
        );
        assert_eq!(
            Ready::mask(Interest::WRITABLE),
            Ready::WRITABLE | Ready::WRITE_CLOSED
        );
        assert_eq!(Ready::mask(Interest::ERROR), Ready::ERROR);
        let both = Interest::READABLE | Interest::WRITABLE;
        assert_eq!(
            Ready::ALL.of(both),
            Ready::READABLE | Ready::WRITABLE | Ready::CLOSED
        );
        assert!(Ready::WRITABLE.of(Interest::READABLE).is_empty());
    }
}
