//! [`copy`]: from a reader to a writer until the reader ends; and the loop under `copy_bidirectional`.
//!
//! ```text
//!            1 read                    2 write
//!  reader ──────────► [ buffer ] ─────────────────► writer
//!    │ Pending, buffer empty              │ Pending: wait
//!    └──► 3 flush once, then wait         └ 0 bytes: WriteZero
//!    │ ended, buffer empty
//!    └──► 4 flush, done
//! ```
//!
//! Invariants
//!
//! - I1: each turn of the loop spends one unit of the task's budget if a read or a write got on, so copying
//!   from memory to memory yields too.
//! - I2: no `Pending` while bytes sit unflushed in the writer and the reader is what is waited for: the
//!   other side may need them before it answers.

use super::{DEFAULT_BUF_SIZE, poll_uninterrupted, write_zero};
use crate::io::read_buf::Buffer;
use crate::io::{AsyncRead, AsyncWrite};
use heist_executor::coop;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Copies everything from `reader` to `writer` and returns how many bytes that were.
///
/// It ends when the reader ends, with the writer flushed but not shut down. While it waits for the reader
/// it flushes what it has written. It goes through a buffer of 8 KiB; [`copy_buf`](super::copy_buf) does
/// without if the reader has one already.
///
/// # Errors
///
/// The first error of either side, except `Interrupted`; [`WriteZero`](io::ErrorKind::WriteZero) if the
/// writer takes no more. What was read and not written is lost then.
///
/// # Cancel safety
///
/// Not cancel safe: bytes read and not yet written are lost with the future.
///
/// # Examples
///
/// ```
/// use heist::io;
///
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let mut reader: &[u8] = b"hello";
/// let mut writer = Vec::new();
/// assert_eq!(io::copy(&mut reader, &mut writer).await?, 5);
/// assert_eq!(writer, b"hello");
/// # Ok(())
/// # }
/// ```
pub async fn copy<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut copying = Copying::new(DEFAULT_BUF_SIZE);
    poll_fn(|cx| copying.poll(cx, Pin::new(&mut *reader), Pin::new(&mut *writer))).await
}

/// The state of a copy in one direction.
#[derive(Debug)]
pub(super) struct Copying {
    buffer: Buffer,
    copied: u64,
    reader_ended: bool,
    unflushed: bool,
}

impl Copying {
    pub(super) fn new(buffer_size: usize) -> Self {
        let buffer = Buffer::with_capacity(buffer_size, false);
        Copying {
            buffer,
            copied: 0,
            reader_ended: false,
            unflushed: false,
        }
    }

    /// Copies on, and returns the count when the reader has ended and the writer is flushed.
    pub(super) fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        loop {
            let mut unit = Some(ready!(coop::poll_proceed(cx)));
            let mut spend = || unit.take().into_iter().for_each(|unit| unit.made_progress());

            if !self.reader_ended && self.buffer.has_room() {
                match poll_uninterrupted(|| self.buffer.poll_fill(reader.as_mut(), cx)) {
                    Poll::Ready(n) => {
                        spend();
                        self.reader_ended = n? == 0;
                    }
                    Poll::Pending if self.buffer.is_empty() => {
                        if self.unflushed {
                            ready!(writer.as_mut().poll_flush(cx))?;
                            self.unflushed = false;
                            spend();
                        }
                        return Poll::Pending;
                    }
                    // There is something to write meanwhile.
                    Poll::Pending => {}
                }
            }

            while !self.buffer.is_empty() {
                let n = ready!(poll_uninterrupted(|| writer
                    .as_mut()
                    .poll_write(cx, self.buffer.bytes())))?;
                spend();
                if n == 0 {
                    return Poll::Ready(Err(write_zero()));
                }
                self.buffer.consume(n);
                self.copied += n as u64;
                self.unflushed = true;
            }

            if self.reader_ended {
                ready!(writer.as_mut().poll_flush(cx))?;
                return Poll::Ready(Ok(self.copied));
            }
        }
    }
}
