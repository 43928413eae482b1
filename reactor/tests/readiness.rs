//! Edges, ends and waiters of real sockets.

mod common;

use common::{Count, pair, poll, turn, turn_until, wait};
use heist_reactor::{Direction, Interest, Reactor, Ready};
use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

#[test]
fn data_makes_a_waiting_reader_ready_and_wakes_it_once() {
    let mut reactor = Reactor::new().unwrap();
    let (mut stream, mut peer) = pair();
    let registration = reactor.handle().register(&mut stream, BOTH).unwrap();
    let (woken, waker) = Count::new();
    assert!(poll(&registration, Direction::Read, &waker).is_pending());

    peer.write_all(b"hello").unwrap();
    turn_until(&mut reactor, || woken.get() == 1);
    let Poll::Ready(Ok(event)) = poll(&registration, Direction::Read, &waker) else {
        panic!("woken but not ready")
    };
    assert!(event.ready().is_readable());
    assert!(
        !event.ready().is_writable(),
        "a reader is told about reading only"
    );

    let mut buffer = [0; 16];
    assert_eq!(stream.read(&mut buffer).unwrap(), 5);
    assert_eq!(
        stream.read(&mut buffer).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    registration.clear(event);
    assert!(poll(&registration, Direction::Read, &waker).is_pending());

    peer.write_all(b"again").unwrap();
    turn_until(&mut reactor, || woken.get() == 2);
    assert!(poll(&registration, Direction::Read, &waker).is_ready());
}

#[test]
fn a_full_socket_becomes_writable_when_the_peer_reads() {
    let mut reactor = Reactor::new().unwrap();
    let (mut stream, mut peer) = pair();
    let registration = reactor.handle().register(&mut stream, BOTH).unwrap();
    let chunk = [7; 64 * 1024];
    let mut sent = 0;
    let event = loop {
        let event = wait(&mut reactor, &registration, Direction::Write);
        match stream.write(&chunk) {
            Ok(n) => sent += n,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                break event;
            }
        }
    };
    registration.clear(event);
    let (_, waker) = Count::new();
    let mut received = 0;
    let mut sink = vec![0; 1 << 20];
    while received < sent {
        received += peer.read(&mut sink).unwrap();
    }
    let _ = poll(&registration, Direction::Write, &waker);
    assert!(
        wait(&mut reactor, &registration, Direction::Write)
            .ready()
            .is_writable()
    );
    assert!(stream.write(&chunk).unwrap() > 0);
}

#[test]
fn a_clear_made_for_an_old_event_keeps_the_newer_one() {
    let mut reactor = Reactor::new().unwrap();
    let (mut stream, mut peer) = pair();
    let registration = reactor
        .handle()
        .register(&mut stream, Interest::READABLE)
        .unwrap();
    peer.write_all(b"1").unwrap();
    let old = wait(&mut reactor, &registration, Direction::Read);
    let before = reactor.handle().metrics().ready_events;
    peer.write_all(b"2").unwrap();
    let handle = reactor.handle();
    turn_until(&mut reactor, || handle.metrics().ready_events > before);
    registration.clear(old);
    assert!(registration.ready_now(Interest::READABLE).ready().is_readable());
    registration.clear(registration.ready_now(Interest::READABLE));
    assert!(registration.ready_now(Interest::READABLE).ready().is_empty());
}

#[test]
fn a_refuted_end_is_gone_unless_a_newer_event_says_it_again() {
    let mut reactor = Reactor::new().unwrap();
    let (mut stream, peer) = pair();
    let registration = reactor.handle().register(&mut stream, BOTH).unwrap();
    assert!(
        !wait(&mut reactor, &registration, Direction::Write)
            .ready()
            .is_write_closed()
    );
    peer.shutdown(Shutdown::Write).unwrap();
    let ended = wait(&mut reactor, &registration, Direction::Read);
    assert!(ended.ready().is_read_closed());
    // The socket is closed all the same; only what is remembered of it changes.
    registration.refute(ended);
    assert!(registration.ready_now(Interest::READABLE).ready().is_empty());
    assert!(registration.ready_now(Interest::WRITABLE).ready().is_writable());
    // To a peer that is gone: it answers with a reset, which is an event again.
    drop(peer);
    stream.write_all(b"x").unwrap();
    let again = wait(&mut reactor, &registration, Direction::Read);
    assert!(again.ready().is_read_closed());
    registration.refute(ended);
    let still = registration.ready_now(Interest::READABLE);
    assert!(still.ready().is_read_closed(), "a newer event has said so");
}

#[test]
fn part_of_an_event_can_be_cleared() {
    let mut reactor = Reactor::new().unwrap();
    let (mut stream, mut peer) = pair();
    let registration = reactor.handle().register(&mut stream, BOTH).unwrap();
    peer.write_all(b"1").unwrap();
    wait(&mut reactor, &registration, Direction::Read);
    let both = registration.ready_now(BOTH);
    assert_eq!(both.ready(), Ready::READABLE | Ready::WRITABLE);
    registration.clear(both.about(Ready::READABLE));
    assert_eq!(registration.ready_now(BOTH).ready(), Ready::WRITABLE);
}

#[test]
fn a_half_close_is_final() {
    let mut reactor = Reactor::new().unwrap();
    let (mut stream, peer) = pair();
    let registration = reactor.handle().register(&mut stream, BOTH).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    loop {
        let event = wait(&mut reactor, &registration, Direction::Read);
        registration.clear(event);
        if event.ready().is_read_closed() {
            break;
        }
    }
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
    let still = registration.ready_now(BOTH);
    assert!(still.ready().is_read_closed() && still.ready().is_readable());
    assert!(!still.ready().is_write_closed(), "the other direction is open");
}

#[test]
fn a_reset_by_the_peer_wakes_both_directions() {
    let mut reactor = Reactor::new().unwrap();
    let (mut stream, peer) = pair();
    let registration = reactor.handle().register(&mut stream, BOTH).unwrap();
    let handle = reactor.handle();
    turn_until(&mut reactor, || handle.metrics().ready_events > 0);
    registration.clear(registration.ready_now(BOTH));
    let (readers, reader) = Count::new();
    let (writers, writer) = Count::new();
    assert!(poll(&registration, Direction::Read, &reader).is_pending());
    assert!(poll(&registration, Direction::Write, &writer).is_pending());

    socket2::SockRef::from(&peer)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(peer);
    turn_until(&mut reactor, || readers.get() == 1 && writers.get() == 1);
    let ready = registration.ready_now(BOTH | Interest::ERROR).ready();
    assert!(
        ready.is_read_closed() && ready.is_write_closed() && ready.is_error(),
        "{ready:?}"
    );
    assert_eq!(
        stream.read(&mut [0; 8]).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[test]
fn every_waiter_of_many_is_woken_and_none_is_left_behind() {
    const WAITERS: usize = 100;
    let mut reactor = Reactor::new().unwrap();
    let (mut stream, mut peer) = pair();
    let registration = reactor.handle().register(&mut stream, BOTH).unwrap();
    let (woken, waker) = Count::new();
    let (dropped, dropped_waker) = Count::new();
    let mut cx = Context::from_waker(&waker);
    let mut waiting: Vec<_> = (0..WAITERS)
        .map(|_| Box::pin(registration.readiness(Interest::READABLE)))
        .collect();
    for future in &mut waiting {
        assert!(future.as_mut().poll(&mut cx).is_pending());
    }
    // One more, which gives up before the event.
    {
        let mut impatient = pin!(registration.readiness(Interest::READABLE));
        assert!(
            impatient
                .as_mut()
                .poll(&mut Context::from_waker(&dropped_waker))
                .is_pending()
        );
    }
    peer.write_all(b"x").unwrap();
    turn_until(&mut reactor, || woken.get() == WAITERS);
    for future in &mut waiting {
        assert!(future.as_mut().poll(&mut cx).is_ready());
    }
    assert_eq!(dropped.get(), 0);
}

#[test]
fn a_waiter_is_not_woken_by_what_it_did_not_ask_for() {
    let mut reactor = Reactor::new().unwrap();
    let (mut stream, _peer) = pair();
    let registration = reactor.handle().register(&mut stream, BOTH).unwrap();
    let (woken, waker) = Count::new();
    let mut cx = Context::from_waker(&waker);
    let mut reader = pin!(registration.readiness(Interest::READABLE));
    assert!(reader.as_mut().poll(&mut cx).is_pending());
    let mut writer = pin!(registration.readiness(Interest::WRITABLE));
    assert!(writer.as_mut().poll(&mut cx).is_pending());
    turn_until(&mut reactor, || woken.get() > 0);
    assert_eq!(woken.get(), 1, "the socket is writable and has no data");
    assert!(writer.as_mut().poll(&mut cx).is_ready());
    assert!(reader.as_mut().poll(&mut cx).is_pending());
}

#[test]
fn assumed_readiness_is_there_before_any_turn() {
    let reactor = Reactor::new().unwrap();
    let (mut stream, _peer) = pair();
    let registration = reactor.handle().register(&mut stream, BOTH).unwrap();
    assert!(registration.ready_now(BOTH).ready().is_empty());
    registration.assume_ready(Ready::READABLE | Ready::WRITABLE);
    assert!(poll(&registration, Direction::Read, Waker::noop()).is_ready());
    registration.clear(registration.ready_now(Interest::READABLE));
    assert!(poll(&registration, Direction::Read, Waker::noop()).is_pending());
    assert!(poll(&registration, Direction::Write, Waker::noop()).is_ready());
}

#[test]
fn shutdown_ends_waits_and_refuses_new_ones() {
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let (mut stream, _peer) = pair();
    let registration = handle.register(&mut stream, Interest::READABLE).unwrap();
    let (woken, waker) = Count::new();
    assert!(poll(&registration, Direction::Read, &waker).is_pending());
    let mut future = pin!(registration.readiness(Interest::READABLE));
    assert!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );

    let mut wakers = Vec::new();
    reactor.shutdown(&mut wakers);
    wakers.into_iter().for_each(Waker::wake);
    assert_eq!(woken.get(), 2);
    let Poll::Ready(Err(error)) = poll(&registration, Direction::Read, &waker) else {
        panic!("a wait goes on after shutdown")
    };
    assert!(error.to_string().contains("shutting down"), "{error}");
    assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    // A clear does not bring the wait back.
    registration.clear(registration.ready_now(BOTH));
    assert!(poll(&registration, Direction::Write, &waker).is_ready());

    let (mut late, _peer) = pair();
    let error = handle.register(&mut late, Interest::READABLE).unwrap_err();
    assert!(error.to_string().contains("shutting down"), "{error}");
    turn(&mut reactor, Some(Duration::ZERO));
}
