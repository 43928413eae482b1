//! Waiting: timeouts that are never early in sum, and the unparker.

mod common;

use common::{Count, pair, poll, turn};
use heist_reactor::{Direction, Interest, Reactor};
use std::thread;
use std::time::{Duration, Instant};

/// Turns as the driver does: until the clock says so.
fn sleep(reactor: &mut Reactor, duration: Duration) -> (Duration, usize) {
    let start = Instant::now();
    let mut turns = 0;
    while let Some(left) = duration
        .checked_sub(start.elapsed())
        .filter(|left| !left.is_zero())
    {
        assert_eq!(turn(reactor, Some(left)), 0);
        turns += 1;
    }
    (start.elapsed() - duration, turns)
}

#[test]
fn an_unpark_before_the_turn_makes_it_return_at_once() {
    let mut reactor = Reactor::new().unwrap();
    let unparker = reactor.unparker();
    for _ in 0..3 {
        unparker.wake_by_ref();
        unparker.wake_by_ref();
        // Would hang if the unpark were lost.
        turn(&mut reactor, None);
    }
}

#[test]
fn repeated_unparks_count_once() {
    let mut reactor = Reactor::new().unwrap();
    let unparker = reactor.unparker();
    for _ in 0..1_000 {
        unparker.wake_by_ref();
    }
    turn(&mut reactor, None);
    // Nothing is left: a turn waits for its whole timeout.
    let (_, turns) = sleep(&mut reactor, Duration::from_micros(1_500));
    assert!(turns <= 1, "{turns} turns");
}

#[test]
fn an_unpark_ends_a_turn_that_waits() {
    let mut reactor = Reactor::new().unwrap();
    let unparker = reactor.unparker();
    thread::scope(|scope| {
        for _ in 0..200 {
            let unparker = &unparker;
            let thread = scope.spawn(move || unparker.wake_by_ref());
            turn(&mut reactor, None);
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_fine_timeout_is_not_early() {
    let mut reactor = Reactor::new().unwrap();
    for us in [1, 50, 900, 1_100, 1_999] {
        for _ in 0..20 {
            let timeout = Duration::from_micros(us);
            let start = Instant::now();
            assert_eq!(turn(&mut reactor, Some(timeout)), 0);
            assert!(start.elapsed() >= timeout, "{us} us took {:?}", start.elapsed());
        }
    }
}

#[test]
fn a_coarse_timeout_ends_after_few_turns() {
    let mut reactor = Reactor::new().unwrap();
    for ms in [2, 3, 10, 60] {
        let (_, turns) = sleep(&mut reactor, Duration::from_millis(ms));
        assert!(turns <= 4, "{ms} ms took {turns} turns");
    }
}

/// epoll alone would round 1.1 ms up to 2: every attempt would be late by 0.9 ms. The best of many shows the
/// timer's own precision on a machine of any load.
#[test]
#[cfg(target_os = "linux")]
fn a_timeout_between_two_milliseconds_does_not_wait_for_the_second() {
    let mut reactor = Reactor::new().unwrap();
    let late = (0..100)
        .map(|_| sleep(&mut reactor, Duration::from_micros(1_100)).0)
        .min()
        .unwrap();
    assert!(late < Duration::from_micros(800), "late by {late:?} at best");
}

#[test]
fn a_zero_timeout_polls() {
    let mut reactor = Reactor::new().unwrap();
    let (mut stream, _peer) = pair();
    let registration = reactor
        .handle()
        .register(&mut stream, Interest::WRITABLE)
        .unwrap();
    let (woken, waker) = Count::new();
    assert!(poll(&registration, Direction::Write, &waker).is_pending());
    // A connected socket is writable from the start, so one look suffices.
    assert_eq!(turn(&mut reactor, Some(Duration::ZERO)), 1);
    assert_eq!(woken.get(), 1);
}

#[test]
fn a_fine_timer_left_armed_disturbs_one_turn_at_most() {
    let mut reactor = Reactor::new().unwrap();
    let unparker = reactor.unparker();
    unparker.wake_by_ref();
    turn(&mut reactor, Some(Duration::from_micros(1_900)));
    let (_, turns) = sleep(&mut reactor, Duration::from_millis(20));
    assert!(turns <= 5, "{turns} turns");
}

#[test]
fn a_turn_takes_no_more_events_than_told() {
    for (wait, most) in [(Some(Duration::ZERO), 1), (None, 2)] {
        let mut reactor = Reactor::with_capacity(2, Some(1)).unwrap();
        let handle = reactor.handle();
        let mut pairs: Vec<_> = (0..5).map(|_| pair()).collect();
        let counts: Vec<_> = pairs
            .iter_mut()
            .map(|(stream, peer)| {
                let registration = handle.register(stream, Interest::READABLE).unwrap();
                let (count, waker) = Count::new();
                assert!(poll(&registration, Direction::Read, &waker).is_pending());
                std::io::Write::write_all(peer, b"x").unwrap();
                (count, registration)
            })
            .collect();
        let woken = || counts.iter().map(|(count, _)| count.get()).sum::<usize>();
        while woken() < 5 {
            let before = woken();
            turn(&mut reactor, wait);
            assert!(woken() - before <= most);
        }
    }
}
