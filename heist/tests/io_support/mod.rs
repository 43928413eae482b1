//! What the tests of `heist::io` share: a driver that counts, and readers and writers that follow a script.
//!
//! No runtime: a future that returns `Pending` without having been woken would wait for ever, so the driver
//! panics there, and every lost wake-up is a failed test.

#![allow(dead_code, unreachable_pub)]

use heist::io::{self, AsyncBufRead, AsyncRead, AsyncWrite, ErrorKind, ReadBuf};
use std::collections::VecDeque;
use std::future::Future;
use std::io::IoSlice;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

/// A waker that counts.
#[derive(Debug, Default)]
pub struct Wakes(AtomicUsize);

impl Wakes {
    pub fn new() -> (Arc<Wakes>, Waker) {
        let wakes = Arc::new(Wakes::default());
        (wakes.clone(), wakes.into())
    }

    pub fn count(&self) -> usize {
        self.0.load(Relaxed)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Polls to completion and returns the output with the number of polls.
#[track_caller]
pub fn drive<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = pin!(future);
    let (wakes, waker) = Wakes::new();
    let mut cx = Context::from_waker(&waker);
    for polls in 1.. {
        let woken = wakes.count();
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return (output, polls);
        }
        assert_ne!(
            wakes.count(),
            woken,
            "Pending on poll {polls}, and nobody will wake it"
        );
        assert!(polls < 1_000_000, "this does not end");
    }
    unreachable!()
}

/// Polls to completion and returns the output.
#[track_caller]
pub fn run<F: Future>(future: F) -> F::Output {
    drive(future).0
}

/// Polls once, with a waker that nobody listens to.
pub fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls `times` times and drops the future there, as a `select!` does whose other branch has won.
/// Returns the output if it came before.
pub fn give_up_after<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..times {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
    }
    None
}

/// What a scripted reader does at a poll.
#[derive(Debug, Clone)]
pub enum Read {
    /// Up to all of these; what does not fit comes at the next poll.
    Bytes(Vec<u8>),
    /// Pending, woken at once.
    Wait,
    Fail(ErrorKind),
}

/// Reads what its script says, and then has ended.
#[derive(Debug, Default)]
pub struct Reader {
    pub script: VecDeque<Read>,
    pub polls: usize,
}

impl Reader {
    pub fn new(script: impl IntoIterator<Item = Read>) -> Self {
        Reader {
            script: script.into_iter().collect(),
            polls: 0,
        }
    }

    /// Each piece by one read, with a wait before each.
    pub fn pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self::new(
            pieces
                .into_iter()
                .flat_map(|piece| [Read::Wait, Read::Bytes(piece.to_vec())]),
        )
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.polls += 1;
        match self.script.pop_front() {
            None => Poll::Ready(Ok(())),
            Some(Read::Wait) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Read::Fail(kind)) => Poll::Ready(Err(kind.into())),
            Some(Read::Bytes(mut bytes)) => {
                let rest = bytes.split_off(bytes.len().min(buf.remaining()));
                buf.put_slice(&bytes);
                if !rest.is_empty() {
                    self.script.push_front(Read::Bytes(rest));
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

/// What a scripted writer does at a poll.
#[derive(Debug, Clone)]
pub enum Write {
    /// Takes up to so many bytes.
    Take(usize),
    /// Pending, woken at once.
    Wait,
    Fail(ErrorKind),
}

/// Writes as its script says, and then takes everything.
#[derive(Debug, Default)]
pub struct Writer {
    pub script: VecDeque<Write>,
    pub written: Vec<u8>,
    pub vectored: bool,
    /// How many slices each vectored write had.
    pub slices: Vec<usize>,
    pub writes: usize,
    pub flushes: usize,
    pub shutdowns: usize,
    /// Waits before the next flush and the next shutdown are done.
    pub slow_finish: usize,
}

impl Writer {
    pub fn new(script: impl IntoIterator<Item = Write>) -> Self {
        Writer {
            script: script.into_iter().collect(),
            ..Writer::default()
        }
    }

    pub fn vectored(script: impl IntoIterator<Item = Write>) -> Self {
        Writer {
            vectored: true,
            ..Writer::new(script)
        }
    }

    fn poll_take(&mut self, cx: &mut Context<'_>, bufs: &[&[u8]]) -> Poll<io::Result<usize>> {
        self.writes += 1;
        let mut limit = match self.script.pop_front() {
            None => usize::MAX,
            Some(Write::Take(n)) => n,
            Some(Write::Fail(kind)) => return Poll::Ready(Err(kind.into())),
            Some(Write::Wait) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        };
        let before = self.written.len();
        for buf in bufs {
            let n = buf.len().min(limit);
            self.written.extend_from_slice(&buf[..n]);
            limit -= n;
        }
        Poll::Ready(Ok(self.written.len() - before))
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.slow_finish > 0 {
            self.slow_finish -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Writer {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_take(cx, &[buf])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.slices.push(bufs.len());
        let bufs: Vec<&[u8]> = bufs.iter().map(|buf| &**buf).collect();
        let taken = if self.vectored {
            bufs.len()
        } else {
            bufs.len().min(1)
        };
        self.poll_take(cx, &bufs[..taken])
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_finish(cx))?;
        self.flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_finish(cx))?;
        self.shutdowns += 1;
        Poll::Ready(Ok(()))
    }
}

/// A buffered reader of which each fill is one piece of the script.
#[derive(Debug)]
pub struct Pieces {
    pub reader: Reader,
    pub current: Vec<u8>,
}

impl Pieces {
    pub fn new(script: impl IntoIterator<Item = Read>) -> Self {
        Pieces {
            reader: Reader::new(script),
            current: Vec::new(),
        }
    }
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let available = std::task::ready!(self.as_mut().poll_fill_buf(cx))?;
        let n = available.len().min(buf.remaining());
        buf.put_slice(&available[..n]);
        self.consume(n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for Pieces {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let me = self.get_mut();
        if me.current.is_empty() {
            let mut piece = [0; 256];
            let mut buf = ReadBuf::new(&mut piece);
            std::task::ready!(Pin::new(&mut me.reader).poll_read(cx, &mut buf))?;
            me.current = buf.filled().to_vec();
        }
        Poll::Ready(Ok(&me.current))
    }

    fn consume(mut self: Pin<&mut Self>, amt: usize) {
        self.current.drain(..amt);
    }
}
