//! [`LinesStream`], [`SplitStream`]: the lines or segments of a reader.

use super::wrapper::conversions;
use crate::io::{AsyncBufRead, Lines, Split};
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The lines of a reader, until its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use heist::io::AsyncBufReadExt;
    /// use heist::stream::LinesStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// let mut lines = LinesStream::new((&b"one\r\ntwo"[..]).lines());
    /// assert_eq!(lines.next().await.transpose()?.as_deref(), Some("one"));
    /// assert_eq!(lines.next().await.transpose()?.as_deref(), Some("two"));
    /// assert!(lines.next().await.is_none());
    /// # Ok(()) })
    /// # }
    /// ```
    #[derive(Debug)]
    #[must_use = "streams do nothing unless they are polled"]
    pub struct LinesStream<R> {
        #[pin]
        inner: Lines<R>,
    }
}

pin_project! {
    /// The segments of a reader between delimiters, until its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use heist::io::AsyncBufReadExt;
    /// use heist::stream::SplitStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// let mut segments = SplitStream::new(AsyncBufReadExt::split(&b"a,b"[..], b','));
    /// assert_eq!(segments.next().await.transpose()?.as_deref(), Some(&b"a"[..]));
    /// assert_eq!(segments.next().await.transpose()?.as_deref(), Some(&b"b"[..]));
    /// assert!(segments.next().await.is_none());
    /// # Ok(()) })
    /// # }
    /// ```
    #[derive(Debug)]
    #[must_use = "streams do nothing unless they are polled"]
    pub struct SplitStream<R> {
        #[pin]
        inner: Split<R>,
    }
}

macro_rules! around_reader {
    ($name:ident around $inner:ident, $item:ty, $poll:ident) => {
        impl<R> $name<R> {
            /// Wraps it.
            pub fn new(inner: $inner<R>) -> Self {
                Self { inner }
            }

            /// What was wrapped. Nothing is lost, not even what was read in part.
            pub fn into_inner(self) -> $inner<R> {
                self.inner
            }

            /// What is wrapped, pinned.
            pub fn as_pin_mut(self: Pin<&mut Self>) -> Pin<&mut $inner<R>> {
                self.project().inner
            }
        }

        impl<R: AsyncBufRead> Stream for $name<R> {
            type Item = io::Result<$item>;

            fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
                self.project().inner.$poll(cx).map(Result::transpose)
            }
        }

        conversions!($name<R> around $inner<R>);
    };
}

around_reader!(LinesStream around Lines, String, poll_next_line);
around_reader!(SplitStream around Split, Vec<u8>, poll_next_segment);
