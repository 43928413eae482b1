//! `add_reader`, `add_writer` and their removal.
//!
//! Invariants
//!
//! - I1: a descriptor is watched through a duplicate of its own, which the watch owns: what is watched stays open, may be
//!   watched by others too, and its number means nothing else meanwhile.
//! - I2: it is registered anew for each call, so the callback comes again and again as long as the descriptor is ready, also
//!   if it reads or writes a part only, as asyncio's do.
//!
//! Absent on purpose: the callback's own reading and writing, and non-blocking mode, which is the caller's affair.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic::Location;

use heist_primitive::sync::StdArc;

use super::EventLoop;
use super::ready::LoopState;
use super::watch::{Source, Watch};
use crate::io::Interest;
use crate::io::unix::AsyncFd;

impl EventLoop {
    /// Calls `callback` whenever `fd` can be read: again and again, until [`remove_reader`](Self::remove_reader), as long as
    /// it can. A callback that was there for this descriptor before is removed.
    ///
    /// The descriptor should be in non-blocking mode. The loop watches a duplicate; so closing `fd` does not end
    /// the watch, and `remove_reader` is to be called before.
    ///
    /// For whole protocols prefer [`AsyncFd`], which needs no callback and registers once.
    ///
    /// # Errors
    ///
    /// If the descriptor cannot be duplicated. If it cannot be watched, as files cannot, the exception handler is told.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    ///
    /// use heist::aio::get_running_loop;
    /// use heist::sync::mpsc;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// let (mut ours, mut peer) = UnixStream::pair()?;
    /// ours.set_nonblocking(true)?;
    /// let (send, mut bytes) = mpsc::unbounded_channel();
    /// let (event_loop, watched) = (get_running_loop(), ours.try_clone()?);
    /// event_loop.add_reader(&watched, move || {
    ///     let mut byte = [0];
    ///     if ours.read(&mut byte).is_ok_and(|n| n > 0) {
    ///         send.send(byte[0]).unwrap();
    ///     }
    /// })?;
    /// peer.write_all(b"hi")?;
    /// assert_eq!(bytes.recv().await, Some(b'h'));
    /// assert_eq!(bytes.recv().await, Some(b'i'));
    /// assert!(event_loop.remove_reader(&watched));
    /// # Ok(()) })
    /// # }
    /// ```
    #[track_caller]
    pub fn add_reader<F>(&self, fd: &impl AsFd, callback: F) -> io::Result<()>
    where
        F: FnMut() + Send + 'static,
    {
        let source = Source("reader of descriptor", number(fd));
        self.add(source, fd, Interest::READABLE, Location::caller(), callback)
    }

    /// Stops calling what [`add_reader`](Self::add_reader) was given for `fd`. Returns whether there was something.
    pub fn remove_reader(&self, fd: &impl AsFd) -> bool {
        self.unwatch(Source("reader of descriptor", number(fd)))
    }

    /// Calls `callback` whenever `fd` can be written: again and again, until [`remove_writer`](Self::remove_writer). See
    /// [`add_reader`](Self::add_reader).
    ///
    /// # Errors
    ///
    /// As for `add_reader`.
    #[track_caller]
    pub fn add_writer<F>(&self, fd: &impl AsFd, callback: F) -> io::Result<()>
    where
        F: FnMut() + Send + 'static,
    {
        let source = Source("writer of descriptor", number(fd));
        self.add(source, fd, Interest::WRITABLE, Location::caller(), callback)
    }

    /// Stops calling what [`add_writer`](Self::add_writer) was given for `fd`. Returns whether there was something.
    pub fn remove_writer(&self, fd: &impl AsFd) -> bool {
        self.unwatch(Source("writer of descriptor", number(fd)))
    }

    fn add(
        &self,
        source: Source,
        fd: &impl AsFd,
        interest: Interest,
        location: &'static Location<'static>,
        callback: impl FnMut() + Send + 'static,
    ) -> io::Result<()> {
        let fd = fd.as_fd().try_clone_to_owned()?;
        self.watch(source, location, callback, |watch, state| {
            call_while_ready(fd, interest, watch, state)
        });
        Ok(())
    }
}

fn number(fd: &impl AsFd) -> i32 {
    fd.as_fd().as_raw_fd()
}

/// I2.
async fn call_while_ready(
    mut fd: OwnedFd,
    interest: Interest,
    watch: StdArc<Watch>,
    state: StdArc<LoopState>,
) -> io::Result<()> {
    loop {
        let registered = AsyncFd::owned(fd, interest)?;
        let ready = registered.ready(interest).await?;
        drop(ready);
        fd = registered.into_inner();
        watch.fire(&state).await;
    }
}
