//! Errors of time limits and of timers.

use std::fmt;
use std::io;

/// What [`timeout`](super::timeout) and [`timeout_at`](super::timeout_at) return when the time limit was
/// reached before the future completed.
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl Elapsed {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

/// An error of kind [`TimedOut`](io::ErrorKind::TimedOut).
impl From<Elapsed> for io::Error {
    fn from(_: Elapsed) -> Self {
        io::ErrorKind::TimedOut.into()
    }
}

/// What can be wrong with a timer.
///
/// heist's own functions do not return it: a timer of a runtime that has shut down panics when polled, and the wheel has
/// neither a capacity nor a longest duration. It is here for code that passes such errors on under tokio's name.
///
/// ```
/// use heist::time::error::Error;
///
/// let error = Error::shutdown();
/// assert!(error.is_shutdown() && !error.is_at_capacity() && !error.is_invalid());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Error(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Shutdown,
    AtCapacity,
    Invalid,
}

impl Error {
    /// The runtime whose timer it is has shut down. It will not get better.
    pub fn shutdown() -> Error {
        Error(Kind::Shutdown)
    }

    /// Whether the runtime has shut down.
    pub fn is_shutdown(&self) -> bool {
        self.0 == Kind::Shutdown
    }

    /// There are too many timers at the moment. It may work later.
    pub fn at_capacity() -> Error {
        Error(Kind::AtCapacity)
    }

    /// Whether there were too many timers.
    pub fn is_at_capacity(&self) -> bool {
        self.0 == Kind::AtCapacity
    }

    /// The duration is longer than timers can be.
    pub fn invalid() -> Error {
        Error(Kind::Invalid)
    }

    /// Whether the duration was too long.
    pub fn is_invalid(&self) -> bool {
        self.0 == Kind::Invalid
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self.0 {
            Kind::Shutdown => "the runtime of this timer has shut down",
            Kind::AtCapacity => "there are too many timers for one more",
            Kind::Invalid => "the duration is longer than a timer can wait",
        })
    }
}

impl std::error::Error for Error {}
