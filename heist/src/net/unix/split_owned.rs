//! The halves that [`UnixStream::into_split`] makes, for two tasks: see `net/halves.rs`.

use super::SocketAddr;
use super::stream::UnixStream;
use crate::net::halves::owned_halves;

owned_halves!(UnixStream, SocketAddr);
