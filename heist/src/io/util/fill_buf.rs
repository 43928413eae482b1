//! [`FillBuf`]: waits until there is something in the buffer and lends it.

use crate::io::AsyncBufRead;
use heist_executor::coop;
use pin_project_lite::pin_project;
use std::future::Future;
use std::io;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`AsyncBufReadExt::fill_buf`](crate::io::AsyncBufReadExt::fill_buf).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct FillBuf<'a, R: ?Sized> {
        // Taken on completion: the slice returned borrows the reader for as long as the future could.
        reader: Option<&'a mut R>,
        #[pin]
        _pin: PhantomPinned,
    }
}

pub(super) fn fill_buf<R: ?Sized>(reader: &mut R) -> FillBuf<'_, R> {
    FillBuf {
        reader: Some(reader),
        _pin: PhantomPinned,
    }
}

impl<'a, R: AsyncBufRead + ?Sized + Unpin> Future for FillBuf<'a, R> {
    type Output = io::Result<&'a [u8]>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.project();
        let reader = me
            .reader
            .as_mut()
            .expect("FillBuf polled after completion: await it once");
        let filled = ready!(Pin::new(&mut **reader).poll_fill_buf(cx)).map(|buf| !buf.is_empty());
        // The borrow checker lets no slice of this first call out together with the other outcomes. The
        // second call, on a reader given up for good, returns the same bytes: they are not consumed.
        match (filled, me.reader.take()) {
            (Ok(true), Some(reader)) => coop::unconstrained(|| Pin::new(reader).poll_fill_buf(cx)),
            (filled, _) => Poll::Ready(filled.map(|_| &[][..])),
        }
    }
}
