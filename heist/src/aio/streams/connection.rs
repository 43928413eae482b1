//! What a reader and a writer share: the two halves of a transport, and the bytes that are still to be sent.
//!
//! ```text
//!   write ──(1) nothing waits: straight to the transport──► sent
//!     │ (2) the rest, or all of it while others wait               ┌─ Pending: until the transport wakes it
//!     ▼                                                            ▼
//!   buffer ──► flusher: a task that exists only while there is something to do ──► sent
//!                                │ buffer empty
//!        Open ──eof──► Ending ──(3) flusher shuts the direction down──► Ended
//!          └──────close──┴──► Closing ──(4) flusher shuts it down──► Closed ◄──(5) abort, or a failure──
//! ```
//!
//! Invariants
//!
//! - I1: whoever polls a half has taken it out of the state before and puts it back after: no transport and no waker is
//!   called under the lock.
//! - I2: `busy` says that somebody has the line or is going to: the flusher, a write that goes straight through, or an
//!   upgrade to TLS. Others only append to `buffer` and change the phase; whoever has `busy` looks at both, under the
//!   lock, before it lets go of it. So what was written is sent though nobody ever drains.
//! - I3: bytes are sent in the order of the writes: `line.sending` goes before `buffer`.
//! - I4: once `Closed`, always so, and both halves are gone; one that is out at that moment is dropped on its return.
//! - I5: `size` is `line.sending` and `buffer` together. `paused` is set when it rises above the high mark and cleared
//!   when it has come down to the low one.
//!
//! Ordering: the lock's. `changed` is looked at after the wait has been entered into its line.
//!
//! Deliberately absent: reading ahead. The kernel holds what nobody has asked for, so the peer feels it.

#[cfg(feature = "tls")]
mod upgrade;

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use bytes::BytesMut;
use heist_primitive::sync::{Mutex, MutexGuard, StdArc as Arc};

use super::line::{Line, ReadHalf, WriteHalf};
use super::loss::Loss;
use super::socket::Socket;
use super::tls::TlsInfo;
use crate::io::poll_read_buf_mut;
use crate::runtime::Handle;
use crate::sync::Notify;

pub(super) const HIGH: usize = 64 * 1024;
pub(super) const LOW: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Ending,
    Ended,
    Closing,
    Closed,
}

/// See the module.
pub(super) struct Connection {
    state: Mutex<State>,
    changed: Notify,
    handle: Handle,
}

struct State {
    phase: Phase,
    /// What it was lost with, if anything.
    loss: Option<Loss>,
    read: Option<ReadHalf>,
    reader: Option<Waker>,
    line: Option<Line>,
    busy: bool,
    /// Whether somebody waits for `busy` to end: writes that go straight through tell nobody otherwise.
    idle_awaited: bool,
    flusher: Option<Waker>,
    buffer: BytesMut,
    size: usize,
    paused: bool,
    high: usize,
    low: usize,
    /// Whether there was ever something to read from: if not, the end of writing is the end of all.
    duplex: bool,
    socket: Option<Arc<dyn Socket>>,
    #[cfg_attr(
        not(feature = "tls"),
        expect(dead_code, reason = "nobody asks without the feature")
    )]
    tls: Option<TlsInfo>,
    /// Dropped when the connection is over.
    attached: Option<Box<dyn Send>>,
}

/// What the flusher is to do next.
enum Next {
    Send,
    Flush,
    Shutdown,
    Done,
}

impl Connection {
    /// # Panics
    /// Outside of a runtime.
    #[track_caller]
    pub(super) fn new(
        read: Option<ReadHalf>,
        write: Option<WriteHalf>,
        socket: Option<Arc<dyn Socket>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                phase: Phase::Open,
                loss: None,
                duplex: read.is_some(),
                read,
                reader: None,
                line: write.map(Line::new),
                busy: false,
                idle_awaited: false,
                flusher: None,
                buffer: BytesMut::new(),
                size: 0,
                paused: false,
                high: HIGH,
                low: LOW,
                socket,
                tls: None,
                attached: None,
            }),
            changed: Notify::new(),
            handle: Handle::current(),
        })
    }

    /// Keeps `attached` until the connection is over.
    pub(super) fn attach(&self, attached: Box<dyn Send>) {
        let mut state = self.state.lock();
        let unused = match state.phase {
            Phase::Closed => Some(attached),
            _ => state.attached.replace(attached),
        };
        drop(state);
        drop(unused);
    }

    pub(super) fn phase(&self) -> Phase {
        self.state.lock().phase
    }

    pub(super) fn socket(&self) -> Option<Arc<dyn Socket>> {
        self.state.lock().socket.clone()
    }

    pub(super) fn size(&self) -> usize {
        self.state.lock().size
    }

    pub(super) fn limits(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.high, state.low)
    }

    pub(super) fn set_limits(&self, high: usize, low: usize) {
        let mut state = self.state.lock();
        (state.high, state.low) = (high, low);
        state.mark();
        drop(state);
        self.changed.notify_waiters();
    }

    /// Sends `parts`, or keeps them to be sent. False if the direction has been ended by `eof`.
    pub(super) fn write(self: &Arc<Self>, parts: &[IoSlice<'_>]) -> bool {
        let total: usize = parts.iter().map(|part| part.len()).sum();
        let mut state = self.state.lock();
        match state.phase {
            Phase::Open => {}
            Phase::Ending | Phase::Ended => return false,
            Phase::Closing | Phase::Closed => return true,
        }
        if total == 0 {
            return true;
        }
        state.size += total;
        if state.busy || state.line.is_none() {
            for part in parts {
                state.buffer.extend_from_slice(part);
            }
            state.mark();
            return true;
        }
        state.busy = true;
        let line = state.line.take();
        drop(state);
        self.write_through(Loan::new(self, line), parts, total);
        true
    }

    /// (1) With the line in hand and nothing before `parts`.
    fn write_through(self: &Arc<Self>, mut loan: Loan<'_>, parts: &[IoSlice<'_>], total: usize) {
        let sent = match loan.line().try_send(parts) {
            Ok(sent) => sent,
            Err(error) => return self.finish(Some(Loss::new(&error))),
        };
        let idle = sent == total && loan.line().is_flushed();
        let mut state = self.state.lock();
        state.size -= sent;
        state.mark();
        // I2: somebody may have appended or closed meanwhile.
        let idle = idle && state.size == 0 && state.phase == Phase::Open;
        state.busy = !idle;
        let awaited = idle && state.idle_awaited;
        loan.put_back(state);
        if !idle {
            self.start_flusher();
        } else if awaited {
            self.changed.notify_waiters();
        }
    }

    /// Ends the direction when all is sent.
    pub(super) fn write_eof(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            state.phase = if state.duplex {
                Phase::Ending
            } else {
                Phase::Closing
            };
            self.drive(state);
        }
    }

    /// Ends all when all is sent.
    pub(super) fn close(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Open | Phase::Ending | Phase::Ended) {
            state.phase = Phase::Closing;
            self.drive(state);
        }
    }

    /// Sees to it that somebody does what there is to do: at once if that needs no waiting.
    fn drive(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        if state.busy {
            return;
        }
        state.busy = true;
        drop(state);
        if self
            .poll_flush(&mut Context::from_waker(Waker::noop()))
            .is_pending()
        {
            self.start_flusher();
        }
    }

    /// I2: the caller has `busy`, and hands it on.
    fn start_flusher(self: &Arc<Self>) {
        drop(self.handle.spawn(Flusher(Some(self.clone()))));
    }

    /// Sends what there is, and ends what is to be ended. Ready when it has let go of `busy`, or all is over.
    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut state = self.state.lock();
        let old = state.flusher.replace(waker);
        let Some(line) = state.line.take() else {
            return Poll::Ready(());
        };
        drop(state);
        drop(old);
        let mut loan = Loan::new(self, Some(line));
        loop {
            let step = match self.next(&mut loan) {
                Next::Send => loan.line().poll_send(cx).map_ok(|sent| self.sent(sent)),
                Next::Flush => loan.line().poll_flush(cx),
                Next::Shutdown => loan.line().poll_shutdown(cx),
                Next::Done => return Poll::Ready(()),
            };
            match step {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.finish(Some(Loss::new(&error)));
                    return Poll::Ready(());
                }
                Poll::Pending => {
                    loan.put_back(self.state.lock());
                    return Poll::Pending;
                }
            }
        }
    }

    fn next(&self, loan: &mut Loan<'_>) -> Next {
        if loan.line().is_sending() {
            return Next::Send;
        }
        let mut state = self.state.lock();
        if state.phase == Phase::Closed {
            return Next::Done;
        }
        if !state.buffer.is_empty() {
            std::mem::swap(&mut loan.line().sending, &mut state.buffer);
            return Next::Send;
        }
        if !loan.line().is_flushed() {
            return Next::Flush;
        }
        match state.phase {
            Phase::Ending | Phase::Closing if !loan.line().is_shut() => return Next::Shutdown,
            Phase::Closing => {
                drop(state);
                self.finish(None);
                return Next::Done;
            }
            Phase::Ending => state.phase = Phase::Ended,
            Phase::Open | Phase::Ended | Phase::Closed => {}
        }
        state.busy = false;
        let waker = state.flusher.take();
        loan.put_back(state);
        drop(waker);
        self.changed.notify_waiters();
        Next::Done
    }

    fn sent(&self, n: usize) {
        let mut state = self.state.lock();
        state.size -= n;
        let was_paused = state.paused;
        state.mark();
        let resumed = was_paused && !state.paused;
        drop(state);
        if resumed {
            self.changed.notify_waiters();
        }
    }

    /// (5) and (4): it is over. What was to be sent is not any more.
    pub(super) fn finish(&self, loss: Option<Loss>) {
        let mut state = self.state.lock();
        if state.phase == Phase::Closed {
            return;
        }
        state.phase = Phase::Closed;
        state.loss = loss;
        state.size = 0;
        state.paused = false;
        let gone = (state.read.take(), state.line.take(), state.socket.take());
        let buffer = std::mem::take(&mut state.buffer);
        let wakers = [state.reader.take(), state.flusher.take()];
        let attached = state.attached.take();
        drop(state);
        drop((gone, buffer));
        wakers.into_iter().flatten().for_each(Waker::wake);
        self.changed.notify_waiters();
        drop(attached);
    }

    /// Waits until `ready` says something.
    async fn until<R>(&self, mut ready: impl FnMut(&mut State) -> Option<R>) -> R {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(answer) = ready(&mut self.state.lock()) {
                return answer;
            }
            changed.await;
        }
    }

    pub(super) async fn drain(&self) -> io::Result<()> {
        let mut waited = false;
        self.until(|state| match state.phase {
            Phase::Closed if waited && state.loss.is_none() => Some(Ok(())),
            Phase::Closed => Some(Err(state.lost())),
            _ if state.paused => {
                waited = true;
                None
            }
            _ => Some(Ok(())),
        })
        .await
    }

    pub(super) async fn wait_closed(&self) -> io::Result<()> {
        self.until(|state| (state.phase == Phase::Closed).then(|| state.loss.as_ref().map(Loss::to_error)))
            .await
            .map_or(Ok(()), Err)
    }

    /// Reads once. 0 is the end.
    ///
    /// `known` is the waker that was left the last time.
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        target: &mut BytesMut,
        known: &mut Option<Waker>,
    ) -> Poll<io::Result<usize>> {
        let waker = match known {
            Some(known) if known.will_wake(cx.waker()) => None,
            _ => {
                *known = Some(cx.waker().clone());
                known.clone()
            }
        };
        let mut state = self.state.lock();
        let mut old = None;
        if waker.is_some() {
            old = std::mem::replace(&mut state.reader, waker);
        }
        let Some(mut half) = state.read.take() else {
            return Poll::Ready(state.end_of_reading());
        };
        drop(state);
        drop(old);
        let read = poll_read_buf_mut(Pin::new(&mut half), cx, target);
        let mut state = self.state.lock();
        if state.phase == Phase::Closed {
            let end = state.end_of_reading();
            drop(state);
            return if read.is_ready() { read } else { Poll::Ready(end) };
        }
        state.read = Some(half);
        let alone = state.line.is_none() && !state.busy;
        drop(state);
        match &read {
            Poll::Ready(Err(error)) => self.finish(Some(Loss::new(error))),
            Poll::Ready(Ok(0)) if alone => self.finish(None),
            _ => {}
        }
        read
    }
}

impl State {
    /// I5.
    fn mark(&mut self) {
        if self.size > self.high {
            self.paused = true;
        } else if self.size <= self.low {
            self.paused = false;
        }
    }

    fn lost(&self) -> io::Error {
        match &self.loss {
            Some(loss) => loss.to_error(),
            None => io::Error::new(io::ErrorKind::ConnectionReset, "the connection is closed"),
        }
    }

    fn end_of_reading(&self) -> io::Result<usize> {
        self.loss.as_ref().map_or(Ok(0), |loss| Err(loss.to_error()))
    }
}

/// The task that sends. One that is dropped before the end, with its runtime, leaves nobody who would: the connection
/// is lost.
struct Flusher(Option<Arc<Connection>>);

impl Future for Flusher {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(connection) = &self.0 {
            ready!(connection.poll_flush(cx));
        }
        self.0 = None;
        Poll::Ready(())
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            let gone = io::Error::other("the runtime has shut down before all was sent");
            connection.finish(Some(Loss::new(&gone)));
        }
    }
}

/// The line, out of the state (I1). If it does not come back, because the transport panicked, the connection is lost.
struct Loan<'a> {
    connection: &'a Connection,
    line: Option<Line>,
}

impl<'a> Loan<'a> {
    fn new(connection: &'a Connection, line: Option<Line>) -> Self {
        Self { connection, line }
    }

    fn line(&mut self) -> &mut Line {
        self.line.as_mut().expect("the line is here until it is put back")
    }

    fn put_back(&mut self, mut state: MutexGuard<'_, State>) {
        let line = self.line.take();
        // I4.
        if state.phase != Phase::Closed {
            state.line = line;
            return;
        }
        drop(state);
        drop(line);
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        if self.line.is_some() {
            let panicked = io::Error::other("the transport panicked");
            self.connection.finish(Some(Loss::new(&panicked)));
        }
    }
}
