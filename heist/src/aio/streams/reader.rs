//! [`StreamReader`]: bytes as they come, by the line, by the number, up to a separator.
//!
//! Invariants
//!
//! - I1: bytes leave `buffer` only when a call returns them, in its answer or its error. So a call that is dropped loses
//!   nothing: what it has received is there for the next one.
//! - I2: after the end nothing is read any more; what is in `buffer` still is handed out.
//! - I3: while it waits with nothing in hand it holds no memory for what will come.
//!
//! Deliberately absent: `feed_data`, `feed_eof` and the like, for whoever drives a reader by hand in asyncio: make one
//! from any [`AsyncRead`] instead.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use futures_core::Stream;
use heist_primitive::sync::StdArc as Arc;

use super::connection::Connection;
use super::error::{IncompleteReadError, LimitOverrunError, StreamError};
use super::until::{Found, Search, Separators};
use crate::io::AsyncRead;

pub(super) const LIMIT: usize = 64 * 1024;
const CHUNK: usize = 16 * 1024;

/// The reading end of a connection. `asyncio.StreamReader`.
///
/// It comes from [`open_connection`](super::open_connection), [`start_server`](super::start_server), the pipes of a
/// subprocess, or [any other stream](Self::new). One task reads at a time, which `&mut` says.
///
/// Nothing is read ahead of the calls, beyond a chunk: so the peer is held up by the kernel when nobody reads, and
/// [`at_eof`](Self::at_eof) knows of the end when a call has met it.
///
/// # Cancel safety
///
/// Each wait may be dropped: what has been received is kept for the next call.
///
/// ```
/// # heist::runtime::Runtime::new().unwrap().block_on(async {
/// use heist::aio::StreamReader;
///
/// let mut reader = StreamReader::new(&b"GET /\r\nbody"[..]);
/// assert_eq!(reader.readuntil(b"\r\n").await.unwrap(), b"GET /\r\n");
/// assert_eq!(reader.readexactly(2).await.unwrap(), b"bo");
/// assert_eq!(reader.read_to_end().await.unwrap(), b"dy");
/// assert!(reader.at_eof());
/// # });
/// ```
pub struct StreamReader {
    connection: Arc<Connection>,
    buffer: BytesMut,
    limit: usize,
    ended: bool,
    waker: Option<Waker>,
}

impl StreamReader {
    /// Makes a reader from any stream.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn new(stream: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self::of(Connection::new(Some(Box::new(stream)), None, None), LIMIT)
    }

    pub(super) fn of(connection: Arc<Connection>, limit: usize) -> Self {
        Self {
            connection,
            buffer: BytesMut::new(),
            limit,
            ended: false,
            waker: None,
        }
    }

    /// The most that [`readline`](Self::readline) and [`readuntil`](Self::readuntil) return, in bytes and without the
    /// separator: 64 KiB if nothing else was said.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Sets the [`limit`](Self::limit).
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn set_limit(&mut self, limit: usize) {
        check_limit(limit);
        self.limit = limit;
    }

    /// Whether the end was met and all before it has been handed out.
    pub fn at_eof(&self) -> bool {
        self.ended && self.buffer.is_empty()
    }

    /// Reads what is there, `n` bytes at most, waiting for one at least. Nothing means the end, or that `n` is 0.
    ///
    /// # Errors
    ///
    /// The connection was lost, in either direction; also when called again.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn read(&mut self, n: usize) -> io::Result<Vec<u8>> {
        if n > 0 && self.buffer.is_empty() {
            poll_fn(|cx| self.poll_fill(cx, n)).await?;
        }
        Ok(self.take(n.min(self.buffer.len())))
    }

    /// Reads all there is up to the end. `read(-1)` in asyncio.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        poll_fn(|cx| self.poll_ended(cx)).await?;
        Ok(self.take_received())
    }

    /// Reads `n` bytes, waiting for all of them. The [limit](Self::limit) has no say in it.
    ///
    /// # Errors
    ///
    /// The stream ended before: what there was is in the error. Or as for [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn readexactly(&mut self, n: usize) -> Result<Vec<u8>, StreamError> {
        while self.buffer.len() < n {
            let missing = n - self.buffer.len();
            if poll_fn(|cx| self.poll_fill(cx, missing)).await? == 0 {
                return Err(StreamError::IncompleteRead(IncompleteReadError {
                    partial: self.take(self.buffer.len()),
                    expected: Some(n),
                }));
            }
        }
        Ok(self.take(n))
    }

    /// Reads up to a separator, which is included. Of several, the one that makes the answer shortest counts.
    ///
    /// # Errors
    ///
    /// - [`IncompleteRead`](StreamError::IncompleteRead): the stream ended before; what there was is in the error.
    /// - [`LimitOverrun`](StreamError::LimitOverrun): the separator is not within the [limit](Self::limit). What there
    ///   is stays in the stream, to be read in another way.
    /// - [`Io`](StreamError::Io), as for [`read`](Self::read).
    ///
    /// # Panics
    ///
    /// If there is no separator, or an empty one.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// ```
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// # use heist::aio::StreamReader;
    /// let mut reader = StreamReader::new(&b"one;two\nthree"[..]);
    /// let ends = [&b";"[..], b"\n"];
    /// assert_eq!(reader.readuntil(ends).await.unwrap(), b"one;");
    /// assert_eq!(reader.readuntil(ends).await.unwrap(), b"two\n");
    /// # });
    /// ```
    pub async fn readuntil(&mut self, separators: impl Separators) -> Result<Vec<u8>, StreamError> {
        let mut search = Search::new(separators);
        poll_fn(|cx| self.poll_until(cx, &mut search)).await
    }

    /// Reads a line with its `\n`; the last one may lack it. Nothing means the end.
    ///
    /// # Errors
    ///
    /// - [`LimitOverrun`](StreamError::LimitOverrun): the line exceeds the [limit](Self::limit). It is dropped, as far as
    ///   it has come, where asyncio raises `ValueError`.
    /// - [`Io`](StreamError::Io), as for [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn readline(&mut self) -> Result<Vec<u8>, StreamError> {
        let mut search = Search::new(b"\n");
        poll_fn(|cx| self.poll_line(cx, &mut search)).await
    }

    /// The lines up to the end: `async for line in reader` in asyncio.
    ///
    /// ```
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// # use heist::aio::StreamReader;
    /// let mut reader = StreamReader::new(&b"one\ntwo"[..]);
    /// let mut lines = reader.lines();
    /// assert_eq!(lines.next().await.unwrap().unwrap(), b"one\n");
    /// assert_eq!(lines.next().await.unwrap().unwrap(), b"two");
    /// assert!(lines.next().await.is_none());
    /// # });
    /// ```
    pub fn lines(&mut self) -> StreamLines<'_> {
        StreamLines {
            search: Search::new(b"\n"),
            reader: self,
        }
    }

    /// Receives all up to the end, and keeps it.
    pub(in crate::aio) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while ready!(self.poll_fill(cx, CHUNK))? > 0 {}
        Poll::Ready(Ok(()))
    }

    /// All that is kept.
    pub(in crate::aio) fn take_received(&mut self) -> Vec<u8> {
        self.take(self.buffer.len())
    }

    fn poll_line(
        &mut self,
        cx: &mut Context<'_>,
        search: &mut Search<&[u8; 1]>,
    ) -> Poll<Result<Vec<u8>, StreamError>> {
        Poll::Ready(match ready!(self.poll_until(cx, search)) {
            Err(StreamError::IncompleteRead(end)) => Ok(end.partial),
            Err(StreamError::LimitOverrun(overrun)) => {
                let LimitOverrunError { consumed, found } = overrun;
                let line = if found { consumed + 1 } else { self.buffer.len() };
                self.buffer.advance(line);
                Err(StreamError::LimitOverrun(overrun))
            }
            other => other,
        })
    }

    fn poll_until<S: Separators>(
        &mut self,
        cx: &mut Context<'_>,
        search: &mut Search<S>,
    ) -> Poll<Result<Vec<u8>, StreamError>> {
        loop {
            match search.look(&self.buffer, self.limit) {
                Found::End(end) => return Poll::Ready(Ok(self.take(end))),
                Found::Overrun(overrun) => return Poll::Ready(Err(StreamError::LimitOverrun(overrun))),
                Found::NotYet => {}
            }
            if ready!(self.poll_fill(cx, CHUNK))? == 0 {
                return Poll::Ready(Err(StreamError::IncompleteRead(IncompleteReadError {
                    partial: self.take(self.buffer.len()),
                    expected: None,
                })));
            }
        }
    }

    /// Receives once, with room for `n` bytes within reason. 0 is the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>, n: usize) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        self.buffer.reserve(n.clamp(CHUNK, LIMIT));
        let received = self.connection.poll_read(cx, &mut self.buffer, &mut self.waker);
        match &received {
            Poll::Ready(Ok(0)) => self.ended = true,
            Poll::Pending if self.buffer.is_empty() => self.buffer = BytesMut::new(),
            _ => {}
        }
        received
    }

    fn take(&mut self, n: usize) -> Vec<u8> {
        let taken = self.buffer[..n].to_vec();
        self.buffer.advance(n);
        taken
    }
}

/// For an upgrade to TLS.
#[cfg(feature = "tls")]
impl StreamReader {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl fmt::Debug for StreamReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReader")
            .field("buffered", &self.buffer.len())
            .field("limit", &self.limit)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

#[track_caller]
pub(super) fn check_limit(limit: usize) {
    assert!(
        limit > 0,
        "a limit of 0 bytes lets nothing through: give 1 at least"
    );
}

/// The lines of a reader. See [`StreamReader::lines`].
#[derive(Debug)]
pub struct StreamLines<'a> {
    reader: &'a mut StreamReader,
    search: Search<&'static [u8; 1]>,
}

impl StreamLines<'_> {
    /// The next line with its `\n`, which the last one may lack.
    ///
    /// # Errors
    ///
    /// As for [`readline`](StreamReader::readline).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, StreamError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for StreamLines<'_> {
    type Item = Result<Vec<u8>, StreamError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let line = ready!(this.reader.poll_line(cx, &mut this.search));
        this.search = Search::new(b"\n");
        Poll::Ready(match line {
            Ok(line) if line.is_empty() => None,
            line => Some(line),
        })
    }
}
