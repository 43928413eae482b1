//! The cooperative budget: how much a task may do in one poll before it must let others run.
//!
//! A task that always finds its socket ready or its channel full never returns `Pending` by itself and
//! starves its worker. So each poll of a task starts with a budget of 128, every leaf future that makes
//! progress spends one through [`poll_proceed`], and at zero the leaf wakes its task and returns
//! `Pending` although it could go on. The source of the idea is tokio's `coop`
//! (<https://tokio.rs/blog/2020-04-preemption>).
//!
//! Invariants
//!
//! - I1: outside of [`budget`] nothing is limited (`None`).
//! - I2: a leaf that returned `Pending` for its own reasons has spent nothing: [`RestoreOnPending`] gives
//!   the unit back unless told of progress.
//! - I3: whoever is refused has been woken before `poll_proceed` returns, so the refusal cannot strand it.
//! - I4: who is refused, and who yields on purpose, has given its turn up ([`give_up_turn`]); who merely wakes itself
//!   has not. A scheduler asks once after each poll, for what it runs itself. A mark that nobody asked for, because the
//!   poll was `Ready` after all, falls to a later task, which then waits a little longer: harmless.
//!
//! Absent on purpose: a clock. The budget counts operations, not time.

use std::cell::Cell;
use std::marker::PhantomData;
use std::task::{Context, Poll};

/// Operations a task may do in one poll.
pub const BUDGET: u8 = 128;

/// In place of 0: nothing is left, and somebody was refused for it, which counts once a poll.
const REFUSED: u8 = u8::MAX;

heist_primitive::thread_local! {
    static REMAINING: Cell<Option<u8>> = const { Cell::new(None) };
    /// Polls in which somebody was refused, since the last [`take_refusals`].
    static REFUSALS: Cell<u64> = const { Cell::new(0) };
}

heist_primitive::thread_local! {
    static GAVE_UP_TURN: Cell<bool> = const { Cell::new(false) };
}

/// Marks the task that is being polled: before its next poll the driver is to be looked at. Besides, wake it.
pub(crate) fn give_up_turn() {
    let _ = GAVE_UP_TURN.try_with(|cell| cell.set(true));
}

/// Whether [`give_up_turn`] was called since the last time this was.
pub(crate) fn take_given_up_turn() -> bool {
    GAVE_UP_TURN.try_with(Cell::take).unwrap_or(false)
}

/// Sets the budget of this thread back to what it was, also when the closure panics.
struct Restore(Option<u8>);

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = REMAINING.try_with(|cell| cell.set(self.0));
    }
}

fn with<R>(budget: Option<u8>, f: impl FnOnce() -> R) -> R {
    let _restore = Restore(REMAINING.try_with(|cell| cell.replace(budget)).unwrap_or(None));
    f()
}

/// Runs `f` with a fresh budget of [`BUDGET`].
#[inline]
pub fn budget<R>(f: impl FnOnce() -> R) -> R {
    with(Some(BUDGET), f)
}

/// Runs `f` without a limit.
#[inline]
pub fn unconstrained<R>(f: impl FnOnce() -> R) -> R {
    with(None, f)
}

/// Ends the limit for the rest of this poll and returns what was left: for a thread that is about to
/// block on purpose.
pub fn stop() -> Option<u8> {
    REMAINING.try_with(|cell| cell.take()).unwrap_or(None)
}

/// Sets what [`stop`] returned.
pub fn resume(remaining: Option<u8>) {
    let _ = REMAINING.try_with(|cell| cell.set(remaining));
}

/// Whether a leaf future may still make progress in this poll.
#[inline]
pub fn has_budget_remaining() -> bool {
    REMAINING
        .try_with(|cell| !matches!(cell.get(), Some(0 | REFUSED)))
        .unwrap_or(true)
}

/// Spends one unit, or wakes the task and returns `Pending` if none is left.
///
/// Keep the returned guard until the operation has an outcome and call
/// [`made_progress`](RestoreOnPending::made_progress) on it if that outcome was progress.
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<RestoreOnPending> {
    let before = REMAINING.try_with(Cell::get).unwrap_or(None);
    match before {
        None => Poll::Ready(RestoreOnPending::new(None)),
        Some(left @ (0 | REFUSED)) => {
            cx.waker().wake_by_ref();
            refused(left);
            Poll::Pending
        }
        Some(left) => {
            let _ = REMAINING.try_with(|cell| cell.set(Some(left - 1)));
            Poll::Ready(RestoreOnPending::new(Some(left)))
        }
    }
}

/// Off the way of those who have a budget left.
#[cold]
fn refused(left: u8) {
    if left == REFUSED {
        return;
    }
    let _ = REMAINING.try_with(|cell| cell.set(Some(REFUSED)));
    give_up_turn();
    let _ = REFUSALS.try_with(|refusals| refusals.set(refusals.get() + 1));
}

/// In how many polls somebody was refused on this thread since the last call, for whoever counts it.
pub(crate) fn take_refusals() -> u64 {
    REFUSALS.try_with(Cell::take).unwrap_or(0)
}

/// Gives the unit back when dropped, unless the operation [made progress](Self::made_progress).
///
/// It belongs to the poll that it was made in, so it stays on its thread.
#[derive(Debug)]
#[must_use = "call made_progress when the operation made progress"]
pub struct RestoreOnPending {
    before: Cell<Option<u8>>,
    _not_send: PhantomData<*mut ()>,
}

impl RestoreOnPending {
    #[inline]
    fn new(before: Option<u8>) -> Self {
        Self {
            before: Cell::new(before),
            _not_send: PhantomData,
        }
    }

    /// Keeps the unit spent.
    #[inline]
    pub fn made_progress(&self) {
        self.before.set(None);
    }
}

impl Drop for RestoreOnPending {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.before.get() {
            let _ = REMAINING.try_with(|cell| cell.set(Some(before)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn the_129th_operation_is_refused_and_the_unit_of_a_pending_one_returns() {
        let mut cx = Context::from_waker(Waker::noop());
        budget(|| {
            let Poll::Ready(unit) = poll_proceed(&mut cx) else {
                panic!("fresh budget refused")
            };
            drop(unit);
            for _ in 0..BUDGET {
                let Poll::Ready(unit) = poll_proceed(&mut cx) else {
                    panic!("refused too early")
                };
                unit.made_progress();
            }
            assert!(!has_budget_remaining());
            take_refusals();
            assert!(poll_proceed(&mut cx).is_pending());
            assert!(!has_budget_remaining());
            assert!(unconstrained(|| poll_proceed(&mut cx).is_ready()));
            assert!(poll_proceed(&mut cx).is_pending());
            assert_eq!(take_refusals(), 1);
        });
        assert!(poll_proceed(&mut cx).is_ready());
    }
}
