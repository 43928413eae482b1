//! How a descriptor of the user's own came into the reactor before [`AsyncFd::register`] asked for a promise.
//!
//! Kept for programs that have it. The promise itself, and what follows where it is broken, is in `raw_fd.rs`.
//!
//! Absent on purpose: putting the descriptor into non-blocking mode.

use super::{AsyncFd, AsyncFdRegisterError};
use heist_reactor::Interest;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

impl<T: AsRawFd> AsyncFd<T> {
    /// [`register`](AsyncFd::register) without its promise, which has to be kept all the same.
    ///
    /// # Errors
    /// As for `register`, but `inner` is dropped.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    #[deprecated = "it does not ask for the promise that makes it sound; use `AsyncFd::register`"]
    pub fn new(inner: T) -> io::Result<AsyncFd<T>> {
        Ok(AsyncFd::make(inner, BOTH)?)
    }

    /// [`register_with_interest`](AsyncFd::register_with_interest) without its promise, which has to be kept all
    /// the same.
    ///
    /// # Errors
    /// As for `register`, but `inner` is dropped.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    #[deprecated = "it does not ask for the promise that makes it sound; use `AsyncFd::register_with_interest`"]
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<AsyncFd<T>> {
        Ok(AsyncFd::make(inner, interest)?)
    }

    /// [`register`](AsyncFd::register) without its promise, which has to be kept all the same.
    ///
    /// # Errors
    /// As for `register`.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    #[deprecated = "it does not ask for the promise that makes it sound; use `AsyncFd::register`"]
    pub fn try_new(inner: T) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
        AsyncFd::make(inner, BOTH)
    }

    /// [`register_with_interest`](AsyncFd::register_with_interest) without its promise, which has to be kept all
    /// the same.
    ///
    /// # Errors
    /// As for `register`.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    #[deprecated = "it does not ask for the promise that makes it sound; use `AsyncFd::register_with_interest`"]
    pub fn try_with_interest(inner: T, interest: Interest) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
        AsyncFd::make(inner, interest)
    }
}

impl AsyncFd<OwnedFd> {
    /// [`register_with_interest`](AsyncFd::register_with_interest) for what is known to keep I1.
    pub(crate) fn owned(fd: OwnedFd, interest: Interest) -> io::Result<Self> {
        Ok(AsyncFd::make(fd, interest)?)
    }
}
