//! Barrier, as asyncio documents it.

mod sync_kit;

use heist::aio::Barrier;
use sync_kit::{Task, now, panic_message};

#[test]
fn tasks_pass_together_and_each_has_another_position() {
    let barrier = Barrier::new(3);
    for _round in 0..2 {
        let mut first = Task::pending(barrier.wait());
        let mut second = Task::pending(barrier.wait());
        assert_eq!(barrier.n_waiting(), 2);
        assert_eq!(now(barrier.wait()), Ok(2));
        assert_eq!((first.wakes(), second.wakes()), (1, 1));
        assert_eq!(barrier.n_waiting(), 0);
        assert_eq!((second.ready(), first.ready()), (Ok(1), Ok(0)));
    }
}

#[test]
fn the_next_round_begins_while_some_of_this_one_have_not_run() {
    let barrier = Barrier::new(2);
    let mut slow = Task::pending(barrier.wait());
    assert_eq!(now(barrier.wait()), Ok(1));
    let mut next = Task::pending(barrier.wait());
    assert_eq!(slow.ready(), Ok(0));
    assert!(next.poll().is_pending());
}

#[test]
fn who_gives_up_is_not_counted() {
    let barrier = Barrier::new(2);
    let mut gone = Task::pending(barrier.wait());
    gone.drop_future();
    assert_eq!(barrier.n_waiting(), 0);
    let mut first = Task::pending(barrier.wait());
    assert_eq!(now(barrier.wait()), Ok(1));
    assert_eq!(first.ready(), Ok(0));
}

#[test]
fn who_gives_up_when_all_have_come_holds_nobody_up() {
    let barrier = Barrier::new(3);
    let mut gone = Task::pending(barrier.wait());
    let mut other = Task::pending(barrier.wait());
    assert_eq!(now(barrier.wait()), Ok(2));
    gone.drop_future();
    assert_eq!(other.ready(), Ok(1));
    assert_eq!(barrier.n_waiting(), 0);
}

#[test]
fn abort_breaks_the_barrier_for_those_who_wait_and_those_who_come_until_it_is_reset() {
    let barrier = Barrier::new(2);
    let mut wait = Task::pending(barrier.wait());
    barrier.abort();
    assert!(barrier.broken());
    assert!(wait.ready().is_err());
    assert!(now(barrier.wait()).is_err());
    barrier.reset();
    assert!(!barrier.broken());
    let mut first = Task::pending(barrier.wait());
    assert_eq!(now(barrier.wait()), Ok(1));
    assert_eq!(first.ready(), Ok(0));
}

#[test]
fn reset_fails_those_who_wait_and_leaves_the_barrier_empty() {
    let barrier = Barrier::new(3);
    let mut waits = [Task::pending(barrier.wait()), Task::pending(barrier.wait())];
    barrier.reset();
    assert!(!barrier.broken());
    assert_eq!(barrier.n_waiting(), 0);
    for wait in &mut waits {
        assert!(wait.ready().is_err());
    }
}

#[test]
fn one_party_never_waits_and_none_is_refused() {
    let barrier = Barrier::new(1);
    assert_eq!(now(barrier.wait()), Ok(0));
    assert_eq!(barrier.parties(), 1);
    assert!(panic_message(|| Barrier::new(0)).contains("at least one party"));
}
