//! Which bell a signal rings: that of the drivers, or that of the thread `heist-signal`.
//!
//! ```text
//!                    ┌─ somebody waits apart, or no driver attends ──► the thread's bell
//!   handler: arrive ─┤
//!                    └─ else ─────────────────────────────────────────► the drivers' bell, which each of them hears
//! ```
//!
//! A driver attends while some thread is certain to turn it again before it stops attending. Whoever waits apart is
//! somebody whose wake-up must not wait for that turn.
//!
//! Invariants
//!
//! - R1: an arrival that was marked is taken by one [`take`](Route::take) or [`take_all`](Route::take_all): of who has
//!   heard a bell, of who begins to wait, or of who has been told so by [`leave`](Route::leave).
//! - R2: an arrival with nobody attending rings the thread's bell, or the last driver that leaves sees it and rings it.
//! - R3: an arrival while somebody waits apart for it rings the thread's bell, or the one who begins to wait sees it.
//!
//! Ordering pairs, all by fences, since the handler reads what others write before they read what it writes:
//!
//! - mark, fence in [`arrive`](Route::arrive), read `attended` ↔ one less, fence in [`leave`](Route::leave), read the marks.
//!   Model: loom-tests/tests/signal_route.rs, `the_last_driver_to_leave_passes_an_arrival_on`.
//! - mark, fence in `arrive`, read `apart` ↔ one more, fence in [`wait_apart`](Route::wait_apart), read the mark.
//!   Model: `who_begins_to_wait_apart_waits_for_no_driver`.
//! - Release of the mark ↔ Acquire of who takes it: what was done before the signal was sent from this process is seen by
//!   who hears of it. Model: `who_takes_an_arrival_sees_what_came_before_it`.
//!
//! Absent on purpose: the bells, and a lock, for a handler must not take one.

use heist_primitive::sync::atomic::{AtomicUsize, Ordering, fence};

/// One more than the highest signal number of any system.
pub(super) const SIGNALS: usize = 129;

/// Marks in one word.
const BITS: usize = usize::BITS as usize;

/// Whom to ring for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bell {
    /// All drivers that attend.
    Drivers,
    /// The thread `heist-signal`.
    Thread,
}

/// What has arrived, who attends, who waits apart.
#[derive(Debug)]
pub struct Route {
    /// A bit for each signal number.
    arrived: Box<[AtomicUsize]>,
    /// Drivers.
    attended: AtomicUsize,
    /// By signal number, who waits apart.
    apart: Box<[AtomicUsize]>,
}

impl Default for Route {
    fn default() -> Self {
        Self::new(SIGNALS)
    }
}

impl Route {
    /// Nothing has arrived of so many signals, nobody attends or waits.
    pub fn new(signals: usize) -> Self {
        let words = |number| (0..number).map(|_| AtomicUsize::new(0)).collect();
        Self {
            arrived: words(signals.div_ceil(BITS)),
            attended: AtomicUsize::new(0),
            apart: words(signals),
        }
    }

    /// Marks an arrival. Atomics only: it is called in the handler, which then rings.
    pub fn arrive(&self, signal: usize) -> Bell {
        self.arrived[signal / BITS].fetch_or(1 << (signal % BITS), Ordering::Release);
        fence(Ordering::SeqCst);
        let nobody_attends = self.attended.load(Ordering::Relaxed) == 0;
        if nobody_attends || self.apart[signal].load(Ordering::Relaxed) > 0 {
            Bell::Thread
        } else {
            Bell::Drivers
        }
    }

    /// One more driver that hears its bell.
    pub fn attend(&self) {
        self.attended.fetch_add(1, Ordering::Relaxed);
    }

    /// One less. True: there is an arrival that no driver may come to; the caller rings the thread's bell.
    #[must_use]
    pub fn leave(&self) -> bool {
        if self.attended.fetch_sub(1, Ordering::Relaxed) > 1 {
            return false;
        }
        fence(Ordering::SeqCst);
        self.arrived.iter().any(|word| word.load(Ordering::Relaxed) != 0)
    }

    /// One more who waits apart; then [`take`](Self::take) says whether the signal has arrived.
    pub fn wait_apart(&self, signal: usize) {
        self.apart[signal].fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// So many less.
    pub fn stop_waiting_apart(&self, signal: usize, waiters: usize) {
        self.apart[signal].fetch_sub(waiters, Ordering::Relaxed);
    }

    /// Takes the mark of one signal, if it is there.
    pub fn take(&self, signal: usize) -> bool {
        let (word, bit) = (&self.arrived[signal / BITS], 1 << (signal % BITS));
        word.load(Ordering::Relaxed) & bit != 0 && word.fetch_and(!bit, Ordering::Acquire) & bit != 0
    }

    /// Takes all marks and calls `each` with the number of each signal that has arrived.
    pub fn take_all(&self, mut each: impl FnMut(usize)) {
        for (index, word) in self.arrived.iter().enumerate() {
            if word.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let mut marks = word.swap(0, Ordering::Acquire);
            while marks != 0 {
                let bit = marks.trailing_zeros() as usize;
                marks &= marks - 1;
                each(index * BITS + bit);
            }
        }
    }
}
