//! Debug mode: what is reported on stderr, one line each, when it is on; nothing is measured when it is off.
//!
//! ```text
//!   a poll of a task        before_poll ─► clock ─► poll ─► clock ─► after_poll     hooks, set by `build` only in debug mode
//!   a callback of the loop  clock ─► callback ─► clock                              aio/event_loop/ready.rs
//!   a turn of the reactor   wait ─► clock ─► timers, wakers ─► clock                driver.rs
//!   calls from the wrong thread                                                      aio/event_loop/mod.rs
//! ```
//!
//! Invariants
//!
//! - I1: with debug mode off no hook is set and no clock is read for it.
//! - I2: the hooks of the user are called as well, outside of what is measured.
//!
//! Absent on purpose: anything that stops or slows what it finds.

use std::cell::RefCell;
use std::time::Duration;

use heist_executor::hooks::{Hooks, TaskMeta};
use heist_primitive::sync::StdArc;

use super::builder::Builder;
use super::driver::report;
use crate::time::{Instant, machine_now};

/// The environment variable that turns it on.
pub(super) const VARIABLE: &str = "HEIST_DEBUG";

/// How long a poll, a callback or a turn may take unless set, as in asyncio.
pub(super) const SLOW: Duration = Duration::from_millis(100);

/// The name of the task that runs an event loop's callbacks, each of which is measured by itself.
pub(crate) const CALLBACKS: &str = "event-loop";

heist_primitive::thread_local! {
    /// When the polls began that this thread is in; a task's first poll may be inside of another's.
    static BEGUN: RefCell<Vec<Instant>> = const { RefCell::new(Vec::new()) };
}

/// Measures `f`, if there is a limit, and reports it by `what` if it takes longer.
pub(crate) fn measured<R>(slow: Option<Duration>, what: impl FnOnce(Duration), f: impl FnOnce() -> R) -> R {
    let Some(slow) = slow else {
        return f();
    };
    let begun = machine_now();
    let result = f();
    let took = machine_now().saturating_duration_since(begun);
    if took >= slow {
        what(took);
    }
    result
}

/// The same hooks, with a look at the clock before and after each poll.
pub(super) fn hooks(hooks: Hooks, slow: Duration) -> Hooks {
    let (before, after) = (hooks.before_poll.clone(), hooks.after_poll.clone());
    Hooks {
        before_poll: Some(StdArc::new(move |task| {
            if let Some(before) = &before {
                before(task);
            }
            let _ = BEGUN.try_with(|begun| begun.borrow_mut().push(machine_now()));
        })),
        after_poll: Some(StdArc::new(move |task| {
            let begun = BEGUN.try_with(|begun| begun.borrow_mut().pop());
            if let Ok(Some(begun)) = begun {
                let took = machine_now().saturating_duration_since(begun);
                if took >= slow && task.name() != Some(CALLBACKS) {
                    report(format_args!(
                        "debug: {} was polled for {took:?} without a break",
                        Named(task)
                    ));
                }
            }
            if let Some(after) = &after {
                after(task);
            }
        })),
        ..hooks
    }
}

/// A task's name, id and location, as every line on stderr tells it.
pub(super) struct Named<'a>(pub(super) &'a TaskMeta<'a>);

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "task {}", self.0.id())?;
        if let Some(name) = self.0.name() {
            write!(f, " {name:?}")?;
        }
        write!(f, ", spawned at {},", self.0.spawned_at())
    }
}

impl Builder {
    /// Turns debug mode on or off. Unless set, it is on if the environment variable `HEIST_DEBUG` is set to something other
    /// than `0`.
    ///
    /// In debug mode these are reported on stderr, one line each: a poll of a task, a callback of the
    /// [event loop](crate::aio::EventLoop) and a turn of the reactor that take longer than
    /// [`slow_callback_duration`](Self::slow_callback_duration), and calls to the event loop from a thread that is not in
    /// its runtime. It costs two looks at the clock for each poll and each turn; nothing when off.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = heist::runtime::Builder::new_multi_thread()
    ///     .debug(true)
    ///     .slow_callback_duration(Duration::from_millis(20))
    ///     .build()?;
    /// let task = heist::task::Builder::new()
    ///     .name("hog")
    ///     .spawn_on(async { std::thread::sleep(Duration::from_millis(30)) }, runtime.handle())?;
    /// // heist: debug: task 1 "hog", spawned at src/main.rs:9:6, was polled for 30.1ms without a break
    /// runtime.block_on(task)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn debug(&mut self, on: bool) -> &mut Self {
        self.debug = Some(on);
        self
    }

    /// Sets what debug mode calls slow; 100 ms unless set.
    pub fn slow_callback_duration(&mut self, limit: Duration) -> &mut Self {
        self.slow_callback_duration = limit;
        self
    }
}
