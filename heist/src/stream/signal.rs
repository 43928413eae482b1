//! [`SignalStream`]: the arrivals of a signal.

use super::wrapper::wrapper;
use crate::signal::unix::Signal;
use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

wrapper! {
    /// An item whenever the signal of a [`Signal`] has arrived, without end. Several arrivals between two polls are one
    /// item.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use futures_util::StreamExt;
    /// use heist::signal::unix::{SignalKind, signal};
    /// use heist::stream::SignalStream;
    ///
    /// # async fn example() -> std::io::Result<()> {
    /// let mut hangups = SignalStream::new(signal(SignalKind::hangup())?);
    /// while let Some(()) = hangups.next().await {
    ///     println!("read the configuration again");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    SignalStream around Signal
}

impl Stream for SignalStream {
    type Item = ();

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.get_mut().inner.poll_recv(cx)
    }
}
