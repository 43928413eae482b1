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
//! - I2: nothing is polled, woken, dropped or written under the lock but the state itself.
//! - I3: the error that accept returns is the system's own, since servers look at its code; the remedy goes to stderr,
//!   once per shortage and at most once a minute.
//!
//! Absent on purpose: a reserve descriptor to accept and close with. The peer waits in the queue instead.

use crate::runtime::{context, report};
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
/// How long a listener says nothing more on stderr.
const SILENCE: Duration = Duration::from_secs(60);

/// The back-off of one listener.
#[derive(Debug, Default)]
pub(in crate::net) struct Backoff(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    state: Option<State>,
    reported_at: Option<Instant>,
}

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
        let retry_at = self.0.lock().state.as_ref().map(|state| state.retry_at);
        if let Some(retry_at) = retry_at.filter(|_| context::has_timers()) {
            sleep_until(retry_at).await;
        }
    }

    /// The same for `poll_accept`.
    pub(in crate::net) fn poll_wait(&self, cx: &mut Context<'_>) -> Poll<()> {
        let (sleep, retry_at) = match self.0.lock().state.as_mut() {
            Some(state) if context::has_timers() => (state.sleep.take(), state.retry_at),
            _ => return Poll::Ready(()),
        };
        let mut sleep = match sleep {
            Some(sleep) if sleep.deadline() == retry_at => sleep,
            _ => Box::pin(sleep_until(retry_at)),
        };
        let slept = sleep.as_mut().poll(cx);
        let mut unused = Some(sleep);
        if let Some(state) = self.0.lock().state.as_mut() {
            std::mem::swap(&mut state.sleep, &mut unused);
        }
        ready!(slept);
        Poll::Ready(())
    }

    /// Learns how an accept went, and explains the error on stderr if something was exhausted.
    pub(in crate::net) fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        match &result {
            Ok(_) => self.reset(),
            Err(error) => {
                if let Some(remedy) = exhausted(error) {
                    if self.extend() {
                        report(format_args!("cannot accept a connection: {error}; {remedy}"));
                    }
                }
            }
        }
        result
    }

    fn reset(&self) {
        let state = self.0.lock().state.take();
        drop(state);
    }

    /// Puts the next attempt off, and says whether it is time to say why.
    fn extend(&self) -> bool {
        let now = Instant::now();
        let mut noted = self.0.lock();
        match noted.state.as_mut() {
            // Several tasks accept at once and meet the same shortage: that counts once.
            Some(state) if now < state.retry_at => return false,
            Some(state) => {
                state.delay = (state.delay * 2).min(LONGEST_DELAY);
                state.retry_at = now + state.delay;
                return false;
            }
            None => {
                noted.state = Some(State {
                    retry_at: now + FIRST_DELAY,
                    delay: FIRST_DELAY,
                    sleep: None,
                });
            }
        }
        let reports = noted
            .reported_at
            .is_none_or(|reported_at| reported_at + SILENCE <= now);
        if reports {
            noted.reported_at = Some(now);
        }
        reports
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
