//! [`stdin`], [`stdout`] and [`stderr`]: the standard streams of the process.
//!
//! Each handle is std's, driven on the blocking pool: the standard streams may be files or terminals, which no
//! reactor can wait for, and making them non-blocking would do so to every process that shares them.
//!
//! Deliberately absent: reading ahead (other handles, and child processes, read from the same stream), and Windows'
//! care for whole characters.

use std::io;
use std::io::IoSlice;
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use heist_primitive::sync::StdArc;

use super::ahead::Batch;
use super::blocking::{Blocking, MAX_BUF_SIZE};
use super::{AsyncRead, AsyncWrite, ReadBuf};

/// The standard input of the process; made by [`stdin`].
///
/// **A read that waits cannot be cancelled.** It is a blocking read on a thread of the blocking pool, and dropping the
/// future leaves it there: the drop of the runtime, and with it the end of a program with `#[heist::main]`, waits
/// for the next line or the end of the input. Leave through
/// [`Runtime::shutdown_background`](crate::runtime::Runtime::shutdown_background) or [`std::process::exit`], or read an
/// interactive terminal on a thread of your own.
///
/// # Cancel safety
///
/// What a read whose future was dropped brings is kept for the next read through the same handle. It is lost when
/// the handle is dropped; so keep one handle.
#[derive(Debug)]
pub struct Stdin {
    stream: Blocking<io::Stdin>,
}

/// Returns a new handle to the standard input.
///
/// All handles read from the one stream through std's buffer; each has what it has read and not yet handed out. See
/// [`Stdin`] for what a waiting read does to the end of the program.
///
/// # Examples
///
/// ```no_run
/// use heist::io::{AsyncBufReadExt, BufReader};
///
/// # async fn example() -> std::io::Result<()> {
/// let mut lines = BufReader::new(heist::io::stdin()).lines();
/// while let Some(line) = lines.next_line().await? {
///     println!("{}", line.to_uppercase());
/// }
/// # Ok(())
/// # }
/// ```
pub fn stdin() -> Stdin {
    Stdin {
        stream: Blocking::new(StdArc::new(io::stdin()), false),
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let batch = Batch {
            limit: MAX_BUF_SIZE,
            ahead: false,
        };
        self.stream.poll_read(cx, buf, batch)
    }
}

/// The standard output of the process; made by [`stdout`].
///
/// A write takes the bytes, up to 2 MiB at a time, and returns; a thread of the blocking pool writes them as one piece.
/// [`flush`](super::AsyncWriteExt::flush) waits until they have left the process, and returns the error if they could
/// not. What was written when the runtime is dropped is still written out; when the process leaves in another way, by
/// [`std::process::exit`] for instance, what was not flushed may be lost.
///
/// Writes through different handles are not ordered among each other: make one handle and keep it. A `write_all` may
/// be several writes, between which other handles and `println!` may come.
///
/// # Cancel safety
///
/// A write whose future was dropped has either not begun or will be done entirely.
#[derive(Debug)]
pub struct Stdout {
    stream: Blocking<io::Stdout>,
}

/// Returns a new handle to the standard output.
///
/// # Examples
///
/// ```
/// use heist::io::AsyncWriteExt;
///
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let mut stdout = heist::io::stdout();
/// for n in 0..3 {
///     stdout.write_all(format!("{n}\n").as_bytes()).await?;
/// }
/// stdout.flush().await
/// # })
/// # }
/// ```
pub fn stdout() -> Stdout {
    Stdout {
        stream: Blocking::new(StdArc::new(io::stdout()), true),
    }
}

/// The standard error of the process; made by [`stderr`].
///
/// What [`Stdout`] says about writing holds here too; std has no buffer for it, so a write leaves the process as soon as it
/// is done in the background.
///
/// # Cancel safety
///
/// A write whose future was dropped has either not begun or will be done entirely.
#[derive(Debug)]
pub struct Stderr {
    stream: Blocking<io::Stderr>,
}

/// Returns a new handle to the standard error.
///
/// # Examples
///
/// ```
/// use heist::io::AsyncWriteExt;
///
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let mut stderr = heist::io::stderr();
/// stderr.write_all(b"no such option\n").await?;
/// stderr.flush().await
/// # })
/// # }
/// ```
pub fn stderr() -> Stderr {
    Stderr {
        stream: Blocking::new(StdArc::new(io::stderr()), true),
    }
}

macro_rules! write_in_background {
    ($($stream:ty),*) => {$(
        impl AsyncWrite for $stream {
            fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                self.stream.poll_write(cx, &[IoSlice::new(buf)], MAX_BUF_SIZE)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.stream.poll_flush(cx)
            }

            /// Flushes; the stream stays open, for it belongs to the process.
            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_flush(cx)
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.stream.poll_write(cx, bufs, MAX_BUF_SIZE)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }
        }
    )*};
}

write_in_background!(Stdout, Stderr);

macro_rules! descriptor {
    ($($stream:ty),*) => {$(
        #[cfg(unix)]
        impl AsRawFd for $stream {
            fn as_raw_fd(&self) -> RawFd {
                self.stream.device().as_raw_fd()
            }
        }

        #[cfg(unix)]
        impl AsFd for $stream {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.stream.device().as_fd()
            }
        }
    )*};
}

descriptor!(Stdin, Stdout, Stderr);
