//! [`AsyncWriteExt`]: the methods of writers that are nice to call.

use super::finish::{Flush, Shutdown, flush, shutdown};
use super::numbers::WriteNumber;
use super::write::{Write, WriteBuf, WriteVectored, write, write_buf, write_vectored};
use super::write_all::{WriteAll, WriteAllBuf, write_all, write_all_buf};
use crate::io::AsyncWrite;
use bytes::Buf;
use std::io::IoSlice;

/// The `write_<number>` methods, each from: its name, the type, its size in bytes, the encoder, and what
/// it writes in words.
macro_rules! write_numbers {
    ($($name:ident: $type:ty, $size:literal, $encode:ident, $words:literal;)*) => {$(
        #[doc = concat!("Writes ", $words, ".")]
        ///
        /// # Errors
        ///
        /// [`WriteZero`](std::io::ErrorKind::WriteZero) if the writer takes no more, and whatever the
        /// writer says, except `Interrupted`. Some bytes of the number may be written then.
        ///
        /// # Cancel safety
        ///
        #[doc = concat!("`", stringify!($name), "` is not cancel safe unless one byte is all: how much of ")]
        /// the number was written is lost with the future.
        ///
        /// # Examples
        ///
        /// ```
        /// use heist::io::AsyncWriteExt;
        ///
        /// # #[heist::main(flavor = "current_thread")]
        /// # async fn main() -> heist::io::Result<()> {
        /// let mut writer = Vec::new();
        #[doc = concat!("let number = 7 as ", stringify!($type), ";")]
        #[doc = concat!("writer.", stringify!($name), "(number).await?;")]
        #[doc = concat!("assert_eq!(writer, number.", stringify!($encode), "());")]
        /// # Ok(())
        /// # }
        /// ```
        fn $name(&mut self, n: $type) -> WriteNumber<&mut Self, [u8; $size]>
        where
            Self: Unpin,
        {
            WriteNumber::new(self, n.$encode())
        }
    )*};
}

/// Methods for every [`AsyncWrite`].
///
/// They write through `&mut self`, so a writer that is not `Unpin` has to be pinned first, with
/// [`Box::pin`] or [`std::pin::pin`].
pub trait AsyncWriteExt: AsyncWrite {
    /// Writes once from `src` and returns how many bytes the writer has taken.
    ///
    /// That may be less than all: [`write_all`](Self::write_all) goes on. 0 means that the writer takes no
    /// more, or that `src` is empty.
    ///
    /// # Errors
    ///
    /// Whatever the writer says; no byte was written then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` wins, no byte was written.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncWriteExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut writer = Vec::new();
    /// assert_eq!(writer.write(b"hello").await?, 5);
    /// # Ok(())
    /// # }
    /// ```
    fn write<'a>(&'a mut self, src: &'a [u8]) -> Write<'a, Self>
    where
        Self: Unpin,
    {
        write(self, src)
    }

    /// Writes once from several buffers as if they were one, and returns how many bytes the writer has
    /// taken.
    ///
    /// # Errors
    ///
    /// Whatever the writer says; no byte was written then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` wins, no byte was written.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncWriteExt;
    /// use std::io::IoSlice;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut writer = Vec::new();
    /// writer.write_vectored(&[IoSlice::new(b"head, "), IoSlice::new(b"body")]).await?;
    /// assert_eq!(writer, b"head, body");
    /// # Ok(())
    /// # }
    /// ```
    fn write_vectored<'a, 'b>(&'a mut self, bufs: &'a [IoSlice<'b>]) -> WriteVectored<'a, 'b, Self>
    where
        Self: Unpin,
    {
        write_vectored(self, bufs)
    }

    /// Writes once from `src`, advances it by what the writer has taken and returns how much that was.
    ///
    /// If `src` is in several chunks and the writer takes several, they go out together.
    ///
    /// # Errors
    ///
    /// Whatever the writer says; no byte was written then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` wins, no byte was written.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncWriteExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut writer = Vec::new();
    /// let mut src = &b"hello"[..];
    /// while writer.write_buf(&mut src).await? > 0 {}
    /// assert_eq!(writer, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    fn write_buf<'a, B>(&'a mut self, src: &'a mut B) -> WriteBuf<'a, Self, B>
    where
        Self: Sized + Unpin,
        B: Buf,
    {
        write_buf(self, src)
    }

    /// Writes all of `src`, advancing it as the writer takes it.
    ///
    /// # Errors
    ///
    /// [`WriteZero`](std::io::ErrorKind::WriteZero) if the writer takes no more, and whatever the writer
    /// says, except `Interrupted`. `src` has been advanced by what was written.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: `src` has been advanced by what was written, so another call goes on with the rest.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncWriteExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut writer = Vec::new();
    /// writer.write_all_buf(&mut &b"hello"[..]).await?;
    /// assert_eq!(writer, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    fn write_all_buf<'a, B>(&'a mut self, src: &'a mut B) -> WriteAllBuf<'a, Self, B>
    where
        Self: Sized + Unpin,
        B: Buf,
    {
        write_all_buf(self, src)
    }

    /// Writes all of `src`.
    ///
    /// # Errors
    ///
    /// [`WriteZero`](std::io::ErrorKind::WriteZero) if the writer takes no more, and whatever the writer
    /// says, except `Interrupted`. Some bytes may be written then.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: how much was written is lost with the future.
    /// [`write_all_buf`](Self::write_all_buf) keeps it in the buffer.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncWriteExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut writer = Vec::new();
    /// writer.write_all(b"hello").await?;
    /// assert_eq!(writer, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    fn write_all<'a>(&'a mut self, src: &'a [u8]) -> WriteAll<'a, Self>
    where
        Self: Unpin,
    {
        write_all(self, src)
    }

    write_numbers! {
        write_u8: u8, 1, to_be_bytes, "an unsigned byte";
        write_i8: i8, 1, to_be_bytes, "a signed byte";
        write_u16: u16, 2, to_be_bytes, "an unsigned 16-bit integer, the high byte first";
        write_i16: i16, 2, to_be_bytes, "a signed 16-bit integer, the high byte first";
        write_u32: u32, 4, to_be_bytes, "an unsigned 32-bit integer, the high byte first";
        write_i32: i32, 4, to_be_bytes, "a signed 32-bit integer, the high byte first";
        write_u64: u64, 8, to_be_bytes, "an unsigned 64-bit integer, the high byte first";
        write_i64: i64, 8, to_be_bytes, "a signed 64-bit integer, the high byte first";
        write_u128: u128, 16, to_be_bytes, "an unsigned 128-bit integer, the high byte first";
        write_i128: i128, 16, to_be_bytes, "a signed 128-bit integer, the high byte first";
        write_f32: f32, 4, to_be_bytes, "a 32-bit float, the high byte first";
        write_f64: f64, 8, to_be_bytes, "a 64-bit float, the high byte first";
        write_u16_le: u16, 2, to_le_bytes, "an unsigned 16-bit integer, the low byte first";
        write_i16_le: i16, 2, to_le_bytes, "a signed 16-bit integer, the low byte first";
        write_u32_le: u32, 4, to_le_bytes, "an unsigned 32-bit integer, the low byte first";
        write_i32_le: i32, 4, to_le_bytes, "a signed 32-bit integer, the low byte first";
        write_u64_le: u64, 8, to_le_bytes, "an unsigned 64-bit integer, the low byte first";
        write_i64_le: i64, 8, to_le_bytes, "a signed 64-bit integer, the low byte first";
        write_u128_le: u128, 16, to_le_bytes, "an unsigned 128-bit integer, the low byte first";
        write_i128_le: i128, 16, to_le_bytes, "a signed 128-bit integer, the low byte first";
        write_f32_le: f32, 4, to_le_bytes, "a 32-bit float, the low byte first";
        write_f64_le: f64, 8, to_le_bytes, "a 64-bit float, the low byte first";
    }

    /// Hands on everything that the writer holds back in a buffer of its own.
    ///
    /// # Errors
    ///
    /// Whatever the writer says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the bytes handed on are no longer in the buffer, and another call goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::{AsyncWriteExt, BufWriter};
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut writer = BufWriter::new(Vec::new());
    /// writer.write_all(b"hello").await?;
    /// writer.flush().await?;
    /// assert_eq!(writer.get_ref(), b"hello");
    /// # Ok(())
    /// # }
    /// ```
    fn flush(&mut self) -> Flush<'_, Self>
    where
        Self: Unpin,
    {
        flush(self)
    }

    /// Flushes, then tells the other side that no more is coming.
    ///
    /// # Errors
    ///
    /// Whatever the writer says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: another call goes on where this one stopped.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::{self, AsyncReadExt, AsyncWriteExt};
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> io::Result<()> {
    /// let (mut client, mut server) = io::duplex(64);
    /// client.shutdown().await?;
    /// assert_eq!(server.read(&mut [0; 8]).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    fn shutdown(&mut self) -> Shutdown<'_, Self>
    where
        Self: Unpin,
    {
        shutdown(self)
    }
}

impl<W: AsyncWrite + ?Sized> AsyncWriteExt for W {}
