//! Registering, deregistering, and events that come too late.

mod common;

use common::{Count, pair, poll, turn, turn_until, wait};
use heist_reactor::{Direction, Interest, Reactor};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

#[test]
fn a_stale_event_does_not_hit_the_next_tenant_of_the_slot() {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let (old, mut old_peer) = pair();
    // Watched through a duplicate, so that the kernel goes on reporting after the registration is gone.
    let fd = old.as_raw_fd();
    let registration = handle
        .register(&mut mio::unix::SourceFd(&fd), Interest::READABLE)
        .unwrap();
    drop(registration);
    let (mut new, _new_peer) = pair();
    let registration = handle.register(&mut new, Interest::READABLE).unwrap();
    let (woken, waker) = Count::new();
    assert!(poll(&registration, Direction::Read, &waker).is_pending());

    let before = handle.metrics().ready_events;
    old_peer.write_all(b"for nobody").unwrap();
    turn_until(&mut reactor, || handle.metrics().ready_events > before);
    assert_eq!(woken.get(), 0);
    assert!(registration.ready_now(BOTH).ready().is_empty());
    assert_eq!(handle.metrics().fds(), 1);
}

#[test]
fn ten_thousand_registrations_leak_no_slot() {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let (mut stream, _peer) = pair();
    for _ in 0..10_000 {
        let mut registration = handle.register(&mut stream, BOTH).unwrap();
        registration.deregister(&mut stream).unwrap();
        // Deregistered once, however often it is asked for.
        registration.deregister(&mut stream).unwrap();
    }
    let metrics = handle.metrics();
    assert_eq!(
        (metrics.fds_registered, metrics.fds_deregistered, metrics.fds()),
        (10_000, 10_000, 0)
    );
    turn(&mut reactor, Some(Duration::ZERO));
}

#[test]
fn deregistration_races_events_without_harm() {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (handle, done, unparker) = (&handle, &done, reactor.unparker());
        scope.spawn(move || {
            let (mut stream, mut peer) = pair();
            peer.set_nonblocking(true).unwrap();
            for _ in 0..10_000 {
                let mut registration = handle.register(&mut stream, BOTH).unwrap();
                // Data for an edge while the registration goes away; a full socket will do as well.
                let _ = peer.write(b"!");
                registration.deregister(&mut stream).unwrap();
            }
            done.store(true, Ordering::SeqCst);
            unparker.wake();
        });
        turn_until(&mut reactor, || done.load(Ordering::SeqCst));
    });
    assert_eq!(handle.metrics().fds(), 0);
    // The reactor still works.
    let (mut stream, mut peer) = pair();
    let registration = handle.register(&mut stream, Interest::READABLE).unwrap();
    peer.write_all(b"x").unwrap();
    assert!(
        wait(&mut reactor, &registration, Direction::Read)
            .ready()
            .is_readable()
    );
}

#[test]
fn a_regular_file_is_refused_with_the_systems_error_and_leaks_no_slot() {
    let reactor = Reactor::new().unwrap();
    let file = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let fd = file.as_raw_fd();
    let error = reactor
        .handle()
        .register(&mut mio::unix::SourceFd(&fd), Interest::READABLE)
        .unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EPERM));
    assert_eq!(reactor.handle().metrics().fds(), 0);
}

#[test]
fn the_same_descriptor_twice_is_refused() {
    let reactor = Reactor::new().unwrap();
    let (mut stream, _peer) = pair();
    let _first = reactor.handle().register(&mut stream, BOTH).unwrap();
    let fd = stream.as_raw_fd();
    let error = reactor
        .handle()
        .register(&mut mio::unix::SourceFd(&fd), BOTH)
        .unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EEXIST));
    assert_eq!(reactor.handle().metrics().fds(), 1);
}

#[test]
fn a_dropped_registration_forgets_its_pollers() {
    let reactor = Reactor::new().unwrap();
    let (mut stream, _peer) = pair();
    let mut registration = reactor.handle().register(&mut stream, BOTH).unwrap();
    let (count, waker) = Count::new();
    assert!(poll(&registration, Direction::Read, &waker).is_pending());
    assert!(poll(&registration, Direction::Write, &waker).is_pending());
    assert_eq!(std::sync::Arc::strong_count(&count), 4);
    registration.deregister(&mut stream).unwrap();
    drop(registration);
    assert_eq!(std::sync::Arc::strong_count(&count), 2);
}
