//! [`ReadLine`] and [`ReadToString`]: the readers whose bytes must turn out to be UTF-8.
//!
//! Both take the string's allocation as a vector, read behind its end, and check once, when all is read.
//!
//! Invariant I1: between the first poll and completion the bytes of the string are in the future and the
//! string is empty; on completion, with success or not, the string gets its own text back.

use super::read_to_end::poll_to_end;
use super::read_until::poll_until;
use crate::io::read_buf::VecTail;
use crate::io::{AsyncBufRead, AsyncRead};
use pin_project_lite::pin_project;
use std::future::Future;
use std::io;
use std::marker::PhantomPinned;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`AsyncBufReadExt::read_line`](crate::io::AsyncBufReadExt::read_line).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadLine<'a, R: ?Sized> {
        reader: &'a mut R,
        output: &'a mut String,
        bytes: Vec<u8>,
        read: usize,
        #[pin]
        _pin: PhantomPinned,
    }
}

pub(super) fn read_line<'a, R: ?Sized>(reader: &'a mut R, output: &'a mut String) -> ReadLine<'a, R> {
    let bytes = mem::take(output).into_bytes();
    ReadLine {
        reader,
        output,
        bytes,
        read: 0,
        _pin: PhantomPinned,
    }
}

impl<R: AsyncBufRead + ?Sized + Unpin> Future for ReadLine<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.project();
        let outcome = ready!(poll_until(
            Pin::new(&mut **me.reader),
            cx,
            b'\n',
            me.bytes,
            me.read
        ));
        // After an error in the stream the text before it stays.
        let keep_on_error = true;
        Poll::Ready(finish(
            outcome,
            me.output,
            mem::take(me.bytes),
            mem::take(me.read),
            keep_on_error,
        ))
    }
}

pin_project! {
    /// The future of [`AsyncReadExt::read_to_string`](crate::io::AsyncReadExt::read_to_string).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadToString<'a, R: ?Sized> {
        reader: &'a mut R,
        output: &'a mut String,
        tail: VecTail<Vec<u8>>,
        read: usize,
        #[pin]
        _pin: PhantomPinned,
    }
}

pub(super) fn read_to_string<'a, R: ?Sized>(
    reader: &'a mut R,
    output: &'a mut String,
) -> ReadToString<'a, R> {
    let tail = VecTail::new(mem::take(output).into_bytes());
    ReadToString {
        reader,
        output,
        tail,
        read: 0,
        _pin: PhantomPinned,
    }
}

impl<R: AsyncRead + ?Sized + Unpin> Future for ReadToString<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.project();
        let outcome = ready!(poll_to_end(Pin::new(&mut **me.reader), cx, me.tail, me.read));
        let keep_on_error = false;
        Poll::Ready(finish(
            outcome,
            me.output,
            me.tail.take(),
            mem::take(me.read),
            keep_on_error,
        ))
    }
}

/// Gives `bytes`, of which the last `read` are new, back to `output`, without the new ones if they are
/// not UTF-8, or if the stream failed and they are not to be kept.
fn finish(
    outcome: io::Result<()>,
    output: &mut String,
    bytes: Vec<u8>,
    read: usize,
    keep_on_error: bool,
) -> io::Result<usize> {
    let old = bytes.len() - read;
    match String::from_utf8(bytes) {
        Ok(text) => {
            *output = text;
            if outcome.is_err() && !keep_on_error {
                output.truncate(old);
            }
            outcome.map(|()| read)
        }
        Err(not_utf8) => {
            let error = not_utf8.utf8_error();
            let mut bytes = not_utf8.into_bytes();
            bytes.truncate(old);
            *output = String::from_utf8(bytes).unwrap_or_default();
            outcome.and(Err(io::Error::new(io::ErrorKind::InvalidData, error)))
        }
    }
}
