//! The halves that [`UnixStream::split`] lends: see `net/halves.rs`.

use super::SocketAddr;
use super::stream::UnixStream;
use crate::net::halves::lent_halves;

lent_halves!(UnixStream, SocketAddr);
