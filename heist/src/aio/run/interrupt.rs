//! Ctrl-C while something is run: the first one cancels it, the second ends the process.
//!
//! ```text
//!   SIGINT ─► thread heist-signal ─┬─► Last resort: ends the process if nobody else would do anything, or at the second
//!                                  └─► Interrupts, of each runner: cancels what it runs
//! ```
//!
//! Invariants
//!
//! - I1: somebody else who listens to the signal has it to himself: neither of the two acts then.
//! - I2: the last resort is a waker: it runs on the thread `heist-signal`, however stuck all others are.
//! - I3: once a runner has been here, the signal's default action is gone for good; the last resort stays in its place.
//! - I4: an arrival that cancels is counted by the last resort before the runner ends; else that, coming to it later, would
//!   find no runner and end the process.
//!
//! Ordering: the registry's lock; the counts order nothing.
//!
//! Absent on purpose: the exit status "killed by a signal". It needs the default action back.

use std::io;
use std::process::exit;
use std::sync::OnceLock;
use std::task::{Context, Poll, Wake, Waker};

use heist_primitive::sync::atomic::{Ordering, UnmodelledU64};
use heist_primitive::sync::{Mutex, StdArc};

use crate::signal::registry::Listener;

/// What a shell tells of a process that Ctrl-C has ended.
const STATUS: i32 = 130;

static LAST_RESORT: OnceLock<StdArc<LastResort>> = OnceLock::new();

/// Runners that are running or closing.
static RUNNERS: UnmodelledU64 = UnmodelledU64::new(0);

/// Arrivals while there have been runners.
static ARRIVALS: UnmodelledU64 = UnmodelledU64::new(0);

/// One runner that listens.
pub(super) struct Interrupts {
    listener: Listener,
}

impl Interrupts {
    /// Listens from now on.
    pub(super) fn begin() -> io::Result<Self> {
        let listener = Listener::new(libc::SIGINT)?;
        let last = Listener::new(libc::SIGINT)?;
        if RUNNERS.fetch_add(1, Ordering::Relaxed) == 0 {
            ARRIVALS.store(0, Ordering::Relaxed);
        }
        let this = Self { listener };
        let mut last = Some(last);
        LAST_RESORT.get_or_init(|| {
            let last = StdArc::new(LastResort(Mutex::new(last.take())));
            last.listen();
            last
        });
        Ok(this)
    }

    /// Ready once the signal has arrived, unless others listen to it (I1).
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.listener.poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) if is_ours(&self.listener) => {
                    // I4.
                    if let Some(last) = LAST_RESORT.get() {
                        last.listen();
                    }
                    return Poll::Ready(());
                }
                Poll::Ready(()) => {}
            }
        }
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        RUNNERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// I1: all who listen are runners and the last resort.
fn is_ours(listener: &Listener) -> bool {
    listener.listeners() as u64 <= RUNNERS.load(Ordering::Relaxed) + 1
}

/// Listens as long as the process lives.
struct LastResort(Mutex<Option<Listener>>);

impl LastResort {
    /// Looks at what has arrived, and waits for more.
    fn listen(self: &StdArc<Self>) {
        let waker = Waker::from(self.clone());
        let mut cx = Context::from_waker(&waker);
        loop {
            let mut listener = self.0.lock();
            let Some(listener) = listener.as_mut() else {
                return;
            };
            if listener.poll(&mut cx).is_pending() {
                return;
            }
            let first = RUNNERS.load(Ordering::Relaxed) > 0 && ARRIVALS.fetch_add(1, Ordering::Relaxed) == 0;
            if is_ours(listener) && !first {
                exit(STATUS);
            }
        }
    }
}

impl Wake for LastResort {
    fn wake(self: StdArc<Self>) {
        self.listen();
    }
}
