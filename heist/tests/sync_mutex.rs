//! The mutex, polled by hand: exclusion, order, the four guards and their parts.

mod sync_kit;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use heist::sync::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard, TryLockError,
};
use sync_kit::{Drops, Task, now};

#[test]
fn one_guard_at_a_time_in_order_of_arrival() {
    let mutex = Arc::new(Mutex::new(Vec::new()));
    let guard = now(mutex.lock());
    let mut first = Task::pending(mutex.lock());
    let mut second = Task::pending(mutex.clone().lock_owned());
    drop(guard);
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert!(mutex.try_lock().is_err(), "the lock is the first one's already");
    first.ready().push(1);
    assert_eq!(second.wakes(), 1);
    second.ready().push(2);
    assert_eq!(*now(mutex.lock()), [1, 2]);
}

#[test]
fn a_wait_that_is_given_up_passes_the_lock_on() {
    let mutex = Mutex::new(());
    let guard = now(mutex.lock());
    let first = Task::pending(mutex.lock());
    let mut second = Task::pending(mutex.lock());
    drop(guard);
    drop(first);
    assert_eq!(second.wakes(), 1);
    drop(second.ready());
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn try_lock_fails_while_locked() {
    let mutex = Arc::new(Mutex::new(1));
    let guard = mutex.clone().try_lock_owned().unwrap();
    assert_eq!(mutex.try_lock().unwrap_err().to_string(), "operation would block");
    let error: TryLockError = mutex.clone().try_lock_owned().unwrap_err();
    assert_eq!(format!("{error:?}"), "TryLockError(())");
    drop(guard);
    assert_eq!(*mutex.try_lock().unwrap(), 1);
}

#[test]
fn mapped_guards_hold_the_lock_and_change_the_part() {
    let mutex = Mutex::new((1, "one".to_owned()));
    let guard = mutex.try_lock().unwrap();
    assert!(std::ptr::eq(MutexGuard::mutex(&guard), &mutex));
    let guard = MutexGuard::try_map(guard, |_| None::<&mut u8>).unwrap_err();
    let text = MutexGuard::map(guard, |pair| &mut pair.1);
    let Ok(mut text) = MappedMutexGuard::try_map(text, |text| Some(text.as_mut_str())) else {
        panic!("the closure found a part");
    };
    text.make_ascii_uppercase();
    assert!(mutex.try_lock().is_err());
    let text = MappedMutexGuard::try_map(text, |_| None::<&mut u8>).unwrap_err();
    assert_eq!(&*MappedMutexGuard::map(text, |text| text), "ONE");
    assert_eq!(mutex.into_inner(), (1, "ONE".to_owned()));
}

#[test]
fn owned_mapped_guards_keep_the_mutex() {
    let drops = Drops::default();
    let mutex = Arc::new(Mutex::new((1, drops.value())));
    let guard = mutex.clone().try_lock_owned().unwrap();
    assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&guard), &mutex));
    let guard = OwnedMutexGuard::try_map(guard, |_| None::<&mut u8>)
        .ok()
        .map_or_else(
            || mutex.clone().try_lock_owned().unwrap(),
            |_: OwnedMappedMutexGuard<_, u8>| panic!("the closure found nothing"),
        );
    let number = OwnedMutexGuard::map(guard, |pair| &mut pair.0);
    let mut number = OwnedMappedMutexGuard::map(number, |number| number);
    assert!(mutex.try_lock().is_err());
    drop(mutex);
    *number += 1;
    assert_eq!((*number, drops.count()), (2, 0));
    drop(number);
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_panic_unlocks_and_poisons_nothing() {
    let mutex = Mutex::new(1);
    let panics = || {
        let mut guard = mutex.try_lock().unwrap();
        *guard = 2;
        panic!("with the guard in hand");
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let map = || MutexGuard::map(mutex.try_lock().unwrap(), |_| -> &mut i32 { panic!("in map") });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(map()))).is_err());
    assert_eq!(*mutex.try_lock().unwrap(), 2);
}

#[test]
fn unsized_values_can_be_locked() {
    let mutex: Arc<Mutex<dyn Debug + Send>> = Arc::new(Mutex::new(7));
    let guard = mutex.clone().try_lock_owned().unwrap();
    assert_eq!(format!("{guard:?} {mutex:?}"), "7 Mutex { data: <locked> }");
    drop(guard);
    assert_eq!(format!("{mutex:?}"), "Mutex { data: 7 }");
    let slice: Arc<Mutex<[u8]>> = Arc::new(Mutex::new([1, 2]));
    slice.try_lock().unwrap()[0] = 3;
    assert_eq!(slice.try_lock().unwrap()[..], [3, 2]);
}

#[test]
fn a_mutex_is_made_and_taken_apart() {
    static STATIC: Mutex<u8> = Mutex::const_new(1);
    *STATIC.try_lock().unwrap() += 1;
    assert_eq!(
        format!("{} {:?}", STATIC.blocking_lock(), STATIC),
        "2 Mutex { data: <locked> }"
    );
    let mut mutex = Mutex::from(1);
    *mutex.get_mut() += 1;
    assert_eq!(mutex.into_inner(), 2);
    assert_eq!(Mutex::<u8>::default().into_inner(), 0);
}

#[test]
fn threads_count_together() {
    let mutex = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let mutex = mutex.clone();
            thread::spawn(move || {
                for _ in 0..500 {
                    *mutex.blocking_lock() += 1;
                    *mutex.clone().blocking_lock_owned() += 1;
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*mutex.try_lock().unwrap(), 4_000);
}
