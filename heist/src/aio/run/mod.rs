//! [`run`] and [`Runner`]: a whole program's life, from the making of a runtime to its end.
//!
//! ```text
//!   run:  make a runtime ─► main, until it returns, panics, or Ctrl-C cancels it
//!                              └─► cancel what is left, wait for it ─► end the pools of threads ─► result
//! ```
//!
//! Invariants
//!
//! - I1: when `run` returns, or passes a panic of main on, no task and no thread of its runtime is left.
//! - I2: tasks are cancelled while timers, I/O and threads still work; then those are shut down (the order of
//!   runtime/runtime.rs).
//! - I3: the default executor is shut down last: what a task has submitted runs.
//!
//! Deliberately absent: main as a task. It is polled where `run` was called, so it need be neither `Send` nor `'static`.

#[cfg(all(unix, feature = "signal"))]
mod interrupt;
#[cfg(not(all(unix, feature = "signal")))]
#[path = "no_interrupt.rs"]
mod interrupt;

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use super::event_loop::EventLoop;
use crate::runtime::debug;
use crate::runtime::{Builder, Runtime, context, report};

use self::interrupt::Interrupts;

/// Runs `main` to its end on a runtime of its own, cancels the tasks that are left, waits for them, and ends all threads.
/// `asyncio.run`.
///
/// The runtime is a multi-thread one with everything enabled; a [`Runner`] can have another. `main` is polled on this
/// thread, tasks run on the workers.
///
/// The first Ctrl-C (`SIGINT`) cancels `main`: it is dropped, and `run` returns [`RunError::Interrupted`] after what is left
/// has been cancelled. A second one ends the process at once, with status 130, whatever holds it up. A program that
/// listens to `SIGINT` by itself, through [`signal`](crate::signal) or
/// [`EventLoop::add_signal_handler`], is left alone with it.
///
/// # Errors
///
/// If this thread is in a runtime already, if the runtime cannot be made, and after Ctrl-C.
///
/// # Panics
///
/// If `main` panics; after the end of the runtime, as for any other end.
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> Result<(), heist::aio::RunError> {
/// let answer = heist::aio::run(async {
///     heist::time::sleep(Duration::from_millis(1)).await;
///     42
/// })?;
/// assert_eq!(answer, 42);
/// # Ok(())
/// # }
/// ```
pub fn run<F: Future>(main: F) -> Result<F::Output, RunError> {
    let mut runner = Runner::new();
    let result = runner.run(main);
    runner.close();
    result
}

/// Why [`run`] has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// This thread is in a runtime already: await the future instead.
    Nested,
    /// The runtime, or what listens for Ctrl-C, could not be made.
    Build(io::Error),
    /// Ctrl-C has cancelled the future. `KeyboardInterrupt`.
    Interrupted,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nested => {
                f.write_str("`run` cannot be called from asynchronous code: `.await` the future instead")
            }
            Self::Build(error) => write!(f, "the runtime cannot be made: {error}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Build(error) => Some(error),
            Self::Nested | Self::Interrupted => None,
        }
    }
}

impl From<RunError> for io::Error {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Build(error) => error,
            RunError::Interrupted => io::Error::new(io::ErrorKind::Interrupted, error),
            RunError::Nested => io::Error::other(error),
        }
    }
}

/// Runs one future after the other on one runtime, which it makes when it is needed and ends when it is closed or dropped.
/// `asyncio.Runner`.
///
/// ```
/// # fn main() -> Result<(), heist::aio::RunError> {
/// use heist::runtime::Builder;
///
/// let mut runner = heist::aio::Runner::with_builder(Builder::new_current_thread()).debug(true);
/// let kettle = runner.run(async { heist::spawn(async { "tea" }) })?;
/// assert_eq!(runner.run(kettle)?.unwrap(), "tea");
/// runner.close();
/// # Ok(())
/// # }
/// ```
pub struct Runner {
    settings: Builder,
    handle_sigint: bool,
    /// Made when it is needed.
    runtime: Option<Runtime>,
}

impl Default for Runner {
    fn default() -> Self {
        Self::new()
    }
}

impl Runner {
    /// A runner with a multi-thread runtime.
    pub fn new() -> Self {
        Self::with_builder(Builder::new_multi_thread())
    }

    /// A runner whose runtime is made as `settings` say, with everything enabled. `loop_factory`.
    pub fn with_builder(mut settings: Builder) -> Self {
        settings.enable_all();
        Self {
            settings,
            handle_sigint: true,
            runtime: None,
        }
    }

    /// Turns [debug mode](Builder::debug) on or off.
    pub fn debug(mut self, on: bool) -> Self {
        self.settings.debug(on);
        self
    }

    /// Whether Ctrl-C cancels what is run; yes unless set. See [`run`].
    pub fn handle_sigint(mut self, yes: bool) -> Self {
        self.handle_sigint = yes;
        self
    }

    fn runtime(&mut self) -> Result<&Runtime, RunError> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => self.settings.build().map_err(RunError::Build)?,
        };
        Ok(self.runtime.insert(runtime))
    }

    /// The event loop of the runtime, to call it from elsewhere.
    ///
    /// # Errors
    ///
    /// If the runtime cannot be made.
    pub fn get_loop(&mut self) -> Result<EventLoop, RunError> {
        self.runtime().map(|runtime| EventLoop::of(runtime.handle()))
    }

    /// Runs `main` to its end, or until Ctrl-C. Tasks that it leaves go on when the next future is run, and on a
    /// multi-thread runtime also meanwhile.
    ///
    /// # Errors
    ///
    /// As [`run`].
    ///
    /// # Panics
    ///
    /// If `main` panics.
    pub fn run<F: Future>(&mut self, main: F) -> Result<F::Output, RunError> {
        if context::is_driving() {
            return Err(RunError::Nested);
        }
        let handle_sigint = self.handle_sigint;
        let event_loop = self.get_loop()?;
        let mut interrupts = match handle_sigint {
            true => Some(Interrupts::begin().map_err(RunError::Build)?),
            false => None,
        };
        let slow = event_loop.state().slow();
        self.runtime()?.block_on(async {
            let mut main = pin!(main);
            poll_fn(|cx| {
                let report_slow = |took| {
                    report(format_args!(
                        "debug: the main future was polled for {took:?} without a break"
                    ))
                };
                let polled = debug::measured(slow, report_slow, || main.as_mut().poll(cx));
                match polled {
                    Poll::Ready(output) => Poll::Ready(Ok(output)),
                    Poll::Pending => poll_interrupt(&mut interrupts, cx).map(|()| Err(RunError::Interrupted)),
                }
            })
            .await
        })
    }

    /// Runs tasks and callbacks until [`EventLoop::stop`] is called, or Ctrl-C. `loop.run_forever`.
    ///
    /// # Errors
    ///
    /// As [`run`].
    ///
    /// ```
    /// # fn main() -> Result<(), heist::aio::RunError> {
    /// let mut runner = heist::aio::Runner::new();
    /// let event_loop = runner.get_loop()?;
    /// let stop = event_loop.clone();
    /// event_loop.call_later(std::time::Duration::from_millis(1), move || stop.stop());
    /// runner.run_forever()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_forever(&mut self) -> Result<(), RunError> {
        let event_loop = self.get_loop()?;
        let state = event_loop.state().clone();
        state.start(event_loop.runtime());
        self.run(poll_fn(move |cx| state.poll_stopped(cx)))
    }

    /// Cancels the tasks that are left, waits for them, and ends all threads: those of the runtime and those of the default
    /// executor.
    ///
    /// # Panics
    ///
    /// In asynchronous code, which would block the thread.
    pub fn close(mut self) {
        self.end();
    }

    /// I2, I3.
    fn end(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        let event_loop = EventLoop::of(runtime.handle());
        let executor = event_loop.state().executor.lock().take();
        drop(runtime);
        if let Some(executor) = executor {
            executor.shutdown(true, false);
        }
    }
}

fn poll_interrupt(interrupts: &mut Option<Interrupts>, cx: &mut Context<'_>) -> Poll<()> {
    match interrupts {
        Some(interrupts) => interrupts.poll(cx),
        None => Poll::Pending,
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("settings", &self.settings)
            .field("runtime", &self.runtime)
            .finish_non_exhaustive()
    }
}
