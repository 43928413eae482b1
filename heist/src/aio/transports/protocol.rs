//! [`Protocol`] and [`BufferedProtocol`]: what is called when something happens on a connection; and the one form in
//! which the driver has either.
//!
//! ```text
//!   Protocol<T> ────────┐  ByData                        ┌─ connection_made(T)
//!                       ├──────────► Box<dyn Handler> ───┼─ read(wire): data_received, or get_buffer and buffer_updated
//!   BufferedProtocol<T>─┘  ByBuffer                      └─ …
//! ```
//!
//! Invariants
//!
//! - I1: `T`, the kind of transport, is known to the adapter only, so the driver is one for all kinds.
//! - I2: the memory that data is read into belongs to the thread and is out of its place while a callback sees it. A
//!   callback that runs another driver on this thread makes that one allocate; it never sees its bytes overwritten.
//!
//! Deliberately absent: a common super-trait. Each protocol is one `impl`.

use std::cell::Cell;
use std::io;
use std::marker::PhantomData;

use heist_primitive::sync::StdArc as Arc;

use super::shared::Shared;
use super::transport::{FromShared, Transport};
use super::wire::Wire;

/// How much is read at once, in bytes.
const AT_ONCE: usize = 64 * 1024;

heist_primitive::thread_local! {
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// What is called on a connection whose bytes are handed over as they come. `asyncio.Protocol`.
///
/// The calls come from one task, one after the other: `connection_made` once; `data_received` any number of times;
/// `eof_received` at most once, and no data after it; `connection_lost` once, and nothing after it. In between,
/// `pause_writing` and `resume_writing` alternate.
///
/// They must not block. A call that panics ends the connection: `connection_lost` gets an error, and the panic is that of
/// the connection's task. When the runtime shuts down, the protocol is dropped without a further call.
///
/// `T` is the kind of transport: [`Transport`] for sockets, [`ReadTransport`](super::ReadTransport) and
/// [`WriteTransport`](super::WriteTransport) for pipes.
///
/// ```
/// use heist::aio::{Protocol, Transport, create_server};
///
/// #[derive(Default)]
/// struct Echo(Option<Transport>);
///
/// impl Protocol for Echo {
///     fn connection_made(&mut self, transport: Transport) {
///         self.0 = Some(transport);
///     }
///     fn data_received(&mut self, data: &[u8]) {
///         self.0.as_ref().expect("connected").write(data);
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let server = create_server(Echo::default, "127.0.0.1:0").await?;
/// println!("serving on {:?}", server.sockets());
/// server.close();
/// server.wait_closed().await;
/// # Ok(()) })
/// # }
/// ```
pub trait Protocol<T = Transport>: Send + 'static {
    /// The connection is there, and `transport` is what to write to it with. The first call.
    fn connection_made(&mut self, transport: T) {
        drop(transport);
    }

    /// Bytes have come, at least one. How they are cut has nothing to do with how they were sent.
    fn data_received(&mut self, data: &[u8]) {
        let _ = data;
    }

    /// The peer will send no more. `true` keeps the connection open for writing, until it is closed here; `false`, the
    /// default, closes it. A pipe is closed in any case.
    fn eof_received(&mut self) -> bool {
        false
    }

    /// The connection is over: `None` if it was closed or aborted here, or after the peer's end; otherwise why. The last
    /// call.
    fn connection_lost(&mut self, error: Option<io::Error>) {
        drop(error);
    }

    /// The buffer has more bytes than its high-water mark: write no more for now.
    ///
    /// It comes when the callback that wrote has returned. Bytes that are written all the same are kept.
    fn pause_writing(&mut self) {}

    /// The buffer has drained to its low-water mark.
    fn resume_writing(&mut self) {}
}

/// A [`Protocol`] that says where the bytes go, so that they are copied once less. `asyncio.BufferedProtocol`.
///
/// It is given wherever a `Protocol` is.
///
/// ```
/// use heist::aio::{BufferedProtocol, create_server};
///
/// struct Sum { buffer: [u8; 512], sum: u64 }
///
/// impl BufferedProtocol for Sum {
///     fn get_buffer(&mut self, _sizehint: usize) -> &mut [u8] {
///         &mut self.buffer
///     }
///     fn buffer_updated(&mut self, n: usize) {
///         self.sum += self.buffer[..n].iter().map(|byte| u64::from(*byte)).sum::<u64>();
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// # heist::runtime::Runtime::new()?.block_on(async {
/// let server = create_server(|| Sum { buffer: [0; 512], sum: 0 }, "127.0.0.1:0").await?;
/// # server.close();
/// # Ok(()) })
/// # }
/// ```
pub trait BufferedProtocol<T = Transport>: Send + 'static {
    /// As [`Protocol::connection_made`].
    fn connection_made(&mut self, transport: T) {
        drop(transport);
    }

    /// Where to put the next bytes. An empty buffer is a mistake and ends the connection, as a panic does. `sizehint` is a
    /// good size for it, in bytes.
    fn get_buffer(&mut self, sizehint: usize) -> &mut [u8];

    /// The first `n` bytes of the buffer have been written to.
    fn buffer_updated(&mut self, n: usize);

    /// As [`Protocol::eof_received`].
    fn eof_received(&mut self) -> bool {
        false
    }

    /// As [`Protocol::connection_lost`].
    fn connection_lost(&mut self, error: Option<io::Error>) {
        drop(error);
    }

    /// As [`Protocol::pause_writing`].
    fn pause_writing(&mut self) {}

    /// As [`Protocol::resume_writing`].
    fn resume_writing(&mut self) {}
}

/// A [`Protocol`] or a [`BufferedProtocol`]. `Kind` tells which, and is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no protocol for a `{T}`",
    note = "implement `heist::aio::Protocol<{T}>` or `heist::aio::BufferedProtocol<{T}>` for it, one of them"
)]
pub trait AnyProtocol<T, Kind>: Erase<T, Kind> {}

impl<P: Protocol<T>, T: FromShared> AnyProtocol<T, ByData> for P {}
impl<P: BufferedProtocol<T>, T: FromShared> AnyProtocol<T, ByBuffer> for P {}

/// Hides the type. It seals [`AnyProtocol`].
pub trait Erase<T, Kind>: Send + 'static {
    #[doc(hidden)]
    fn erase(self) -> Erased;
}

/// A protocol of some type, for the driver.
#[allow(missing_debug_implementations, reason = "nobody outside can have one")]
pub struct Erased(pub(super) Box<dyn Handler>);

/// The kind of a [`Protocol`].
#[derive(Debug)]
pub enum ByData {}

/// The kind of a [`BufferedProtocol`].
#[derive(Debug)]
pub enum ByBuffer {}

/// A protocol as the driver calls it.
pub(super) trait Handler: Send {
    fn connection_made(&mut self, shared: Arc<Shared>);
    /// Reads once and hands over what came. 0 is the end.
    fn read(&mut self, wire: &dyn Wire) -> io::Result<usize>;
    fn eof_received(&mut self) -> bool;
    fn connection_lost(&mut self, error: Option<io::Error>);
    fn pause_writing(&mut self);
    fn resume_writing(&mut self);
}

/// The protocol, the transport it takes, and how it takes bytes.
struct Adapter<P, T, Kind>(P, PhantomData<fn(T) -> Kind>);

macro_rules! erase {
    ($Protocol:ident, $Kind:ident, |$protocol:ident, $wire:ident| $read:expr) => {
        impl<P: $Protocol<T>, T: FromShared> Erase<T, $Kind> for P {
            fn erase(self) -> Erased {
                Erased(Box::new(Adapter::<P, T, $Kind>(self, PhantomData)))
            }
        }

        impl<P: $Protocol<T>, T: FromShared> Handler for Adapter<P, T, $Kind> {
            fn connection_made(&mut self, shared: Arc<Shared>) {
                self.0.connection_made(T::from_shared(shared));
            }

            fn read(&mut self, $wire: &dyn Wire) -> io::Result<usize> {
                let $protocol = &mut self.0;
                $read
            }

            fn eof_received(&mut self) -> bool {
                self.0.eof_received()
            }

            fn connection_lost(&mut self, error: Option<io::Error>) {
                self.0.connection_lost(error);
            }

            fn pause_writing(&mut self) {
                self.0.pause_writing();
            }

            fn resume_writing(&mut self) {
                self.0.resume_writing();
            }
        }
    };
}

erase!(Protocol, ByData, |protocol, wire| read_scratch(wire, |data| {
    protocol.data_received(data);
}));
erase!(BufferedProtocol, ByBuffer, |protocol, wire| {
    let buffer = protocol.get_buffer(AT_ONCE);
    assert!(
        !buffer.is_empty(),
        "`get_buffer` returned an empty buffer: return one with room"
    );
    let n = wire.try_read(buffer)?;
    if n > 0 {
        protocol.buffer_updated(n);
    }
    Ok(n)
});

/// Reads once into this thread's memory and shows what came. 0 is the end.
pub(super) fn read_scratch(wire: &dyn Wire, deliver: impl FnOnce(&[u8])) -> io::Result<usize> {
    with_scratch(|scratch| {
        let n = wire.try_read(scratch)?;
        if n > 0 {
            deliver(&scratch[..n]);
        }
        Ok(n)
    })
}

/// Calls `f` with this thread's memory for reading (I2).
pub(super) fn with_scratch<R>(f: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut scratch = SCRATCH
        .with(Cell::take)
        .unwrap_or_else(|| vec![0; AT_ONCE].into_boxed_slice());
    let result = f(&mut scratch);
    SCRATCH.with(|place| place.set(Some(scratch)));
    result
}
