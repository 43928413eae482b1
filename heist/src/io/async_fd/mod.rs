//! A descriptor of the user's own in the reactor.
//!
//! ```text
//!   register ──► AsyncFd ── readable().await ──► AsyncFdReadyGuard ── try_io(f) ── f says WouldBlock ──┐
//!                   ▲                              │ dropped, or      │                                 │
//!                   │ into_inner                   │ retain_ready     │ any other result                │
//!                   ▼                              ▼                  ▼                                 ▼
//!                the descriptor                 still ready        still ready            cleared: wait for an edge
//! ```
//!
//! Invariants
//!
//! - I1: a guard clears with the event it was made from, so an event that came later stays.
//! - I2: the descriptor leaves the reactor before its owner gets it back or drops it.
//!
//! Absent on purpose: any change of the descriptor. That it is in non-blocking mode is its owner's business.

mod error;
mod guard;
mod register;

pub use error::{AsyncFdRegisterError, TryIoError};
pub use guard::{AsyncFdReadyGuard, AsyncFdReadyMutGuard};

use crate::net::evented::Evented;
use heist_reactor::{Direction, Interest, ReadyEvent};
use mio::unix::SourceFd;
use mio::{Registry, Token, event};
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::task::{Context, Poll, ready};

/// Waits for the readiness of any descriptor that the operating system can poll: a socket of another library, a
/// device, an inotify instance, a timerfd.
///
/// The descriptor is to be in non-blocking mode. Wait with [`readable`](AsyncFd::readable) or
/// [`writable`](AsyncFd::writable), do the system call in [`try_io`](AsyncFdReadyGuard::try_io) of the guard, and
/// wait again if it says `WouldBlock`; or let [`async_io`](AsyncFd::async_io) do all three.
///
/// Readiness stays until a call finds it used up: a guard that is dropped clears nothing. Clear it only when a
/// system call has said `WouldBlock`, since the next wait ends with the next *change* (edge-triggered).
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::io::unix::AsyncFd;
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// let (socket, mut peer) = UnixStream::pair()?;
/// socket.set_nonblocking(true)?;
/// // SAFETY: a UnixStream owns its descriptor and always tells the same.
/// let socket = unsafe { AsyncFd::register(socket) }?;
/// peer.write_all(b"hello")?;
///
/// let mut buffer = [0; 16];
/// let n = loop {
///     let mut guard = socket.readable().await?;
///     match guard.try_io(|socket| socket.get_ref().read(&mut buffer)) {
///         Ok(result) => break result?,
///         Err(_would_block) => continue,
///     }
/// };
/// assert_eq!(&buffer[..n], b"hello");
/// # Ok(()) })
/// # }
/// ```
pub struct AsyncFd<T: AsRawFd> {
    io: Evented<Descriptor<T>>,
}

/// Makes a source of what has a descriptor.
struct Descriptor<T>(T);

impl<T: AsRawFd> event::Source for Descriptor<T> {
    fn register(&mut self, registry: &Registry, token: Token, interests: mio::Interest) -> io::Result<()> {
        SourceFd(&self.0.as_raw_fd()).register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: mio::Interest) -> io::Result<()> {
        SourceFd(&self.0.as_raw_fd()).reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        SourceFd(&self.0.as_raw_fd()).deregister(registry)
    }
}

impl<T: AsRawFd> AsyncFd<T> {
    #[track_caller]
    pub(crate) fn make(inner: T, interest: Interest) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
        match Evented::try_new(Descriptor(inner), interest) {
            Ok(io) => Ok(AsyncFd { io }),
            Err((Descriptor(inner), cause)) => Err(AsyncFdRegisterError { inner, cause }),
        }
    }

    /// What was registered.
    pub fn get_ref(&self) -> &T {
        &self.io.0
    }

    /// What was registered, to be changed. Its descriptor must stay the same.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io.source_mut().0
    }

    /// Takes it out of the reactor and gives it back.
    pub fn into_inner(self) -> T {
        // That the reactor had lost it already, because it was closed, is no reason to keep it.
        self.io.into_parts().0.0
    }

    fn guard(&self, event: ReadyEvent) -> AsyncFdReadyGuard<'_, T> {
        AsyncFdReadyGuard::new(self, event)
    }

    fn guard_mut(&mut self, event: ReadyEvent) -> AsyncFdReadyMutGuard<'_, T> {
        AsyncFdReadyMutGuard::new(self, event)
    }

    /// Waits until any of `interest` is ready. Any number of tasks may wait.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        let event = self.io.registration().readiness(interest).await?;
        Ok(self.guard(event))
    }

    /// [`ready`](AsyncFd::ready) with a guard that lends the descriptor to be changed.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn ready_mut(&mut self, interest: Interest) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        let event = self.io.registration().readiness(interest).await?;
        Ok(self.guard_mut(event))
    }

    /// Waits until a read would answer: data, the end, or an error.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::READABLE).await
    }

    /// [`readable`](AsyncFd::readable) with a guard that lends the descriptor to be changed.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn readable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Waits until a write would answer: room, or an error.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// [`writable`](AsyncFd::writable) with a guard that lends the descriptor to be changed.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// Waiting consumes nothing.
    pub async fn writable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }

    /// [`readable`](AsyncFd::readable) as a poll function. Only the task of the latest `poll_read_ready*` is woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    pub fn poll_read_ready<'a>(&'a self, cx: &mut Context<'_>) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let event = ready!(self.io.poll_ready(cx, Direction::Read))?;
        Poll::Ready(Ok(self.guard(event)))
    }

    /// [`readable_mut`](AsyncFd::readable_mut) as a poll function. Only the task of the latest
    /// `poll_read_ready*` is woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    pub fn poll_read_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let event = ready!(self.io.poll_ready(cx, Direction::Read))?;
        Poll::Ready(Ok(self.guard_mut(event)))
    }

    /// [`writable`](AsyncFd::writable) as a poll function. Only the task of the latest `poll_write_ready*` is
    /// woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    pub fn poll_write_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let event = ready!(self.io.poll_ready(cx, Direction::Write))?;
        Poll::Ready(Ok(self.guard(event)))
    }

    /// [`writable_mut`](AsyncFd::writable_mut) as a poll function. Only the task of the latest
    /// `poll_write_ready*` is woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    pub fn poll_write_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let event = ready!(self.io.poll_ready(cx, Direction::Write))?;
        Poll::Ready(Ok(self.guard_mut(event)))
    }

    /// Does `f`, a non-blocking operation on the descriptor, until it does not say `WouldBlock`, and waits for
    /// `interest` before each time.
    ///
    /// # Errors
    /// What `f` says, except `WouldBlock`; or the runtime has shut down.
    ///
    /// # Cancel safety
    /// The future waits only while `f` has not succeeded.
    ///
    /// ```no_run
    /// # async fn f(socket: std::os::unix::net::UnixDatagram) -> std::io::Result<()> {
    /// use heist::io::{Interest, unix::AsyncFd};
    ///
    /// // SAFETY: the socket owns its descriptor and always tells the same.
    /// let socket = unsafe { AsyncFd::register(socket) }?;
    /// let mut buffer = [0; 1024];
    /// let n = socket.async_io(Interest::READABLE, |socket| socket.recv(&mut buffer)).await?;
    /// # Ok(()) }
    /// ```
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut f: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.user_io(interest, |source| f(&source.0)).await
    }

    /// [`async_io`](AsyncFd::async_io) for an operation that changes what was registered.
    ///
    /// # Errors
    /// As for `async_io`.
    ///
    /// # Cancel safety
    /// As for `async_io`.
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        mut f: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.user_io_mut(interest, |source| f(&mut source.0)).await
    }

    /// Does `f`, a non-blocking operation on the descriptor, once if any of `interest` is ready.
    ///
    /// `f` must say `WouldBlock` only if the descriptor is not ready for it: the readiness is gone then.
    ///
    /// # Errors
    /// `WouldBlock` if nothing is ready; what `f` says.
    pub fn try_io<R>(&self, interest: Interest, f: impl FnOnce(&T) -> io::Result<R>) -> io::Result<R> {
        self.io.try_user_io(interest, |source| f(&source.0))
    }

    /// [`try_io`](AsyncFd::try_io) for an operation that changes what was registered.
    ///
    /// # Errors
    /// As for `try_io`.
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        f: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_user_io_mut(interest, |source| f(&mut source.0))
    }
}

impl<T: AsRawFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.get_ref().as_raw_fd()
    }
}

impl<T: AsRawFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd").field("inner", self.get_ref()).finish()
    }
}
