//! [`AsyncBufReadExt`]: the methods of buffered readers that are nice to call.

use super::fill_buf::{FillBuf, fill_buf};
use super::read_string::{ReadLine, read_line};
use super::read_until::{ReadUntil, read_until};
use super::{Lines, Split, lines, split};
use crate::io::AsyncBufRead;
use std::pin::Pin;

/// Methods for every [`AsyncBufRead`].
pub trait AsyncBufReadExt: AsyncBufRead {
    /// Reads up to and with the byte `byte`, or to the end of the stream, appends that to `buf` and returns
    /// how many bytes came. 0 is the end of the stream.
    ///
    /// It trusts the delimiter to come: [`take`](crate::io::AsyncReadExt::take) limits a stream where it
    /// may not.
    ///
    /// # Errors
    ///
    /// Whatever the reader says, except `Interrupted`; what came before is in `buf`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no bytes: what came is in `buf`, and another call with the same `buf` goes
    /// on behind it, counting from 0 again.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncBufReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut reader: &[u8] = b"key=value";
    /// let mut buf = Vec::new();
    /// assert_eq!(reader.read_until(b'=', &mut buf).await?, 4);
    /// assert_eq!(buf, b"key=");
    /// # Ok(())
    /// # }
    /// ```
    fn read_until<'a>(&'a mut self, byte: u8, buf: &'a mut Vec<u8>) -> ReadUntil<'a, Self>
    where
        Self: Unpin,
    {
        read_until(self, byte, buf)
    }

    /// Reads up to and with the next `\n`, or to the end of the stream, appends that to `buf` and returns
    /// how many bytes came. 0 is the end of the stream.
    ///
    /// # Errors
    ///
    /// [`InvalidData`](std::io::ErrorKind::InvalidData) if the line is not UTF-8: `buf` is as it was then,
    /// and the line is lost. Whatever the reader says, except `Interrupted`: what came before is in `buf`
    /// if it is UTF-8.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: what was read, and the text that was in `buf` before, are lost with the future.
    /// [`Lines::next_line`] and [`read_until`](Self::read_until) lose nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncBufReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut reader: &[u8] = b"one\ntwo";
    /// let mut line = String::new();
    /// reader.read_line(&mut line).await?;
    /// assert_eq!(line, "one\n");
    /// # Ok(())
    /// # }
    /// ```
    fn read_line<'a>(&'a mut self, buf: &'a mut String) -> ReadLine<'a, Self>
    where
        Self: Unpin,
    {
        read_line(self, buf)
    }

    /// The segments between the bytes `byte`, without them.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncBufReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut segments = AsyncBufReadExt::split(&b"a,b"[..], b',');
    /// while let Some(segment) = segments.next_segment().await? {
    ///     assert_eq!(segment.len(), 1);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn split(self, byte: u8) -> Split<Self>
    where
        Self: Sized + Unpin,
    {
        split::split(self, byte)
    }

    /// Waits until there is something in the buffer and returns it. Empty is the end of the stream.
    ///
    /// The bytes stay in the buffer until [`consume`](Self::consume) is told of them.
    ///
    /// # Errors
    ///
    /// Whatever the reader says when it is asked for more.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is consumed.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::{AsyncBufReadExt, BufReader};
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut reader = BufReader::new(&b"hello"[..]);
    /// let seen = reader.fill_buf().await?.len();
    /// reader.consume(seen);
    /// assert!(reader.fill_buf().await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    fn fill_buf(&mut self) -> FillBuf<'_, Self>
    where
        Self: Unpin,
    {
        fill_buf(self)
    }

    /// Marks the first `amt` bytes of the buffer as read: at most as many as
    /// [`fill_buf`](Self::fill_buf) has shown.
    fn consume(&mut self, amt: usize)
    where
        Self: Unpin,
    {
        Pin::new(self).consume(amt)
    }

    /// The lines of the reader, without their line ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::{AsyncBufReadExt, BufReader};
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut lines = BufReader::new(&b"one\ntwo\n"[..]).lines();
    /// while let Some(line) = lines.next_line().await? {
    ///     assert_eq!(line.len(), 3);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn lines(self) -> Lines<Self>
    where
        Self: Sized,
    {
        lines::lines(self)
    }
}

impl<R: AsyncBufRead + ?Sized> AsyncBufReadExt for R {}
