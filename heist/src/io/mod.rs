//! Asynchronous reading and writing: the traits, their extension methods, buffers and adaptors.
//!
//! | to do | use |
//! |---|---|
//! | read from a stream | [`AsyncRead`], [`ReadBuf`] |
//! | write to one | [`AsyncWrite`] |
//! | read by the line, or up to a byte | [`AsyncBufRead`] |
//! | move the position | [`AsyncSeek`] |
//!
//! std's [`Error`], [`ErrorKind`], [`Result`] and [`SeekFrom`] are here too, so that one `use heist::io` is
//! enough.

mod async_buf_read;
mod async_read;
mod async_seek;
mod async_write;
mod read_buf;

pub use async_buf_read::AsyncBufRead;
pub use async_read::AsyncRead;
pub use async_seek::AsyncSeek;
pub use async_write::AsyncWrite;
pub use read_buf::ReadBuf;
#[allow(unused_imports)]
pub(crate) use read_buf::recv_into;

#[doc(no_inline)]
pub use std::io::{Error, ErrorKind, Result, SeekFrom};
