//! [`Blocking`]: a device that blocks, such as a file or the standard input, driven on the blocking pool.
//!
//! ```text
//!   poll_read ──► Reading ──┐
//!   poll_write ─► Writing ──┤  the pool is done, and poll_idle,
//!   start_seek ─► Seeking ──┼──────────────────────────────────► Idle
//!   start ──────► Running ──┘  or the poll that waits, has seen it
//! ```
//!
//! The bytes go through buffers that the operation owns while it is in flight, so that the caller's future may be
//! dropped at any time:
//!
//! ```text
//!   device ──read──► ahead ──copied by poll_read──► caller       caller ──copied by poll_write──► spare ──write──► device
//! ```
//!
//! Invariants
//!
//! - I1: one operation in flight at the most. The next one waits for it, whether or not whoever began it still does.
//! - I2: what a read has brought and nobody has taken stays in `ahead`; a device that can seek is behind by as much
//!   as `ahead` holds, and [`put_back`](Blocking::put_back) sets it right before a write, a seek and a change of length.
//! - I3: a write that was accepted is done, also when the runtime shuts down or this is dropped (it is spawned as
//!   [`AtClose::Run`]), or its error is returned by the next write, flush or sync.
//! - I4: an operation that the pool lost, by a panic or a shutdown, leaves the state Idle, and its error is returned.
//!
//! Ordering pairs: none of its own; the pool's handles carry the buffers to and fro.
//!
//! Deliberately absent: a second buffer to read into while the first is emptied, and cancelling a system call.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, Read, Seek, SeekFrom, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use heist_executor::blocking::{AtClose, Refused};
use heist_executor::coop;
use heist_executor::task::{JoinError, JoinHandle};
use heist_primitive::sync::StdArc;

use super::ReadBuf;
use super::ahead::{Ahead, Batch};
use crate::runtime::context;

/// Bytes of one operation at the most, unless [`File`](crate::fs::File) is told otherwise.
pub(crate) const MAX_BUF_SIZE: usize = 2 * 1024 * 1024;

const BUSY: &str = "another operation on this file is in flight: call `poll_complete` until it is `Ready`, then `start_seek`";

/// What the errors of operations hold that were not done since their runtime shut down.
#[derive(Debug)]
pub(crate) enum ShutDown {
    /// When it was asked for.
    Closed,
    /// While it waited for a thread.
    Cancelled,
}

impl fmt::Display for ShutDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => {
                "the runtime is shutting down and takes no more blocking operations: this one was not done"
            }
            Self::Cancelled => "the runtime has shut down before this operation began: it was not done",
        })
    }
}

impl Error for ShutDown {}

/// Runs `f` on the blocking pool of the current runtime.
///
/// # Errors
///
/// If the pool is closed, or has no thread and gets none.
#[track_caller]
pub(crate) fn spawn<F, R>(at_close: AtClose, f: F) -> io::Result<JoinHandle<R>>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let spawned = context::current().try_spawn_blocking(f, at_close);
    spawned.map_err(|refused| match refused {
        Refused::Closed => io::Error::other(ShutDown::Closed),
        Refused::NoThread(error) => {
            let what = format!("no thread for a blocking operation: {error}; raise the limit on threads");
            io::Error::new(error.kind(), what)
        }
    })
}

/// The error of an operation that the pool lost.
pub(crate) fn lost(error: JoinError) -> io::Error {
    if error.is_cancelled() {
        io::Error::other(ShutDown::Cancelled)
    } else {
        io::Error::other(format!("a blocking operation panicked: {error}"))
    }
}

/// Runs `f` on the blocking pool and waits for it.
pub(crate) async fn run<F, R>(f: F) -> io::Result<R>
where
    F: FnOnce() -> io::Result<R> + Send + 'static,
    R: Send + 'static,
{
    spawn(AtClose::Cancel, f)?.await.map_err(lost)?
}

/// A device and the operation in flight on it.
pub(crate) struct Blocking<T> {
    device: StdArc<T>,
    state: State,
    ahead: Ahead,
    /// The buffer of the last write, to be used again.
    spare: Vec<u8>,
    /// I3: the error of a write or of an abandoned operation that nobody has been told of.
    failed: Option<io::Error>,
    /// Where the last seek ended.
    position: u64,
    /// Whether the device has a buffer of its own, and whether something may be in it.
    buffered: bool,
    unflushed: bool,
}

enum State {
    Idle,
    Reading(JoinHandle<(io::Result<usize>, Vec<u8>)>),
    Writing(JoinHandle<(io::Result<()>, Vec<u8>)>),
    Seeking(JoinHandle<io::Result<u64>>),
    Running(JoinHandle<io::Result<()>>),
}

impl<T> fmt::Debug for Blocking<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Idle => "idle",
            State::Reading(_) => "reading",
            State::Writing(_) => "writing",
            State::Seeking(_) => "seeking",
            State::Running(_) => "running",
        };
        f.debug_struct("Blocking")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> Blocking<T> {
    /// `buffered`: the device has a buffer of its own, which a flush must empty.
    pub(crate) fn new(device: StdArc<T>, buffered: bool) -> Self {
        Self {
            device,
            state: State::Idle,
            ahead: Ahead::default(),
            spare: Vec::new(),
            failed: None,
            position: 0,
            buffered,
            unflushed: false,
        }
    }

    pub(crate) fn device(&self) -> &T {
        &self.device
    }

    /// Takes the error that nobody has been told of.
    pub(crate) fn take_error(&mut self) -> io::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn fail(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }

    /// Waits until no operation is in flight and keeps the outcome of the one that was.
    pub(crate) fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Idle => {}
            State::Reading(handle) => {
                // An error is not kept: the next read meets it again.
                if let Ok((result, buffer)) = ready!(Pin::new(handle).poll(cx)) {
                    let _ = self.ahead.refill(result, buffer);
                }
            }
            State::Writing(handle) => {
                let done = ready!(Pin::new(handle).poll(cx)).map_err(lost);
                let result = done.and_then(|(result, bytes)| {
                    self.spare = bytes;
                    result
                });
                self.fail(result);
            }
            State::Seeking(handle) => {
                if let Ok(Ok(position)) = ready!(Pin::new(handle).poll(cx)) {
                    self.position = position;
                }
            }
            State::Running(handle) => {
                let result = ready!(Pin::new(handle).poll(cx)).unwrap_or_else(|error| Err(lost(error)));
                self.fail(result);
            }
        }
        self.state = State::Idle;
        Poll::Ready(())
    }

    /// Whether [`poll_idle`](Self::poll_idle) would be ready: nothing is in flight, or it is done. Registers nobody.
    pub(crate) fn is_settled(&self) -> bool {
        match &self.state {
            State::Idle => true,
            State::Reading(handle) => handle.is_finished(),
            State::Writing(handle) => handle.is_finished(),
            State::Seeking(handle) => handle.is_finished(),
            State::Running(handle) => handle.is_finished(),
        }
    }

    /// Starts `f`; wait for it with [`poll_run`](Self::poll_run). Nothing may be in flight.
    pub(crate) fn start(&mut self, f: impl FnOnce(&T) -> io::Result<()> + Send + 'static) -> io::Result<()> {
        let device = self.device.clone();
        self.state = State::Running(spawn(AtClose::Cancel, move || f(&device))?);
        Ok(())
    }

    /// Waits for what [`start`](Self::start) has started.
    pub(crate) fn poll_run(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let State::Running(handle) = &mut self.state else {
            return self.poll_idle(cx).map(Ok);
        };
        let done = ready!(Pin::new(handle).poll(cx));
        self.state = State::Idle;
        Poll::Ready(done.map_err(lost)?)
    }
}

impl<T: Send + Sync + 'static> Blocking<T>
where
    for<'a> &'a T: Read,
{
    /// Reads into `dst`, from what was read before if there is any left.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        dst: &mut ReadBuf<'_>,
        batch: Batch,
    ) -> Poll<io::Result<()>> {
        while dst.remaining() > 0 {
            if !self.ahead.is_empty() {
                ready!(coop::poll_proceed(cx)).made_progress();
                self.ahead.copy_to(dst);
                break;
            }
            match &mut self.state {
                State::Idle => self.start_read(dst.remaining(), batch)?,
                State::Reading(handle) => {
                    let done = ready!(Pin::new(handle).poll(cx));
                    self.state = State::Idle;
                    let (result, buffer) = done.map_err(lost)?;
                    self.ahead.refill(result, buffer)?;
                    self.ahead.copy_to(dst);
                    break;
                }
                _ => ready!(self.poll_idle(cx)),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn start_read(&mut self, asked: usize, batch: Batch) -> io::Result<()> {
        let (size, mut buffer) = self.ahead.drain(asked, batch);
        let device = self.device.clone();
        let handle = spawn(AtClose::Cancel, move || {
            if buffer.len() < size {
                // Fresh, and not resized: zeroed pages come from the system for nothing.
                buffer = vec![0; size];
            }
            let result = loop {
                match (&*device).read(&mut buffer[..size]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => break result,
                }
            };
            (result, buffer)
        })?;
        self.state = State::Reading(handle);
        Ok(())
    }
}

impl<T: Send + Sync + 'static> Blocking<T>
where
    for<'a> &'a T: Write,
{
    /// Takes as much of `bufs` as `limit` allows, and writes it in the background.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_idle(cx));
        self.take_error()?;
        let mut bytes = std::mem::take(&mut self.spare);
        bytes.clear();
        for buf in bufs {
            let room = limit - bytes.len();
            bytes.extend_from_slice(&buf[..buf.len().min(room)]);
        }
        let n = bytes.len();
        if n == 0 {
            self.spare = bytes;
            return Poll::Ready(Ok(0));
        }
        let device = self.device.clone();
        let handle = spawn(AtClose::Run, move || {
            let result = (&*device).write_all(&bytes);
            (result, bytes)
        })?;
        self.state = State::Writing(handle);
        self.unflushed = self.buffered;
        Poll::Ready(Ok(n))
    }

    /// Waits for the last write, and for the device's own flush.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_idle(cx));
            self.take_error()?;
            if !self.unflushed {
                return Poll::Ready(Ok(()));
            }
            let device = self.device.clone();
            self.state = State::Running(spawn(AtClose::Run, move || (&*device).flush())?);
            self.unflushed = false;
        }
    }
}

impl<T: Send + Sync + 'static> Blocking<T>
where
    for<'a> &'a T: Seek,
{
    /// I2: forgets what was read ahead and moves the device back by as much. Nothing may be in flight.
    ///
    /// On this thread: it changes a number in the operating system and touches no disk. After an error all is as it was.
    pub(crate) fn put_back(&mut self) -> io::Result<()> {
        if !self.ahead.is_empty() {
            let n = i64::try_from(self.ahead.len()).map_err(io::Error::other)?;
            (&*self.device).seek(SeekFrom::Current(-n))?;
        }
        self.ahead.forget();
        Ok(())
    }

    /// Starts a seek; wait for it with [`poll_seek`](Self::poll_seek).
    pub(crate) fn start_seek(&mut self, to: SeekFrom) -> io::Result<()> {
        if !matches!(self.state, State::Idle) {
            return Err(io::Error::other(BUSY));
        }
        self.put_back()?;
        let device = self.device.clone();
        self.state = State::Seeking(spawn(AtClose::Cancel, move || (&*device).seek(to))?);
        Ok(())
    }

    /// Waits for the seek in flight and returns the position; with none, where the last one ended.
    pub(crate) fn poll_seek(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let State::Seeking(handle) = &mut self.state else {
            return self.poll_idle(cx).map(|()| Ok(self.position));
        };
        let done = ready!(Pin::new(handle).poll(cx));
        self.state = State::Idle;
        self.position = done.map_err(lost)??;
        Poll::Ready(Ok(self.position))
    }
}

#[cfg(test)]
mod tests;
