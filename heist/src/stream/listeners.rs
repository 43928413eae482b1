//! [`TcpListenerStream`]: the connections of a listener.

use super::wrapper::wrapper;
use crate::net::{TcpListener, TcpStream};
use futures_core::Stream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

wrapper! {
    /// The connections that a [`TcpListener`] accepts, without end. A connection knows where it comes from:
    /// [`TcpStream::peer_addr`].
    ///
    /// An error, such as that descriptors have run out, is one item; the next poll accepts again.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use futures_util::StreamExt;
    /// use heist::stream::TcpListenerStream;
    ///
    /// # async fn example() -> std::io::Result<()> {
    /// let listener = heist::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// let mut connections = TcpListenerStream::new(listener);
    /// while let Some(connection) = connections.next().await {
    ///     println!("from {}", connection?.peer_addr()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    TcpListenerStream around TcpListener
}

impl Stream for TcpListenerStream {
    type Item = io::Result<TcpStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner
            .poll_accept(cx)
            .map(|accepted| Some(accepted.map(|(stream, _)| stream)))
    }
}
