//! A place for one task's waker that any thread may wake, without a lock.
//!
//! ```text
//!              register                     wake
//!   REGISTERING ◄────► IDLE ◄─────────────────────► WAKING
//!        │             finish                          ▲ take, finish
//!        │ wake                                        │
//!        └──► REGISTERING + WAKING: the one who registers finds it when it finishes, and wakes itself
//! ```
//!
//! Invariants
//!
//! - I1: the slot belongs to whoever moved the state away from IDLE, until that one moves it back; moving it away
//!   is what makes a [`WakerKey`].
//! - I2: a wake that comes after a `register` has returned finds that waker, unless another wake has taken it
//!   since. A wake during `register` is not lost: `register` passes it on.
//!
//! Ordering pairs: `finish` (Release) ↔ the next `register` or `wake` (Acquire), for the slot; and what was done
//! before a `wake` that comes too early is seen after the `register` that it missed (both are RMWs on `state`,
//! AcqRel). Model: `a_waiting_receiver_is_woken` in loom-tests/tests/sync_mpsc.rs.
//!
//! Deliberately absent: several tasks at a time. The last one that registered is woken.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::Waker;

use heist_primitive::hint;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};

use super::guarded::Slot;

const IDLE: usize = 0b00;
const REGISTERING: usize = 0b01;
const WAKING: usize = 0b10;

/// The right to open the slot (I1).
pub(super) struct WakerKey(());

/// See the module.
#[derive(Debug)]
pub(super) struct AtomicWaker {
    state: AtomicUsize,
    waker: Slot<Waker, WakerKey>,
}

impl UnwindSafe for AtomicWaker {}
impl RefUnwindSafe for AtomicWaker {}

impl AtomicWaker {
    pub(super) fn new() -> Self {
        Self {
            state: AtomicUsize::new(IDLE),
            waker: Slot::new(None),
        }
    }

    /// Makes `waker` the one to wake. To be called by one thread at a time.
    pub(super) fn register(&self, waker: &Waker) {
        match self
            .state
            .compare_exchange(IDLE, REGISTERING, Ordering::Acquire, Ordering::Acquire)
        {
            Ok(_) => {
                let mut registering = Registering {
                    place: self,
                    key: WakerKey(()),
                    old: None,
                };
                registering.set(waker);
            }
            // Somebody is taking the previous waker this moment: too late to be part of that, so the task is to come
            // again, when that one may be done.
            Err(WAKING) => {
                waker.wake_by_ref();
                hint::spin_loop();
            }
            Err(_) => unreachable!("one task at a time registers"),
        }
    }

    /// Takes the waker out.
    pub(super) fn take(&self) -> Option<Waker> {
        match self.state.fetch_or(WAKING, Ordering::AcqRel) {
            IDLE => {
                let waker = self.waker.take(&mut WakerKey(()));
                self.state.fetch_and(!WAKING, Ordering::Release);
                waker
            }
            _ => None,
        }
    }

    /// Wakes the task that registered last, if it was not woken since.
    pub(super) fn wake(&self) {
        if let Some(waker) = self.take() {
            waker.wake();
        }
    }
}

/// The time in which the state is REGISTERING. Also ends when cloning the waker panics.
struct Registering<'a> {
    place: &'a AtomicWaker,
    key: WakerKey,
    old: Option<Waker>,
}

impl Registering<'_> {
    fn set(&mut self, waker: &Waker) {
        let same = |slot: &mut Option<Waker>| slot.as_ref().is_some_and(|old| old.will_wake(waker));
        if !self.place.waker.open(&mut self.key, same) {
            let fresh = waker.clone();
            self.old = self.place.waker.replace(&mut self.key, fresh);
        }
    }
}

impl Drop for Registering<'_> {
    fn drop(&mut self) {
        let state = &self.place.state;
        let idle = state.compare_exchange(REGISTERING, IDLE, Ordering::AcqRel, Ordering::Acquire);
        if idle.is_err() {
            let missed = self.place.waker.take(&mut self.key);
            state.swap(IDLE, Ordering::AcqRel);
            if let Some(waker) = missed {
                waker.wake();
            }
        }
    }
}
