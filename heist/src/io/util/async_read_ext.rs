//! [`AsyncReadExt`]: the methods of readers that are nice to call.

use super::numbers::ReadNumber;
use super::read::{Read, ReadInto, read, read_buf};
use super::read_exact::{ReadExact, read_exact};
use super::read_string::{ReadToString, read_to_string};
use super::read_to_end::{ReadToEnd, read_to_end};
use super::{Chain, Take, chain, take};
use crate::io::AsyncRead;
use bytes::BufMut;

/// The `read_<number>` methods, each from: its name, the type, its size in bytes, the decoder, and what it
/// reads in words.
macro_rules! read_numbers {
    ($($name:ident: $type:ty, $size:literal, $decode:ident, $words:literal;)*) => {$(
        #[doc = concat!("Reads ", $words, ".")]
        ///
        /// # Errors
        ///
        /// [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof) if the stream ends before the last byte of
        /// it, and whatever the reader says, except `Interrupted`.
        ///
        /// # Cancel safety
        ///
        #[doc = concat!("`", stringify!($name), "` is not cancel safe unless one byte is all: the bytes of ")]
        /// a number read in part are lost with the future.
        ///
        /// # Examples
        ///
        /// ```
        /// use heist::io::AsyncReadExt;
        ///
        /// # #[heist::main(flavor = "current_thread")]
        /// # async fn main() -> heist::io::Result<()> {
        #[doc = concat!("let bytes = [1u8; ", $size, "];")]
        #[doc = concat!("let number = (&bytes[..]).", stringify!($name), "().await?;")]
        #[doc = concat!("assert_eq!(number, ", stringify!($type), "::", stringify!($decode), "(bytes));")]
        /// # Ok(())
        /// # }
        /// ```
        fn $name(&mut self) -> ReadNumber<&mut Self, [u8; $size], $type>
        where
            Self: Unpin,
        {
            ReadNumber::new(self, <$type>::$decode)
        }
    )*};
}

/// Methods for every [`AsyncRead`].
///
/// They read from `&mut self`, so a reader that is not `Unpin` has to be pinned first, with
/// [`Box::pin`] or [`std::pin::pin`].
pub trait AsyncReadExt: AsyncRead {
    /// A reader that goes on with `next` where this one ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut text = String::new();
    /// (&b"head, "[..]).chain(&b"body"[..]).read_to_string(&mut text).await?;
    /// assert_eq!(text, "head, body");
    /// # Ok(())
    /// # }
    /// ```
    fn chain<R>(self, next: R) -> Chain<Self, R>
    where
        Self: Sized,
        R: AsyncRead,
    {
        chain::chain(self, next)
    }

    /// Reads once into `buf` and returns how many bytes came.
    ///
    /// It waits until there is at least one byte and returns what there is, which may be less than fits. 0
    /// is the end of the stream, or an empty `buf`.
    ///
    /// # Errors
    ///
    /// Whatever the reader says; no byte was read then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` wins, no byte was read.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut buf = [0; 16];
    /// let n = (&b"hello"[..]).read(&mut buf).await?;
    /// assert_eq!(&buf[..n], b"hello");
    /// # Ok(())
    /// # }
    /// ```
    fn read<'a>(&'a mut self, buf: &'a mut [u8]) -> Read<'a, Self>
    where
        Self: Unpin,
    {
        read(self, buf)
    }

    /// Reads once into the spare room of `buf`, without clearing it first, advances `buf` and returns how
    /// many bytes came.
    ///
    /// A `Vec<u8>` and a `BytesMut` grow by some bytes when they are full: reserve what one read shall
    /// bring. 0 is the end of the stream, or a buffer that is full and does not grow.
    ///
    /// # Errors
    ///
    /// Whatever the reader says; no byte was read then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` wins, no byte was read.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut reader: &[u8] = b"hello";
    /// let mut buf = Vec::with_capacity(1024);
    /// while reader.read_buf(&mut buf).await? > 0 {}
    /// assert_eq!(buf, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    fn read_buf<'a, B>(&'a mut self, buf: &'a mut B) -> ReadInto<'a, Self, B>
    where
        Self: Unpin,
        B: BufMut + ?Sized,
    {
        read_buf(self, buf)
    }

    /// Reads until `buf` is full, and returns its length.
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof) if the stream ends first, and whatever the
    /// reader says, except `Interrupted`. The front of `buf` holds what came, but not how much that was.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: bytes may be in `buf` already, and how many is lost with the future.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut head = [0; 4];
    /// (&b"head and body"[..]).read_exact(&mut head).await?;
    /// assert_eq!(&head, b"head");
    /// # Ok(())
    /// # }
    /// ```
    fn read_exact<'a>(&'a mut self, buf: &'a mut [u8]) -> ReadExact<'a, Self>
    where
        Self: Unpin,
    {
        read_exact(self, buf)
    }

    read_numbers! {
        read_u8: u8, 1, from_be_bytes, "an unsigned byte";
        read_i8: i8, 1, from_be_bytes, "a signed byte";
        read_u16: u16, 2, from_be_bytes, "an unsigned 16-bit integer, the high byte first";
        read_i16: i16, 2, from_be_bytes, "a signed 16-bit integer, the high byte first";
        read_u32: u32, 4, from_be_bytes, "an unsigned 32-bit integer, the high byte first";
        read_i32: i32, 4, from_be_bytes, "a signed 32-bit integer, the high byte first";
        read_u64: u64, 8, from_be_bytes, "an unsigned 64-bit integer, the high byte first";
        read_i64: i64, 8, from_be_bytes, "a signed 64-bit integer, the high byte first";
        read_u128: u128, 16, from_be_bytes, "an unsigned 128-bit integer, the high byte first";
        read_i128: i128, 16, from_be_bytes, "a signed 128-bit integer, the high byte first";
        read_f32: f32, 4, from_be_bytes, "a 32-bit float, the high byte first";
        read_f64: f64, 8, from_be_bytes, "a 64-bit float, the high byte first";
        read_u16_le: u16, 2, from_le_bytes, "an unsigned 16-bit integer, the low byte first";
        read_i16_le: i16, 2, from_le_bytes, "a signed 16-bit integer, the low byte first";
        read_u32_le: u32, 4, from_le_bytes, "an unsigned 32-bit integer, the low byte first";
        read_i32_le: i32, 4, from_le_bytes, "a signed 32-bit integer, the low byte first";
        read_u64_le: u64, 8, from_le_bytes, "an unsigned 64-bit integer, the low byte first";
        read_i64_le: i64, 8, from_le_bytes, "a signed 64-bit integer, the low byte first";
        read_u128_le: u128, 16, from_le_bytes, "an unsigned 128-bit integer, the low byte first";
        read_i128_le: i128, 16, from_le_bytes, "a signed 128-bit integer, the low byte first";
        read_f32_le: f32, 4, from_le_bytes, "a 32-bit float, the low byte first";
        read_f64_le: f64, 8, from_le_bytes, "a 64-bit float, the low byte first";
    }

    /// Reads to the end of the stream, appends it to `buf` and returns how many bytes came.
    ///
    /// It trusts the stream to end: [`take`](Self::take) limits one that may not. The vector grows as bytes
    /// come, and its spare capacity is read into without clearing it first.
    ///
    /// # Errors
    ///
    /// Whatever the reader says, except `Interrupted`; what came before is in `buf`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no bytes: what came is in `buf`, and another call appends the rest. The
    /// count then begins anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut buf = b"all: ".to_vec();
    /// assert_eq!((&b"hello"[..]).read_to_end(&mut buf).await?, 5);
    /// assert_eq!(buf, b"all: hello");
    /// # Ok(())
    /// # }
    /// ```
    fn read_to_end<'a>(&'a mut self, buf: &'a mut Vec<u8>) -> ReadToEnd<'a, Self>
    where
        Self: Unpin,
    {
        read_to_end(self, buf)
    }

    /// Reads to the end of the stream, appends it to `dst` and returns how many bytes came.
    ///
    /// # Errors
    ///
    /// [`InvalidData`](std::io::ErrorKind::InvalidData) if it is not UTF-8, and whatever the reader says,
    /// except `Interrupted`. `dst` is as it was then, and what was read is lost.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: what was read, and the text that was in `dst` before, are lost with the future.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut text = String::new();
    /// (&b"hello"[..]).read_to_string(&mut text).await?;
    /// assert_eq!(text, "hello");
    /// # Ok(())
    /// # }
    /// ```
    fn read_to_string<'a>(&'a mut self, dst: &'a mut String) -> ReadToString<'a, Self>
    where
        Self: Unpin,
    {
        read_to_string(self, dst)
    }

    /// A reader that ends after `limit` bytes, or where this one ends if that is earlier.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::AsyncReadExt;
    ///
    /// # #[heist::main(flavor = "current_thread")]
    /// # async fn main() -> heist::io::Result<()> {
    /// let mut text = String::new();
    /// (&b"hello"[..]).take(4).read_to_string(&mut text).await?;
    /// assert_eq!(text, "hell");
    /// # Ok(())
    /// # }
    /// ```
    fn take(self, limit: u64) -> Take<Self>
    where
        Self: Sized,
    {
        take::take(self, limit)
    }
}

impl<R: AsyncRead + ?Sized> AsyncReadExt for R {}
