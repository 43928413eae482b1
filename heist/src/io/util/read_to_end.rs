//! [`ReadToEnd`]: reads all that comes, behind the end of a vector.

use super::poll_uninterrupted;
use crate::io::AsyncRead;
use crate::io::read_buf::VecTail;
use pin_project_lite::pin_project;
use std::future::Future;
use std::io;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`AsyncReadExt::read_to_end`](crate::io::AsyncReadExt::read_to_end).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadToEnd<'a, R: ?Sized> {
        reader: &'a mut R,
        tail: VecTail<&'a mut Vec<u8>>,
        read: usize,
        #[pin]
        _pin: PhantomPinned,
    }
}

pub(super) fn read_to_end<'a, R: ?Sized>(reader: &'a mut R, vec: &'a mut Vec<u8>) -> ReadToEnd<'a, R> {
    ReadToEnd {
        reader,
        tail: VecTail::new(vec),
        read: 0,
        _pin: PhantomPinned,
    }
}

impl<R: AsyncRead + ?Sized + Unpin> Future for ReadToEnd<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.project();
        ready!(poll_to_end(Pin::new(&mut **me.reader), cx, me.tail, me.read))?;
        Poll::Ready(Ok(std::mem::take(me.read)))
    }
}

/// Reads to the end of the stream and adds to `read` what came, also when it fails.
pub(super) fn poll_to_end<R: AsyncRead + ?Sized, V: AsMut<Vec<u8>>>(
    mut reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    tail: &mut VecTail<V>,
    read: &mut usize,
) -> Poll<io::Result<()>> {
    loop {
        match ready!(poll_uninterrupted(|| tail.poll_read(reader.as_mut(), cx)))? {
            0 => return Poll::Ready(Ok(())),
            n => *read += n,
        }
    }
}
