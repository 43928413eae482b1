//! The blocking forms: they wait on a thread, and refuse to block one that runs tasks.

mod sync_kit;

use std::panic::Location;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use heist::runtime::Builder;
use heist::sync::mpsc::error::SendTimeoutError;
use heist::sync::{Mutex, RwLock, Semaphore, broadcast, mpsc, oneshot};
use sync_kit::panic_message;

/// The message of a call that is refused inside of a runtime.
#[track_caller]
fn refused(call: impl FnOnce()) {
    let caller = Location::caller();
    let runtime = Builder::new_current_thread().build().unwrap();
    let message = panic_message(|| runtime.block_on(async { call() }));
    assert!(message.contains("would block a thread"), "{caller}: {message}");
    assert!(message.contains("spawn_blocking"), "{caller}: {message}");
}

#[test]
fn asynchronous_code_is_refused() {
    refused(|| drop(Mutex::new(()).blocking_lock()));
    refused(|| drop(Arc::new(Mutex::new(())).blocking_lock_owned()));
    refused(|| drop(RwLock::new(()).blocking_read()));
    refused(|| drop(RwLock::new(()).blocking_write()));
    refused(|| _ = broadcast::channel::<u8>(1).1.blocking_recv());
    refused(|| drop(Semaphore::new(1).blocking_acquire()));
    refused(|| drop(Semaphore::new(1).blocking_acquire_many(1)));
    refused(|| drop(Arc::new(Semaphore::new(1)).blocking_acquire_owned()));
    refused(|| drop(Arc::new(Semaphore::new(1)).blocking_acquire_many_owned(1)));
    refused(|| _ = oneshot::channel::<u8>().1.blocking_recv());
    refused(|| _ = mpsc::channel(1).0.blocking_send(1));
    refused(|| _ = mpsc::channel::<u8>(1).1.blocking_recv());
    refused(|| _ = mpsc::channel::<u8>(1).1.blocking_recv_many(&mut Vec::new(), 1));
    refused(|| _ = mpsc::unbounded_channel::<u8>().1.blocking_recv());
    refused(|| {
        _ = mpsc::unbounded_channel::<u8>()
            .1
            .blocking_recv_many(&mut Vec::new(), 1)
    });
}

#[test]
fn the_refusal_points_at_the_caller() {
    let (seen, sees) = std::sync::mpsc::channel();
    let panics = thread::Builder::new().name("refused".to_owned());
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().name() == Some("refused") {
            let _ = seen.send(info.location().map(|location| location.file().to_owned()));
        } else {
            before(info);
        }
    }));
    let thread = panics.spawn(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { drop(Mutex::new(()).blocking_lock()) });
    });
    assert!(thread.unwrap().join().is_err());
    assert_eq!(sees.recv().unwrap().as_deref(), Some(file!()));
}

#[test]
fn a_thread_waits_for_a_permit_and_for_room() {
    let semaphore = Arc::new(Semaphore::new(0));
    let theirs = semaphore.clone();
    let waits = thread::spawn(move || {
        theirs
            .blocking_acquire_many(2)
            .map(|permits| permits.num_permits())
    });
    semaphore.add_permits(1);
    semaphore.add_permits(1);
    assert_eq!(waits.join().unwrap().unwrap(), 2);

    let (tx, mut rx) = mpsc::channel(1);
    let sends = thread::spawn(move || (0..100).for_each(|value| tx.blocking_send(value).unwrap()));
    let mut values = Vec::new();
    while rx.blocking_recv_many(&mut values, 7) > 0 {}
    assert_eq!(values, (0..100).collect::<Vec<_>>());
    sends.join().unwrap();
}

#[test]
fn tasks_and_threads_talk() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (to_task, mut from_thread) = mpsc::channel(2);
    let (to_thread, mut from_task) = mpsc::unbounded_channel();
    let echoes = runtime.spawn(async move {
        while let Some(value) = from_thread.recv().await {
            to_thread.send(value).unwrap();
        }
    });
    for value in 0..1_000 {
        to_task.blocking_send(value).unwrap();
        assert_eq!(from_task.blocking_recv(), Some(value));
    }
    drop(to_task);
    assert_eq!(from_task.blocking_recv(), None);
    runtime.block_on(echoes).unwrap();
}

#[test]
fn a_send_with_a_time_limit_gives_its_value_back() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (tx, mut rx) = mpsc::channel(1);
        let (now, later) = (Duration::ZERO, Duration::from_secs(3_600));
        tx.send_timeout(1, now).await.unwrap();
        assert_eq!(tx.send_timeout(2, now).await, Err(SendTimeoutError::Timeout(2)));
        let waits = tx.clone();
        let sends = heist::spawn(async move { waits.send_timeout(3, later).await });
        assert_eq!((rx.recv().await, rx.recv().await), (Some(1), Some(3)));
        sends.await.unwrap().unwrap();
        tx.try_send(4).unwrap();
        let closes = async { drop(rx) };
        let (outcome, ()) = heist::join!(tx.send_timeout(5, later), closes);
        assert_eq!(outcome, Err(SendTimeoutError::Closed(5)));
        assert_eq!(SendTimeoutError::Timeout(6).into_inner(), 6);
    });
}
