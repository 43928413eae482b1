//! Random operations on a wheel and on an ordered map; both must tell the same story at every step.

use std::collections::BTreeMap;

use heist_timer::{Key, Wheel};
use proptest::prelude::*;

/// One step. Entries are chosen by a number taken modulo how many were ever made, so that keys of fired and
/// cancelled entries are tried too.
#[derive(Clone, Debug)]
enum Step {
    Insert(Tick),
    Cancel(usize),
    Reschedule(usize, Tick),
    Postpone(usize, Tick),
    Swap(usize),
    Advance(Tick),
    AdvanceToNext,
}

/// A tick as a test writes it down.
#[derive(Clone, Debug)]
enum Tick {
    /// So much after now.
    After(u64),
    /// So much before now.
    Before(u64),
    /// The next multiple of 64^level, and so much more.
    Boundary(u32, i8),
    /// Exactly this.
    Exactly(u64),
}

impl Tick {
    fn resolve(&self, now: u64) -> u64 {
        match *self {
            Tick::After(distance) => now.saturating_add(distance),
            Tick::Before(distance) => now.saturating_sub(distance),
            Tick::Boundary(level, offset) => {
                let unit = 1u64 << (6 * level);
                (now / unit)
                    .saturating_add(1)
                    .saturating_mul(unit)
                    .saturating_add_signed(offset.into())
            }
            Tick::Exactly(tick) => tick,
        }
    }
}

fn deadline() -> impl Strategy<Value = Tick> {
    prop_oneof![
        4 => (0u64..130).prop_map(Tick::After),
        4 => (0u32..58, 0u64..64).prop_map(|(shift, low)| Tick::After((1 << shift) + low)),
        3 => (0u32..11, -2i8..3).prop_map(|(level, offset)| Tick::Boundary(level, offset)),
        1 => (0u64..100_000).prop_map(Tick::Before),
        1 => any::<u64>().prop_map(Tick::Exactly),
        1 => Just(Tick::Exactly(u64::MAX)),
    ]
}

fn target() -> impl Strategy<Value = Tick> {
    prop_oneof![
        6 => (0u64..100).prop_map(Tick::After),
        4 => (0u32..30, 0u64..64).prop_map(|(shift, low)| Tick::After((1 << shift) + low)),
        1 => (0u32..62).prop_map(|shift| Tick::After(1 << shift)),
        3 => (0u32..6, -1i8..2).prop_map(|(level, offset)| Tick::Boundary(level, offset)),
        1 => (0u64..1_000).prop_map(Tick::Before),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => deadline().prop_map(Step::Insert),
        3 => any::<usize>().prop_map(Step::Cancel),
        2 => (any::<usize>(), deadline()).prop_map(|(which, tick)| Step::Reschedule(which, tick)),
        1 => any::<usize>().prop_map(Step::Swap),
        4 => target().prop_map(Step::Advance),
        3 => Just(Step::AdvanceToNext),
    ]
}

/// As `step`, and postponing.
fn step_or_postpone() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => step(),
        1 => (any::<usize>(), deadline()).prop_map(|(which, tick)| Step::Postpone(which, tick)),
    ]
}

/// The map that the wheel is held against: ordered by deadline, then by the number of the insertion.
#[derive(Default)]
struct Twin {
    now: u64,
    waiting: BTreeMap<(u64, u64), u64>,
    place: Vec<Option<(u64, u64)>>,
    sequence: u64,
}

impl Twin {
    fn put(&mut self, which: usize, deadline: u64, payload: u64) {
        self.sequence += 1;
        let place = (deadline.max(self.now), self.sequence);
        self.waiting.insert(place, payload);
        self.place[which] = Some(place);
    }

    fn take(&mut self, which: usize) -> Option<u64> {
        let place = self.place[which].take()?;
        self.waiting.remove(&place)
    }

    fn advance(&mut self, now: u64) -> Vec<u64> {
        self.now = self.now.max(now);
        let left = self
            .now
            .checked_add(1)
            .map(|after| self.waiting.split_off(&(after, 0)))
            .unwrap_or_default();
        std::mem::replace(&mut self.waiting, left).into_values().collect()
    }

    fn earliest(&self) -> Option<u64> {
        self.waiting.keys().next().map(|place| place.0)
    }
}

struct Pair {
    wheel: Wheel<u64>,
    twin: Twin,
    keys: Vec<Key>,
    swaps: u64,
    postponed: bool,
    /// Cancels and moves so far, each of which may leave one early hint behind.
    disturbances: usize,
    idle_advances: usize,
}

impl Pair {
    fn new(start: u64) -> Self {
        let mut pair = Self {
            wheel: Wheel::new(),
            twin: Twin::default(),
            keys: Vec::new(),
            swaps: 0,
            postponed: false,
            disturbances: 0,
            idle_advances: 0,
        };
        pair.advance(start);
        pair
    }

    fn advance(&mut self, now: u64) -> usize {
        let mut fired = Vec::new();
        self.wheel.advance(now, &mut fired);
        if self.postponed {
            // Not told of entries of equal deadline is which comes first.
            let deadline_of = |payload: &u64| {
                let found = self.twin.waiting.iter().find(|entry| entry.1 == payload);
                found.map(|entry| entry.0.0)
            };
            let deadlines: Vec<_> = fired.iter().map(deadline_of).collect();
            assert!(deadlines.is_sorted(), "{deadlines:?}");
            fired.sort_unstable();
            let mut expected = self.twin.advance(now);
            expected.sort_unstable();
            assert_eq!(fired, expected);
        } else {
            assert_eq!(fired, self.twin.advance(now));
        }
        assert_eq!(self.wheel.now(), self.twin.now);
        fired.len()
    }

    fn advance_to_next(&mut self) -> bool {
        let Some(next) = self.wheel.next_deadline() else {
            return false;
        };
        if self.advance(next) == 0 {
            self.idle_advances += 1;
        }
        true
    }

    fn apply(&mut self, step: &Step) {
        let made = self.keys.len();
        match *step {
            Step::Insert(ref tick) => {
                let deadline = tick.resolve(self.wheel.now());
                self.keys.push(self.wheel.insert(deadline, made as u64));
                self.twin.place.push(None);
                self.twin.put(made, deadline, made as u64);
            }
            Step::Cancel(number) if made > 0 => {
                let which = number % made;
                assert_eq!(self.wheel.cancel(self.keys[which]), self.twin.take(which));
                self.disturbances += 1;
            }
            Step::Reschedule(number, ref tick) if made > 0 => {
                let which = number % made;
                let deadline = tick.resolve(self.wheel.now());
                let payload = self.twin.take(which);
                assert_eq!(
                    self.wheel.reschedule(self.keys[which], deadline),
                    payload.is_some()
                );
                if let Some(payload) = payload {
                    self.twin.put(which, deadline, payload);
                }
                self.disturbances += 1;
            }
            Step::Postpone(number, ref tick) if made > 0 => {
                let which = number % made;
                let deadline = tick.resolve(self.wheel.now());
                let payload = self.twin.take(which);
                assert_eq!(self.wheel.postpone(self.keys[which], deadline), payload.is_some());
                if let Some(payload) = payload {
                    self.twin.put(which, deadline, payload);
                }
                self.postponed = true;
                self.disturbances += 1;
            }
            Step::Swap(number) if made > 0 => {
                let which = number % made;
                let place = self.twin.place[which];
                let theirs = place.and_then(|place| self.twin.waiting.get_mut(&place));
                let ours = self.wheel.get_mut(self.keys[which]);
                assert_eq!(ours, theirs);
                if let (Some(ours), Some(theirs)) = (ours, theirs) {
                    self.swaps += 1;
                    *ours = u64::MAX - self.swaps;
                    *theirs = u64::MAX - self.swaps;
                }
            }
            Step::Advance(ref tick) => {
                self.advance(tick.resolve(self.wheel.now()));
            }
            Step::AdvanceToNext => {
                self.advance_to_next();
            }
            _ => {}
        }
    }

    fn check(&self) {
        assert_eq!(self.wheel.len(), self.twin.waiting.len());
        assert_eq!(self.wheel.is_empty(), self.twin.waiting.is_empty());
        let (hint, truth) = (self.wheel.next_deadline(), self.twin.earliest());
        assert_eq!(hint.is_some(), truth.is_some());
        if let (Some(hint), Some(truth)) = (hint, truth) {
            assert!(self.wheel.now() <= hint && hint <= truth, "{hint} for {truth}");
            if self.disturbances == 0 || (self.wheel.len() == 1 && !self.postponed) {
                assert_eq!(hint, truth);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_wheel_tells_the_same_story_as_a_map(
        start in prop_oneof![Just(0), 0u64..5_000, any::<u64>()],
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut pair = Pair::new(start);
        for step in &steps {
            pair.apply(step);
            pair.check();
        }
        while pair.advance_to_next() {
            pair.check();
        }
        assert!(pair.idle_advances <= pair.disturbances, "an idle advance without a cancel to blame");
    }

    #[test]
    fn a_wheel_whose_entries_are_postponed_tells_the_same_story(
        start in prop_oneof![Just(0), 0u64..5_000, any::<u64>()],
        steps in prop::collection::vec(step_or_postpone(), 1..200),
    ) {
        let mut pair = Pair::new(start);
        for step in &steps {
            pair.apply(step);
            pair.check();
        }
        while pair.advance_to_next() {
            pair.check();
        }
        assert!(pair.idle_advances <= pair.disturbances, "an idle advance without a cancel to blame");
    }

    #[test]
    fn without_cancels_every_advance_to_the_next_deadline_fires(
        start in any::<u64>(),
        deadlines in prop::collection::vec(deadline(), 1..100),
    ) {
        let mut pair = Pair::new(start);
        for deadline in deadlines {
            pair.apply(&Step::Insert(deadline));
        }
        while pair.advance_to_next() {}
        assert_eq!(pair.idle_advances, 0);
    }

    #[test]
    fn a_survivor_is_reached_in_one_advance_after_all_others_are_cancelled(
        start in any::<u64>(),
        deadlines in prop::collection::vec(deadline(), 2..60),
        survivor in any::<prop::sample::Index>(),
    ) {
        let mut pair = Pair::new(start);
        for deadline in &deadlines {
            pair.apply(&Step::Insert(deadline.clone()));
        }
        let survivor = survivor.index(deadlines.len());
        for which in (0..deadlines.len()).filter(|&which| which != survivor) {
            pair.apply(&Step::Cancel(which));
        }
        while pair.advance_to_next() {}
        assert_eq!(pair.idle_advances, 0);
    }
}
