//! Where the bare number of a descriptor is taken for the descriptor: whoever hands it over vouches for it.
//!
//! | type | unsafe because |
//! |---|---|
//! | [`TcpSocket`], `UnixSocket`, `fs::File` | std's trait to make one of a number is |
//! | `io::unix::AsyncFd` | tokio's constructors are, since `AsRawFd` says nothing of who owns the number |
//!
//! Invariants
//!
//! - I1: a number that is handed over goes to exactly one owner; the duty of the caller here is word for word that of
//!   the trait, so it is passed on as it is.
//! - I2: from `register` on, the descriptor stays open and the same while the `AsyncFd` lives, unless the caller of a
//!   deprecated constructor breaks it. Then the reactor reports what the number stands for by that time; a token is
//!   never a pointer, so nothing worse follows inside of heist.
//!
//! Absent on purpose: any use of the descriptor. What is safe about it (`AsFd` of its owners, `IntoRawFd`) is where the
//! types are.

#![allow(unsafe_code)]

#[cfg(unix)]
mod sys {
    use crate::fs::File;
    use crate::io::Interest;
    use crate::io::unix::{AsyncFd, AsyncFdRegisterError};
    use crate::net::{TcpSocket, UnixSocket};
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

    impl FromRawFd for TcpSocket {
        /// Takes over a descriptor. In blocking mode it is made non-blocking by `listen` and `connect`.
        ///
        /// ```
        /// # fn main() -> std::io::Result<()> {
        /// use heist::net::TcpSocket;
        /// use std::os::fd::{FromRawFd, IntoRawFd};
        ///
        /// let fd = TcpSocket::new_v4()?.into_raw_fd();
        /// // SAFETY: the socket has given it away just now.
        /// let socket = unsafe { TcpSocket::from_raw_fd(fd) };
        /// socket.bind("127.0.0.1:0".parse().unwrap())?;
        /// # Ok(()) }
        /// ```
        ///
        /// # Safety
        /// As the trait says: `fd` is open, a TCP socket's, and owned by nobody else.
        unsafe fn from_raw_fd(fd: RawFd) -> TcpSocket {
            // SAFETY: I1.
            TcpSocket::from_socket(unsafe { OwnedFd::from_raw_fd(fd) }.into())
        }
    }

    impl FromRawFd for UnixSocket {
        /// Takes over a descriptor. In blocking mode it is made non-blocking by what the socket becomes.
        ///
        /// # Safety
        /// As the trait says: `fd` is open, a Unix-domain socket's, and owned by nobody else.
        unsafe fn from_raw_fd(fd: RawFd) -> UnixSocket {
            // SAFETY: I1.
            UnixSocket::from_socket(unsafe { OwnedFd::from_raw_fd(fd) }.into())
        }
    }

    impl FromRawFd for File {
        /// Takes over a descriptor.
        ///
        /// # Safety
        /// As the trait says: `fd` is open, and owned by nobody else.
        unsafe fn from_raw_fd(fd: RawFd) -> File {
            // SAFETY: I1.
            File::from_std(unsafe { OwnedFd::from_raw_fd(fd) }.into())
        }
    }

    impl<T: AsRawFd> AsyncFd<T> {
        /// Registers a descriptor, to wait until it is readable or writable.
        ///
        /// # Safety
        /// Its `as_raw_fd` always tells the same descriptor, which stays open while the `AsyncFd` lives. What owns its
        /// descriptor, as the types of `std` do, fulfils that.
        ///
        /// # Errors
        /// The operating system cannot poll it, or the runtime has shut down; `inner` is in the error.
        ///
        /// # Panics
        /// Outside of a runtime, or if its I/O is not enabled.
        #[track_caller]
        pub unsafe fn register(inner: T) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
            AsyncFd::make(inner, Interest::READABLE | Interest::WRITABLE)
        }

        /// Registers a descriptor, to wait for `interest` only.
        ///
        /// # Safety
        /// As for [`register`](AsyncFd::register).
        ///
        /// # Errors
        /// As for `register`.
        ///
        /// # Panics
        /// Outside of a runtime, or if its I/O is not enabled.
        #[track_caller]
        pub unsafe fn register_with_interest(
            inner: T,
            interest: Interest,
        ) -> Result<AsyncFd<T>, AsyncFdRegisterError<T>> {
            AsyncFd::make(inner, interest)
        }
    }

    impl<T: AsRawFd> AsFd for AsyncFd<T> {
        fn as_fd(&self) -> BorrowedFd<'_> {
            // SAFETY: I2.
            unsafe { BorrowedFd::borrow_raw(self.as_raw_fd()) }
        }
    }
}

#[cfg(windows)]
mod sys {
    use crate::net::TcpSocket;
    use std::os::windows::io::{FromRawSocket, OwnedSocket, RawSocket};

    impl FromRawSocket for TcpSocket {
        /// Takes over a descriptor.
        ///
        /// # Safety
        /// As the trait says: `socket` is open, a TCP socket, and owned by nobody else.
        unsafe fn from_raw_socket(socket: RawSocket) -> TcpSocket {
            // SAFETY: I1.
            TcpSocket::from_socket(unsafe { OwnedSocket::from_raw_socket(socket) }.into())
        }
    }
}
