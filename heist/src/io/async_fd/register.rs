//! How a descriptor of the user's own comes into the reactor.
//!
//! The type says only `AsRawFd`, a number that may be anybody's. Whoever registers promises what makes it safe to
//! use; the older constructors, which ask for no promise, are kept for programs that have them.
//!
//! Invariant I1: from `register` on, the descriptor stays open and the same while the `AsyncFd` lives, unless the
//! caller of a deprecated constructor breaks it. Then the reactor reports what the number stands for by that time;
//! a token is never a pointer, so nothing worse follows inside of heist.
//!
//! Absent on purpose: putting the descriptor into non-blocking mode.

#![allow(unsafe_code)]

use super::{AsyncFd, AsyncFdRegisterError};
use heist_reactor::Interest;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

impl<T: AsRawFd> AsyncFd<T> {
    /// Registers a descriptor, to wait until it is readable or writable.
    ///
    /// # Safety
    /// Its `as_raw_fd` always tells the same descriptor, which stays open while the `AsyncFd` lives. What owns its
    /// descriptor, as the types of `std` do, fulfils that.
    ///
    /// # Errors
    /// The operating system cannot poll it, or the runtime has shut down; `inner` is in the error.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub unsafe fn register(inner: T) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
        AsyncFd::make(inner, BOTH)
    }

    /// Registers a descriptor, to wait for `interest` only.
    ///
    /// # Safety
    /// As for [`register`](AsyncFd::register).
    ///
    /// # Errors
    /// As for `register`.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub unsafe fn register_with_interest(
        inner: T,
        interest: Interest,
    ) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
        AsyncFd::make(inner, interest)
    }

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

impl<T: AsRawFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: I1.
        unsafe { BorrowedFd::borrow_raw(self.as_raw_fd()) }
    }
}
