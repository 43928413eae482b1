//! The water marks of a write buffer: when its owner is told to pause, and when to go on.
//!
//! ```text
//!              size > high: pause_writing
//!   ┌───────┐ ──────────────────────────► ┌────────┐
//!   │ flows │                             │ paused │
//!   └───────┘ ◄────────────────────────── └────────┘
//!              size ≤ low: resume_writing
//! ```
//!
//! Invariants
//!
//! - I1: low ≤ high.
//! - I2: pause and resume alternate, and pause is first.
//!
//! Deliberately absent: a clock, a lock, the buffer.

/// The default of the upper mark, in bytes.
const HIGH: usize = 64 * 1024;

/// Two marks, and on which side of them the owner was last told to be.
#[derive(Debug)]
pub(super) struct Marks {
    high: usize,
    low: usize,
    paused: bool,
}

/// What the owner is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    Pause,
    Resume,
}

impl Marks {
    pub(super) fn new() -> Self {
        Self {
            high: HIGH,
            low: HIGH / 4,
            paused: false,
        }
    }

    /// What to tell the owner of a buffer that holds `size` bytes; each change is told once.
    pub(super) fn tell(&mut self, size: usize) -> Option<Told> {
        if !self.paused && size > self.high {
            self.paused = true;
            Some(Told::Pause)
        } else if self.paused && size <= self.low {
            self.paused = false;
            Some(Told::Resume)
        } else {
            None
        }
    }

    /// The low and the high mark.
    pub(super) fn limits(&self) -> (usize, usize) {
        (self.low, self.high)
    }

    pub(super) fn set(&mut self, (low, high): (usize, usize)) {
        self.low = low;
        self.high = high;
    }
}

/// The low and the high mark from what the user gave of them.
#[track_caller]
pub(super) fn limits(high: Option<usize>, low: Option<usize>) -> (usize, usize) {
    let high = high.unwrap_or_else(|| low.map_or(HIGH, |low| low.saturating_mul(4)));
    let low = low.unwrap_or(high / 4);
    assert!(
        low <= high,
        "the low-water mark {low} is above the high-water mark {high}: give a `high` that is at least `low`"
    );
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_limit_gives_the_other() {
        assert_eq!(limits(None, None), (16 * 1024, 64 * 1024));
        assert_eq!(limits(Some(100), None), (25, 100));
        assert_eq!(limits(None, Some(100)), (100, 400));
        assert_eq!(limits(Some(0), None), (0, 0));
    }

    #[test]
    fn each_crossing_is_told_once() {
        let mut marks = Marks::new();
        marks.set((2, 4));
        let told: Vec<_> = [4, 5, 9, 3, 2, 0, 5].map(|size| marks.tell(size)).into();
        let (pause, resume) = (Some(Told::Pause), Some(Told::Resume));
        assert_eq!(told, [None, pause, None, None, resume, None, Some(Told::Pause)]);
    }
}
