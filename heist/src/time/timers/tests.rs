//! The timers without a runtime: the test plays the driver and says what tick it is.

use std::task::Wake;

use heist_primitive::sync::{Arc, Mutex, StdArc};

use super::super::shard::{Key, Outcome};
use super::*;

const SHARDS: usize = 3;

/// What a test's wakers did, in order.
#[derive(Default)]
struct Story {
    woken: Mutex<Vec<u64>>,
    dropped: Mutex<Vec<u64>>,
}

/// A waker with a number. When woken or dropped it looks whether the timers' lock is free.
struct Numbered {
    number: u64,
    story: Arc<Story>,
    timers: Option<Arc<Timers>>,
}

impl Numbered {
    fn assert_unlocked(&self) {
        if let Some(timers) = &self.timers {
            assert!(
                timers.shards.iter().all(|shard| shard.wheel.try_lock().is_some()),
                "T1: a waker was touched under the lock"
            );
        }
    }
}

impl Wake for Numbered {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.assert_unlocked();
        self.story.woken.lock().push(self.number);
    }
}

impl Drop for Numbered {
    fn drop(&mut self) {
        self.assert_unlocked();
        self.story.dropped.lock().push(self.number);
    }
}

/// At the end the timers let go of the wakers they have, which hold the timers.
struct Stage {
    timers: Arc<Timers>,
    story: Arc<Story>,
    unparks: Arc<Story>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.timers.shutdown(&mut Vec::new());
    }
}

impl Stage {
    fn new() -> Self {
        let unparks = Arc::new(Story::default());
        let unparker = StdArc::new(Numbered {
            number: 0,
            story: unparks.clone(),
            timers: None,
        });
        let timers = Arc::new(Timers::new(Clock::new(), &unparker.into(), SHARDS));
        Self {
            timers,
            story: Arc::default(),
            unparks,
        }
    }

    fn waker(&self, number: u64) -> Waker {
        let timers = Some(self.timers.clone());
        StdArc::new(Numbered {
            number,
            story: self.story.clone(),
            timers,
        })
        .into()
    }

    /// Where the tests put timers unless they say so.
    fn shard(&self) -> &Shard {
        self.timers.shard(0)
    }

    fn register(&self, tick: u64, number: u64) -> Key {
        match self.shard().register(tick, &self.waker(number)) {
            Outcome::Waits(key) => key,
            outcome => panic!("a timer for tick {tick} was {outcome:?}"),
        }
    }

    /// Moves to `tick` as the driver would, and returns who was woken.
    fn advance(&self, tick: u64) -> Vec<u64> {
        let mut wakers = Vec::new();
        self.timers.advance_to(tick, &mut wakers);
        assert_eq!(self.woken(), [], "advance must not wake");
        wakers.drain(..).for_each(Waker::wake);
        self.woken()
    }

    fn woken(&self) -> Vec<u64> {
        std::mem::take(&mut *self.story.woken.lock())
    }

    fn dropped(&self) -> Vec<u64> {
        std::mem::take(&mut *self.story.dropped.lock())
    }

    fn unparks(&self) -> usize {
        std::mem::take(&mut *self.unparks.woken.lock()).len()
    }
}

#[test]
fn timers_fire_in_order_and_not_before_their_tick() {
    let stage = Stage::new();
    for tick in [30, 10, 20, 10] {
        stage.register(tick, tick);
    }
    assert_eq!(stage.advance(9), []);
    assert!(!stage.shard().has_fired(10));
    assert_eq!(stage.advance(10), [10, 10]);
    assert!(stage.shard().has_fired(10));
    assert!(!stage.shard().has_fired(11));
    assert_eq!(stage.advance(1_000), [20, 30]);
    assert_eq!(stage.timers.publish(), None);
}

#[test]
fn only_a_timer_below_the_horizon_unparks_the_sleeping_driver_and_only_the_first() {
    let stage = Stage::new();
    stage.register(100, 1);
    assert_eq!(stage.unparks(), 0, "the driver has not slept yet");
    assert_eq!(stage.timers.publish(), Some(100));
    stage.register(100, 2);
    stage.register(101, 3);
    assert_eq!(stage.unparks(), 0, "it wakes up early enough by itself");
    stage.register(50, 4);
    stage.register(40, 5);
    assert_eq!(stage.unparks(), 1, "its unpark is on the way");
    assert_eq!(stage.timers.publish(), Some(40));
    stage.register(39, 6);
    assert_eq!(stage.unparks(), 1);
    assert_eq!(stage.advance(20), []);
    stage.register(30, 7);
    assert_eq!(stage.unparks(), 0, "it is awake");
}

#[test]
fn the_first_timer_unparks_a_driver_that_sleeps_for_ever() {
    let stage = Stage::new();
    assert_eq!(stage.timers.next_timeout(), None);
    stage.register(NEVER - 1, 1);
    assert_eq!(stage.unparks(), 1);
}

#[test]
fn a_timer_whose_tick_is_reached_is_not_registered() {
    let stage = Stage::new();
    stage.register(10, 3);
    assert_eq!(stage.advance(10), [3]);
    stage.dropped();
    assert_eq!(stage.shard().register(10, &stage.waker(1)), Outcome::Due);
    assert_eq!(stage.shard().register(0, &stage.waker(2)), Outcome::Due);
    assert_eq!(stage.timers.publish(), None);
    assert_eq!(stage.dropped(), [1, 2]);
}

/// It had nothing due for long, so nobody has been there.
#[test]
fn a_shard_that_lies_behind_fires_what_is_over_at_the_next_turn() {
    let stage = Stage::new();
    stage.advance(1_000);
    stage.timers.publish();
    stage.register(500, 1);
    assert_eq!(stage.unparks(), 1);
    assert_eq!(stage.advance(1_000), [1]);
}

#[test]
fn the_waker_of_the_last_update_is_woken_and_the_one_before_is_dropped() {
    let stage = Stage::new();
    let key = stage.register(10, 1);
    assert_eq!(stage.shard().update(key, &stage.waker(2)), Outcome::Waits(key));
    assert_eq!(stage.dropped(), [1]);
    assert_eq!(stage.advance(10), [2]);
    assert_eq!(stage.shard().update(key, &stage.waker(3)), Outcome::Gone);
}

#[test]
fn a_reset_moves_a_timer_and_unparks_if_it_is_now_the_earliest() {
    let stage = Stage::new();
    let key = stage.register(100, 1);
    stage.timers.publish();
    assert_eq!(stage.shard().reset(key, 200, false), Outcome::Waits(key));
    assert_eq!(stage.unparks(), 0);
    assert_eq!(stage.shard().reset(key, 50, false), Outcome::Waits(key));
    assert_eq!(stage.unparks(), 1);
    assert_eq!(stage.advance(49), []);
    assert_eq!(stage.advance(50), [1]);
    assert_eq!(stage.shard().reset(key, 60, false), Outcome::Gone);
}

#[test]
fn a_reset_into_the_past_wakes_at_once() {
    let stage = Stage::new();
    let key = stage.register(100, 1);
    assert_eq!(stage.shard().reset(key, 5, true), Outcome::Due);
    assert_eq!(stage.woken(), [1]);
    assert_eq!(stage.shard().reset(key, 5, true), Outcome::Gone);
    stage.register(10, 2);
    let key = stage.register(200, 3);
    assert_eq!(stage.advance(100), [2]);
    assert_eq!(stage.shard().reset(key, 100, false), Outcome::Due);
    assert_eq!(stage.woken(), [3]);
    assert_eq!(stage.advance(300), []);
}

#[test]
fn a_cancelled_timer_drops_its_waker_unwoken() {
    let stage = Stage::new();
    let key = stage.register(10, 1);
    stage.shard().cancel(key);
    stage.shard().cancel(key);
    assert_eq!(stage.dropped(), [1]);
    assert_eq!(stage.advance(10), []);
}

#[test]
fn shutdown_hands_out_every_waker_and_takes_no_timer_after_that() {
    let stage = Stage::new();
    let key = stage.register(10, 1);
    stage.register(NEVER - 1, 2);
    let mut wakers = Vec::new();
    stage.timers.shutdown(&mut wakers);
    assert_eq!(wakers.len(), 2);
    assert!(stage.shard().is_shut_down());
    assert_eq!(stage.shard().register(20, &stage.waker(3)), Outcome::ShutDown);
    assert_eq!(stage.shard().update(key, &stage.waker(4)), Outcome::ShutDown);
    assert_eq!(stage.shard().reset(key, 30, false), Outcome::Gone);
    assert_eq!(stage.advance(40), []);
    assert!(stage.shard().is_shut_down(), "a late advance must not undo it");
    assert_eq!(stage.timers.next_timeout(), None);
}

#[test]
fn the_driver_is_told_to_sleep_until_a_deadline() {
    let stage = Stage::new();
    let deadline = stage.timers.clock().now() + Duration::from_secs(3_600);
    stage.register(stage.shard().tick_of(deadline), 1);
    let timeout = stage.timers.next_timeout().expect("a timer waits");
    assert!(timeout <= Duration::from_secs(3_600) + Duration::from_micros(17));
    assert!(stage.timers.clock().now() + timeout >= deadline);
}

#[test]
fn a_shard_whose_first_is_not_due_is_not_visited() {
    let stage = Stage::new();
    stage.register(10, 1);
    let other = stage.timers.shard(1);
    other.register(20, &stage.waker(2));
    let held = other.wheel.lock();
    let mut wakers = Vec::new();
    stage.timers.advance_to(9, &mut wakers);
    stage.timers.advance_to(10, &mut wakers);
    stage.timers.advance_to(19, &mut wakers);
    drop(held);
    assert_eq!(wakers.len(), 1);
    assert_eq!(stage.timers.publish(), Some(20));
    stage.timers.advance_to(20, &mut wakers);
    assert_eq!(wakers.len(), 2);
    assert_eq!(stage.timers.publish(), None);
}

#[test]
fn a_timer_that_is_not_the_first_of_its_shard_leaves_the_horizon_alone() {
    let stage = Stage::new();
    stage.register(10, 1);
    assert!(stage.shard().covers(10));
    assert!(!stage.shard().covers(9));
    assert!(!stage.timers.shard(1).covers(10));
    stage.timers.publish();
    stage.register(15, 2);
    assert!(matches!(
        stage.timers.shard(1).register(5, &stage.waker(3)),
        Outcome::Waits(_)
    ));
    assert_eq!(stage.unparks(), 1);
    assert_eq!(stage.advance(15), [1, 2, 3]);
}

#[test]
fn a_cancelled_first_costs_one_visit() {
    let stage = Stage::new();
    let key = stage.register(10, 1);
    stage.shard().cancel(key);
    stage.register(20, 2);
    assert_eq!(stage.timers.publish(), Some(10));
    assert_eq!(stage.advance(10), []);
    assert_eq!(stage.timers.publish(), Some(20));
    let key = stage.register(15, 3);
    stage.shard().cancel(key);
    stage.register(16, 4);
    assert_eq!(stage.timers.publish(), Some(15));
    assert_eq!(stage.advance(20), [4, 2]);
}

#[test]
fn threads_are_spread_over_the_shards() {
    let stage = Stage::new();
    let index = |thread: isize| {
        let shard = stage.timers.shard(thread);
        stage
            .timers
            .shards
            .iter()
            .position(|other| Arc::ptr_eq(other, shard))
    };
    assert_eq!([0, 1, 2, 3, 4].map(index), [0, 1, 2, 0, 1].map(Some));
    assert_eq!([-1, -2, -3, -4].map(index), [2, 1, 0, 2].map(Some));
}
