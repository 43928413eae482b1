//! What the TCP and the Unix-domain stream do alike, written once.
//!
//! A stream is a struct with one field, `io: Evented<_>` over mio's type of the same name, and with a method `read_poll`,
//! since only the stream knows what it means that a read was short. The macro adds the
//! methods about readiness, the reads and writes that do not wait, [`AsyncRead`](crate::io::AsyncRead) and
//! [`AsyncWrite`](crate::io::AsyncWrite), and what the halves of a split stream call. `halves.rs` does the same
//! for those.
//!
//! Absent on purpose: everything in which the two differ, such as addresses, options and `peek`.

/// Gives `$Stream` the methods and traits that all streams have. The constant keeps the imports to itself.
macro_rules! stream_methods {
    ($Stream:ident) => {
        const _: () = {
            use bytes::BufMut;
            use heist_reactor::{Direction, Interest, Ready};
            use socket2::SockRef;
            use std::io::{self, IoSlice, IoSliceMut, Read, Write};
            use std::pin::Pin;
            use std::task::{Context, Poll, Waker};
            use $crate::io::{AsyncRead, AsyncWrite, ReadBuf, poll_read_buf_mut, recv_into};

            impl $Stream {
                /// Waits until any of `interest` is ready, and says what is.
                ///
                /// Readiness is a hint: follow it with a `try_*` call, and wait again if that says `WouldBlock`. Any
                /// number of tasks may wait.
                ///
                /// # Errors
                /// The runtime has shut down.
                ///
                /// # Cancel safety
                /// Waiting consumes nothing: once ready, the stream stays so until an operation says `WouldBlock`.
                ///
                /// ```no_run
                #[doc = concat!("# async fn f(stream: heist::net::", stringify!($Stream), ") -> std::io::Result<()> {")]
                /// use heist::io::Interest;
                /// use std::io::ErrorKind;
                ///
                /// let mut buffer = [0; 1024];
                /// loop {
                ///     let ready = stream.ready(Interest::READABLE | Interest::WRITABLE).await?;
                ///     if ready.is_readable() {
                ///         match stream.try_read(&mut buffer) {
                ///             Ok(0) => return Ok(()),
                ///             Ok(n) => println!("{n} bytes"),
                ///             Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                ///             Err(error) => return Err(error),
                ///         }
                ///     }
                /// }
                /// # }
                /// ```
                pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
                    self.io.ready(interest).await
                }

                /// Waits until a read would answer: data, the end of the stream, or an error.
                ///
                /// # Errors
                /// The runtime has shut down.
                ///
                /// # Cancel safety
                #[doc = concat!("As [`ready`](", stringify!($Stream), "::ready).")]
                pub async fn readable(&self) -> io::Result<()> {
                    self.ready(Interest::READABLE).await.map(drop)
                }

                /// Waits until a write would answer: room, or an error.
                ///
                /// # Errors
                /// The runtime has shut down.
                ///
                /// # Cancel safety
                #[doc = concat!("As [`ready`](", stringify!($Stream), "::ready).")]
                pub async fn writable(&self) -> io::Result<()> {
                    self.ready(Interest::WRITABLE).await.map(drop)
                }

                #[doc = concat!("[`readable`](", stringify!($Stream), "::readable) as a poll function.")]
                /// Only the task of the latest call that reads, peeks or polls for reading is woken.
                ///
                /// # Errors
                /// The runtime has shut down.
                pub fn poll_read_ready(
                    &self,
                    cx: &mut Context<'_>,
                ) -> Poll<io::Result<()>> {
                    self.io
                        .poll_ready(cx, Direction::Read)
                        .map_ok(drop)
                }

                #[doc = concat!("[`writable`](", stringify!($Stream), "::writable) as a poll function.")]
                /// Only the task of the latest call that writes or polls for writing is woken.
                ///
                /// # Errors
                /// The runtime has shut down.
                pub fn poll_write_ready(
                    &self,
                    cx: &mut Context<'_>,
                ) -> Poll<io::Result<()>> {
                    self.io
                        .poll_ready(cx, Direction::Write)
                        .map_ok(drop)
                }

                /// Reads what is there, without waiting; 0 is the end of the stream (or an empty buffer).
                ///
                /// # Errors
                /// `WouldBlock` if there is nothing; what the operating system says.
                pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
                    self.io.try_io(Interest::READABLE, |mut stream| {
                        stream.read(buf)
                    })
                }

                #[doc = concat!("[`try_read`](", stringify!($Stream), "::try_read) into several buffers, in turn.")]
                ///
                /// # Errors
                /// As for `try_read`.
                pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                    self.io.try_io(Interest::READABLE, |mut stream| {
                        stream.read_vectored(bufs)
                    })
                }

                #[doc = concat!("[`try_read`](", stringify!($Stream), "::try_read) into the spare room of a")]
                /// [`BufMut`](bytes::BufMut), which grows by what was read.
                ///
                /// # Errors
                /// As for `try_read`.
                pub fn try_read_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
                    /// Reads without waiting: `WouldBlock` is its error, never `Pending`.
                    struct TryReader<'a>(&'a $Stream);

                    impl AsyncRead for TryReader<'_> {
                        fn poll_read(
                            self: Pin<&mut Self>,
                            _: &mut Context<'_>,
                            buf: &mut ReadBuf<'_>,
                        ) -> Poll<io::Result<()>> {
                            let read = self.0.io.try_io(Interest::READABLE, |stream| {
                                stream.try_io(|| recv_into(SockRef::from(stream), buf))
                            });
                            Poll::Ready(read.map(drop))
                        }
                    }

                    // It never waits, so nobody is ever to be woken.
                    let mut cx = Context::from_waker(Waker::noop());
                    let mut reader = TryReader(self);
                    match poll_read_buf_mut(Pin::new(&mut reader), &mut cx, buf) {
                        Poll::Ready(result) => result,
                        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
                    }
                }

                /// Writes what there is room for, without waiting.
                ///
                /// # Errors
                /// `WouldBlock` if there is no room; what the operating system says.
                pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
                    self.io.try_io(Interest::WRITABLE, |mut stream| {
                        stream.write(buf)
                    })
                }

                #[doc = concat!("[`try_write`](", stringify!($Stream), "::try_write) from several buffers, in turn.")]
                ///
                /// # Errors
                /// As for `try_write`.
                pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                    self.io.try_io(Interest::WRITABLE, |mut stream| {
                        stream.write_vectored(bufs)
                    })
                }

                /// Does `f`, a non-blocking operation on this socket, once if any of `interest` is ready.
                ///
                /// `f` must say `WouldBlock` only if the socket is not ready for it: the readiness is gone then.
                ///
                /// # Errors
                /// `WouldBlock` if nothing is ready; what `f` says.
                pub fn try_io<R>(
                    &self,
                    interest: Interest,
                    f: impl FnOnce() -> io::Result<R>,
                ) -> io::Result<R> {
                    self.io.try_user_io(interest, |stream| stream.try_io(f))
                }

                /// Does `f`, a non-blocking operation on this socket, until it does not say `WouldBlock`, and waits
                /// for `interest` in between.
                ///
                /// # Errors
                /// What `f` says, except `WouldBlock`; or the runtime has shut down.
                ///
                /// # Cancel safety
                /// The future waits only while `f` has not succeeded.
                pub async fn async_io<R>(
                    &self,
                    interest: Interest,
                    mut f: impl FnMut() -> io::Result<R>,
                ) -> io::Result<R> {
                    self.io.user_io(interest, |stream| stream.try_io(&mut f)).await
                }

                /// Takes the pending error of the socket (`SO_ERROR`), if there is one.
                ///
                /// # Errors
                /// The option cannot be read.
                pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                    self.io.take_error()
                }

                pub(crate) fn write_poll(
                    &self,
                    cx: &mut Context<'_>,
                    buf: &[u8],
                ) -> Poll<io::Result<usize>> {
                    self.io
                        .poll_transfer(cx, Direction::Write, buf.len(), |mut stream| {
                            stream.write(buf)
                        })
                }

                pub(crate) fn write_vectored_poll(
                    &self,
                    cx: &mut Context<'_>,
                    bufs: &[IoSlice<'_>],
                ) -> Poll<io::Result<usize>> {
                    self.io
                        .poll_io(cx, Direction::Write, |mut stream| {
                            stream.write_vectored(bufs)
                        })
                }

                /// Ends the writing direction. That it has ended already is no error.
                pub(crate) fn shutdown_write(&self) -> io::Result<()> {
                    match self.io.shutdown(std::net::Shutdown::Write) {
                        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
                        result => result,
                    }
                }
            }

            impl AsyncRead for $Stream {
                fn poll_read(
                    self: Pin<&mut Self>,
                    cx: &mut Context<'_>,
                    buf: &mut ReadBuf<'_>,
                ) -> Poll<io::Result<()>> {
                    self.read_poll(cx, buf)
                }
            }

            impl AsyncWrite for $Stream {
                fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                    self.write_poll(cx, buf)
                }

                fn poll_write_vectored(
                    self: Pin<&mut Self>,
                    cx: &mut Context<'_>,
                    bufs: &[IoSlice<'_>],
                ) -> Poll<io::Result<usize>> {
                    self.write_vectored_poll(cx, bufs)
                }

                fn is_write_vectored(&self) -> bool {
                    true
                }

                fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                    Poll::Ready(Ok(()))
                }

                fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                    Poll::Ready(self.shutdown_write())
                }
            }

            impl AsRef<$Stream> for $Stream {
                fn as_ref(&self) -> &$Stream {
                    self
                }
            }

            impl std::fmt::Debug for $Stream {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.io.fmt(f)
                }
            }
        };
    };
}

pub(in crate::net) use stream_methods;
