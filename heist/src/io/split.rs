//! [`split`]: one stream as a reading and a writing half that go separate ways.
//!
//! Both halves poll the one stream under a mutex, held for the length of one poll and never across an
//! await, so the lock is only ever contended when two threads poll the halves at the very same time.
//! Streams that can be used from two sides have halves of their own without a lock, as `TcpStream` does.
//!
//! Absent on purpose: unsafe. The stream is boxed so that it is pinned, which costs one allocation.

use super::{AsyncRead, AsyncWrite, ReadBuf};
use heist_primitive::sync::{Arc, Mutex};
use std::fmt;
use std::io::{self, IoSlice};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

type Shared<T> = Arc<Mutex<Pin<Box<T>>>>;

/// The reading half of a stream: made by [`split`].
pub struct ReadHalf<T> {
    stream: Shared<T>,
}

/// The writing half of a stream: made by [`split`].
///
/// Dropping it does not end the stream for the other side: shut it down for that.
pub struct WriteHalf<T> {
    stream: Shared<T>,
    is_write_vectored: bool,
}

// A panic in the stream's own code leaves it as it would leave an unsplit one: the lock adds nothing half done.
impl<T> UnwindSafe for ReadHalf<T> {}
impl<T> RefUnwindSafe for ReadHalf<T> {}
impl<T> UnwindSafe for WriteHalf<T> {}
impl<T> RefUnwindSafe for WriteHalf<T> {}

/// Splits a stream into a half to read from and a half to write to, for instance to use them in two tasks.
///
/// The stream is dropped when both halves are. [`ReadHalf::unsplit`] puts it together again. Each half
/// locks the stream while it is polled; a waker that polls the other half at once, on the same thread,
/// would deadlock, which heist's never do.
///
/// # Examples
///
/// ```
/// use heist::io::{self, AsyncReadExt, AsyncWriteExt};
///
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let (client, mut server) = io::duplex(64);
/// let (mut reader, mut writer) = io::split(client);
/// writer.write_all(b"ping").await?;
/// server.write_all(b"pong").await?;
///
/// let mut buf = [0; 4];
/// reader.read_exact(&mut buf).await?;
/// assert_eq!(&buf, b"pong");
/// let _client = reader.unsplit(writer);
/// # Ok(())
/// # }
/// ```
pub fn split<T>(stream: T) -> (ReadHalf<T>, WriteHalf<T>)
where
    T: AsyncRead + AsyncWrite,
{
    let is_write_vectored = stream.is_write_vectored();
    let stream = Arc::new(Mutex::new(Box::pin(stream)));
    (
        ReadHalf {
            stream: stream.clone(),
        },
        WriteHalf {
            stream,
            is_write_vectored,
        },
    )
}

impl<T> ReadHalf<T> {
    /// Whether this half and `other` come from the same stream.
    pub fn is_pair_of(&self, other: &WriteHalf<T>) -> bool {
        other.is_pair_of(self)
    }

    /// Puts the stream together again.
    ///
    /// # Panics
    ///
    /// If the halves come from different streams: see [`is_pair_of`](Self::is_pair_of).
    #[track_caller]
    pub fn unsplit(self, wr: WriteHalf<T>) -> T
    where
        T: Unpin,
    {
        assert!(
            self.is_pair_of(&wr),
            "unsplit needs the two halves of one stream: ask is_pair_of first"
        );
        drop(wr);
        match Arc::try_unwrap(self.stream) {
            Ok(stream) => *Pin::into_inner(stream.into_inner()),
            Err(_) => unreachable!("a stream has two halves, and here both were given up"),
        }
    }
}

impl<T> WriteHalf<T> {
    /// Whether this half and `other` come from the same stream.
    pub fn is_pair_of(&self, other: &ReadHalf<T>) -> bool {
        Arc::ptr_eq(&self.stream, &other.stream)
    }
}

impl<T: AsyncRead> AsyncRead for ReadHalf<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream.lock().as_mut().poll_read(cx, buf)
    }
}

impl<T: AsyncWrite> AsyncWrite for WriteHalf<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.lock().as_mut().poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.lock().as_mut().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.is_write_vectored
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.lock().as_mut().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.lock().as_mut().poll_shutdown(cx)
    }
}

impl<T: fmt::Debug> fmt::Debug for ReadHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadHalf").finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for WriteHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteHalf").finish_non_exhaustive()
    }
}
