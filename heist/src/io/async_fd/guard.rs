//! The guards: that a descriptor was ready at one moment, and what to do about it.
//!
//! Both kinds do the same; one lends the descriptor to be read, the other to be changed. A macro writes what does
//! not depend on that.
//!
//! Absent on purpose: a drop that clears. Whoever has not made a system call knows nothing to clear.

use super::{AsyncFd, TryIoError};
use heist_reactor::{Ready, ReadyEvent};
use std::fmt;
use std::io;
use std::os::fd::AsRawFd;

/// That an [`AsyncFd`] was ready at one moment. Do the system call in [`try_io`](AsyncFdReadyGuard::try_io), or say
/// what became of the readiness.
#[must_use = "call `try_io`, or one of the methods that say whether the readiness is used up"]
pub struct AsyncFdReadyGuard<'a, T: AsRawFd> {
    async_fd: &'a AsyncFd<T>,
    /// Nothing once all of it has been cleared.
    event: Option<ReadyEvent>,
}

/// An [`AsyncFdReadyGuard`] that lends the descriptor to be changed.
#[must_use = "call `try_io`, or one of the methods that say whether the readiness is used up"]
pub struct AsyncFdReadyMutGuard<'a, T: AsRawFd> {
    async_fd: &'a mut AsyncFd<T>,
    /// Nothing once all of it has been cleared.
    event: Option<ReadyEvent>,
}

impl<'a, T: AsRawFd> AsyncFdReadyGuard<'a, T> {
    pub(super) fn new(async_fd: &'a AsyncFd<T>, event: ReadyEvent) -> AsyncFdReadyGuard<'a, T> {
        AsyncFdReadyGuard {
            async_fd,
            event: Some(event),
        }
    }

    /// Does `f`, a non-blocking operation, and clears the readiness if it says `WouldBlock`.
    ///
    /// # Errors
    /// [`TryIoError`] if `f` says `WouldBlock`: wait again. Any other result of `f` is inside of the `Ok`.
    pub fn try_io<R>(
        &mut self,
        f: impl FnOnce(&'a AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let result = f(self.async_fd);
        self.learn(result)
    }

    /// The `AsyncFd`.
    pub fn get_ref(&self) -> &'a AsyncFd<T> {
        self.async_fd
    }

    /// What was registered in the `AsyncFd`.
    pub fn get_inner(&self) -> &'a T {
        self.async_fd.get_ref()
    }
}

impl<'a, T: AsRawFd> AsyncFdReadyMutGuard<'a, T> {
    pub(super) fn new(async_fd: &'a mut AsyncFd<T>, event: ReadyEvent) -> AsyncFdReadyMutGuard<'a, T> {
        AsyncFdReadyMutGuard {
            async_fd,
            event: Some(event),
        }
    }

    /// Does `f`, a non-blocking operation, and clears the readiness if it says `WouldBlock`.
    ///
    /// # Errors
    /// [`TryIoError`] if `f` says `WouldBlock`: wait again. Any other result of `f` is inside of the `Ok`.
    pub fn try_io<R>(
        &mut self,
        f: impl FnOnce(&mut AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let result = f(self.async_fd);
        self.learn(result)
    }

    /// The `AsyncFd`.
    pub fn get_ref(&self) -> &AsyncFd<T> {
        self.async_fd
    }

    /// The `AsyncFd`, to be changed.
    pub fn get_mut(&mut self) -> &mut AsyncFd<T> {
        self.async_fd
    }

    /// What was registered in the `AsyncFd`.
    pub fn get_inner(&self) -> &T {
        self.async_fd.get_ref()
    }

    /// What was registered in the `AsyncFd`, to be changed. Its descriptor must stay the same.
    pub fn get_inner_mut(&mut self) -> &mut T {
        self.async_fd.get_mut()
    }
}

/// What both guards do alike.
macro_rules! guard_methods {
    ($Guard:ident, $name:literal) => {
        impl<T: AsRawFd> $Guard<'_, T> {
            /// What was ready, less what has been cleared since.
            pub fn ready(&self) -> Ready {
                self.event.map_or(Ready::EMPTY, ReadyEvent::ready)
            }

            /// Says that a system call has found the readiness used up: the next wait ends with the next event.
            ///
            /// An event that came after this guard was made stays, and so does a closed direction.
            pub fn clear_ready(&mut self) {
                if let Some(event) = self.event.take() {
                    self.async_fd.io.registration().clear(event);
                }
            }

            /// [`clear_ready`](Self::clear_ready) of `ready` only.
            pub fn clear_ready_matching(&mut self, ready: Ready) {
                if let Some(event) = self.event.take() {
                    self.async_fd.io.registration().clear(event.about(ready));
                    let left = event.about(event.ready() - ready);
                    self.event = (!left.ready().is_empty()).then_some(left);
                }
            }

            /// Says that the readiness is not used up. It does nothing, as dropping the guard does; it is there to
            /// make that visible.
            pub fn retain_ready(&mut self) {}

            fn learn<R>(&mut self, result: io::Result<R>) -> Result<io::Result<R>, TryIoError> {
                match result {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.clear_ready();
                        Err(TryIoError(()))
                    }
                    result => Ok(result),
                }
            }
        }

        impl<T: AsRawFd + fmt::Debug> fmt::Debug for $Guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct($name)
                    .field("async_fd", &self.async_fd)
                    .finish_non_exhaustive()
            }
        }
    };
}

guard_methods!(AsyncFdReadyGuard, "AsyncFdReadyGuard");
guard_methods!(AsyncFdReadyMutGuard, "AsyncFdReadyMutGuard");
