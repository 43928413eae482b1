//! What reading up to something may fail with.
//!
//! Deliberately absent: asyncio's `ValueError` of `readline`, which is [`LimitOverrunError`] here.

use std::error::Error;
use std::fmt;
use std::io;

/// The stream ended before all that was asked for had come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncompleteReadError {
    /// What had come. It is not in the stream any more.
    pub partial: Vec<u8>,
    /// How many bytes were asked for; `None` if it was up to a separator.
    pub expected: Option<usize>,
}

impl fmt::Display for IncompleteReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let got = self.partial.len();
        match self.expected {
            Some(expected) => write!(
                f,
                "the stream ended after {got} of the {expected} bytes that were asked for"
            ),
            None => write!(
                f,
                "{got} bytes read and no separator before the end of the stream"
            ),
        }
    }
}

impl Error for IncompleteReadError {}

/// There is no separator within the limit of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitOverrunError {
    /// How many bytes may be read before the search can find anything: those before the separator, if it is known, or
    /// those that are no part of one.
    pub consumed: usize,
    /// Whether the separator is in what has come, behind `consumed` bytes.
    pub found: bool,
}

impl fmt::Display for LimitOverrunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let consumed = self.consumed;
        match self.found {
            true => write!(f, "the separator comes after {consumed} bytes, beyond the limit"),
            false => write!(f, "no separator in {consumed} bytes, beyond the limit"),
        }
    }
}

impl Error for LimitOverrunError {}

/// Why [`readexactly`](super::StreamReader::readexactly), [`readuntil`](super::StreamReader::readuntil) or
/// [`readline`](super::StreamReader::readline) failed.
///
/// In a function that returns `io::Result`, `?` turns it into an `io::Error` with this inside.
#[derive(Debug)]
#[non_exhaustive]
pub enum StreamError {
    /// The stream ended too early. What had come is in the error.
    IncompleteRead(IncompleteReadError),
    /// The separator is further away than the limit allows.
    LimitOverrun(LimitOverrunError),
    /// The transport failed.
    Io(io::Error),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamError::IncompleteRead(error) => error.fmt(f),
            StreamError::LimitOverrun(error) => error.fmt(f),
            StreamError::Io(error) => error.fmt(f),
        }
    }
}

impl Error for StreamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StreamError::Io(error) => error.source(),
            StreamError::IncompleteRead(_) | StreamError::LimitOverrun(_) => None,
        }
    }
}

impl From<io::Error> for StreamError {
    fn from(error: io::Error) -> Self {
        StreamError::Io(error)
    }
}

impl From<StreamError> for io::Error {
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) or [`InvalidData`](io::ErrorKind::InvalidData), with the error
    /// inside; or the error of the transport.
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::IncompleteRead(error) => io::Error::new(io::ErrorKind::UnexpectedEof, error),
            StreamError::LimitOverrun(error) => io::Error::new(io::ErrorKind::InvalidData, error),
            StreamError::Io(error) => error,
        }
    }
}
