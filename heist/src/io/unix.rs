//! Asynchronous I/O that only Unix has: waiting for a descriptor of any kind.

pub use super::async_fd::{
    AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError, TryIoError,
};

/// The former name of [`AsyncFdRegisterError`].
#[doc(hidden)]
#[deprecated = "use `AsyncFdRegisterError`, which is the same"]
pub type AsyncFdTryNewError<T> = AsyncFdRegisterError<T>;
