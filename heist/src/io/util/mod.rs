//! The extension traits, and the futures and adaptors behind their methods.

mod async_buf_read_ext;
mod async_read_ext;
mod async_seek_ext;
mod async_write_ext;
mod buf_reader;
mod buf_stream;
mod buf_writer;
mod chain;
mod copy;
mod copy_bidirectional;
mod copy_buf;
mod duplex;
mod empty;
mod fill_buf;
mod find_byte;
mod finish;
mod lines;
mod numbers;
mod read;
mod read_exact;
mod read_string;
mod read_to_end;
mod read_until;
mod repeat;
mod seek;
mod sink;
mod split;
mod take;
mod write;
mod write_all;

pub use async_buf_read_ext::AsyncBufReadExt;
pub use async_read_ext::AsyncReadExt;
pub use async_seek_ext::AsyncSeekExt;
pub use async_write_ext::AsyncWriteExt;
pub use buf_reader::BufReader;
pub use buf_stream::BufStream;
pub use buf_writer::BufWriter;
pub use chain::Chain;
pub use copy::copy;
pub use copy_bidirectional::{copy_bidirectional, copy_bidirectional_with_sizes};
pub use copy_buf::copy_buf;
pub use duplex::{DuplexStream, SimplexStream, duplex, simplex};
pub use empty::{Empty, empty};
pub use lines::Lines;
pub use repeat::{Repeat, repeat};
pub use sink::{Sink, sink};
pub use split::Split;
pub use take::Take;

use heist_executor::coop;
use std::io;
use std::task::{Context, Poll, ready};

/// The buffer of the buffered types and the copies where no other size is asked for, in bytes; as std's.
const DEFAULT_BUF_SIZE: usize = 8 * 1024;

/// Spends a unit of the task's budget, for an operation that is always ready.
fn poll_spend(cx: &mut Context<'_>) -> Poll<()> {
    ready!(coop::poll_proceed(cx)).made_progress();
    Poll::Ready(())
}

/// Polls again as long as the outcome is `Interrupted`.
fn poll_uninterrupted<T>(mut poll: impl FnMut() -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
    loop {
        match poll() {
            Poll::Ready(Err(e)) if e.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// The writer has taken nothing of a buffer that was not empty.
#[cold]
fn write_zero() -> io::Error {
    io::Error::new(io::ErrorKind::WriteZero, "the writer takes no more bytes")
}

/// The stream has ended before as much was read as had to be.
#[cold]
fn unexpected_eof() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "early eof")
}
