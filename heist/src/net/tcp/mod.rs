//! TCP: the listener, the stream and the halves of a split stream.

pub(super) mod listener;
pub(super) mod options;
mod split;
mod split_owned;
pub(super) mod stream;

pub use split::{ReadHalf, WriteHalf};
pub use split_owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
