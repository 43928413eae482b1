//! [`TcpSocket`] to and from the operating system's descriptor.
//!
//! Unsafe because std's trait is: whoever calls `from_raw_fd` vouches for the number.
//!
//! Invariant I1: the descriptor goes to exactly one `socket2::Socket`, which owns it from then on; the duty of the
//! caller here is word for word that of the trait, so it is passed on as it is.
//!
//! Absent on purpose: any use of the descriptor.
#![allow(
    unsafe_code,
    reason = "std's traits for raw descriptors are unsafe to implement"
)]

#[cfg(unix)]
mod sys {
    use crate::net::TcpSocket;
    use socket2::Socket;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, RawFd};

    impl AsFd for TcpSocket {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.inner.as_fd()
        }
    }

    impl AsRawFd for TcpSocket {
        fn as_raw_fd(&self) -> RawFd {
            self.inner.as_raw_fd()
        }
    }

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
            // SAFETY: I1: the caller owns the descriptor and gives it away.
            let inner = unsafe { Socket::from_raw_fd(fd) };
            TcpSocket { inner }
        }
    }

    impl IntoRawFd for TcpSocket {
        fn into_raw_fd(self) -> RawFd {
            self.inner.into_raw_fd()
        }
    }
}

#[cfg(windows)]
mod sys {
    use crate::net::TcpSocket;
    use socket2::Socket;
    use std::os::windows::io::{
        AsRawSocket, AsSocket, BorrowedSocket, FromRawSocket, IntoRawSocket, RawSocket,
    };

    impl AsSocket for TcpSocket {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.inner.as_socket()
        }
    }

    impl AsRawSocket for TcpSocket {
        fn as_raw_socket(&self) -> RawSocket {
            self.inner.as_raw_socket()
        }
    }

    impl FromRawSocket for TcpSocket {
        /// Takes over a descriptor.
        ///
        /// # Safety
        /// As the trait says: `socket` is open, a TCP socket, and owned by nobody else.
        unsafe fn from_raw_socket(socket: RawSocket) -> TcpSocket {
            // SAFETY: I1: the caller owns the descriptor and gives it away.
            let inner = unsafe { Socket::from_raw_socket(socket) };
            TcpSocket { inner }
        }
    }

    impl IntoRawSocket for TcpSocket {
        fn into_raw_socket(self) -> RawSocket {
            self.inner.into_raw_socket()
        }
    }
}
