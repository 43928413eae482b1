//! Which future is polled first, and whether any may be.

use std::task::{Context, Poll};

use heist_executor::coop;

/// The index `step` places after `first` among `count`, going around.
#[inline]
pub fn around(first: u32, step: u32, count: u32) -> u32 {
    let index = first + step;
    if index < count { index } else { index - count }
}

/// The value of `next`, which then is the one after it among `count`.
#[inline]
pub fn rotate(next: &mut u32, count: u32) -> u32 {
    let first = *next;
    *next = around(first, 1, count);
    first
}

/// `Pending`, with the task woken, if it has used up its cooperative budget.
#[inline]
pub fn poll_budget_available(cx: &mut Context<'_>) -> Poll<()> {
    if coop::has_budget_remaining() {
        Poll::Ready(())
    } else {
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The panic of a `select!` that has nothing to wait for.
#[cold]
#[track_caller]
pub fn all_disabled() -> ! {
    panic!(
        "all branches are disabled and there is no else branch: add `else => …` to this `select!`, or keep a \
         branch whose precondition is true and whose pattern matches"
    )
}
