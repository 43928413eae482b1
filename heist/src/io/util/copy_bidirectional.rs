//! [`copy_bidirectional`]: both directions between two streams, as a proxy does.

use super::DEFAULT_BUF_SIZE;
use super::copy::Copying;
use crate::io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Copies from `a` to `b` and from `b` to `a` at the same time until both have ended, and returns how many
/// bytes went each way: `(a to b, b to a)`.
///
/// When one stream ends, the other one is shut down for writing, which is how a half-closed connection is
/// passed on; the other direction goes on. Each direction has a buffer of 8 KiB.
///
/// # Errors
///
/// The first error of either stream in either direction ends both. Neither stream is shut down by it.
///
/// # Cancel safety
///
/// Not cancel safe: bytes read and not yet written are lost with the future.
///
/// # Examples
///
/// ```
/// use heist::io::{self, AsyncReadExt, AsyncWriteExt};
///
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let (mut client, mut front) = io::duplex(64);
/// let (mut back, mut server) = io::duplex(64);
/// client.write_all(b"ping").await?;
/// client.shutdown().await?;
/// server.write_all(b"answer").await?;
/// server.shutdown().await?;
///
/// assert_eq!(io::copy_bidirectional(&mut front, &mut back).await?, (4, 6));
///
/// let mut answer = String::new();
/// client.read_to_string(&mut answer).await?;
/// assert_eq!(answer, "answer");
/// # Ok(())
/// # }
/// ```
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    copy_bidirectional_with_sizes(a, b, DEFAULT_BUF_SIZE, DEFAULT_BUF_SIZE).await
}

/// As [`copy_bidirectional`], with the sizes of the two buffers in bytes.
///
/// # Errors
///
/// As `copy_bidirectional`.
///
/// # Panics
///
/// If a size is 0.
///
/// # Cancel safety
///
/// Not cancel safe, as `copy_bidirectional`.
pub async fn copy_bidirectional_with_sizes<A, B>(
    a: &mut A,
    b: &mut B,
    a_to_b_buf_size: usize,
    b_to_a_buf_size: usize,
) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    assert!(a_to_b_buf_size > 0, "`a_to_b_buf_size` must be greater than 0");
    assert!(b_to_a_buf_size > 0, "`b_to_a_buf_size` must be greater than 0");
    let mut a_to_b = Direction::Copying(Copying::new(a_to_b_buf_size));
    let mut b_to_a = Direction::Copying(Copying::new(b_to_a_buf_size));
    poll_fn(|cx| {
        // Both are polled each time: one that waits must not hold up the other.
        let a_to_b = a_to_b.poll(cx, Pin::new(&mut *a), Pin::new(&mut *b))?;
        let b_to_a = b_to_a.poll(cx, Pin::new(&mut *b), Pin::new(&mut *a))?;
        Poll::Ready(Ok((ready!(a_to_b), ready!(b_to_a))))
    })
    .await
}

/// One direction: `Copying` until the reader ends, `Closing` until the writer is shut down, `Closed`.
#[derive(Debug)]
enum Direction {
    Copying(Copying),
    Closing(u64),
    Closed(u64),
}

impl Direction {
    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        loop {
            *self = match self {
                Direction::Copying(copying) => {
                    Direction::Closing(ready!(copying.poll(cx, reader.as_mut(), writer.as_mut()))?)
                }
                Direction::Closing(copied) => {
                    ready!(writer.as_mut().poll_shutdown(cx))?;
                    Direction::Closed(*copied)
                }
                Direction::Closed(copied) => return Poll::Ready(Ok(*copied)),
            };
        }
    }
}
