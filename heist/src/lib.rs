//! heist runs asynchronous Rust on all cores: per-core workers that steal tasks from each other, and one
//! thread that keeps I/O and timers moving however busy the workers are.
//!
//! The public API has the shape of tokio 1.54: the same paths, names, signatures and documented behaviour, so
//! that a server moves over with `use heist as tokio;`.
//!
//! ```no_run
//! use heist::io::{AsyncReadExt, AsyncWriteExt};
//! use heist::net::TcpListener;
//!
//! fn main() -> std::io::Result<()> {
//!     heist::runtime::Runtime::new()?.block_on(async {
//!         let listener = TcpListener::bind("127.0.0.1:8080").await?;
//!         loop {
//!             let (mut socket, _) = listener.accept().await?;
//!             heist::spawn(async move {
//!                 let mut buffer = [0; 1024];
//!                 while let Ok(n @ 1..) = socket.read(&mut buffer).await {
//!                     if socket.write_all(&buffer[..n]).await.is_err() {
//!                         break;
//!                     }
//!                 }
//!             });
//!         }
//!     })
//! }
//! ```
//!
//! # Where to find what
//!
//! | module | holds |
//! |---|---|
//! | [`runtime`] | [`Runtime`](runtime::Runtime), its [`Builder`](runtime::Builder), the [`Handle`](runtime::Handle) to it, its metrics |
//! | [`task`] | [`spawn`], [`spawn_blocking`](task::spawn_blocking), [`yield_now`](task::yield_now), [`JoinHandle`](task::JoinHandle) |
//! | [`net`] | TCP, UDP and Unix-domain sockets, pipes |
//! | [`io`] | the traits of asynchronous reading and writing, and what is built on them |
//! | [`fs`] | files and directories |
//! | [`time`] | sleeping, timeouts, intervals |
//! | [`sync`] | channels, locks and notifications between tasks |
//! | `process` | child processes (Unix, feature `process`) |
//! | [`aio`] | what asyncio has beyond that |
//! | `signal` | Ctrl-C (feature `signal`) |
//! | [`stream`] | `futures_core::Stream` around listeners, intervals, channels, lines and signals |
//! | `hyper` | hyper's traits on heist's types (feature `hyper`) |
//! | `tokio_io` | tokio's io traits on heist's types (feature `tokio`) |
//! | `futures_io` | futures-io's traits on heist's types (feature `futures-io`) |
//!
//! # How it works, in five sentences
//!
//! A spawned task is one allocation, put on a queue of the worker that spawned it, or on the injector when it
//! comes from outside. A worker runs its own tasks first, steals when it has none, and parks when there are
//! none. A task that waits has left its waker with a socket, a timer or a channel, and costs nothing. The
//! thread `heist-reactor` waits for the operating system and for the next deadline and wakes what is ready;
//! it runs no task, so no task can hold it up. Blocking code goes to a pool of its own through
//! [`spawn_blocking`](task::spawn_blocking).
//!
//! # Features
//!
//! | feature | in `full`, the default | brings |
//! |---|---|---|
//! | `macros` | yes | `#[heist::main]`, `#[heist::test]`, `select!`: syn and quote at build time |
//! | `process` | yes | `heist::process`: the feature `signal` |
//! | `signal` | yes | `heist::signal`: signal-hook-registry |
//! | `hyper` | no | `heist::hyper`: hyper |
//! | `tokio` | no | `heist::tokio_io`: the crate tokio without any feature; not with a patch that puts heist in its place |
//! | `tls` | no | TLS for the streams of [`aio`]: rustls, tokio-rustls and the feature `tokio` |
//! | `futures-io` | no | `heist::futures_io`: futures-io |
//!
//! # Cancel safety
//!
//! Futures stop when they are dropped. Each method whose future may be dropped half way, as `select!` does,
//! says under this heading what is lost then.

#![cfg_attr(docsrs, feature(doc_cfg))]

// What users call.
pub mod aio;
pub mod fs;
pub mod io;
pub mod net;
#[cfg(all(unix, feature = "process"))]
pub mod process;
pub mod runtime;
#[cfg(all(unix, feature = "signal"))]
pub mod signal;
pub mod sync;
pub mod task;
pub mod time;

pub use task::spawn;

// What others' traits need.
#[cfg(any(feature = "futures-io", feature = "hyper", feature = "tokio"))]
mod byte_streams;
#[cfg(feature = "futures-io")]
pub mod futures_io;
#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(any(unix, windows))]
mod raw_fd;
pub mod stream;
#[cfg(feature = "tokio")]
pub mod tokio_io;

// Macros: `#[macro_export]` puts them at the root of the crate.
#[macro_use]
#[doc(hidden)]
pub mod macros;
#[cfg(feature = "macros")]
pub use macros::{main, test};
