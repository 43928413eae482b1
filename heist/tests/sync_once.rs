//! OnceCell and SetOnce: one value for all, whoever makes it and whoever gives up.

mod sync_kit;

use std::cell::Cell;
use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use heist::sync::{OnceCell, SetError, SetOnce, SetOnceError, oneshot};
use sync_kit::{Drops, Task, now, panic_message};

#[test]
fn the_first_makes_it_and_the_others_wait() {
    let cell = OnceCell::new();
    let made = Cell::new(0);
    let (sender, receiver) = oneshot::channel::<u8>();
    let make = async || {
        made.set(made.get() + 1);
        receiver.await.unwrap()
    };
    let mut first = Task::pending(cell.get_or_init(make));
    let mut second = Task::pending(cell.get_or_init(|| ready(9)));
    let mut third = Task::pending(cell.get_or_init(|| ready(8)));
    assert_eq!(cell.get(), None);
    assert_eq!(cell.set(7), Err(SetError::InitializingError(7)));
    sender.send(1).unwrap();
    assert_eq!(second.wakes(), 0);
    assert_eq!(first.ready(), &1);
    assert_eq!((second.wakes(), third.wakes()), (1, 1));
    assert_eq!((second.ready(), third.ready()), (&1, &1));
    assert_eq!((made.get(), cell.get()), (1, Some(&1)));
    assert_eq!(cell.set(7), Err(SetError::AlreadyInitializedError(7)));
}

#[test]
fn who_fails_panics_or_leaves_lets_the_next_one_make_it() {
    let cell = OnceCell::new();
    assert_eq!(now(cell.get_or_try_init(|| ready(Err::<u8, _>("no")))), Err("no"));
    panic_message(|| now(cell.get_or_init(|| -> std::future::Ready<u8> { panic!("no") })));
    panic_message(|| now(cell.get_or_init(|| async { panic!("no") })));

    let leaves = Task::pending(cell.get_or_init(pending));
    let mut next = Task::pending(cell.get_or_init(|| ready(1)));
    drop(leaves);
    assert_eq!(next.wakes(), 1);
    assert_eq!(next.ready(), &1);
}

#[test]
fn who_leaves_after_being_next_passes_it_on() {
    let cell = OnceCell::<u8>::new();
    let makes = Task::pending(cell.get_or_init(pending));
    let next = Task::pending(cell.get_or_init(pending));
    let mut last = Task::pending(cell.get_or_init(|| ready(3)));
    drop(makes);
    assert_eq!((next.wakes(), last.wakes()), (1, 0));
    drop(next);
    assert_eq!(last.wakes(), 1);
    assert_eq!(last.ready(), &3);
}

#[test]
fn a_cell_is_set_taken_compared_and_cloned() {
    let mut cell = OnceCell::new();
    assert!(!cell.initialized());
    assert_eq!(cell.get_mut(), None);
    cell.set("a".to_owned()).unwrap();
    cell.get_mut().unwrap().push('b');
    assert_eq!(cell, OnceCell::from("ab".to_owned()));
    assert_eq!(cell.clone(), cell);
    assert_ne!(cell, OnceCell::new());
    assert_eq!(format!("{cell:?}"), r#"OnceCell { value: Some("ab") }"#);
    assert_eq!(cell.take().as_deref(), Some("ab"));
    assert_eq!(cell.take(), None);
    assert_eq!(now(cell.get_or_init(|| ready("c".to_owned()))), "c");
    assert_eq!(cell.into_inner().as_deref(), Some("c"));
    assert_eq!(OnceCell::<u8>::new_with(None).into_inner(), None);

    let full: SetError<u8> = OnceCell::new_with(Some(1)).set(2).unwrap_err();
    assert!(full.is_already_init_err() && !full.is_initializing_err());
    assert_eq!(full.to_string(), "AlreadyInitializedError");
    assert_eq!(SetError::InitializingError(1).to_string(), "InitializingError");
}

#[test]
fn each_value_is_dropped_once() {
    let drops = Drops::default();
    let mut cell = OnceCell::new();
    assert!(cell.set(drops.value()).is_ok());
    assert_eq!(drops.count(), 0);
    drop(cell.take());
    assert_eq!(drops.count(), 1);
    assert!(cell.set(drops.value()).is_ok());
    drop(cell);
    assert_eq!(drops.count(), 2);

    let set = SetOnce::new();
    assert!(set.set(drops.value()).is_ok());
    drop(set.set(drops.value()));
    assert_eq!(drops.count(), 3);
    drop(set.into_inner());
    assert_eq!(drops.count(), 4);
    drop(SetOnce::from(drops.value()));
    assert_eq!(drops.count(), 5);
}

#[test]
fn threads_agree_on_one_value() {
    for _ in 0..50 {
        let cell = Arc::new(OnceCell::new());
        let calls = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let (cell, calls) = (cell.clone(), calls.clone());
                thread::spawn(move || {
                    let make = || async {
                        calls.fetch_add(1, Ordering::SeqCst);
                        n
                    };
                    *heist_executor::park::block_on(cell.get_or_init(make))
                })
            })
            .collect();
        let seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(seen.iter().all(|n| n == cell.get().unwrap()), "{seen:?}");
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn all_who_wait_get_what_is_set() {
    let set = SetOnce::new();
    let mut first = Task::pending(set.wait());
    let mut second = Task::pending(set.wait());
    let gone = Task::pending(set.wait());
    drop(gone);
    assert_eq!(set.set(1), Ok(()));
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    assert_eq!((first.ready(), second.ready(), now(set.wait())), (&1, &1, &1));
    assert_eq!(set.set(2), Err(SetOnceError(2)));
    assert_eq!(set.get(), Some(&1));
    assert_eq!(SetOnceError(2).to_string(), "SetOnceError");
}

#[test]
fn a_wait_moves_to_another_task() {
    let set = SetOnce::new();
    let mut wait = Task::pending(set.wait());
    assert!(wait.poll_elsewhere().is_pending());
    set.set(1).unwrap();
    assert_eq!(wait.wakes(), 1);
}

#[test]
fn a_set_once_is_compared_cloned_and_unwrapped() {
    let set = SetOnce::<u8>::default();
    assert!(!set.initialized());
    assert_eq!(set, SetOnce::new_with(None));
    assert_eq!(format!("{set:?}"), "SetOnce { value: None }");
    set.set(1).unwrap();
    assert!(set.initialized());
    assert_eq!(set.clone(), SetOnce::from(1));
    assert_eq!(set.into_inner(), Some(1));
    static LATER: SetOnce<u8> = SetOnce::const_new();
    static NOW: SetOnce<u8> = SetOnce::const_new_with(4);
    assert_eq!((LATER.get(), NOW.get()), (None, Some(&4)));
}

#[test]
fn exactly_one_thread_sets() {
    for _ in 0..50 {
        let set = Arc::new(SetOnce::new());
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let set = set.clone();
                thread::spawn(move || {
                    let mine = set.set(n).is_ok();
                    // Whoever loses finds the winner's value.
                    assert_eq!(set.get() == Some(&n), mine);
                    mine
                })
            })
            .collect();
        let seen = heist_executor::park::block_on(set.wait());
        let winners: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(winners.iter().filter(|won| **won).count(), 1);
        assert!(winners[*seen]);
    }
}
