//! [`StreamWriter`]: writes that do not wait, and a wait for those who write too fast.
//!
//! Deliberately absent: `get_extra_info(name)`, whose answers are methods here: [`StreamWriter::peername`],
//! [`StreamWriter::sockname`], [`StreamWriter::socket`].

use std::fmt;
use std::io::{self, IoSlice};

use heist_primitive::sync::StdArc as Arc;

use super::connection::{Connection, Phase};
use super::socket::{Endpoint, StreamSocket};
use crate::io::AsyncWrite;
use crate::task::consume_budget;

/// The writing end of a connection. `asyncio.StreamWriter`.
///
/// [`write`](Self::write) sends what the kernel takes at once and keeps the rest, which a task of the runtime sends as
/// soon as it can; so all of it goes out, though nobody waits for it. Who writes much calls [`drain`](Self::drain)
/// between, which waits while more than 64 KiB are kept, until there are 16 KiB.
///
/// Several tasks may share one in an `Arc`; what each writes in one call stays together.
///
/// **Dropping it closes the connection**, after what was written has been sent. So `let (reader, _) = …` closes it at
/// once: give it a name.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// use heist::aio::{open_connection, start_server};
///
/// let server = start_server(
///     async |mut reader, writer| {
///         let name = reader.readline().await?;
///         writer.write(b"hello ");
///         writer.write(&name);
///         writer.drain().await
///     },
///     "127.0.0.1:0",
/// )
/// .await?;
///
/// let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await?;
/// writer.write(b"Ada\n");
/// assert_eq!(reader.read_to_end().await?, b"hello Ada\n");
/// # Ok(()) })
/// # }
/// ```
pub struct StreamWriter {
    connection: Arc<Connection>,
    ends: Ends,
}

/// The names of both ends, as they were in the beginning.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    pub(super) peername: Option<Endpoint>,
    pub(super) sockname: Option<Endpoint>,
}

impl StreamWriter {
    /// Makes a writer from any stream.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn new(stream: impl AsyncWrite + Send + Unpin + 'static) -> Self {
        Self::of(
            Connection::new(None, Some(Box::new(stream)), None),
            Ends::default(),
        )
    }

    pub(super) fn of(connection: Arc<Connection>, ends: Ends) -> Self {
        Self { connection, ends }
    }

    /// Sends `data`, without waiting: at once as far as the kernel takes it, the rest later, in order.
    ///
    /// After [`close`](Self::close), or when the connection was lost, it is dropped: [`drain`](Self::drain) says so.
    ///
    /// # Panics
    ///
    /// After [`write_eof`](Self::write_eof).
    #[track_caller]
    pub fn write(&self, data: impl AsRef<[u8]>) {
        self.send(&[IoSlice::new(data.as_ref())]);
    }

    /// [`write`](Self::write) of one after the other, in one system call if possible. It puts nothing between them.
    ///
    /// # Panics
    ///
    /// After [`write_eof`](Self::write_eof).
    #[track_caller]
    pub fn writelines<D: AsRef<[u8]>>(&self, data: impl IntoIterator<Item = D>) {
        let data: Vec<D> = data.into_iter().collect();
        let parts: Vec<_> = data.iter().map(|part| IoSlice::new(part.as_ref())).collect();
        self.send(&parts);
    }

    #[track_caller]
    fn send(&self, parts: &[IoSlice<'_>]) {
        let open = self.connection.write(parts);
        assert!(
            open,
            "write after write_eof: the peer has been told that nothing follows"
        );
    }

    /// Waits, if more is kept than the high mark allows, until there is no more than the low mark. To be called between
    /// writes: it is how a fast writer is held up by a slow reader.
    ///
    /// # Errors
    ///
    /// The connection was lost, or is closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: what was written is sent all the same.
    pub async fn drain(&self) -> io::Result<()> {
        consume_budget().await;
        self.connection.drain().await
    }

    /// Tells the peer, after what was written has been sent, that nothing follows. Reading goes on.
    ///
    /// Where there is only this direction, as with the input of a subprocess, it is the same as
    /// [`close`](Self::close).
    pub fn write_eof(&self) {
        self.connection.write_eof();
    }

    /// Whether [`write_eof`](Self::write_eof) works: always. With TLS too, where asyncio cannot.
    pub fn can_write_eof(&self) -> bool {
        true
    }

    /// Closes the connection, both directions, after what was written has been sent. It does not wait;
    /// [`wait_closed`](Self::wait_closed) does.
    pub fn close(&self) {
        self.connection.close();
    }

    /// Closes the connection at once. What has not been sent is dropped.
    pub fn abort(&self) {
        self.connection.finish(None);
    }

    /// Whether it is closed, about to be, or lost.
    pub fn is_closing(&self) -> bool {
        matches!(self.connection.phase(), Phase::Closing | Phase::Closed)
    }

    /// Waits until the connection is closed: by [`close`](Self::close), which it does not call, or because it was lost.
    ///
    /// # Errors
    ///
    /// What it was lost with.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn wait_closed(&self) -> io::Result<()> {
        self.connection.wait_closed().await
    }

    /// Sets the marks of [`drain`](Self::drain), in bytes: it waits if more than `high` are kept, until there are `low`.
    /// With `high` at 0 it waits until everything is sent.
    ///
    /// # Panics
    ///
    /// If `low` exceeds `high`.
    #[track_caller]
    pub fn set_write_buffer_limits(&self, high: usize, low: usize) {
        assert!(
            low <= high,
            "the low mark ({low}) exceeds the high one ({high}): exchange them"
        );
        self.connection.set_limits(high, low);
    }

    /// The high and the low mark, in bytes.
    pub fn get_write_buffer_limits(&self) -> (usize, usize) {
        self.connection.limits()
    }

    /// How many bytes are kept, to be sent.
    pub fn get_write_buffer_size(&self) -> usize {
        self.connection.size()
    }

    /// The address of the peer: `get_extra_info("peername")`. `None` if it is no socket.
    pub fn peername(&self) -> Option<Endpoint> {
        self.ends.peername.clone()
    }

    /// The address of this end: `get_extra_info("sockname")`. `None` if it is no socket.
    pub fn sockname(&self) -> Option<Endpoint> {
        self.ends.sockname.clone()
    }

    /// The socket: `get_extra_info("socket")`. `None` if there is none, or not any more.
    pub fn socket(&self) -> Option<StreamSocket> {
        self.connection.socket().map(StreamSocket)
    }

    /// For an upgrade to TLS.
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        self.connection.close();
    }
}

impl fmt::Debug for StreamWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamWriter")
            .field("peername", &self.ends.peername)
            .field("state", &self.connection.phase())
            .field("kept", &self.connection.size())
            .finish_non_exhaustive()
    }
}
