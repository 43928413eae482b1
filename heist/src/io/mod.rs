//! Asynchronous reading and writing: the traits, their extension methods, buffers and adaptors.
//!
//! | to do | use |
//! |---|---|
//! | read from a stream | [`AsyncReadExt`]: `read`, `read_exact`, `read_to_end`, `read_u32` … |
//! | write to one | [`AsyncWriteExt`]: `write_all`, `write_buf`, `flush`, `shutdown` … |
//! | read by the line, or up to a byte | [`BufReader`] with [`AsyncBufReadExt`] |
//! | make small writes cheap | [`BufWriter`], and [`BufStream`] for both directions |
//! | move the position | [`AsyncSeekExt`] |
//! | pass bytes on | [`copy()`], [`copy_buf`], [`copy_bidirectional`] |
//! | use one stream from two tasks | [`split()`], put together again by [`ReadHalf::unsplit`] |
//! | test without a network | [`duplex`], [`simplex`], [`empty`], [`sink`], [`repeat`] |
//! | use the standard streams of the process | [`stdin`], [`stdout`], [`stderr`] |
//! | wait for a socket to be readable or writable | [`Interest`], [`Ready`] |
//! | wait for any other descriptor | `unix::AsyncFd` (Unix only) |
//! | make a stream of one's own | [`AsyncRead`] with [`ReadBuf`], [`AsyncWrite`], [`AsyncBufRead`], [`AsyncSeek`] |
//!
//! What a dropped future does to the bytes is written at each method, under *Cancel safety*.
//!
//! std's [`Error`], [`ErrorKind`], [`Result`] and [`SeekFrom`] are here too, so that one `use heist::io` is
//! enough.

pub(crate) mod ahead;
mod async_buf_read;
#[cfg(unix)]
mod async_fd;
mod async_read;
mod async_seek;
mod async_write;
pub(crate) mod blocking;
mod join;
mod read_buf;
mod split;
mod stdio;
#[cfg(unix)]
pub mod unix;
mod util;

pub use async_buf_read::AsyncBufRead;
pub use async_read::AsyncRead;
pub use async_seek::AsyncSeek;
pub use async_write::AsyncWrite;
pub use join::{Join, join};
pub use read_buf::ReadBuf;
#[cfg(feature = "tokio")]
pub(crate) use read_buf::poll_read_checked;
#[cfg(feature = "hyper")]
pub(crate) use read_buf::poll_read_uninit;
pub(crate) use read_buf::{
    internet_address, peek_from_into, peek_into, poll_read_buf_mut, recv_buf_from_into, recv_buf_into,
    recv_from_into, recv_into,
};
#[cfg(unix)]
pub(crate) use read_buf::{receive_buf_mut, recv_from_unix};
pub use split::{ReadHalf, WriteHalf, split};
pub use stdio::{Stderr, Stdin, Stdout, stderr, stdin, stdout};
pub use util::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufStream, BufWriter, Chain,
    DuplexStream, Empty, Lines, Repeat, SimplexStream, Sink, Split, Take, copy, copy_bidirectional,
    copy_bidirectional_with_sizes, copy_buf, duplex, empty, repeat, simplex, sink,
};

pub use heist_reactor::{Interest, Ready};

#[doc(no_inline)]
pub use std::io::{Error, ErrorKind, Result, SeekFrom};
