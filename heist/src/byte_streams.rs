//! The list of heist's types that carry bytes, for whoever implements somebody else's traits on them.
//!
//! ```text
//!                      ┌──► futures_io.rs   futures_io::{AsyncRead, AsyncWrite, AsyncBufRead}
//!   readers!, writers!,├──► tokio_io.rs     tokio::io::{AsyncRead, AsyncWrite, AsyncBufRead, AsyncSeek}
//!   buf_readers! … ────┴──► hyper.rs        hyper::rt::{Read, Write}
//! ```
//!
//! A new type is a line in the list of each of heist's own traits that it has. Each list calls the macro it is given
//! with rows of `attributes [generics] type;`, of which the macro makes an `impl<generics> Trait for type`.
//!
//! Invariants
//!
//! - I1: the others' traits have blanket implementations for `&mut T`, `Box<T>` and `Pin<P>`, and their own for what
//!   is std's; so neither is in a list.
//!
//! Absent on purpose: the public wrappers `Io` of the three modules, each of which the others' list names where it is
//! defined; and the listeners and UDP sockets, which carry no bytes.

/// Calls `$implement` with every type that has `AsyncRead`.
macro_rules! readers {
    ($implement:ident) => {
        $implement! {
            [] crate::net::TcpStream;
            ['a] crate::net::tcp::ReadHalf<'a>;
            [] crate::net::tcp::OwnedReadHalf;
            #[cfg(unix)] [] crate::net::UnixStream;
            #[cfg(unix)] ['a] crate::net::unix::ReadHalf<'a>;
            #[cfg(unix)] [] crate::net::unix::OwnedReadHalf;
            #[cfg(unix)] [] crate::net::unix::pipe::Receiver;
            [] crate::fs::File;
            [] crate::io::Stdin;
            #[cfg(all(unix, feature = "process"))] [] crate::process::ChildStdout;
            #[cfg(all(unix, feature = "process"))] [] crate::process::ChildStderr;
            [] crate::io::DuplexStream;
            [] crate::io::SimplexStream;
            [] crate::io::Empty;
            [] crate::io::Repeat;
            [T: crate::io::AsyncRead] crate::io::ReadHalf<T>;
            [R: crate::io::AsyncRead] crate::io::BufReader<R>;
            [W: crate::io::AsyncRead + crate::io::AsyncWrite] crate::io::BufWriter<W>;
            [RW: crate::io::AsyncRead + crate::io::AsyncWrite] crate::io::BufStream<RW>;
            [R: crate::io::AsyncRead] crate::io::Take<R>;
            [T: crate::io::AsyncRead, U: crate::io::AsyncRead] crate::io::Chain<T, U>;
            [R: crate::io::AsyncRead, W] crate::io::Join<R, W>;
        }
    };
}

/// Calls `$implement` with every type that has `AsyncWrite`.
macro_rules! writers {
    ($implement:ident) => {
        $implement! {
            [] crate::net::TcpStream;
            ['a] crate::net::tcp::WriteHalf<'a>;
            [] crate::net::tcp::OwnedWriteHalf;
            #[cfg(unix)] [] crate::net::UnixStream;
            #[cfg(unix)] ['a] crate::net::unix::WriteHalf<'a>;
            #[cfg(unix)] [] crate::net::unix::OwnedWriteHalf;
            #[cfg(unix)] [] crate::net::unix::pipe::Sender;
            [] crate::fs::File;
            [] crate::io::Stdout;
            [] crate::io::Stderr;
            #[cfg(all(unix, feature = "process"))] [] crate::process::ChildStdin;
            [] crate::io::DuplexStream;
            [] crate::io::SimplexStream;
            [] crate::io::Empty;
            [] crate::io::Sink;
            [T: crate::io::AsyncWrite] crate::io::WriteHalf<T>;
            [R: crate::io::AsyncRead + crate::io::AsyncWrite] crate::io::BufReader<R>;
            [W: crate::io::AsyncWrite] crate::io::BufWriter<W>;
            [RW: crate::io::AsyncRead + crate::io::AsyncWrite] crate::io::BufStream<RW>;
            [R, W: crate::io::AsyncWrite] crate::io::Join<R, W>;
        }
    };
}

/// Calls `$implement` with every type that has `AsyncBufRead`.
#[cfg(any(feature = "futures-io", feature = "tokio"))]
macro_rules! buf_readers {
    ($implement:ident) => {
        $implement! {
            [] crate::io::Empty;
            [R: crate::io::AsyncRead] crate::io::BufReader<R>;
            [W: crate::io::AsyncBufRead + crate::io::AsyncWrite] crate::io::BufWriter<W>;
            [RW: crate::io::AsyncRead + crate::io::AsyncWrite] crate::io::BufStream<RW>;
            [R: crate::io::AsyncBufRead] crate::io::Take<R>;
            [T: crate::io::AsyncBufRead, U: crate::io::AsyncBufRead] crate::io::Chain<T, U>;
            [R: crate::io::AsyncBufRead, W] crate::io::Join<R, W>;
        }
    };
}

/// Calls `$implement` with every type that has `AsyncSeek`.
#[cfg(feature = "tokio")]
macro_rules! seekers {
    ($implement:ident) => {
        $implement! {
            [] crate::fs::File;
            [] crate::io::Empty;
            [R: crate::io::AsyncRead + crate::io::AsyncSeek] crate::io::BufReader<R>;
            [W: crate::io::AsyncWrite + crate::io::AsyncSeek] crate::io::BufWriter<W>;
            [RW: crate::io::AsyncRead + crate::io::AsyncWrite + crate::io::AsyncSeek] crate::io::BufStream<RW>;
        }
    };
}

#[cfg(any(feature = "futures-io", feature = "tokio"))]
pub(crate) use buf_readers;
#[cfg(feature = "tokio")]
pub(crate) use seekers;
pub(crate) use {readers, writers};
