//! [`ReadDirStream`]: the entries of a directory.

use super::wrapper::wrapper;
use crate::fs::{DirEntry, ReadDir};
use futures_core::Stream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

wrapper! {
    /// The entries of a directory, in the order in which the system gives them.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use futures_util::StreamExt;
    /// use heist::stream::ReadDirStream;
    ///
    /// # async fn example() -> std::io::Result<()> {
    /// let mut entries = ReadDirStream::new(heist::fs::read_dir(".").await?);
    /// while let Some(entry) = entries.next().await {
    ///     println!("{}", entry?.path().display());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ReadDirStream around ReadDir
}

impl Stream for ReadDirStream {
    type Item = io::Result<DirEntry>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().inner.poll_next_entry(cx).map(Result::transpose)
    }
}
