//! [`UnixListenerStream`]: the connections of a Unix-domain listener.

use super::wrapper::wrapper;
use crate::net::{UnixListener, UnixStream};
use futures_core::Stream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

wrapper! {
    /// The connections that a [`UnixListener`] accepts, without end.
    ///
    /// An error, such as that descriptors have run out, is one item; the next poll accepts again.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use futures_util::StreamExt;
    /// use heist::stream::UnixListenerStream;
    ///
    /// # async fn example() -> std::io::Result<()> {
    /// let listener = heist::net::UnixListener::bind("/run/example.sock")?;
    /// let mut connections = UnixListenerStream::new(listener);
    /// while let Some(connection) = connections.next().await {
    ///     println!("from process {:?}", connection?.peer_cred()?.pid());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    UnixListenerStream around UnixListener
}

impl Stream for UnixListenerStream {
    type Item = io::Result<UnixStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner
            .poll_accept(cx)
            .map(|accepted| Some(accepted.map(|(stream, _)| stream)))
    }
}
