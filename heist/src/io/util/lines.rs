//! [`Lines`]: a reader's lines, one after another.

use super::read_until::poll_until;
use crate::io::AsyncBufRead;
use pin_project_lite::pin_project;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The lines of a reader: of [`AsyncBufReadExt::lines`](crate::io::AsyncBufReadExt::lines).
    #[derive(Debug)]
    #[must_use = "lines are read only by next_line"]
    pub struct Lines<R> {
        #[pin]
        reader: R,
        // The line so far: here and not in a future, so that giving up a wait loses nothing.
        line: Vec<u8>,
    }
}

pub(super) fn lines<R>(reader: R) -> Lines<R> {
    Lines {
        reader,
        line: Vec::new(),
    }
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// The next line, without its `\n` or `\r\n`, or `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// Whatever the reader says, after which the next call goes on with the line;
    /// [`InvalidData`](io::ErrorKind::InvalidData) if the line is not UTF-8, which drops it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a line read in part is kept and completed by the next call.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncBufReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut lines = (&b"one\r\ntwo"[..]).lines();
    /// assert_eq!(lines.next_line().await?.as_deref(), Some("one"));
    /// assert_eq!(lines.next_line().await?.as_deref(), Some("two"));
    /// assert_eq!(lines.next_line().await?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next_line(&mut self) -> io::Result<Option<String>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next_line(cx)).await
    }

    /// The reader, mutably. What is read from it directly is missing in the lines.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The reader.
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The reader itself. A line read in part is lost.
    pub fn into_inner(self) -> R {
        self.reader
    }
}

impl<R: AsyncBufRead> Lines<R> {
    /// Polls for the next line: [`next_line`](Self::next_line) for those who write futures by hand.
    ///
    /// # Errors
    ///
    /// As `next_line`.
    pub fn poll_next_line(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Option<String>>> {
        let me = self.project();
        ready!(poll_until(me.reader, cx, b'\n', me.line, &mut 0))?;
        if me.line.is_empty() {
            return Poll::Ready(Ok(None));
        }
        let mut line = std::mem::take(me.line);
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        let line = String::from_utf8(line).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        Poll::Ready(Ok(Some(line)))
    }
}
