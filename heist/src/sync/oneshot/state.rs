//! The state word of a oneshot channel, whose transitions hand out the keys to its slots.
//!
//! ```text
//!   COMPLETE  the sender is done: it sent a value or was dropped      complete
//!   VALUE     it sent a value; only together with COMPLETE            complete
//!   CLOSED    the receiver refuses a value that has not come yet      close
//!   RX_TASK   the receiver's waker is in place                        park_rx, unpark_rx
//!   TX_TASK   the sender's waker is in place                          park_tx, unpark_tx
//!   TX_LEFT   the sender does not touch the channel any more          complete, leave_tx
//!   RX_LEFT   the receiver does not                                   leave_rx
//!
//!                     ┌─ complete ──► COMPLETE             a value, if there is one, is the receiver's
//!     0, with or ─────┤
//!     without TASKs   └─ close ─────► CLOSED               a value, if it comes, stays the sender's
//!
//!   COMPLETE + CLOSED: closed after it was complete, which changes nothing.
//! ```
//!
//! Invariants
//!
//! - I1: [`ValueKey`] is made by `new`, for the sender. `complete` takes it and gives it back if it is refused,
//!   as CLOSED came first. It is made anew for the receiver only where COMPLETE has been seen, and the receiver
//!   drops it within that call.
//! - I2: while RX_TASK is clear, [`RxTaskKey`] is the receiver's, which alone sets it. The one who ends the wait has
//!   it then: `complete` if it found RX_TASK, `unpark_rx` and `close` if they found it without COMPLETE.
//! - I3: while TX_TASK is clear, [`TxTaskKey`] is the sender's, which alone sets it. The one who ends the wait has it
//!   then: `close` if it found TX_TASK without COMPLETE, `unpark_tx` and `complete` if they found it without CLOSED.
//! - I4: COMPLETE is never set on a CLOSED word. There is one sender and one receiver, and each makes one transition
//!   at a time.
//! - I5: TX_LEFT is set in the sender's last access to the channel, RX_LEFT in the receiver's. The second to leave sees the
//!   first one's flag, then or before, and only it gets a [`LastLeft`]. `complete` sets TX_LEFT along with COMPLETE if no
//!   waker is in place, so that a value which nobody waits for costs the sender one access, and the receiver, which
//!   then has the channel alone, no write.
//!
//! Ordering pairs, all on the one word, AcqRel ↔ AcqRel or Acquire: `complete` publishes the value to `look_rx`,
//! `park_rx` and `close`; `park_rx` publishes the receiver's waker to `complete`; `park_tx` the sender's to `close`.
//! The one that leaves last has acquired what the other did before it left.
//! Models: `a_value_arrives_once`, `a_refused_value_comes_back`, `a_waker_that_changes_is_not_lost`,
//! `closing_wakes_the_sender`, `a_sender_that_has_waited_sends_or_gets_its_value_back` in loom-tests/tests/sync_oneshot.rs.

use heist_primitive::sync::atomic::{AtomicUsize, Ordering};

const COMPLETE: usize = 0b0_0001;
const VALUE: usize = 0b0_0010;
const CLOSED: usize = 0b0_0100;
const RX_TASK: usize = 0b0_1000;
const TX_TASK: usize = 0b1_0000;
const TX_LEFT: usize = 0b10_0000;
const RX_LEFT: usize = 0b100_0000;

/// The right to open the value's slot (I1).
#[derive(Debug)]
pub(crate) struct ValueKey(());

/// The right to open the slot of the receiver's waker (I2).
#[derive(Debug)]
pub(crate) struct RxTaskKey(());

/// The right to open the slot of the sender's waker (I3).
#[derive(Debug)]
pub(crate) struct TxTaskKey(());

/// The other side has left (I5).
#[derive(Debug)]
pub(crate) struct LastLeft(());

/// See the module.
#[derive(Debug)]
pub(super) struct State(AtomicUsize);

/// What the receiver sees.
#[must_use]
pub(super) enum RxLook {
    /// The sender is done. What it sent, if anything, can be taken.
    Complete(ValueKey),
    /// Closed before a value came.
    Closed,
    /// Nothing yet, and the receiver has no waker in place.
    Idle(RxTaskKey),
    /// Nothing yet; the receiver's waker is in place.
    Parked,
}

/// How `park_rx` and `unpark_rx` went.
#[must_use]
pub(super) enum RxWait<K> {
    /// As asked.
    Done(K),
    /// The sender was faster. What it sent, if anything, can be taken.
    Complete(ValueKey),
}

/// What the sender sees.
#[must_use]
pub(super) enum TxLook {
    /// The receiver takes no value any more.
    Closed,
    /// Open, and the sender has no waker in place.
    Idle(TxTaskKey),
    /// Open; the sender's waker is in place.
    Parked,
}

/// What became of the sender's last act.
#[must_use]
pub(super) enum Completed {
    /// The receiver can see it, and the sender has left.
    Left,
    /// The receiver can see it. If it waits, the sender has to take its waker out and wake it. The sender's own waker, if
    /// it had left one, can be dropped.
    Delivered {
        wake: Option<RxTaskKey>,
        own: Option<TxTaskKey>,
    },
    /// The receiver had closed the channel, and the value is still the sender's.
    Refused(ValueKey),
}

/// What the receiver owes after closing.
#[must_use]
pub(super) enum Closing {
    /// The sender was done before. What it sent, if anything, can be taken.
    Complete(ValueKey),
    /// No value will come. A waiting sender is to be woken; the receiver's own waker can be dropped.
    Closed {
        wake: Option<TxTaskKey>,
        own: Option<RxTaskKey>,
    },
}

impl State {
    /// The state of a fresh channel, and the key for its sender.
    pub(super) fn new() -> (Self, ValueKey) {
        (Self(AtomicUsize::new(0)), ValueKey(()))
    }

    /// The sender is done, and has put a value in or not.
    pub(super) fn complete(&self, key: ValueKey, has_value: bool) -> Completed {
        let set = if has_value { COMPLETE | VALUE } else { COMPLETE };
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            if word & CLOSED != 0 {
                return Completed::Refused(key);
            }
            let leaves = word & (RX_TASK | TX_TASK) == 0;
            let next = word | set | if leaves { TX_LEFT } else { 0 };
            match self
                .0
                .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) if leaves => return Completed::Left,
                Ok(_) => {
                    return Completed::Delivered {
                        wake: (word & RX_TASK != 0).then_some(RxTaskKey(())),
                        own: (word & TX_TASK != 0).then_some(TxTaskKey(())),
                    };
                }
                Err(now) => word = now,
            }
        }
    }

    /// The sender, which has not left with `complete`, leaves.
    pub(super) fn leave_tx(&self) -> Option<LastLeft> {
        let before = self.0.fetch_or(TX_LEFT, Ordering::AcqRel);
        (before & RX_LEFT != 0).then_some(LastLeft(()))
    }

    /// The receiver leaves.
    pub(super) fn leave_rx(&self) -> Option<LastLeft> {
        let mut word = self.0.load(Ordering::Acquire);
        if word & TX_LEFT == 0 {
            word = self.0.fetch_or(RX_LEFT, Ordering::AcqRel);
        }
        (word & TX_LEFT != 0).then_some(LastLeft(()))
    }

    /// Whether the receiver has closed the channel.
    pub(super) fn is_closed(&self) -> bool {
        self.0.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Whether a value has been sent, received or not.
    pub(super) fn has_value(&self) -> bool {
        self.0.load(Ordering::Acquire) & VALUE != 0
    }

    pub(super) fn look_rx(&self) -> RxLook {
        let word = self.0.load(Ordering::Acquire);
        if word & COMPLETE != 0 {
            RxLook::Complete(ValueKey(()))
        } else if word & CLOSED != 0 {
            RxLook::Closed
        } else if word & RX_TASK != 0 {
            RxLook::Parked
        } else {
            RxLook::Idle(RxTaskKey(()))
        }
    }

    /// The receiver has put its waker in place.
    pub(super) fn park_rx(&self, _key: RxTaskKey) -> RxWait<()> {
        let before = self.0.fetch_or(RX_TASK, Ordering::AcqRel);
        if before & COMPLETE != 0 {
            RxWait::Complete(ValueKey(()))
        } else {
            RxWait::Done(())
        }
    }

    /// The receiver wants its waker back.
    pub(super) fn unpark_rx(&self) -> RxWait<RxTaskKey> {
        let before = self.0.fetch_and(!RX_TASK, Ordering::AcqRel);
        if before & COMPLETE != 0 {
            RxWait::Complete(ValueKey(()))
        } else {
            RxWait::Done(RxTaskKey(()))
        }
    }

    /// The receiver takes no value that has not come yet.
    pub(super) fn close(&self) -> Closing {
        let before = self.0.fetch_or(CLOSED, Ordering::AcqRel);
        if before & COMPLETE != 0 {
            return Closing::Complete(ValueKey(()));
        }
        // The second close finds what the first one left, which is nothing to do.
        let first = before & CLOSED == 0;
        let own = (first && before & RX_TASK != 0).then_some(RxTaskKey(()));
        let wake = (first && before & TX_TASK != 0).then_some(TxTaskKey(()));
        Closing::Closed { wake, own }
    }

    pub(super) fn look_tx(&self) -> TxLook {
        let word = self.0.load(Ordering::Acquire);
        if word & CLOSED != 0 {
            TxLook::Closed
        } else if word & TX_TASK != 0 {
            TxLook::Parked
        } else {
            TxLook::Idle(TxTaskKey(()))
        }
    }

    /// The sender has put its waker in place. Whether the channel is still open.
    #[must_use]
    pub(super) fn park_tx(&self, _key: TxTaskKey) -> bool {
        self.0.fetch_or(TX_TASK, Ordering::AcqRel) & CLOSED == 0
    }

    /// The sender wants its waker back; not possible if the channel is closed.
    pub(super) fn unpark_tx(&self) -> Option<TxTaskKey> {
        let before = self.0.fetch_and(!TX_TASK, Ordering::AcqRel);
        (before & CLOSED == 0).then_some(TxTaskKey(()))
    }
}
