//! The wheel at its edges: boundaries of levels, the end of time, overdue and cancelled entries.

use heist_timer::{Key, Wheel};

fn advance(wheel: &mut Wheel<u64>, now: u64) -> Vec<u64> {
    let mut fired = Vec::new();
    wheel.advance(now, &mut fired);
    fired
}

/// 0, and one below, at and above the first tick of each level.
fn boundaries() -> Vec<u64> {
    let mut ticks = vec![0];
    for level in 0..11 {
        let first = 1u64 << (6 * level);
        ticks.extend([first - 1, first, first + 1]);
    }
    ticks.extend([u64::MAX - 1, u64::MAX]);
    ticks.sort_unstable();
    ticks.dedup();
    ticks
}

#[test]
fn a_lone_entry_is_announced_exactly_and_never_fires_early() {
    for start in boundaries() {
        for deadline in boundaries().into_iter().filter(|&deadline| deadline > start) {
            let mut wheel = Wheel::new();
            advance(&mut wheel, start);
            wheel.insert(deadline, deadline);
            assert_eq!(wheel.next_deadline(), Some(deadline), "from {start}");
            assert_eq!(advance(&mut wheel, deadline - 1), [], "from {start}");
            assert_eq!(wheel.next_deadline(), Some(deadline), "from {start}");
            assert_eq!(advance(&mut wheel, deadline), [deadline], "from {start}");
            assert_eq!(wheel.next_deadline(), None);
            assert!(wheel.is_empty());
        }
    }
}

#[test]
fn one_jump_over_every_level_fires_in_order() {
    let mut wheel = Wheel::new();
    for &deadline in boundaries().iter().rev() {
        wheel.insert(deadline, deadline);
    }
    assert_eq!(advance(&mut wheel, u64::MAX), boundaries());
    assert_eq!(wheel.now(), u64::MAX);
}

#[test]
fn an_overdue_entry_fires_in_the_next_advance_even_if_no_time_passes() {
    let mut wheel = Wheel::new();
    advance(&mut wheel, 1_000);
    wheel.insert(3, 3);
    wheel.insert(1_000, 1_000);
    wheel.insert(1_001, 1_001);
    assert_eq!(wheel.next_deadline(), Some(1_000));
    assert_eq!(advance(&mut wheel, 1_000), [3, 1_000]);
    assert_eq!(advance(&mut wheel, 1_000), []);
    assert_eq!(advance(&mut wheel, 1_001), [1_001]);
}

#[test]
fn entries_can_be_added_at_the_end_of_time() {
    let mut wheel = Wheel::new();
    advance(&mut wheel, u64::MAX);
    wheel.insert(u64::MAX, 7);
    assert_eq!(wheel.next_deadline(), Some(u64::MAX));
    assert_eq!(advance(&mut wheel, u64::MAX), [7]);
}

#[test]
fn time_does_not_go_back() {
    let mut wheel = Wheel::new();
    advance(&mut wheel, 500);
    wheel.insert(501, 501);
    assert_eq!(advance(&mut wheel, 3), []);
    assert_eq!(wheel.now(), 500);
    assert_eq!(advance(&mut wheel, 501), [501]);
}

#[test]
fn a_stale_key_is_harmless() {
    let mut wheel = Wheel::new();
    let fired = wheel.insert(1, 1);
    let cancelled = wheel.insert(2, 2);
    assert_eq!(wheel.cancel(cancelled), Some(2));
    assert_eq!(advance(&mut wheel, 1), [1]);
    let reused: [Key; 2] = [wheel.insert(9, 9), wheel.insert(8, 8)];
    for stale in [fired, cancelled] {
        assert!(!reused.contains(&stale));
        assert_eq!(wheel.cancel(stale), None);
        assert_eq!(wheel.get_mut(stale), None);
        assert!(!wheel.reschedule(stale, 3));
    }
    assert_eq!(wheel.len(), 2);
    assert_eq!(advance(&mut wheel, 9), [8, 9]);
}

#[test]
fn the_payload_can_be_swapped_while_waiting() {
    let mut wheel = Wheel::new();
    let key = wheel.insert(100, 1);
    let old = std::mem::replace(wheel.get_mut(key).expect("the entry waits"), 2);
    assert_eq!(old, 1);
    assert_eq!(advance(&mut wheel, 100), [2]);
}

#[test]
fn a_cancelled_minimum_costs_one_idle_advance_at_most() {
    let mut wheel = Wheel::new();
    let first = wheel.insert(4_097, 4_097);
    let last = wheel.insert(6_000, 6_000);
    wheel.insert(5_000, 5_000);
    wheel.cancel(first);
    let hint = wheel.next_deadline().expect("two entries wait");
    assert!(hint <= 5_000);
    assert_eq!(advance(&mut wheel, hint), []);
    assert_eq!(wheel.next_deadline(), Some(5_000));
    wheel.cancel(last);
    assert_eq!(wheel.next_deadline(), Some(5_000));
}

#[test]
fn cancelling_the_only_entry_of_a_slot_leaves_no_trace() {
    let mut wheel = Wheel::new();
    let near = wheel.insert(10, 10);
    wheel.insert(1 << 40, 40);
    wheel.cancel(near);
    assert_eq!(wheel.next_deadline(), Some(1 << 40));
}

#[test]
fn rescheduling_moves_an_entry_both_ways_and_behind_its_equals() {
    let mut wheel = Wheel::new();
    let mover = wheel.insert(100, 1);
    wheel.insert(5_000, 2);
    assert!(wheel.reschedule(mover, 5_000));
    assert_eq!(advance(&mut wheel, 4_999), []);
    assert!(
        wheel.reschedule(mover, 4_000),
        "a deadline in the past counts as now"
    );
    assert_eq!(wheel.next_deadline(), Some(4_999));
    assert!(wheel.reschedule(mover, 5_000));
    assert_eq!(advance(&mut wheel, 5_000), [2, 1]);
}

#[test]
fn dropping_a_wheel_drops_what_waits() {
    let payload = std::sync::Arc::new(());
    let mut wheel = Wheel::new();
    for level in 0..11 {
        wheel.insert(1 << (6 * level), payload.clone());
    }
    drop(wheel);
    assert_eq!(std::sync::Arc::strong_count(&payload), 1);
}
