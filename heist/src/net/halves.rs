//! The halves of a split stream, written once for TCP and the Unix domain.
//!
//! ```text
//!              split(&mut self)   ┌─ ReadHalf<'_>    borrow the stream
//!             ┌──────────────────►└─ WriteHalf<'_>
//!   stream ───┤
//!             └──────────────────►┌─ OwnedReadHalf   share it in an Arc
//!              into_split(self)   └─ OwnedWriteHalf
//!        ▲                             │ reunite
//!        └─────────────────────────────┘
//! ```
//!
//! Invariants
//!
//! - I1: there is one half per direction, so the one waker that a direction keeps for `poll_*` functions is
//!   that half's.
//! - I2: exactly two owned halves share a stream, so reuniting them leaves one owner.
//! - I3: writing is shut down once the owned writing half is gone, unless it was reunited or forgotten. A lent
//!   half leaves the stream as it is.
//!
//! Absent on purpose: `peek`, which only TCP has; its halves add it.

/// `ReadHalf` and `WriteHalf`, and `split` that lends them.
macro_rules! lent_halves {
    ($Stream:ident, $SocketAddr:ident) => {
        #[doc = concat!("The reading half of a [`", stringify!($Stream), "`], lent by its `split`.")]
        ///
        /// Reads through [`AsyncRead`](crate::io::AsyncRead); its other methods are those of the stream.
        #[derive(Debug)]
        pub struct ReadHalf<'a>(&'a $Stream);

        #[doc = concat!("The writing half of a [`", stringify!($Stream), "`], lent by its `split`.")]
        ///
        /// Writes through [`AsyncWrite`](crate::io::AsyncWrite), whose `shutdown` ends the writing direction;
        /// dropping the half does not. Its other methods are those of the stream.
        #[derive(Debug)]
        pub struct WriteHalf<'a>(&'a $Stream);

        pub(super) fn split(stream: &mut $Stream) -> (ReadHalf<'_>, WriteHalf<'_>) {
            (ReadHalf(stream), WriteHalf(stream))
        }

        impl AsRef<$Stream> for ReadHalf<'_> {
            fn as_ref(&self) -> &$Stream {
                self.0
            }
        }

        impl AsRef<$Stream> for WriteHalf<'_> {
            fn as_ref(&self) -> &$Stream {
                self.0
            }
        }

        impl WriteHalf<'_> {
            fn end(&mut self) -> std::io::Result<()> {
                self.0.shutdown_write()
            }
        }

        $crate::net::halves::reading_half!(ReadHalf<'_>, $Stream, $SocketAddr);
        $crate::net::halves::writing_half!(WriteHalf<'_>, $Stream, $SocketAddr);
    };
}

/// `OwnedReadHalf`, `OwnedWriteHalf` and `ReuniteError`, and `split` that makes the first two.
macro_rules! owned_halves {
    ($Stream:ident, $SocketAddr:ident) => {
        use heist_primitive::sync::Arc;

        #[doc = concat!("The reading half of a [`", stringify!($Stream), "`], made by its `into_split`.")]
        ///
        /// Reads through [`AsyncRead`](crate::io::AsyncRead); its other methods are those of the stream.
        #[derive(Debug)]
        pub struct OwnedReadHalf {
            stream: Arc<$Stream>,
        }

        #[doc = concat!("The writing half of a [`", stringify!($Stream), "`], made by its `into_split`.")]
        ///
        /// Writes through [`AsyncWrite`](crate::io::AsyncWrite). Dropping it shuts the writing direction down,
        /// unless it was [forgotten](OwnedWriteHalf::forget). Its other methods are those of the stream.
        #[derive(Debug)]
        pub struct OwnedWriteHalf {
            stream: Arc<$Stream>,
            shutdown_on_drop: bool,
        }

        pub(super) fn split(stream: $Stream) -> (OwnedReadHalf, OwnedWriteHalf) {
            let stream = Arc::new(stream);
            let read = OwnedReadHalf {
                stream: Arc::clone(&stream),
            };
            let write = OwnedWriteHalf {
                stream,
                shutdown_on_drop: true,
            };
            (read, write)
        }

        fn reunite(read: OwnedReadHalf, write: OwnedWriteHalf) -> Result<$Stream, ReuniteError> {
            if !Arc::ptr_eq(&read.stream, &write.stream) {
                return Err(ReuniteError(read, write));
            }
            write.forget();
            // I2: the other half has just gone.
            Ok(Arc::try_unwrap(read.stream).expect("only two halves share a stream"))
        }

        /// The halves given to `reunite` belong to different streams; here they are back.
        #[derive(Debug)]
        pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

        impl std::fmt::Display for ReuniteError {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("tried to reunite halves of two different sockets")
            }
        }

        impl std::error::Error for ReuniteError {}

        impl OwnedReadHalf {
            /// Puts the two halves together again.
            ///
            /// # Errors
            /// They belong to different streams.
            pub fn reunite(self, other: OwnedWriteHalf) -> Result<$Stream, ReuniteError> {
                reunite(self, other)
            }
        }

        impl OwnedWriteHalf {
            /// Puts the two halves together again.
            ///
            /// # Errors
            /// They belong to different streams.
            pub fn reunite(self, other: OwnedReadHalf) -> Result<$Stream, ReuniteError> {
                reunite(other, self)
            }

            /// Drops the half without shutting writing down: the peer sees no end until the other half is gone
            /// too.
            pub fn forget(mut self) {
                self.shutdown_on_drop = false;
            }

            fn end(&mut self) -> std::io::Result<()> {
                let result = self.stream.shutdown_write();
                if result.is_ok() {
                    self.shutdown_on_drop = false;
                }
                result
            }
        }

        impl Drop for OwnedWriteHalf {
            fn drop(&mut self) {
                if self.shutdown_on_drop {
                    // Fails only if the connection is over, and then there is nothing to shut down.
                    let _ = self.stream.shutdown_write();
                }
            }
        }

        impl AsRef<$Stream> for OwnedReadHalf {
            fn as_ref(&self) -> &$Stream {
                &self.stream
            }
        }

        impl AsRef<$Stream> for OwnedWriteHalf {
            fn as_ref(&self) -> &$Stream {
                &self.stream
            }
        }

        $crate::net::halves::reading_half!(OwnedReadHalf, $Stream, $SocketAddr);
        $crate::net::halves::writing_half!(OwnedWriteHalf, $Stream, $SocketAddr);
    };
}

/// What the lent and the owned reading half do alike.
macro_rules! reading_half {
    ($Half:ty, $Stream:ident, $SocketAddr:ident) => {
        const _: () = {
            use bytes::BufMut;
            use heist_reactor::{Interest, Ready};
            use std::io::{self, IoSliceMut};
            use std::pin::Pin;
            use std::task::{Context, Poll};
            use $crate::io::{AsyncRead, ReadBuf};

            impl $Half {
                #[doc = concat!("As [`", stringify!($Stream), "::ready`].")]
                ///
                /// # Errors
                /// The runtime has shut down.
                ///
                /// # Cancel safety
                /// Waiting consumes nothing.
                pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
                    self.as_ref().ready(interest).await
                }

                #[doc = concat!("As [`", stringify!($Stream), "::readable`].")]
                ///
                /// # Errors
                /// The runtime has shut down.
                ///
                /// # Cancel safety
                /// Waiting consumes nothing.
                pub async fn readable(&self) -> io::Result<()> {
                    self.as_ref().readable().await
                }

                #[doc = concat!("As [`", stringify!($Stream), "::try_read`].")]
                ///
                /// # Errors
                /// `WouldBlock` if there is nothing; what the operating system says.
                pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
                    self.as_ref().try_read(buf)
                }

                #[doc = concat!("As [`", stringify!($Stream), "::try_read_vectored`].")]
                ///
                /// # Errors
                /// `WouldBlock` if there is nothing; what the operating system says.
                pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                    self.as_ref().try_read_vectored(bufs)
                }

                #[doc = concat!("As [`", stringify!($Stream), "::try_read_buf`].")]
                ///
                /// # Errors
                /// `WouldBlock` if there is nothing; what the operating system says.
                pub fn try_read_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
                    self.as_ref().try_read_buf(buf)
                }

                /// The address of the other end.
                ///
                /// # Errors
                /// What the operating system says.
                pub fn peer_addr(&self) -> io::Result<$SocketAddr> {
                    self.as_ref().peer_addr()
                }

                /// The address of this end.
                ///
                /// # Errors
                /// What the operating system says.
                pub fn local_addr(&self) -> io::Result<$SocketAddr> {
                    self.as_ref().local_addr()
                }
            }

            impl AsyncRead for $Half {
                fn poll_read(
                    self: Pin<&mut Self>,
                    cx: &mut Context<'_>,
                    buf: &mut ReadBuf<'_>,
                ) -> Poll<io::Result<()>> {
                    (*self).as_ref().read_poll(cx, buf)
                }
            }
        };
    };
}

/// What the lent and the owned writing half do alike; `end` shuts the direction down.
macro_rules! writing_half {
    ($Half:ty, $Stream:ident, $SocketAddr:ident) => {
        const _: () = {
            use heist_reactor::{Interest, Ready};
            use std::io::{self, IoSlice};
            use std::pin::Pin;
            use std::task::{Context, Poll};
            use $crate::io::AsyncWrite;

            impl $Half {
                #[doc = concat!("As [`", stringify!($Stream), "::ready`].")]
                ///
                /// # Errors
                /// The runtime has shut down.
                ///
                /// # Cancel safety
                /// Waiting consumes nothing.
                pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
                    self.as_ref().ready(interest).await
                }

                #[doc = concat!("As [`", stringify!($Stream), "::writable`].")]
                ///
                /// # Errors
                /// The runtime has shut down.
                ///
                /// # Cancel safety
                /// Waiting consumes nothing.
                pub async fn writable(&self) -> io::Result<()> {
                    self.as_ref().writable().await
                }

                #[doc = concat!("As [`", stringify!($Stream), "::try_write`].")]
                ///
                /// # Errors
                /// `WouldBlock` if there is no room; what the operating system says.
                pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
                    self.as_ref().try_write(buf)
                }

                #[doc = concat!("As [`", stringify!($Stream), "::try_write_vectored`].")]
                ///
                /// # Errors
                /// `WouldBlock` if there is no room; what the operating system says.
                pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                    self.as_ref().try_write_vectored(bufs)
                }

                /// The address of the other end.
                ///
                /// # Errors
                /// What the operating system says.
                pub fn peer_addr(&self) -> io::Result<$SocketAddr> {
                    self.as_ref().peer_addr()
                }

                /// The address of this end.
                ///
                /// # Errors
                /// What the operating system says.
                pub fn local_addr(&self) -> io::Result<$SocketAddr> {
                    self.as_ref().local_addr()
                }
            }

            impl AsyncWrite for $Half {
                fn poll_write(
                    self: Pin<&mut Self>,
                    cx: &mut Context<'_>,
                    buf: &[u8],
                ) -> Poll<io::Result<usize>> {
                    (*self).as_ref().write_poll(cx, buf)
                }

                fn poll_write_vectored(
                    self: Pin<&mut Self>,
                    cx: &mut Context<'_>,
                    bufs: &[IoSlice<'_>],
                ) -> Poll<io::Result<usize>> {
                    (*self).as_ref().write_vectored_poll(cx, bufs)
                }

                fn is_write_vectored(&self) -> bool {
                    true
                }

                fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                    Poll::Ready(Ok(()))
                }

                fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                    Poll::Ready(self.end())
                }
            }
        };
    };
}

pub(in crate::net) use {lent_halves, owned_halves, reading_half, writing_half};
