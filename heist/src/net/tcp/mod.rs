//! TCP: the listener, the stream and the halves of a split stream.

mod backoff;
mod listener;
mod options;
mod split;
mod split_owned;
mod stream;

pub use split::{ReadHalf, WriteHalf};
pub use split_owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};

pub(crate) use {listener::TcpListener, stream::TcpStream};
