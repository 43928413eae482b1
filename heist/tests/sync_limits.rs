//! Zero, the most there can be, and too much: each answered by the documented value or error.

mod sync_kit;

use std::sync::Arc;

use heist::sync::broadcast::error::TryRecvError as BroadcastError;
use heist::sync::mpsc::error::TryRecvError;
use heist::sync::{RwLock, Semaphore, TryAcquireError, broadcast, mpsc, oneshot, watch};
use sync_kit::{Task, now, panic_message};

#[test]
fn none_can_be_had_of_anything_that_is_not_closed() {
    let semaphore = Arc::new(Semaphore::new(0));
    assert_eq!(now(semaphore.acquire_many(0)).unwrap().num_permits(), 0);
    assert_eq!(semaphore.try_acquire_many(0).unwrap().num_permits(), 0);
    semaphore.add_permits(0);
    assert_eq!(semaphore.forget_permits(usize::MAX), 0);
    let (tx, mut rx) = mpsc::channel::<u8>(1);
    assert_eq!(now(tx.reserve_many(0)).unwrap().len(), 0);
    assert_eq!(now(rx.recv_many(&mut Vec::new(), 0)), 0);
    let (tx, mut unbounded) = mpsc::unbounded_channel::<u8>();
    assert_eq!(now(unbounded.recv_many(&mut Vec::new(), 0)), 0);
    drop(tx);

    semaphore.close();
    assert!(now(semaphore.acquire_many(0)).is_err());
    assert_eq!(
        semaphore.try_acquire_many(0).unwrap_err(),
        TryAcquireError::Closed
    );
    assert_eq!(now(rx.recv_many(&mut Vec::new(), 0)), 0);
}

#[test]
fn as_many_as_there_can_be_is_no_overflow() {
    let semaphore = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
    let most = semaphore.try_acquire_many(u32::MAX).unwrap();
    assert_eq!(most.num_permits(), u32::MAX as usize);
    assert!(panic_message(|| semaphore.add_permits(u32::MAX as usize + 1)).contains("would overflow"));
    drop(most);
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    assert_eq!(semaphore.forget_permits(usize::MAX), Semaphore::MAX_PERMITS);
    assert_eq!(
        semaphore.try_acquire_many(u32::MAX).unwrap_err(),
        TryAcquireError::NoPermits
    );

    let (tx, mut rx) = mpsc::channel(Semaphore::MAX_PERMITS);
    assert_eq!(tx.max_capacity(), Semaphore::MAX_PERMITS);
    assert!(now(tx.reserve_many(usize::MAX)).is_err());
    assert!(tx.try_reserve_many(usize::MAX).is_err());
    tx.try_send(1).unwrap();
    let mut values = Vec::new();
    assert_eq!(now(rx.recv_many(&mut values, usize::MAX)), 1);
    let all = tx.try_reserve_many(Semaphore::MAX_PERMITS).unwrap();
    assert_eq!((all.len(), tx.capacity()), (Semaphore::MAX_PERMITS, 0));
    drop(all);
    assert_eq!(tx.capacity(), Semaphore::MAX_PERMITS);

    let (tx, mut rx) = mpsc::unbounded_channel();
    tx.send(2).unwrap();
    assert_eq!(now(rx.recv_many(&mut values, usize::MAX)), 1);
    assert_eq!(values, [1, 2]);

    let most_readers = RwLock::with_max_readers(0, u32::MAX >> 3);
    drop((most_readers.try_read().unwrap(), most_readers.try_read().unwrap()));
    assert!(most_readers.try_write().is_ok());
}

#[test]
fn a_capacity_of_one_holds_one() {
    let (tx, mut rx) = broadcast::channel(1);
    assert_eq!((tx.send(1).ok(), tx.send(2).ok()), (Some(1), Some(1)));
    assert_eq!(rx.try_recv(), Err(BroadcastError::Lagged(1)));
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(rx.try_recv(), Err(BroadcastError::Empty));
    let (tx, mut rx) = mpsc::channel(1);
    tx.try_send(1).unwrap();
    assert!(tx.try_send(2).is_err());
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Err(TryRecvError::Empty)));
    let lock = RwLock::with_max_readers(0, 1);
    let one = lock.try_read().unwrap();
    assert!(lock.try_read().is_err());
    drop(one);
    assert!(lock.try_write().is_ok());
}

#[test]
fn what_is_closed_says_so_for_ever() {
    let (tx, mut rx) = mpsc::channel::<u8>(1);
    drop(tx);
    assert_eq!((now(rx.recv()), now(rx.recv())), (None, None));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    let (tx, mut rx) = broadcast::channel::<u8>(1);
    drop(tx);
    assert!(now(rx.recv()).is_err() && now(rx.recv()).is_err());
    assert_eq!(rx.try_recv(), Err(BroadcastError::Closed));
    let (tx, mut rx) = watch::channel(0);
    drop(tx);
    assert!(now(rx.changed()).is_err() && now(rx.changed()).is_err());
    assert!(rx.has_changed().is_err());
    let (tx, mut rx) = oneshot::channel::<u8>();
    drop(tx);
    assert!(rx.try_recv().is_err() && rx.try_recv().is_err());
    let semaphore = Semaphore::new(1);
    semaphore.close();
    semaphore.close();
    assert!(now(semaphore.acquire()).is_err() && semaphore.try_acquire().is_err());
    semaphore.add_permits(1);
    assert!(Task::new(semaphore.acquire()).ready().is_err());
}
