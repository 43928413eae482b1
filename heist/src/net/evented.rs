//! A mio source with its registration: the loop between system call and readiness that all sockets share.
//!
//! ```text
//!                 no readiness                        woken
//!   poll ──► look ───────────► Pending ─────────────────┐
//!             │ ready (tick)                            │
//!             ▼                       WouldBlock:       │
//!          system call ───────────────────────────► clear(tick) ──► look
//!             │ done
//!             ▼
//!          Ready; a transfer shorter than asked for clears as well
//! ```
//!
//! Invariants
//!
//! - I1: the system call comes before any wait: a fresh socket is assumed ready, and readiness goes away only
//!   by a system call that found it used up.
//! - I2: a clear carries the tick that was seen before the system call, so an event between the two stays.
//! - I3: each turn of the loop spends a unit of the task's budget, so a source that is ready again and again
//!   cannot starve the others. A bare wait for readiness (`ready`) spends none, as in tokio, whose own tests poll it
//!   hundreds of times in a row and count on an answer.
//! - I4: a direction that was closed is open again if its own operation says so (`refute`), as a FIFO's is when
//!   the next sender comes and a datagram socket's after an error that was passed on. Where an end is final, an
//!   operation of the user's (`user_io`, `try_user_io`) may have tried something else and leaves the direction closed.
//! - I5: the source is deregistered before it is closed or handed out.
//! - I6: a short read says nothing about what is behind it once an urgent byte has come, at which every read stops;
//!   nor where the system does not tell of urgent bytes.
//!
//! Absent on purpose: any buffer, and any knowledge of what kind of source it is.

use crate::runtime::context;
use heist_executor::coop;
use heist_reactor::{Direction, Interest, Ready, ReadyEvent, Registration};
use mio::event::Source;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, ready};

/// Whether a transfer shorter than the buffer proves that the socket is drained or full, so that the next
/// attempt may wait for an edge. True where mio uses epoll or kqueue.
const SHORT_TRANSFER_CLEARS: bool = cfg!(any(
    target_os = "android",
    target_os = "linux",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "ios",
    target_os = "macos",
    target_os = "netbsd",
    target_os = "openbsd",
));

/// A source in the reactor of the runtime it was created in.
pub(crate) struct Evented<E: Source> {
    /// Present until `into_inner` or the drop takes it.
    source: Option<E>,
    registration: Registration,
}

impl<E: Source> Evented<E> {
    /// Registers `source` with the current runtime's reactor.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub(crate) fn new(source: E, interest: Interest) -> io::Result<Evented<E>> {
        Evented::try_new(source, interest).map_err(|(_, error)| error)
    }

    /// [`new`](Evented::new) that gives the source back if the reactor refuses it.
    ///
    /// # Panics
    /// Outside of a runtime, or if its I/O is not enabled.
    #[track_caller]
    pub(crate) fn try_new(mut source: E, interest: Interest) -> Result<Evented<E>, (E, io::Error)> {
        match context::io().register(&mut source, interest) {
            Ok(registration) => Ok(Evented {
                source: Some(source),
                registration,
            }),
            Err(error) => Err((source, error)),
        }
    }

    /// Takes the source out of the reactor.
    pub(crate) fn into_inner(self) -> io::Result<E> {
        let (source, deregistered) = self.into_parts();
        deregistered.map(|()| source)
    }

    /// The same, whatever the reactor says of it.
    pub(crate) fn into_parts(mut self) -> (E, io::Result<()>) {
        // Nothing but this function and the drop takes it, and both end the value's life.
        let mut source = self.source.take().expect("the source is here until the end");
        let deregistered = self.registration.deregister(&mut source);
        (source, deregistered)
    }

    /// The source, to be changed; it must stay the same one for the operating system.
    pub(crate) fn source_mut(&mut self) -> &mut E {
        self.source.as_mut().expect("the source is here until the end")
    }

    /// The registration, for waits whose outcome somebody keeps.
    pub(crate) fn registration(&self) -> &Registration {
        &self.registration
    }

    /// Lets the first operations be tried without waiting for an event.
    pub(crate) fn assume_ready(&self, ready: Ready) {
        self.registration.assume_ready(ready);
    }

    /// Waits for a direction; the waker of the latest call per direction counts.
    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<ReadyEvent>> {
        let unit = ready!(coop::poll_proceed(cx));
        let event = ready!(self.registration.poll_ready(cx, direction))?;
        unit.made_progress();
        Poll::Ready(Ok(event))
    }

    /// Waits for any of `interest`, beside any number of others.
    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        Ok(self.registration.readiness(interest).await?.ready())
    }

    /// Does `op` as soon as it does not answer `WouldBlock`; one caller per direction at a time.
    pub(crate) fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(&E) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let event = ready!(self.poll_ready(cx, direction))?;
            match op(self) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.registration.refute(event),
                result => return Poll::Ready(result),
            }
        }
    }

    /// `poll_io` for an operation that moves at most `asked` bytes and says how many.
    pub(crate) fn poll_transfer(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        asked: usize,
        mut op: impl FnMut(&E) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let event = ready!(self.poll_ready(cx, direction))?;
            match op(self) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.registration.refute(event),
                Ok(moved) if 0 < moved && moved < asked && self.is_used_up_by_short(direction) => {
                    self.registration.clear(event);
                    return Poll::Ready(Ok(moved));
                }
                result => return Poll::Ready(result),
            }
        }
    }

    /// Whether a transfer shorter than asked for means that nothing is left to read, or no room to write.
    fn is_used_up_by_short(&self, direction: Direction) -> bool {
        SHORT_TRANSFER_CLEARS && (direction == Direction::Write || !urgent::may_be(&self.registration))
    }

    /// Does `op`, which tries exactly `interest`, as soon as it does not answer `WouldBlock`, beside any number of
    /// other callers.
    ///
    /// # Cancel safety
    /// The future waits only before `op`; dropped there, it has done nothing.
    pub(crate) async fn async_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut(&E) -> io::Result<R>,
    ) -> io::Result<R> {
        async_io(&self.registration, interest, Registration::refute, || op(self)).await
    }

    /// [`async_io`](Evented::async_io) for an operation of the user's on a source whose end is final (I4).
    ///
    /// # Cancel safety
    /// As `async_io`.
    pub(crate) async fn user_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut(&E) -> io::Result<R>,
    ) -> io::Result<R> {
        async_io(&self.registration, interest, Registration::clear, || op(self)).await
    }

    /// [`user_io`](Evented::user_io) for an operation that changes the source.
    ///
    /// # Cancel safety
    /// As `async_io`.
    pub(crate) async fn user_io_mut<R>(
        &mut self,
        interest: Interest,
        mut op: impl FnMut(&mut E) -> io::Result<R>,
    ) -> io::Result<R> {
        let source = self.source.as_mut().expect("the source is here until the end");
        async_io(&self.registration, interest, Registration::clear, || op(source)).await
    }

    /// Does `op`, which tries exactly `interest`, once if any of that is ready now.
    ///
    /// # Errors
    /// `WouldBlock` if not, or if `op` says so.
    pub(crate) fn try_io<R>(
        &self,
        interest: Interest,
        op: impl FnOnce(&E) -> io::Result<R>,
    ) -> io::Result<R> {
        try_io(&self.registration, interest, Registration::refute, || op(self))
    }

    /// [`try_io`](Evented::try_io) for an operation of the user's on a source whose end is final (I4).
    ///
    /// # Errors
    /// As for `try_io`.
    pub(crate) fn try_user_io<R>(
        &self,
        interest: Interest,
        op: impl FnOnce(&E) -> io::Result<R>,
    ) -> io::Result<R> {
        try_io(&self.registration, interest, Registration::clear, || op(self))
    }

    /// [`try_user_io`](Evented::try_user_io) for an operation that changes the source.
    ///
    /// # Errors
    /// As for `try_io`.
    pub(crate) fn try_user_io_mut<R>(
        &mut self,
        interest: Interest,
        op: impl FnOnce(&mut E) -> io::Result<R>,
    ) -> io::Result<R> {
        let source = self.source.as_mut().expect("the source is here until the end");
        try_io(&self.registration, interest, Registration::clear, || op(source))
    }
}

/// What takes an event's readiness away when the operation has found it used up.
type TakeAway = fn(&Registration, ReadyEvent);

async fn async_io<R>(
    registration: &Registration,
    interest: Interest,
    take_away: TakeAway,
    mut op: impl FnMut() -> io::Result<R>,
) -> io::Result<R> {
    loop {
        let event = registration.readiness(interest).await?;
        poll_fn(coop::poll_proceed).await.made_progress();
        match op() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => take_away(registration, event),
            result => return result,
        }
    }
}

fn try_io<R>(
    registration: &Registration,
    interest: Interest,
    take_away: TakeAway,
    op: impl FnOnce() -> io::Result<R>,
) -> io::Result<R> {
    let event = registration.ready_now(interest);
    if event.ready().is_empty() {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let result = op();
    if matches!(&result, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
        take_away(registration, event);
    }
    result
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod urgent {
    use super::*;

    /// Whether an urgent byte has ever come, of a source that is registered for [`Interest::PRIORITY`].
    pub(super) fn may_be(registration: &Registration) -> bool {
        registration.ready_now(Interest::PRIORITY).ready().is_priority()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod urgent {
    use super::*;

    /// Nobody tells.
    pub(super) fn may_be(_: &Registration) -> bool {
        true
    }
}

impl<E: Source> Deref for Evented<E> {
    type Target = E;

    fn deref(&self) -> &E {
        self.source.as_ref().expect("the source is here until the end")
    }
}

impl<E: Source> Drop for Evented<E> {
    fn drop(&mut self) {
        if let Some(mut source) = self.source.take() {
            // Closing the descriptor is about to do the same; there is nobody to tell of a failure.
            let _ = self.registration.deregister(&mut source);
        }
    }
}

impl<E: Source + fmt::Debug> fmt::Debug for Evented<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

// A panic inside an operation leaves a socket and a readiness word, which are whole at every moment.
impl<E: Source> UnwindSafe for Evented<E> {}
impl<E: Source> RefUnwindSafe for Evented<E> {}
