//! Without the feature `test-util` no clock has hands: this type has no value, and the compiler knows.
//!
//! The same methods as `hands.rs`, so that callers need no `cfg`.

use std::convert::Infallible;
use std::task::Waker;
use std::time::Duration;

use heist_primitive::sync::StdArc;

use super::{Instant, clock};

/// What code outside of any clock takes for the time.
pub(super) fn current_now() -> Instant {
    clock::machine_now()
}

#[derive(Debug)]
pub(crate) struct Hands(Infallible);

impl Hands {
    pub(super) fn new(_: Instant, _: bool) -> Option<Self> {
        None
    }

    pub(super) fn unparker(this: &StdArc<Self>, _: Waker) -> Waker {
        match this.0 {}
    }

    pub(super) fn now(&self) -> Instant {
        match self.0 {}
    }

    pub(super) fn is_stopped(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn is_held(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn jump(&self, _: Duration) {
        match self.0 {}
    }

    pub(super) fn hold(&self) {
        match self.0 {}
    }

    pub(super) fn release(&self) {
        match self.0 {}
    }
}
