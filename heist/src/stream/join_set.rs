//! [`JoinSetStream`]: the outputs of a set of tasks.

use super::wrapper::wrapper;
use crate::task::{JoinError, JoinSet};
use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

wrapper! {
    /// The outputs of the tasks of a [`JoinSet`], in the order in which they finish, until the set is empty.
    ///
    /// Dropping the stream drops the set, which aborts the tasks that are left.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use heist::stream::JoinSetStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # heist::runtime::Runtime::new()?.block_on(async {
    /// let tasks: heist::task::JoinSet<u32> = (1..=3).map(|n| async move { n * n }).collect();
    /// let sum = JoinSetStream::new(tasks).fold(0, async |sum, square| sum + square.unwrap()).await;
    /// assert_eq!(sum, 14);
    /// # Ok(()) })
    /// # }
    /// ```
    JoinSetStream<T> around JoinSet<T>
}

impl<T: 'static> Stream for JoinSetStream<T> {
    type Item = Result<T, JoinError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().inner.poll_join_next(cx)
    }

    /// One item for each task in the set.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.inner.len(), Some(self.inner.len()))
    }
}
