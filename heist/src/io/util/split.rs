//! [`Split`]: what lies between a reader's delimiters, one segment after another.

use super::read_until::poll_until;
use crate::io::AsyncBufRead;
use pin_project_lite::pin_project;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The segments of a reader: of [`AsyncBufReadExt::split`](crate::io::AsyncBufReadExt::split).
    #[derive(Debug)]
    #[must_use = "segments are read only by next_segment"]
    pub struct Split<R> {
        #[pin]
        reader: R,
        delimiter: u8,
        // The segment so far: here and not in a future, so that giving up a wait loses nothing.
        segment: Vec<u8>,
    }
}

pub(super) fn split<R>(reader: R, delimiter: u8) -> Split<R> {
    Split {
        reader,
        delimiter,
        segment: Vec::new(),
    }
}

impl<R: AsyncBufRead + Unpin> Split<R> {
    /// The next segment, without its delimiter, or `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// Whatever the reader says, after which the next call goes on with the segment.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a segment read in part is kept and completed by the next call.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncBufReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut segments = AsyncBufReadExt::split(&b"a,,b"[..], b',');
    /// assert_eq!(segments.next_segment().await?.unwrap(), b"a");
    /// assert_eq!(segments.next_segment().await?.unwrap(), b"");
    /// assert_eq!(segments.next_segment().await?.unwrap(), b"b");
    /// assert_eq!(segments.next_segment().await?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next_segment(&mut self) -> io::Result<Option<Vec<u8>>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next_segment(cx)).await
    }
}

impl<R: AsyncBufRead> Split<R> {
    /// Polls for the next segment: [`next_segment`](Self::next_segment) for those who write futures by
    /// hand.
    ///
    /// # Errors
    ///
    /// As `next_segment`.
    pub fn poll_next_segment(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Vec<u8>>>> {
        let me = self.project();
        ready!(poll_until(me.reader, cx, *me.delimiter, me.segment, &mut 0))?;
        if me.segment.is_empty() {
            return Poll::Ready(Ok(None));
        }
        if me.segment.last() == Some(me.delimiter) {
            me.segment.pop();
        }
        Poll::Ready(Ok(Some(std::mem::take(me.segment))))
    }
}
