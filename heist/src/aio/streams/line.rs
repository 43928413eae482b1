//! The writing half of a transport, with the bytes it is at.
//!
//! Invariants
//!
//! - I1: `flushed` is false from a write on until the transport has said that it is flushed. One that buffers, as TLS
//!   does, says so only when its own buffer is with the kernel.
//!
//! Deliberately absent: limits. Connection has them.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};

use crate::io::{AsyncRead, AsyncWrite};

pub(super) type ReadHalf = Box<dyn AsyncRead + Send + Unpin>;
pub(super) type WriteHalf = Box<dyn AsyncWrite + Send + Unpin>;

/// See the module.
pub(super) struct Line {
    half: WriteHalf,
    pub(super) sending: BytesMut,
    flushed: bool,
    shut: bool,
}

impl Line {
    pub(super) fn new(half: WriteHalf) -> Self {
        Self {
            half,
            sending: BytesMut::new(),
            flushed: true,
            shut: false,
        }
    }

    #[cfg(feature = "tls")]
    pub(super) fn into_half(self) -> WriteHalf {
        self.half
    }

    pub(super) fn is_sending(&self) -> bool {
        !self.sending.is_empty()
    }

    pub(super) fn is_flushed(&self) -> bool {
        self.flushed
    }

    pub(super) fn is_shut(&self) -> bool {
        self.shut
    }

    /// Writes what the transport takes without waiting, in one call if it can, and keeps the rest. Says how much
    /// was taken.
    pub(super) fn try_send(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut cx = Context::from_waker(Waker::noop());
        let written = match parts {
            [part] => Pin::new(&mut self.half).poll_write(&mut cx, part),
            parts if self.half.is_write_vectored() => {
                Pin::new(&mut self.half).poll_write_vectored(&mut cx, parts)
            }
            // Each part on its own would be a call, and perhaps a packet, each.
            parts => {
                let joined = parts
                    .iter()
                    .flat_map(|part| part.iter().copied())
                    .collect::<Vec<_>>();
                Pin::new(&mut self.half).poll_write(&mut cx, &joined)
            }
        };
        let sent = match written {
            Poll::Ready(written) => written?,
            Poll::Pending => 0,
        };
        let mut taken = sent;
        for part in parts {
            let skipped = taken.min(part.len());
            taken -= skipped;
            self.sending.extend_from_slice(&part[skipped..]);
        }
        self.flushed = false;
        if self.sending.is_empty() {
            if let Poll::Ready(flushed) = self.poll_flush(&mut cx) {
                flushed?;
            }
        }
        Ok(sent)
    }

    /// Writes once from `sending`, and says how much was taken.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.flushed = false;
        let n = ready!(Pin::new(&mut self.half).poll_write(cx, &self.sending))?;
        if n == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.sending.advance(n);
        Poll::Ready(Ok(n))
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.half).poll_flush(cx))?;
        self.flushed = true;
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.half).poll_shutdown(cx))?;
        self.shut = true;
        Poll::Ready(Ok(()))
    }
}
