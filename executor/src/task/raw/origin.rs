//! Where a task comes from, and what few tasks have, in one word of the header.
//!
//! ```text
//!   EXTRA clear:  the parent's id, or nothing           EXTRA set:  ──► Extra: parent, name, latency
//! ```
//!
//! Invariants
//!
//! - U1: which of the two it is, says the EXTRA bit of the state word (S6). It is written at birth and freed with the cell.
//!
//! Deliberately absent: a flag of its own.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;

use crate::task::Id;
use crate::task::latency::Latency;

/// What a task has that was given a name, or whose scheduler measures latencies.
pub(super) struct Extra {
    parent: Option<Id>,
    pub(super) name: Option<Box<str>>,
    pub(super) latency: Latency,
}

/// The word.
pub(super) union Origin {
    parent: Option<Id>,
    extra: ManuallyDrop<Box<Extra>>,
}

impl Origin {
    /// The word, and whether EXTRA is to be set.
    pub(super) fn new(parent: Option<Id>, name: Option<Box<str>>, measured: bool) -> (Self, bool) {
        if name.is_none() && !measured {
            return (Self { parent }, false);
        }
        let extra = ManuallyDrop::new(Box::new(Extra {
            parent,
            name,
            latency: Latency::new(),
        }));
        (Self { extra }, true)
    }

    /// `has_extra` is the task's EXTRA bit.
    pub(super) fn extra(&self, has_extra: bool) -> Option<&Extra> {
        // SAFETY: U1.
        has_extra.then(|| unsafe { &**self.extra })
    }

    /// `has_extra` is the task's EXTRA bit.
    pub(super) fn parent(&self, has_extra: bool) -> Option<Id> {
        match self.extra(has_extra) {
            Some(extra) => extra.parent,
            // SAFETY: U1.
            None => unsafe { self.parent },
        }
    }

    /// `has_extra` is the task's EXTRA bit. Once, when nobody looks any more.
    pub(super) fn free(&mut self, has_extra: bool) {
        if has_extra {
            // SAFETY: U1, and the caller's: this is the end of the cell.
            unsafe { ManuallyDrop::drop(&mut self.extra) }
        }
    }
}
