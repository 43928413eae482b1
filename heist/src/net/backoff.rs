//! How accept goes on when the process or the system has run out of something.
//!
//! The connection that could not be accepted stays in the kernel's queue and the listener stays ready, so a
//! server that merely tries again would spin. So after such an error the next accept waits before it tries.
//!
//! ```text
//!             (1) exhausted: 10 ms                 (2) exhausted again: twice as long, at most 1 s
//!   ┌──────┐ ─────────────────────► ┌───────────┐ ──┐
//!   │ free │                        │ backs off │ ◄─┘
//!   └──────┘ ◄───────────────────── └───────────┘
//!             (3) succeeded
//! ```
//!
//! Invariants
//!
//! - I1: the moment of the next attempt is absolute: an accept that is cancelled and called again, as in a
//!   `select!` loop, does not push it back.
//! - I2: nothing is polled, woken or dropped under the lock but the state itself.
//!
//! Absent on purpose: a reserve descriptor to accept and close with. The peer waits in the queue instead.

use crate::runtime::context;
use crate::time::{Instant, Sleep, sleep_until};
use heist_primitive::sync::Mutex;
use std::future::Future;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

const FIRST_DELAY: Duration = Duration::from_millis(10);
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// The back-off of one listener.
#[derive(Debug, Default)]
pub(in crate::net) struct Backoff(Mutex<Option<State>>);

#[derive(Debug)]
struct State {
    retry_at: Instant,
    delay: Duration,
    /// The sleep of `poll_accept`; `accept` brings its own.
    sleep: Option<Pin<Box<Sleep>>>,
}

// A panic elsewhere leaves a moment and a delay, which are whole at every moment.
impl UnwindSafe for Backoff {}
impl RefUnwindSafe for Backoff {}

impl Backoff {
    /// Waits for the next attempt's moment.
    pub(in crate::net) async fn wait(&self) {
        let retry_at = self.0.lock().as_ref().map(|state| state.retry_at);
        if let Some(retry_at) = retry_at.filter(|_| has_timers()) {
            sleep_until(retry_at).await;
        }
    }

    /// The same for `poll_accept`.
    pub(in crate::net) fn poll_wait(&self, cx: &mut Context<'_>) -> Poll<()> {
        let (sleep, retry_at) = match self.0.lock().as_mut() {
            Some(state) if has_timers() => (state.sleep.take(), state.retry_at),
            _ => return Poll::Ready(()),
        };
        let mut sleep = match sleep {
            Some(sleep) if sleep.deadline() == retry_at => sleep,
            _ => Box::pin(sleep_until(retry_at)),
        };
        let slept = sleep.as_mut().poll(cx);
        let mut unused = Some(sleep);
        if let Some(state) = self.0.lock().as_mut() {
            std::mem::swap(&mut state.sleep, &mut unused);
        }
        ready!(slept);
        Poll::Ready(())
    }

    /// Learns how an accept went, and explains the error if something was exhausted.
    pub(in crate::net) fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        match result {
            Ok(accepted) => {
                self.reset();
                Ok(accepted)
            }
            Err(error) => Err(match exhausted(&error) {
                Some(remedy) => {
                    self.extend();
                    explain(error, remedy)
                }
                None => error,
            }),
        }
    }

    fn reset(&self) {
        let state = self.0.lock().take();
        drop(state);
    }

    fn extend(&self) {
        if !has_timers() {
            return;
        }
        let now = Instant::now();
        let mut state = self.0.lock();
        match state.as_mut() {
            // Several tasks accept at once and meet the same shortage: that counts once.
            Some(state) if now < state.retry_at => {}
            Some(state) => {
                state.delay = (state.delay * 2).min(LONGEST_DELAY);
                state.retry_at = now + state.delay;
            }
            None => {
                *state = Some(State {
                    retry_at: now + FIRST_DELAY,
                    delay: FIRST_DELAY,
                    sleep: None,
                })
            }
        }
    }
}

/// Whether there is anything to wait with: a runtime may have been built without timers.
fn has_timers() -> bool {
    context::try_current().is_ok_and(|runtime| runtime.timers().is_some())
}

/// The operating system's error with the remedy; the original is the `source` of what is inside.
fn explain(error: io::Error, remedy: &'static str) -> io::Error {
    io::Error::new(error.kind(), Exhausted { error, remedy })
}

#[derive(Debug)]
struct Exhausted {
    error: io::Error,
    remedy: &'static str,
}

impl std::fmt::Display for Exhausted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot accept a connection: {}; {}", self.error, self.remedy)
    }
}

impl std::error::Error for Exhausted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// What to do about an error that goes away when something is freed.
#[cfg(unix)]
fn exhausted(error: &io::Error) -> Option<&'static str> {
    match error.raw_os_error()? {
        libc::EMFILE => Some("raise the limit of open files of this process (`ulimit -n`) or close some"),
        libc::ENFILE => Some("raise the limit of open files of the whole system (sysctl `fs.file-max`)"),
        libc::ENOBUFS | libc::ENOMEM => Some("the system has no memory left for sockets; free some"),
        _ => None,
    }
}

/// What to do about an error that goes away when something is freed.
#[cfg(windows)]
fn exhausted(error: &io::Error) -> Option<&'static str> {
    const WSAEMFILE: i32 = 10024;
    const WSAENOBUFS: i32 = 10055;
    match error.raw_os_error()? {
        WSAEMFILE => Some("no more sockets can be opened; close some"),
        WSAENOBUFS => Some("the system has no buffer space left for sockets; free some memory"),
        _ => None,
    }
}
