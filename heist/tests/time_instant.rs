//! `Instant`: arithmetic that saturates, checks or converts. Needs no runtime.

use heist::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn differences_saturate_or_are_checked() {
    let early = Instant::now();
    let late = early + SECOND;
    assert_eq!(late - early, SECOND);
    assert_eq!(early - late, Duration::ZERO);
    assert_eq!(late.duration_since(early), SECOND);
    assert_eq!(early.duration_since(late), Duration::ZERO);
    assert_eq!(early.saturating_duration_since(late), Duration::ZERO);
    assert_eq!(late.checked_duration_since(early), Some(SECOND));
    assert_eq!(early.checked_duration_since(late), None);
    assert_eq!(late.elapsed(), Duration::ZERO, "it is still to come");
}

#[test]
fn moving_a_moment() {
    let start = Instant::now();
    let mut moment = start;
    moment += SECOND;
    assert_eq!(moment, start + SECOND);
    moment -= SECOND;
    assert_eq!(moment, start);
    assert_eq!((start + SECOND) - SECOND, start);
    assert_eq!(start.checked_add(SECOND), Some(start + SECOND));
    assert_eq!((start + SECOND).checked_sub(SECOND), Some(start));
    assert_eq!(start.checked_add(Duration::MAX), None);
    assert_eq!(start.checked_sub(Duration::MAX), None);
}

#[test]
fn time_does_not_go_back_and_converts_to_std_and_back() {
    let first = Instant::now();
    let second = Instant::now();
    assert!(first <= second);
    assert_eq!(Instant::from_std(first.into_std()), first);
    assert_eq!(Instant::from(std::time::Instant::from(second)), second);
    assert_eq!(format!("{first:?}"), format!("{:?}", first.into_std()));
}
