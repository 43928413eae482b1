//! [`DuplexStream`] and [`SimplexStream`]: pipes in memory, for tests and between tasks.
//!
//! Invariants
//!
//! - I1: at most `max_buf_size` bytes are in a pipe.
//! - I2: a side that waits has its waker in the pipe; whoever changes what it waits for takes the waker out
//!   in the same locked step.
//! - I3: no waker of a duplex stream is woken or dropped under its lock, as either may run code that uses
//!   the pipe: what has to be woken and dropped leaves the lock in [`Owed`].

use crate::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, WriteHalf, split};
use bytes::{Buf, BytesMut};
use heist_executor::coop;
use heist_primitive::sync::{Arc, Mutex};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// One end of a two-way pipe in memory: made in pairs by [`duplex`].
///
/// What is written to one end is read from the other. Dropping an end, or shutting it down, ends the
/// stream for the other end's reads after all bytes were read; once an end is dropped, writes to the other
/// fail with [`BrokenPipe`](io::ErrorKind::BrokenPipe).
#[derive(Debug)]
pub struct DuplexStream {
    incoming: Arc<Mutex<SimplexStream>>,
    outgoing: Arc<Mutex<SimplexStream>>,
}

/// A new pair of connected streams, each of which buffers up to `max_buf_size` bytes: more than that a
/// write waits for reads of the other end.
///
/// # Panics
///
/// If `max_buf_size` is 0.
///
/// # Examples
///
/// ```
/// use heist::io::{self, AsyncReadExt, AsyncWriteExt};
///
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let (mut client, mut server) = io::duplex(64);
/// client.write_all(b"ping").await?;
///
/// let mut buf = [0; 4];
/// server.read_exact(&mut buf).await?;
/// assert_eq!(&buf, b"ping");
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn duplex(max_buf_size: usize) -> (DuplexStream, DuplexStream) {
    let one = Arc::new(Mutex::new(SimplexStream::new_unsplit(max_buf_size)));
    let two = Arc::new(Mutex::new(SimplexStream::new_unsplit(max_buf_size)));
    (
        DuplexStream {
            incoming: one.clone(),
            outgoing: two.clone(),
        },
        DuplexStream {
            incoming: two,
            outgoing: one,
        },
    )
}

impl AsyncRead for DuplexStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        with_budget(cx, |cx| {
            let mut owed = Owed::default();
            let outcome = self.incoming.lock().poll_take(cx, buf, &mut owed);
            owed.settle();
            outcome
        })
    }
}

impl AsyncWrite for DuplexStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        with_budget(cx, |cx| {
            let mut owed = Owed::default();
            let outcome = self.outgoing.lock().poll_put(cx, bufs, &mut owed);
            owed.settle();
            outcome
        })
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut owed = Owed::default();
        self.outgoing.lock().close(&mut owed);
        owed.settle();
        Poll::Ready(Ok(()))
    }
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        for pipe in [&self.outgoing, &self.incoming] {
            let mut owed = Owed::default();
            pipe.lock().close(&mut owed);
            owed.settle();
        }
    }
}

/// A one-way pipe in memory: what is written to it is read from it.
///
/// Shutting it down ends the stream after all bytes were read. Usually one takes it as two halves, from
/// [`simplex`].
#[derive(Debug)]
pub struct SimplexStream {
    buffer: BytesMut,
    max_buf_size: usize,
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// A new one-way pipe, as two halves, that buffers up to `max_buf_size` bytes.
///
/// The writing half has to be shut down for the reading half to end: dropping it alone does not.
///
/// # Panics
///
/// If `max_buf_size` is 0.
///
/// # Examples
///
/// ```
/// use heist::io::{self, AsyncReadExt, AsyncWriteExt};
///
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let (mut receiver, mut sender) = io::simplex(64);
/// sender.write_all(b"ping").await?;
/// sender.shutdown().await?;
///
/// let mut text = String::new();
/// receiver.read_to_string(&mut text).await?;
/// assert_eq!(text, "ping");
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn simplex(max_buf_size: usize) -> (ReadHalf<SimplexStream>, WriteHalf<SimplexStream>) {
    split(SimplexStream::new_unsplit(max_buf_size))
}

impl SimplexStream {
    /// A new one-way pipe in one piece that buffers up to `max_buf_size` bytes.
    ///
    /// # Panics
    ///
    /// If `max_buf_size` is 0.
    #[track_caller]
    pub fn new_unsplit(max_buf_size: usize) -> SimplexStream {
        assert!(max_buf_size > 0, "`max_buf_size` must be greater than 0");
        SimplexStream {
            buffer: BytesMut::new(),
            max_buf_size,
            closed: false,
            reader: None,
            writer: None,
        }
    }

    fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        owed: &mut Owed,
    ) -> Poll<io::Result<()>> {
        let n = self.buffer.len().min(buf.remaining());
        if n > 0 {
            buf.put_slice(&self.buffer[..n]);
            self.buffer.advance(n);
            owed.wake[0] = self.writer.take();
        } else if buf.remaining() > 0 && !self.closed {
            owed.discard = self.reader.replace(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_put(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        owed: &mut Owed,
    ) -> Poll<io::Result<usize>> {
        if self.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = self.max_buf_size - self.buffer.len();
        let mut left = room;
        for buf in bufs {
            let n = buf.len().min(left);
            self.buffer.extend_from_slice(&buf[..n]);
            left -= n;
        }
        if left < room {
            owed.wake[0] = self.reader.take();
        } else if bufs.iter().any(|buf| !buf.is_empty()) {
            owed.discard = self.writer.replace(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(room - left))
    }

    fn close(&mut self, owed: &mut Owed) {
        self.closed = true;
        owed.wake = [self.reader.take(), self.writer.take()];
    }
}

impl AsyncRead for SimplexStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        with_budget(cx, |cx| {
            let mut owed = Owed::default();
            let outcome = self.poll_take(cx, buf, &mut owed);
            owed.settle();
            outcome
        })
    }
}

impl AsyncWrite for SimplexStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        with_budget(cx, |cx| {
            let mut owed = Owed::default();
            let outcome = self.poll_put(cx, bufs, &mut owed);
            owed.settle();
            outcome
        })
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut owed = Owed::default();
        self.close(&mut owed);
        owed.settle();
        Poll::Ready(Ok(()))
    }
}

/// Wakers taken out of a pipe: to be woken, and to be dropped, after its lock is released.
#[derive(Default)]
struct Owed {
    wake: [Option<Waker>; 2],
    discard: Option<Waker>,
}

impl Owed {
    fn settle(self) {
        self.wake.into_iter().flatten().for_each(Waker::wake);
        drop(self.discard);
    }
}

/// Spends a unit of the task's budget on an operation that got on.
fn with_budget<T>(cx: &mut Context<'_>, operation: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    let unit = ready!(coop::poll_proceed(cx));
    let outcome = operation(cx);
    if outcome.is_ready() {
        unit.made_progress();
    }
    outcome
}
