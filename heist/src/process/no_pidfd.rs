//! Systems other than Linux: no descriptor tells of a process's exit.
//!
//! Absent on purpose: kqueue's `EVFILT_PROC`, which mio does not offer.

use mio::event::Source;
use mio::{Interest, Registry, Token};
use std::io;

/// There is none.
#[derive(Debug)]
pub(super) enum Pidfd {}

impl Pidfd {
    /// # Errors
    /// Always.
    pub(super) fn open(_id: u32) -> io::Result<Pidfd> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Source for Pidfd {
    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        match *self {}
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        match *self {}
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        match *self {}
    }
}
