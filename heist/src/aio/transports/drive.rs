//! The driver task of a byte stream: a [`Pump`] and the protocol that it calls.
//!
//! ```text
//!   connection_made ──► ┌─► step ─┬─ Pause, Resume ──► pause_writing, resume_writing ─┐
//!                       │         ├─ Read ──► data_received, or eof_received ─────────┤
//!                       └─────────┼───────────────────────────────────────────────────┘
//!                                 └─ Lost ──► connection_lost ──► wire closed ──► panic again, if there was one
//! ```
//!
//! Invariants: those of the module above; this file is their keeper.

use std::any::Any;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use heist_primitive::sync::StdArc as Arc;

use super::protocol::{Erased, Handler};
use super::pump::Pump;
use super::shared::{Shared, Step};
use super::wire::{Extra, Wire};
use crate::sync::oneshot;

/// The panics of callbacks: the first goes on when the connection is over.
#[derive(Default)]
pub(super) struct Panics(Option<Box<dyn Any + Send>>);

impl Panics {
    /// Calls `callback`. If it panics, the answer is the error to lose the connection with.
    pub(super) fn catch<R>(&mut self, name: &str, callback: impl FnOnce() -> R) -> Result<R, io::Error> {
        catch_unwind(AssertUnwindSafe(callback)).map_err(|panic| {
            self.0.get_or_insert(panic);
            io::Error::other(format!("`{name}` of the protocol panicked"))
        })
    }

    pub(super) fn go_on(self) {
        if let Some(panic) = self.0 {
            resume_unwind(panic);
        }
    }
}

/// A connection that is about to be driven.
pub(super) struct Driver {
    pump: Pump,
    handler: Box<dyn Handler>,
    panics: Panics,
}

impl Driver {
    pub(super) fn new((wire, extra): (Arc<dyn Wire>, Extra), protocol: Erased) -> Driver {
        Driver {
            pump: Pump::new(wire, extra),
            handler: protocol.0,
            panics: Panics::default(),
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.pump.shared
    }

    /// Calls the protocol until the connection is over. `made` hears that it has been told of its beginning.
    pub(super) async fn drive(mut self, made: Option<oneshot::Sender<()>>) {
        let shared = self.pump.shared.clone();
        if self
            .call("connection_made", |protocol| protocol.connection_made(shared))
            .is_some()
        {
            made.map(|made| made.send(()));
        }
        loop {
            match poll_fn(|cx| self.pump.poll_step(cx)).await {
                Step::Pause => self
                    .call("pause_writing", |protocol| protocol.pause_writing())
                    .unwrap_or(()),
                Step::Resume => self
                    .call("resume_writing", |protocol| protocol.resume_writing())
                    .unwrap_or(()),
                Step::Read => self.read(),
                Step::Lost(error) => {
                    self.call("connection_lost", |protocol| protocol.connection_lost(error));
                    break;
                }
            }
        }
        // The wire first: a panic is no reason to keep it.
        let Driver {
            pump,
            handler,
            mut panics,
        } = self;
        drop(pump);
        // What it says is for the one whose connection it was; the panic itself goes on below.
        let _ = panics.catch("drop", || drop(handler));
        panics.go_on();
    }

    fn read(&mut self) {
        let wire = self.pump.wire.clone();
        let Some(read) = self.call("data_received", |protocol| protocol.read(&*wire)) else {
            return;
        };
        if self.pump.note_read(read) {
            // `None` is a panic, after which nothing is kept open.
            let keep_open = self.call("eof_received", |protocol| protocol.eof_received());
            self.pump.shared.after_eof(keep_open == Some(true));
        }
    }

    /// Calls the protocol, or the one that was set to take its place. A panic loses the connection (I7).
    fn call<R>(&mut self, name: &str, callback: impl FnOnce(&mut dyn Handler) -> R) -> Option<R> {
        let (handler, shared) = (&mut self.handler, &self.pump.shared);
        let called = self.panics.catch(name, || {
            if let Some(successor) = shared.take_protocol() {
                *handler = successor;
            }
            callback(&mut **handler)
        });
        called.map_err(|error| shared.fail(Some(error))).ok()
    }
}
