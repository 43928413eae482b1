//! [`copy_buf`]: as `copy`, straight from the reader's own buffer.

use super::write_zero;
use crate::io::{AsyncBufRead, AsyncWrite};
use heist_executor::coop;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Copies everything from `reader`, which has a buffer, to `writer` and returns how many bytes that were.
///
/// As [`copy`](super::copy), but without a buffer in between, so the size of the writes is the size of the
/// reader's buffer.
///
/// # Errors
///
/// The first error of either side, except `Interrupted`; [`WriteZero`](io::ErrorKind::WriteZero) if the
/// writer takes no more.
///
/// # Cancel safety
///
/// Dropping the future loses no bytes: what was not written is still in the reader. The count is lost.
///
/// # Examples
///
/// ```
/// use heist::io::{self, BufReader};
///
/// # #[heist::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let mut reader = BufReader::new(&b"hello"[..]);
/// let mut writer = Vec::new();
/// assert_eq!(io::copy_buf(&mut reader, &mut writer).await?, 5);
/// # Ok(())
/// # }
/// ```
pub async fn copy_buf<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncBufRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut copied = 0;
    let mut unflushed = false;
    poll_fn(|cx| {
        poll_copy(
            cx,
            Pin::new(&mut *reader),
            Pin::new(&mut *writer),
            &mut copied,
            &mut unflushed,
        )
    })
    .await
}

fn poll_copy<R, W>(
    cx: &mut Context<'_>,
    mut reader: Pin<&mut R>,
    mut writer: Pin<&mut W>,
    copied: &mut u64,
    unflushed: &mut bool,
) -> Poll<io::Result<u64>>
where
    R: AsyncBufRead + ?Sized,
    W: AsyncWrite + ?Sized,
{
    loop {
        let unit = ready!(coop::poll_proceed(cx));
        let available = match reader.as_mut().poll_fill_buf(cx) {
            Poll::Ready(Err(e)) if e.kind() == io::ErrorKind::Interrupted => continue,
            Poll::Ready(available) => available?,
            Poll::Pending => {
                // The other side may need what sits in the writer before it answers.
                if *unflushed {
                    ready!(writer.as_mut().poll_flush(cx))?;
                    *unflushed = false;
                }
                return Poll::Pending;
            }
        };
        if available.is_empty() {
            ready!(writer.as_mut().poll_flush(cx))?;
            unit.made_progress();
            return Poll::Ready(Ok(*copied));
        }
        match ready!(writer.as_mut().poll_write(cx, available)) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Poll::Ready(Err(e)),
            Ok(0) => return Poll::Ready(Err(write_zero())),
            Ok(n) => {
                reader.as_mut().consume(n);
                *copied += n as u64;
                *unflushed = true;
                unit.made_progress();
            }
        }
    }
}
