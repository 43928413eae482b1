//! TCP: the socket to set up, the listener, the stream and the halves of a split stream.

mod connect;
pub(super) mod listener;
pub(super) mod options;
pub(super) mod socket;
mod socket_fd;
mod socket_options;
mod split;
mod split_owned;
pub(super) mod stream;

use listener::TcpListener;
pub use split::{ReadHalf, WriteHalf};
pub use split_owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
use stream::TcpStream;
