//! What tasks of any runtime wait at: a latch that counts down, a bell that another thread may ring.
//!
//! Made of std alone, so both sides of a comparison pay the same for them, and what is left is the runtime's.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

/// A bell with room for one listener. Ringing it is remembered until somebody has listened.
#[derive(Debug, Default)]
pub struct Bell {
    state: Mutex<Ringing>,
}

#[derive(Debug, Default)]
struct Ringing {
    rung: bool,
    listener: Option<Waker>,
}

impl Bell {
    /// A bell that nobody has rung.
    pub const fn new() -> Self {
        let state = Ringing {
            rung: false,
            listener: None,
        };
        Bell {
            state: Mutex::new(state),
        }
    }

    /// Rings: wakes who listens, or lets the next one pass.
    pub fn ring(&self) {
        let listener = {
            let mut state = self.state.lock().expect("nobody panics in here");
            state.rung = true;
            state.listener.take()
        };
        if let Some(listener) = listener {
            listener.wake();
        }
    }

    /// Waits for a ring and uses it up.
    pub async fn heard(&self) {
        std::future::poll_fn(|context| self.poll_heard(context)).await;
    }

    fn poll_heard(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock().expect("nobody panics in here");
        if std::mem::take(&mut state.rung) {
            return Poll::Ready(());
        }
        match &mut state.listener {
            Some(listener) => listener.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

/// Rings its bell when it has been counted down to nothing. Made for a `static`: a task that counts down touches it once and
/// nothing else, so that what tasks share is the runtime's.
#[derive(Debug, Default)]
pub struct Latch {
    count: AtomicUsize,
    bell: Bell,
}

impl Latch {
    /// A latch that waits for nobody yet.
    pub const fn new() -> Self {
        Latch {
            count: AtomicUsize::new(0),
            bell: Bell::new(),
        }
    }

    /// Waits for so many from now on. Not while others count down.
    pub fn set(&self, count: usize) {
        self.count.store(count, Ordering::Release);
    }

    /// Counts one down.
    pub fn count_down(&self) {
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.bell.ring();
        }
    }

    /// Waits until the count is nothing. For one waiter.
    pub async fn done(&self) {
        self.bell.heard().await;
    }
}

/// Computes for a few microseconds: as many steps, not as much time.
pub fn compute(steps: u32) -> u32 {
    let mut value = 1u32;
    for step in 0..steps {
        value = std::hint::black_box(value.wrapping_mul(1_664_525).wrapping_add(step));
    }
    value
}

/// Jain's index of how equally a thing was shared: 1 if all got the same, 1/n if one got all.
pub fn fairness(shares: &[f64]) -> f64 {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    if squares == 0.0 {
        1.0
    } else {
        sum * sum / (shares.len() as f64 * squares)
    }
}
