//! What can go wrong with a descriptor of the user's own.

use std::error::Error;
use std::fmt;
use std::io;

/// The operation said `WouldBlock`, and the readiness is cleared: wait again. Of
/// [`AsyncFdReadyGuard::try_io`](super::AsyncFdReadyGuard::try_io).
#[derive(Debug)]
pub struct TryIoError(pub(super) ());

/// The reactor has refused a descriptor, which is in here.
///
/// It converts into the [`io::Error`] that says why.
pub struct AsyncFdRegisterError<T> {
    pub(super) inner: T,
    pub(super) cause: io::Error,
}

impl<T> AsyncFdRegisterError<T> {
    /// What was to be registered, and why it was not: typically `EPERM` for a file that cannot be polled, or
    /// `EEXIST` for a descriptor that is registered already.
    pub fn into_parts(self) -> (T, io::Error) {
        (self.inner, self.cause)
    }
}

impl<T> fmt::Display for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl<T> fmt::Debug for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.cause, f)
    }
}

impl<T> Error for AsyncFdRegisterError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

impl<T> From<AsyncFdRegisterError<T>> for io::Error {
    fn from(error: AsyncFdRegisterError<T>) -> io::Error {
        error.cause
    }
}
