//! For an upgrade to TLS: both halves of a connection leave it, and others come back.
//!
//! Invariants: those of [`connection`](super). Who has the halves has `busy` (I2), so what is written meanwhile is kept.
//!
//! Deliberately absent: TLS itself.

use std::io;

use heist_primitive::sync::StdArc as Arc;

use super::super::line::{Line, ReadHalf, WriteHalf};
use super::super::tls::TlsInfo;
use super::{Connection, Phase};

impl Connection {
    /// Waits until all is sent, and takes both halves.
    ///
    /// # Errors
    /// The connection is closed, or about to be, or has no two halves.
    pub(in crate::aio::streams) async fn take_halves(self: &Arc<Self>) -> io::Result<(ReadHalf, WriteHalf)> {
        loop {
            self.until(|state| {
                state.idle_awaited = true;
                (!state.busy || state.phase == Phase::Closed).then_some(())
            })
            .await;
            let mut state = self.state.lock();
            if state.phase != Phase::Open || !state.duplex {
                return Err(state.lost());
            }
            // Between the two looks somebody may have begun to write.
            if !state.busy && state.read.is_some() && state.line.is_some() {
                (state.busy, state.idle_awaited) = (true, false);
                let (read, line) = (state.read.take(), state.line.take());
                return Ok((read.expect("just seen"), line.expect("just seen").into_half()));
            }
        }
    }

    /// The halves to go on with, after [`take_halves`](Self::take_halves).
    pub(in crate::aio::streams) fn put_halves(
        self: &Arc<Self>,
        read: ReadHalf,
        write: WriteHalf,
        tls: TlsInfo,
    ) {
        let mut state = self.state.lock();
        if state.phase == Phase::Closed {
            drop(state);
            drop((read, write));
            return;
        }
        state.read = Some(read);
        state.line = Some(Line::new(write));
        state.tls = Some(tls);
        state.busy = false;
        self.drive(state);
    }

    pub(in crate::aio::streams) fn tls(&self) -> Option<TlsInfo> {
        self.state.lock().tls.clone()
    }

    /// Waits until the connection is over.
    pub(in crate::aio::streams) async fn over(&self) {
        self.until(|state| (state.phase == Phase::Closed).then_some(()))
            .await;
    }
}
