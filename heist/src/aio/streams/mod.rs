//! Streams: connections as a reader and a writer, servers that call back for each, on TCP, Unix-domain sockets and TLS.
//!
//! ```text
//!   open_connection ──┐                       ┌─► StreamReader ──┐
//!   start_server ─────┼─► socket.rs ──► pair ─┤                  ├─► connection.rs: both halves, what is to be sent
//!   subprocess, new ──┘        ▲              └─► StreamWriter ──┘         ▲
//!                              │                       │ start_tls         │ line.rs: the writing half
//!                              └── unix.rs             └──► tls.rs ────────┘
//! ```
//!
//! Invariants
//!
//! - I1: everything above `connection.rs` knows halves as boxed `AsyncRead` and `AsyncWrite` only; so sockets, pipes, TLS
//!   and what users bring behave alike.
//!
//! Deliberately absent: `StreamReaderProtocol`, the bridge to protocols: here streams do not stand on these.

mod connection;
mod error;
mod line;
mod loss;
mod open;
mod reader;
mod server;
mod server_options;
mod socket;
mod until;
mod writer;

#[cfg(not(feature = "tls"))]
mod no_tls;
#[cfg(not(feature = "tls"))]
use no_tls as tls;
#[cfg(feature = "tls")]
mod tls;
#[cfg(unix)]
mod unix;

pub use self::error::{IncompleteReadError, LimitOverrunError, StreamError};
pub use self::open::{ConnectionOptions, open_connection};
pub use self::reader::{StreamLines, StreamReader};
pub use self::server::{ConnectionResult, Server};
pub use self::server_options::{ServerOptions, start_server};
pub use self::socket::{Endpoint, StreamSocket};
#[cfg(feature = "tls")]
pub use self::tls::TlsInfo;
#[cfg(unix)]
pub use self::unix::{open_unix_connection, start_unix_server};
pub use self::until::Separators;
pub use self::writer::StreamWriter;

use self::connection::Connection;
use self::socket::{Socket, SocketIo};
use self::writer::Ends;
use crate::io::{AsyncRead, AsyncWrite};
use heist_primitive::sync::StdArc as Arc;

impl StreamWriter {
    /// Makes a reader and a writer from any stream that is both, such as [`duplex`](crate::io::duplex).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    ///
    /// ```
    /// # heist::runtime::Runtime::new().unwrap().block_on(async {
    /// use heist::aio::StreamWriter;
    ///
    /// let (here, there) = heist::io::duplex(64);
    /// let (_reader, writer) = StreamWriter::pair(here);
    /// let (mut reader, _writer) = StreamWriter::pair(there);
    /// writer.write(b"ping\n");
    /// assert_eq!(reader.readline().await.unwrap(), b"ping\n");
    /// # });
    /// ```
    #[track_caller]
    pub fn pair(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> (StreamReader, StreamWriter) {
        let (read, write) = crate::io::split(stream);
        let connection = Connection::new(Some(Box::new(read)), Some(Box::new(write)), None);
        (
            StreamReader::of(connection.clone(), reader::LIMIT),
            StreamWriter::of(connection, Ends::default()),
        )
    }
}

/// Reader and writer on a connected socket.
fn of_socket(socket: Arc<dyn Socket>, limit: usize) -> (StreamReader, StreamWriter) {
    let ends = Ends {
        peername: socket.peername(),
        sockname: socket.sockname(),
    };
    let read = Box::new(SocketIo(socket.clone()));
    let write = Box::new(SocketIo(socket.clone()));
    let connection = Connection::new(Some(read), Some(write), Some(socket));
    (
        StreamReader::of(connection.clone(), limit),
        StreamWriter::of(connection, ends),
    )
}
