//! [`AsyncSeekExt`]: the methods of seekable streams that are nice to call.

use super::seek::{Seek, seek};
use crate::io::AsyncSeek;
use std::io::SeekFrom;

/// Methods for every [`AsyncSeek`].
pub trait AsyncSeekExt: AsyncSeek {
    /// Moves the position and returns it, in bytes from the start of the stream.
    ///
    /// # Errors
    ///
    /// Whatever the stream says, among it that the position would lie before the start.
    ///
    /// # Cancel safety
    ///
    /// The seek may still happen after the future is dropped; the next operation waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut stream = std::io::Cursor::new(b"0123456789");
    /// assert_eq!(stream.seek(SeekFrom::End(-3)).await?, 7);
    /// assert_eq!(stream.read_u8().await?, b'7');
    /// # Ok(())
    /// # }
    /// ```
    fn seek(&mut self, pos: SeekFrom) -> Seek<'_, Self>
    where
        Self: Unpin,
    {
        seek(self, pos)
    }

    /// Moves the position to the start: `seek(SeekFrom::Start(0))`.
    ///
    /// # Errors
    ///
    /// Whatever the stream says.
    ///
    /// # Cancel safety
    ///
    /// As [`seek`](Self::seek).
    fn rewind(&mut self) -> Seek<'_, Self>
    where
        Self: Unpin,
    {
        self.seek(SeekFrom::Start(0))
    }

    /// Returns the position, in bytes from the start of the stream: `seek(SeekFrom::Current(0))`.
    ///
    /// # Errors
    ///
    /// Whatever the stream says.
    ///
    /// # Cancel safety
    ///
    /// As [`seek`](Self::seek).
    fn stream_position(&mut self) -> Seek<'_, Self>
    where
        Self: Unpin,
    {
        self.seek(SeekFrom::Current(0))
    }
}

impl<S: AsyncSeek + ?Sized> AsyncSeekExt for S {}
