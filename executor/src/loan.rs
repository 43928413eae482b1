//! The loan: who turns the driver of a multi-thread pool.
//!
//! The driver lies in a seat. A worker that is about to sleep borrows it and waits in it instead of on its parker, so
//! that what becomes ready runs right there, without a hop to another thread. The reactor thread is the one of last
//! resort: when no worker has turned the driver for [`PATIENCE`], it does, so I/O and timers go on while every
//! worker is stuck in a poll.
//!
//! ```text
//!   the driver:           borrow by a worker, for one turn
//!                 seat ◄────────────────────────────────────► with a worker
//!                   ▲
//!                   └───────────────────────────────────────► with the reactor thread
//!
//!   the reactor thread:
//!                       1 ms without a turn,
//!                       or looks in vain; the
//!                       driver in its seat               nobody asks: turn again
//!      ┌───────────┐ ─────────────────────► ┌─────────┐ ───┐
//!  ┌── │ attending │                        │ turning │ ◄──┘
//!  └─► └───────────┘ ◄───────────────────── └─────────┘
//!  a     │      ▲       a worker has asked
//!  turn  │      │ a worker gives the driver back
//!        ▼      │
//!      ┌──────────┐
//!      │  asleep  │   1 ms without a turn, a worker waiting in the driver; as long as it does: no wake-ups
//!      └──────────┘
//! ```
//!
//! A worker whose tasks yield and yield looks into the driver between their polls, a system call each. When [`VAIN_LOOKS`] of
//! them in a row, within a millisecond, have woken nobody, the thread takes the driver and waits in it. So what becomes ready is seen
//! sooner, and the looks cost a load; the first of them has asked, so that the first event brings the driver back.
//!
//! While workers turn the driver again and again the thread stays attending and wakes once a millisecond, and nobody
//! has to wake it: giving the driver back is a system call only for the first turn after a quiet millisecond.
//!
//! Invariants
//!
//! - N1: the driver is in the seat, with one borrower, or retired. The lock of the seat is never held during a turn.
//! - N2: while the driver is in the seat and the loan is not stopped, the reactor thread is attending (its sleep is
//!   limited) or about to be: who gives the driver back finds it asleep and wakes it. So the driver is never left
//!   alone for longer than the patience.
//! - N3: a worker that borrows asks for its time limit only when it has the driver. Whoever unparks it before that is
//!   seen by the answer, whoever does after interrupts a turn that cannot be another's.
//! - N4: after [`stop`](Loan::stop) nobody borrows any more, and [`attend`](Loan::attend) returns the driver to its
//!   caller as soon as the last borrower has given it back.
//!
//! Ordering pairs: the seat's lock; and for N3 `Parker::unpark` (an RMW, then the interrupt) ↔ the borrow (lock), then the
//! RMW of `Parker::still_in_driver`. Models: loom-tests/tests/loan.rs.
//!
//! Deliberately absent: a queue of borrowers. One waits in the driver, the others on their parkers.

use std::fmt;
use std::task::Waker;
use std::time::Duration;

use heist_primitive::sync::atomic::{AtomicBool, Ordering, fence};
use heist_primitive::sync::{Condvar, Mutex, MutexGuard};

use crate::driver::Driver;
use crate::park::Parker;

/// How long the driver may lie in its seat before the reactor thread turns it.
#[cfg(not(heist_loom))]
const PATIENCE: Duration = Duration::from_millis(1);
/// A model has no time: the patience is over as soon as the others have had a chance.
#[cfg(heist_loom)]
const PATIENCE: Duration = Duration::ZERO;

/// Looks in a row, within the patience, after which the reactor thread waits in the driver: one each 15 µs.
#[cfg(not(heist_loom))]
const VAIN_LOOKS: u32 = 64;
#[cfg(heist_loom)]
const VAIN_LOOKS: u32 = 1;

/// What the reactor thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thread {
    Attending,
    Turning,
    Asleep,
}

struct Seat {
    driver: Option<Box<dyn Driver>>,
    thread: Thread,
    /// Turns by workers.
    turns: u64,
    /// Looks in a row that woke nobody, since the reactor thread attends.
    vain: u32,
    /// A worker would have borrowed while the reactor thread was turning.
    asked: bool,
    stopped: bool,
}

/// The driver's seat, and the rules of who may take it.
pub struct Loan {
    seat: Mutex<Seat>,
    /// For the reactor thread.
    changed: Condvar,
    unparker: Waker,
    to_workers: bool,
    /// The reactor thread is turning and knows that workers would borrow, so a look has nothing to say in the seat. Written under
    /// the seat's lock. Read without it, so that workers who yield in turns do not write one line in turns.
    away: AtomicBool,
    /// The reactor thread has been asked to look after the workers (`sentinel.rs`).
    watching: AtomicBool,
}

impl Loan {
    /// A seat with `driver` in it. If not `to_workers`, only the reactor thread ever turns it.
    pub fn new(driver: Box<dyn Driver>, to_workers: bool) -> Self {
        let unparker = driver.unparker();
        let thread = Thread::Attending;
        let seat = Seat {
            driver: Some(driver),
            thread,
            turns: 0,
            vain: 0,
            asked: false,
            stopped: false,
        };
        Self {
            seat: Mutex::new(seat),
            changed: Condvar::new(),
            unparker,
            to_workers,
            away: AtomicBool::new(false),
            watching: AtomicBool::new(false),
        }
    }

    /// A worker turns the driver once, unless somebody else has it; `limit` is asked for the turn's time limit when the
    /// driver is here. False: not turned.
    pub(crate) fn turn(&self, limit: impl FnOnce() -> Option<Duration>) -> bool {
        self.to_workers && self.turn_from(self.seat.lock(), limit, || false)
    }

    /// A worker that has tasks to run turns the driver once without waiting, unless somebody else has it, or has its hand on
    /// the seat: then the driver has been turned just now, or is about to be, and many workers do not queue up for it.
    /// `in_vain` is asked, after the turn, whether it has woken nobody.
    pub(crate) fn look(&self, in_vain: impl FnOnce() -> bool) -> bool {
        if !self.to_workers || self.away.load(Ordering::Relaxed) {
            return false;
        }
        let seat = self.seat.try_lock();
        seat.is_some_and(|seat| self.turn_from(seat, || Some(Duration::ZERO), in_vain))
    }

    fn turn_from(
        &self,
        mut seat: MutexGuard<'_, Seat>,
        limit: impl FnOnce() -> Option<Duration>,
        in_vain: impl FnOnce() -> bool,
    ) -> bool {
        if seat.stopped {
            return false;
        }
        let Some(mut driver) = seat.driver.take() else {
            if seat.thread == Thread::Turning {
                seat.asked = true;
                self.away.store(true, Ordering::Relaxed);
            }
            return false;
        };
        drop(seat);
        driver.park(limit());
        let in_vain = in_vain();
        let mut seat = self.seat.lock();
        seat.driver = Some(driver);
        seat.turns = seat.turns.wrapping_add(1);
        seat.vain = if in_vain { seat.vain.saturating_add(1) } else { 0 };
        if seat.thread == Thread::Asleep {
            // N2. It counts as attending from here on, so that it is told once.
            seat.thread = Thread::Attending;
            drop(seat);
            self.changed.notify_one();
        }
        true
    }

    /// Ends the turn that somebody is in, or makes the next one return at once.
    pub fn interrupt(&self) {
        self.unparker.wake_by_ref();
    }

    /// Asks the reactor thread to call its `look` every [`PATIENCE`] until that finds nothing. The caller has passed a
    /// SeqCst fence since it made what there is to find.
    pub(crate) fn watch(&self) {
        if self.watching.load(Ordering::Relaxed) || self.watching.swap(true, Ordering::AcqRel) {
            return;
        }
        let thread = self.seat.lock().thread;
        match thread {
            Thread::Attending => {}
            Thread::Asleep => {
                self.changed.notify_one();
            }
            Thread::Turning => self.interrupt(),
        }
    }

    /// The body of the reactor thread: turns the driver, inside of `batch`, whenever no worker does, until stopped; and
    /// when [`watch`](Self::watch) asked for it, calls `look` in between until that says false. Returns the driver.
    pub fn attend(
        &self,
        batch: impl Fn(&mut dyn FnMut()),
        mut look: impl FnMut() -> bool,
    ) -> Option<Box<dyn Driver>> {
        let mut seat = self.seat.lock();
        while !seat.stopped {
            if self.watching.load(Ordering::Acquire) {
                drop(seat);
                self.look_after_workers(&mut look);
                seat = self.seat.lock();
            }
            if self.to_workers && self.has_turned(&mut seat) {
                continue;
            }
            let Some(mut driver) = seat.driver.take() else {
                continue;
            };
            seat.thread = Thread::Turning;
            seat.asked = false;
            drop(seat);
            // Read after it counts as turning: who asks later interrupts.
            let limit = self.watching.load(Ordering::Acquire).then_some(PATIENCE);
            batch(&mut || driver.park(limit));
            seat = self.seat.lock();
            seat.driver = Some(driver);
            self.away.store(false, Ordering::Relaxed);
        }
        while seat.driver.is_none() {
            seat.thread = Thread::Asleep;
            self.changed.wait(&mut seat);
        }
        seat.driver.take()
    }

    fn look_after_workers(&self, look: &mut impl FnMut() -> bool) {
        if look() {
            return;
        }
        self.watching.store(false, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if look() {
            self.watching.store(true, Ordering::Relaxed);
        }
    }

    /// Waits a while for a worker to turn the driver. False: none has, or in vain only, and the driver is here.
    fn has_turned(&self, seat: &mut MutexGuard<'_, Seat>) -> bool {
        // The lock may have been open since its own turn, and a worker may have come in between.
        if seat.thread == Thread::Turning && !seat.asked && seat.driver.is_some() {
            return false;
        }
        seat.thread = Thread::Attending;
        let before = seat.turns;
        seat.vain = 0;
        self.changed.wait_for(seat, PATIENCE);
        let turned = seat.turns != before;
        if seat.stopped || turned && seat.vain < VAIN_LOOKS {
            return true;
        }
        if seat.driver.is_some() {
            return false;
        }
        if turned {
            return true;
        }
        // A worker has waited in it for all that time.
        seat.thread = Thread::Asleep;
        if self.watching.load(Ordering::Acquire) {
            self.changed.wait_for(seat, PATIENCE);
        } else {
            self.changed.wait(seat);
        }
        true
    }

    /// Tells everybody to keep away, and [`attend`](Self::attend) to return. Does not wait.
    pub fn stop(&self) {
        self.seat.lock().stopped = true;
        self.changed.notify_one();
        self.interrupt();
    }
}

/// How long a borrower that is about to sleep may: not at all if it was unparked since it entered (N3).
pub(crate) fn sleep_limit(borrower: &Parker) -> Option<Duration> {
    if borrower.still_in_driver() {
        None
    } else {
        Some(Duration::ZERO)
    }
}

impl fmt::Debug for Loan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loan")
            .field("to_workers", &self.to_workers)
            .finish_non_exhaustive()
    }
}
