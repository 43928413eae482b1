//! What a transport's handles and its driver share: the state of the connection, behind a lock.
//!
//! ```text
//!            close, eof without keep_open           buffer empty
//!   ┌──────┐ ──────────────────────────► ┌─────────┐ ──────────┐
//!   │ open │                             │ closing │           ▼
//!   └──┬───┘                             └────┬────┘       ┌──────┐
//!      └──────────────── abort, an error ─────┴───────────►│ lost │  the wire is out of here; the driver
//!                                                          └──────┘  calls connection_lost and drops it
//! ```
//!
//! Invariants, beside those of the module above
//!
//! - I8: whoever changes what `next` looks at takes the driver's waker in the same hold of the lock, and wakes it after
//!   it. The driver leaves its waker in the same hold in which `next` had nothing for it. So no change is slept through.
//! - I9: in `lost` there is no wire, so nothing is written any more; `next` says `Lost` once.
//!
//! Ordering pairs: the lock.

use std::fmt;
use std::io;
use std::task::{Context, Waker};

use bytes::{Buf, BytesMut};
use heist_primitive::sync::{Mutex, MutexGuard, StdArc as Arc};

use super::marks::{Marks, Told};
use super::protocol::Handler;
use super::wire::{Extra, Wire};

/// One connection.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Whether the wire has two directions, which does not change.
    duplex: bool,
    pub(super) extra: Extra,
}

struct State {
    /// None in `lost`.
    wire: Option<Arc<dyn Wire>>,
    buffer: BytesMut,
    marks: Marks,
    reading: Reading,
    closing: bool,
    /// Set: to be lost at once, for this reason.
    end: Option<Option<io::Error>>,
    eof: WriteEof,
    /// The protocol that is to take over.
    successor: Option<Box<dyn Handler>>,
    /// The driver's.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Going,
    Paused,
    /// There is nothing more to come, or the wire is for writing only.
    Ended,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WriteEof {
    No,
    AfterBuffer,
    Sent,
}

/// What the driver is to do next.
#[derive(Debug)]
pub(super) enum Step {
    Pause,
    Resume,
    Read,
    Lost(Option<io::Error>),
}

/// What the driver waits for, beside a change of the state.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    pub(super) read: bool,
    pub(super) write: bool,
}

impl Shared {
    pub(super) fn new(wire: Arc<dyn Wire>, extra: Extra) -> Arc<Shared> {
        let reading = if wire.can_read() {
            Reading::Going
        } else {
            Reading::Ended
        };
        Arc::new(Shared {
            duplex: wire.can_read() && wire.can_write(),
            state: Mutex::new(State {
                wire: Some(wire),
                buffer: BytesMut::new(),
                marks: Marks::new(),
                reading,
                closing: false,
                end: None,
                eof: WriteEof::No,
                successor: None,
                waker: None,
            }),
            extra,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Changes the state and wakes the driver if `change` says so (I8).
    fn change(&self, change: impl FnOnce(&mut State) -> bool) {
        let mut state = self.state();
        let waker = if change(&mut state) {
            state.waker.take()
        } else {
            None
        };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    #[track_caller]
    pub(super) fn write(&self, data: &[u8]) {
        assert!(
            self.state().eof == WriteEof::No,
            "`write` after `write_eof`: end the writing when everything is written"
        );
        if !data.is_empty() {
            self.change(|state| state.write(data));
        }
    }

    pub(super) fn write_eof(&self) {
        self.change(|state| {
            let first = state.is_open() && state.eof == WriteEof::No;
            if first {
                state.eof = WriteEof::AfterBuffer;
            }
            first
        });
    }

    pub(super) fn close(&self) {
        self.change(|state| !std::mem::replace(&mut state.closing, true));
    }

    /// Loses the connection at once. The first reason counts.
    pub(super) fn fail(&self, error: Option<io::Error>) {
        self.change(|state| {
            state.closing = true;
            let first = state.wire.is_some() && state.end.is_none();
            if first {
                state.end = Some(error);
            }
            first
        });
    }

    pub(super) fn is_closing(&self) -> bool {
        self.state().closing
    }

    pub(super) fn set_reading(&self, on: bool) {
        self.change(|state| {
            let changes = state.is_open() && (state.reading, on) != (Reading::Ended, on);
            if changes {
                state.reading = if on { Reading::Going } else { Reading::Paused };
            }
            changes && on
        });
    }

    pub(super) fn is_reading(&self) -> bool {
        let state = self.state();
        state.is_open() && state.reading == Reading::Going
    }

    pub(super) fn set_limits(&self, limits: (usize, usize)) {
        self.change(|state| {
            state.marks.set(limits);
            true
        });
    }

    pub(super) fn limits(&self) -> (usize, usize) {
        self.state().marks.limits()
    }

    pub(super) fn buffered(&self) -> usize {
        self.state().buffer.len()
    }

    pub(super) fn set_protocol(&self, protocol: Box<dyn Handler>) {
        let mut state = self.state();
        let unused = if state.wire.is_some() {
            state.successor.replace(protocol)
        } else {
            Some(protocol)
        };
        drop(state);
        drop(unused);
    }

    pub(super) fn take_protocol(&self) -> Option<Box<dyn Handler>> {
        self.state().successor.take()
    }

    /// What to do now; if there is nothing, the waker is left here and the answer is what to wait for.
    pub(super) fn next_or_wait(&self, cx: &Context<'_>) -> Result<Step, Waits> {
        let mut state = self.state();
        if let Some(step) = state.next() {
            return Ok(step);
        }
        let known = state
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()));
        let old = if known {
            None
        } else {
            state.waker.replace(cx.waker().clone())
        };
        let waits = Waits {
            read: !state.closing && state.reading == Reading::Going,
            write: !state.buffer.is_empty(),
        };
        drop(state);
        drop(old);
        Err(waits)
    }

    /// Writes from the buffer what there is room for. For the driver (I5).
    pub(super) fn flush(&self) {
        self.state().flush();
    }

    /// Nothing more is to be read.
    pub(super) fn end_reading(&self) {
        self.state().reading = Reading::Ended;
    }

    /// What becomes of the wire after the end of what is read: open only if it is wanted and can still be written to.
    pub(super) fn after_eof(&self, keep_open: bool) {
        if !(keep_open && self.duplex) {
            self.close();
        }
    }

    /// The pipe has no reader any more.
    pub(super) fn abandoned(&self) {
        let unwritten = !self.state().buffer.is_empty();
        self.fail(unwritten.then(|| io::ErrorKind::BrokenPipe.into()));
    }

    /// The driver is gone, whatever the reason: the wire goes with it, and handles do nothing any more.
    pub(super) fn release(&self) {
        let mut state = self.state();
        state.closing = true;
        let left = (state.wire.take(), state.successor.take(), state.waker.take());
        drop(state);
        drop(left);
    }
}

impl State {
    fn is_open(&self) -> bool {
        self.wire.is_some() && !self.closing
    }

    /// Whether the driver has something to do because of it.
    fn write(&mut self, data: &[u8]) -> bool {
        if !self.is_open() {
            return false;
        }
        let idle = self.buffer.is_empty();
        let sent = if idle { self.try_write(data) } else { 0 };
        self.buffer.extend_from_slice(&data[sent..]);
        self.end.is_some() || !self.buffer.is_empty()
    }

    /// Writes what there is room for and says how much that was (I4). After an error that is all.
    fn try_write(&mut self, data: &[u8]) -> usize {
        let Some(wire) = &self.wire else { return data.len() };
        loop {
            match wire.try_write(data) {
                Ok(n) => return n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return 0,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.end.get_or_insert(Some(error));
                    self.closing = true;
                    return data.len();
                }
            }
        }
    }

    fn flush(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        while !buffer.is_empty() {
            match self.try_write(&buffer) {
                0 => break,
                n => buffer.advance(n),
            }
        }
        self.buffer = buffer;
    }

    fn next(&mut self) -> Option<Step> {
        self.wire.as_ref()?;
        if let Some(reason) = self.end.take() {
            return Some(self.lose(reason));
        }
        match self.marks.tell(self.buffer.len()) {
            Some(Told::Pause) => return Some(Step::Pause),
            Some(Told::Resume) => return Some(Step::Resume),
            None => {}
        }
        if !self.buffer.is_empty() {
            return None;
        }
        if self.eof == WriteEof::AfterBuffer {
            self.eof = WriteEof::Sent;
            let half = self.wire.as_ref().is_some_and(|wire| wire.shutdown_write());
            self.closing |= !half;
        }
        self.closing.then(|| self.lose(None))
    }

    /// Takes the wire out, so that nothing comes after this (I9).
    fn lose(&mut self, reason: Option<io::Error>) -> Step {
        self.closing = true;
        self.buffer = BytesMut::new();
        self.wire = None;
        Step::Lost(reason)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("closing", &self.is_closing())
            .field("write_buffer_size", &self.buffered())
            .field("extra", &self.extra)
            .finish()
    }
}
