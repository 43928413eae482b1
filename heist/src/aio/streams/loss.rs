//! Why a connection was lost, to be told to each who asks: an `io::Error` can be given away only once.
//!
//! Deliberately absent: the source of the error. The first who meets it has it whole.

use std::io;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Loss {
    code: Option<i32>,
    kind: io::ErrorKind,
    text: String,
}

impl Loss {
    pub(super) fn new(error: &io::Error) -> Self {
        Self {
            code: error.raw_os_error(),
            kind: error.kind(),
            text: error.to_string(),
        }
    }

    pub(super) fn to_error(&self) -> io::Error {
        match self.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.kind, self.text.clone()),
        }
    }
}
