//! [`AsyncSeek`]: a stream with a position that can be moved.

use std::io::{self, Seek, SeekFrom};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Moves the position of a stream in two steps: start, then wait for the outcome.
///
/// It is to [`std::io::Seek`] what `AsyncRead` is to `Read`. The methods that are nice to call are in
/// [`AsyncSeekExt`](super::AsyncSeekExt).
pub trait AsyncSeek {
    /// Starts to move the position; [`poll_complete`](Self::poll_complete) tells the outcome.
    ///
    /// # Errors
    ///
    /// If another operation is still in progress (complete it first), or whatever the stream says at once.
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()>;

    /// Waits for the seek in progress and returns the position, in bytes from the start of the stream.
    ///
    /// With no seek in progress it returns the position at once, or 0 if the stream cannot tell.
    ///
    /// # Errors
    ///
    /// Whatever the stream says, among it that the position would lie before the start.
    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>>;
}

macro_rules! seek_through_deref {
    () => {
        fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
            Pin::new(&mut **self).start_seek(position)
        }

        fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
            Pin::new(&mut **self).poll_complete(cx)
        }
    };
}

impl<T: ?Sized + AsyncSeek + Unpin> AsyncSeek for Box<T> {
    seek_through_deref!();
}

impl<T: ?Sized + AsyncSeek + Unpin> AsyncSeek for &mut T {
    seek_through_deref!();
}

impl<P> AsyncSeek for Pin<P>
where
    P: DerefMut,
    P::Target: AsyncSeek,
{
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        self.as_deref_mut().start_seek(position)
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        self.as_deref_mut().poll_complete(cx)
    }
}

/// Moves at once.
impl<T: AsRef<[u8]> + Unpin> AsyncSeek for io::Cursor<T> {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        self.seek(position).map(drop)
    }

    fn poll_complete(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.position()))
    }
}
