//! [`Timeout`]: a time limit that can be moved while it runs.
//!
//! ```text
//!   new ── run ──► running ──┬── the future is ready, or the run is dropped ──► finished
//!    └─ reschedule ─┘  ▲  │  └── the time is over ────────────────────────────► expired
//!                      └──┘ reschedule: the run is woken and sets its timer anew
//! ```
//!
//! Invariants
//!
//! - I1: the run expires only at a moment that is still the one set, in the same hold of the lock.
//! - I2: whoever moves the limit wakes the run that waits for the old one.
//! - I3: no waker is woken or dropped under the lock.
//!
//! Ordering pairs: the lock, alone.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use heist_executor::coop;
use heist_primitive::sync::{Mutex, StdArc as Arc};

use crate::time::error::Elapsed;
use crate::time::{Instant, Sleep, sleep_until};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    New,
    Running,
    Finished,
    Expired,
}

struct State {
    phase: Phase,
    when: Option<Instant>,
    /// Of the run.
    waker: Option<Waker>,
}

/// A time limit for what [`run`](Self::run)s under it, which can be moved meanwhile; made by [`timeout`] and [`timeout_at`].
/// `asyncio.Timeout`. Clones are the same limit.
///
/// ```
/// use heist::aio::{sleep, timeout};
/// use heist::time::Instant;
/// use std::time::Duration;
///
/// # heist::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let limit = timeout(Duration::from_millis(1));
/// let result = limit.run(async {
///     // We see that it will take longer.
///     limit.reschedule(Instant::now() + Duration::from_secs(60));
///     sleep(Duration::from_millis(5), "done").await
/// });
/// assert_eq!(result.await, Ok("done"));
/// assert!(!limit.expired());
/// # });
/// ```
#[derive(Clone)]
pub struct Timeout {
    state: Arc<Mutex<State>>,
}

/// A limit that expires when `delay` has passed from now; never with `None`, until it is [rescheduled](Timeout::reschedule).
/// `asyncio.timeout`.
///
/// A delay that the platform cannot add to the present counts as `None`.
pub fn timeout(delay: impl Into<Option<Duration>>) -> Timeout {
    timeout_at(delay.into().and_then(|delay| Instant::now().checked_add(delay)))
}

/// A limit that expires at `when`; never with `None`, until it is [rescheduled](Timeout::reschedule). `asyncio.timeout_at`.
pub fn timeout_at(when: impl Into<Option<Instant>>) -> Timeout {
    Timeout {
        state: Arc::new(Mutex::new(State {
            phase: Phase::New,
            when: when.into(),
            waker: None,
        })),
    }
}

impl Timeout {
    /// The moment at which it expires, or has; `None`: never.
    pub fn when(&self) -> Option<Instant> {
        self.state.lock().when
    }

    /// Whether the time was over before the future was ready.
    pub fn expired(&self) -> bool {
        self.state.lock().phase == Phase::Expired
    }

    /// Moves the limit, from anywhere; `None`: it does not expire. Returns `false` if it is too late: it has expired, or
    /// the run is over.
    pub fn reschedule(&self, when: impl Into<Option<Instant>>) -> bool {
        let waker = {
            let mut state = self.state.lock();
            if matches!(state.phase, Phase::Finished | Phase::Expired) {
                return false;
            }
            state.when = when.into();
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Awaits `future` until the limit. Of a future that was too late nothing is left when this returns.
    ///
    /// The future is polled first, so one that is ready at once wins over a limit that has passed.
    ///
    /// # Errors
    ///
    /// [`Elapsed`] if the time was over first.
    ///
    /// # Cancel safety
    ///
    /// Dropping the run drops the future.
    ///
    /// # Panics
    ///
    /// If the limit has been used for a run before: make one for each. If there is a limit and the runtime has no timers.
    pub async fn run<F: Future>(&self, future: F) -> Result<F::Output, Elapsed> {
        self.begin();
        let _left = Left(self);
        let mut timer = pin!(None);
        let mut future = pin!(Some(future));
        let output = poll_fn(|cx| {
            let had_budget = coop::has_budget_remaining();
            if let Some(running) = future.as_mut().as_pin_mut() {
                if let Poll::Ready(output) = running.poll(cx) {
                    return Poll::Ready(Ok(output));
                }
            }
            let spent = had_budget && !coop::has_budget_remaining();
            match self.poll_limit(timer.as_mut(), spent, cx) {
                Poll::Ready(()) => Poll::Ready(Err(Elapsed::new())),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        future.set(None);
        output
    }

    #[track_caller]
    fn begin(&self) {
        let before = {
            let mut state = self.state.lock();
            if state.phase == Phase::New {
                state.phase = Phase::Running;
                return;
            }
            state.phase
        };
        panic!("a `Timeout` was run that is {before:?} already: make one by `timeout` for each run");
    }

    /// Ready when the time is over, and then it has expired.
    fn poll_limit(&self, mut timer: Pin<&mut Option<Sleep>>, spent: bool, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let Some(when) = self.wait_in_line(cx.waker()) else {
                timer.set(None);
                return Poll::Pending;
            };
            if timer.as_ref().as_pin_ref().map(|timer| timer.deadline()) != Some(when) {
                timer.set(Some(sleep_until(when)));
            }
            let Some(set) = timer.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            let over = if spent {
                coop::unconstrained(|| set.poll(cx))
            } else {
                set.poll(cx)
            };
            if over.is_pending() {
                return Poll::Pending;
            }
            if self.expire(when) {
                return Poll::Ready(());
            }
        }
    }

    /// Leaves the waker for who moves the limit, and returns where it is.
    fn wait_in_line(&self, waker: &Waker) -> Option<Instant> {
        let new = waker.clone();
        let mut state = self.state.lock();
        let when = state.when;
        let old = state.waker.replace(new);
        drop(state);
        drop(old);
        when
    }

    /// I1.
    fn expire(&self, when: Instant) -> bool {
        let mut state = self.state.lock();
        let over = state.when == Some(when);
        if over {
            state.phase = Phase::Expired;
        }
        over
    }
}

/// The run is over.
struct Left<'a>(&'a Timeout);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.0.state.lock();
            if state.phase == Phase::Running {
                state.phase = Phase::Finished;
            }
            state.waker.take()
        };
        drop(waker);
    }
}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Timeout")
            .field("state", &state.phase)
            .field("when", &state.when)
            .finish()
    }
}
