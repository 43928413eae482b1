//! [`IntervalStream`]: the ticks of an interval.

use super::wrapper::wrapper;
use crate::time::{Instant, Interval};
use futures_core::Stream;
use futures_core::stream::FusedStream;
use std::pin::Pin;
use std::task::{Context, Poll};

wrapper! {
    /// The ticks of an [`Interval`], which never end. The items are the instants at which they were due.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use heist::stream::IntervalStream;
    /// use heist::time::{Duration, interval};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// let ticks = IntervalStream::new(interval(Duration::from_millis(1)));
    /// let ticks: Vec<_> = ticks.take(3).collect().await;
    /// assert_eq!(ticks[2] - ticks[0], Duration::from_millis(2));
    /// # Ok(()) })
    /// # }
    /// ```
    IntervalStream around Interval
}

impl Stream for IntervalStream {
    type Item = Instant;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.get_mut().inner.poll_tick(cx).map(Some)
    }

    /// Without end.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl FusedStream for IntervalStream {
    fn is_terminated(&self) -> bool {
        false
    }
}
