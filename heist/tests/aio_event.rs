//! Event, as asyncio documents it.

mod sync_kit;

use heist::aio::Event;
use sync_kit::{Task, now};

#[test]
fn an_event_is_clear_at_first() {
    let event = Event::new();
    assert!(!event.is_set());
    drop(Task::pending(event.wait()));
}

#[test]
fn wait_returns_at_once_if_the_event_is_set() {
    let event = Event::new();
    event.set();
    now(event.wait());
    assert!(event.is_set(), "waiting does not clear it");
}

#[test]
fn set_wakes_all_who_wait() {
    let event = Event::new();
    let mut waits: Vec<_> = (0..3).map(|_| Task::pending(event.wait())).collect();
    event.set();
    for wait in &mut waits {
        assert_eq!(wait.wakes(), 1);
        wait.ready();
    }
}

#[test]
fn who_was_woken_goes_on_though_the_event_is_cleared_at_once() {
    let event = Event::new();
    let mut wait = Task::pending(event.wait());
    event.set();
    event.clear();
    wait.ready();
    drop(Task::pending(event.wait()));
}

#[test]
fn a_cancelled_wait_keeps_nothing() {
    let event = Event::new();
    let mut wait = Task::pending(event.wait());
    assert_eq!(wait.wakers_kept(), 1);
    wait.drop_future();
    assert_eq!(wait.wakers_kept(), 0);
    event.set();
    assert_eq!(wait.wakes(), 0);
}
