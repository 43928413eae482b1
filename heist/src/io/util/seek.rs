//! [`Seek`]: moves the position and waits for the outcome.

use crate::io::AsyncSeek;
use pin_project_lite::pin_project;
use std::future::Future;
use std::io::{self, SeekFrom};
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`AsyncSeekExt::seek`](crate::io::AsyncSeekExt::seek).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Seek<'a, S: ?Sized> {
        stream: &'a mut S,
        // Not started yet.
        target: Option<SeekFrom>,
        #[pin]
        _pin: PhantomPinned,
    }
}

pub(super) fn seek<S: ?Sized>(stream: &mut S, target: SeekFrom) -> Seek<'_, S> {
    Seek {
        stream,
        target: Some(target),
        _pin: PhantomPinned,
    }
}

impl<S: AsyncSeek + ?Sized + Unpin> Future for Seek<'_, S> {
    type Output = io::Result<u64>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.project();
        let mut stream = Pin::new(&mut **me.stream);
        if let Some(target) = *me.target {
            // A seek of before, given up half-way, has to end first.
            ready!(stream.as_mut().poll_complete(cx))?;
            stream.as_mut().start_seek(target)?;
            *me.target = None;
        }
        stream.poll_complete(cx)
    }
}
