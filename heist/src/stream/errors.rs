//! The errors that are items of a stream.

use std::error::Error;
use std::fmt;

/// What a [`BroadcastStream`](super::BroadcastStream) gives in the place of values that it missed.
#[derive(Debug, PartialEq, Eq, Clone)]
pub enum BroadcastStreamRecvError {
    /// So many values were forgotten before the stream got to them. It goes on with the oldest one that is there.
    Lagged(u64),
}

impl fmt::Display for BroadcastStreamRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Lagged(missed) = self;
        write!(f, "channel lagged by {missed}")
    }
}

impl Error for BroadcastStreamRecvError {}
