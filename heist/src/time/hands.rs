//! The hands of a clock: [`pause`], [`resume`], [`advance`], and the jump to the next timer.
//!
//! Compiled with the feature `test-util`; `no_hands.rs` stands in for it otherwise.
//!
//! ```text
//!               pause                          ┌─► advance: now + d, by whoever calls it
//!   Running  ───────────►  Stopped at an instant
//!            ◄───────────                      └─► jump: to the next timer, by the driver when nothing is to do
//!               resume
//! ```
//!
//! A driver with nothing to do and a stopped clock looks for I/O without waiting, and then jumps to the next
//! timer. If it cannot jump it waits without a limit.
//!
//! Invariants
//!
//! - N1: the time never goes back: a stopped clock goes on from where it stood.
//! - N2: the driver jumps only if nobody used its unparker since it last tried. So what another thread made
//!   ready before the jump is run before it.
//! - N3: while a closure waits for the blocking pool or runs there, the clock is held: no jump. It is released
//!   after whoever awaits the closure was woken, so by N2 that one runs before time goes on.
//! - N4: whatever could let a waiting driver jump or wait with a limit (a release, a resume, an advance) unparks it.
//! - N5: no waker is woken or dropped under the lock.
//!
//! Ordering: the lock. The flag of N2 is set under it before the driver's own unparker is woken, and read under it
//! together with the holds.
//!
//! Absent on purpose: a clock for several runtimes, and any use by a multi-thread runtime, where "nothing to do" cannot
//! be told apart from "about to do something".

use std::fmt;
use std::task::{Wake, Waker};
use std::time::Duration;

use heist_primitive::sync::{Mutex, StdArc};

use super::{Instant, clock};
use crate::runtime::context;

const OUTSIDE: &str = "the time can be paused, resumed and advanced only inside of a heist runtime: call this from the \
     future given to `Runtime::block_on` or from a task";
const NO_HANDS: &str = "the time can be paused and advanced on a current-thread runtime only: build it with \
     `runtime::Builder::new_current_thread`, or use `#[heist::test]` without a flavor";
const STOPPED: &str = "the time is paused already: call `time::resume` first, or leave out one `time::pause`";
const RUNNING: &str =
    "the time is not paused: call `time::pause` first, or build the runtime with `start_paused`";
const TOO_FAR: &str = "the clock cannot advance so far: the platform has no such instant";

/// Stops the runtime's clock.
///
/// From now on [`Instant::now`] returns the same moment again and again, until [`advance`] or the runtime itself
/// moves the clock. `std::time::Instant` is not affected. Requires the feature `test-util` and a current-thread
/// runtime, which is what `#[heist::test]` makes; a runtime that starts with its clock stopped comes from
/// [`Builder::start_paused`](crate::runtime::Builder::start_paused) or `#[heist::test(start_paused = true)]`.
///
/// # Auto-advance
///
/// When the time is paused and the runtime has nothing to do, the clock jumps to the next timer. So a sleep of an
/// hour is over at once, exactly one hour later by the clock, and timers fire in the order of their deadlines. I/O
/// that is ready comes before the jump.
///
/// The clock does not jump as long as a closure is on the blocking pool
/// ([`spawn_blocking`](crate::task::spawn_blocking)). Wait for I/O inside of one to have time stand still meanwhile.
///
/// # Panics
///
/// If the time is paused already, and outside of a current-thread runtime.
///
/// # Example
///
/// ```
/// use heist::time::{self, Duration, Instant};
///
/// # heist::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// time::pause();
/// let start = Instant::now();
/// time::sleep(Duration::from_secs(3_600)).await; // at once
/// assert_eq!(start.elapsed(), Duration::from_secs(3_600));
/// # });
/// ```
#[track_caller]
pub fn pause() {
    move_hands(|hands| hands.pause());
}

/// Lets the runtime's clock go on from where it stands.
///
/// Requires the feature `test-util`.
///
/// # Panics
///
/// If the time is not paused, and outside of a runtime.
///
/// # Example
///
/// ```
/// use heist::time::{self, Duration, Instant};
///
/// # heist::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// time::pause();
/// let paused = Instant::now();
/// time::resume();
/// while Instant::now() == paused {}
/// # });
/// ```
#[track_caller]
pub fn resume() {
    move_hands(|hands| hands.resume());
}

/// Moves the paused clock on by `duration`, in one step, and yields.
///
/// Timers that become due fire when the runtime looks at them next, which it does before this returns; they fire in the
/// order of their deadlines, but all at the new time. The tasks that they wake may or may not have run when this
/// returns. To have each timer seen at its own time, [`sleep`](super::sleep()) instead: the clock then jumps from timer to
/// timer.
///
/// Requires the feature `test-util`.
///
/// # Panics
///
/// If the time is not paused, outside of a runtime, and if the platform has no instant so far away.
///
/// # Cancel safety
///
/// The clock moves at the first poll. Dropping the future later only saves the yielding.
///
/// # Example
///
/// ```
/// use heist::time::{self, Duration, Instant};
///
/// # heist::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// time::pause();
/// let start = Instant::now();
/// time::advance(Duration::from_micros(1_500)).await;
/// assert_eq!(start.elapsed(), Duration::from_micros(1_500));
/// # });
/// ```
pub async fn advance(duration: Duration) {
    move_hands(|hands| hands.advance(duration));
    heist_executor::task::yield_now().await;
}

#[track_caller]
fn move_hands(f: impl FnOnce(&Hands) -> Result<(), &'static str>) {
    let result = match context::try_current() {
        Err(_) => Err(OUTSIDE),
        Ok(runtime) => match runtime.clock().hands() {
            None => Err(NO_HANDS),
            Some(hands) => f(hands),
        },
    };
    if let Err(message) = result {
        panic!("{message}");
    }
}

/// The time of the current runtime's clock, or of the machine's outside of a runtime.
pub(super) fn current_now() -> Instant {
    match context::try_current() {
        Ok(runtime) => runtime.clock().now(),
        Err(_) => clock::machine_now(),
    }
}

/// Stops and moves a clock.
pub(crate) struct Hands {
    state: Mutex<State>,
}

struct State {
    mode: Mode,
    /// Closures on the blocking pool.
    holds: usize,
    /// N2.
    unparked: bool,
    /// The driver's own; `None` until there is a driver.
    unparker: Option<Waker>,
}

#[derive(Clone, Copy, Debug)]
enum Mode {
    /// Shows `shown` plus what has passed since the machine's `since`.
    Running {
        shown: Instant,
        since: Instant,
    },
    Stopped(Instant),
}

impl Mode {
    fn now(self) -> Instant {
        match self {
            Self::Running { shown, since } => shown + clock::machine_now().saturating_duration_since(since),
            Self::Stopped(at) => at,
        }
    }
}

impl Hands {
    pub(super) fn new(start: Instant, stopped: bool) -> Option<Self> {
        let mode = if stopped {
            Mode::Stopped(start)
        } else {
            Mode::Running {
                shown: start,
                since: start,
            }
        };
        Some(Self {
            state: Mutex::new(State {
                mode,
                holds: 0,
                unparked: false,
                unparker: None,
            }),
        })
    }

    fn pause(&self) -> Result<(), &'static str> {
        let mut state = self.state.lock();
        match state.mode {
            Mode::Stopped(_) => Err(STOPPED),
            running => {
                state.mode = Mode::Stopped(running.now());
                Ok(())
            }
        }
    }

    fn resume(&self) -> Result<(), &'static str> {
        let mut state = self.state.lock();
        match state.mode {
            Mode::Running { .. } => return Err(RUNNING),
            Mode::Stopped(at) => {
                state.mode = Mode::Running {
                    shown: at,
                    since: clock::machine_now(),
                };
            }
        }
        drop(state);
        self.unpark();
        Ok(())
    }

    fn advance(&self, by: Duration) -> Result<(), &'static str> {
        let mut state = self.state.lock();
        match state.mode {
            Mode::Running { .. } => return Err(RUNNING),
            Mode::Stopped(at) => state.mode = Mode::Stopped(at.checked_add(by).ok_or(TOO_FAR)?),
        }
        drop(state);
        self.unpark();
        Ok(())
    }

    /// N4.
    fn unpark(&self) {
        let unparker = {
            let mut state = self.state.lock();
            state.unparked = true;
            state.unparker.clone()
        };
        if let Some(unparker) = unparker {
            unparker.wake();
        }
    }
}

/// For the clock.
impl Hands {
    pub(super) fn now(&self) -> Instant {
        self.state.lock().mode.now()
    }

    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.state.lock().mode, Mode::Stopped(_))
    }

    pub(super) fn is_held(&self) -> bool {
        self.state.lock().holds > 0
    }

    pub(super) fn jump(&self, by: Duration) {
        let mut state = self.state.lock();
        let unparked = std::mem::take(&mut state.unparked);
        if let (Mode::Stopped(at), 0, false) = (state.mode, state.holds, unparked) {
            state.mode = Mode::Stopped(at.after(by));
        }
    }

    pub(super) fn hold(&self) {
        self.state.lock().holds += 1;
    }

    pub(super) fn release(&self) {
        let is_last = {
            let mut state = self.state.lock();
            state.holds -= 1;
            state.holds == 0
        };
        if is_last {
            self.unpark();
        }
    }

    pub(super) fn unparker(this: &StdArc<Self>, unparker: Waker) -> Waker {
        this.state.lock().unparker = Some(unparker);
        StdArc::new(Unparker(this.clone())).into()
    }
}

impl fmt::Debug for Hands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hands")
            .field("mode", &self.state.lock().mode)
            .finish_non_exhaustive()
    }
}

/// Unparks the driver and tells the hands that somebody did.
struct Unparker(StdArc<Hands>);

impl Wake for Unparker {
    fn wake(self: StdArc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.0.unpark();
    }
}
