//! Models of the reactor's protocols: readiness, deregistration, shutdown, the unparker.
//!
//! `RUSTFLAGS="--cfg heist_loom" LOOM_MAX_PREEMPTIONS=3 cargo test -p heist-loom-tests --release --test
//! reactor_readiness`. A lost wake-up shows as a deadlock: nobody here waits with a time limit. mio and the
//! kernel are played by a mutex and a condition variable, or by an atomic where only the order counts.
#![cfg(heist_loom)]

use heist_primitive::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use heist_primitive::sync::{Arc, Condvar, Mutex, StdArc};
use heist_reactor::model::{Gate, Slots, Source};
use heist_reactor::{Direction, Interest, Ready};
use loom::thread;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};

/// A flag to sleep on: a waker's other end, or the kernel's side of an eventfd.
#[derive(Default)]
struct Signal {
    raised: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    fn raise(&self) {
        *self.raised.lock() = true;
        self.changed.notify_one();
    }

    /// Waits for a raise and takes it.
    fn take(&self) {
        let mut raised = self.raised.lock();
        while !*raised {
            self.changed.wait(&mut raised);
        }
        *raised = false;
    }

    fn is_raised(&self) -> bool {
        *self.raised.lock()
    }
}

impl Wake for Signal {
    fn wake(self: StdArc<Self>) {
        self.raise();
    }
}

/// Polls until ready, asleep between two polls until woken.
fn block_on<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let signal = StdArc::new(Signal::default());
    let waker = Waker::from(StdArc::clone(&signal));
    loop {
        if let Poll::Ready(value) = poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        signal.take();
    }
}

fn event(source: &Source, ready: Ready) {
    let mut wakers = Vec::new();
    source.set_ready(ready, &mut wakers);
    wakers.into_iter().for_each(Waker::wake);
}

#[test]
fn event_and_poll_ready_lose_no_wake() {
    loom::model(|| {
        let source = Arc::new(Source::new());
        let reactor = {
            let source = Arc::clone(&source);
            thread::spawn(move || event(&source, Ready::READABLE | Ready::WRITABLE))
        };
        let writer = {
            let source = Arc::clone(&source);
            thread::spawn(move || block_on(|cx| source.poll_ready(cx, Direction::Write)).unwrap())
        };
        let read = block_on(|cx| source.poll_ready(cx, Direction::Read)).unwrap();
        assert!(read.ready().is_readable());
        assert!(writer.join().unwrap().ready().is_writable());
        reactor.join().unwrap();
    });
}

#[test]
fn event_wakes_every_readiness_future() {
    loom::model(|| {
        let source = Arc::new(Source::new());
        let wait = |source: &Source, interest| {
            let mut readiness = pin!(source.readiness(interest));
            block_on(|cx| readiness.as_mut().poll(cx)).unwrap()
        };
        let other = {
            let source = Arc::clone(&source);
            thread::spawn(move || wait(&source, Interest::READABLE | Interest::WRITABLE))
        };
        let reactor = {
            let source = Arc::clone(&source);
            thread::spawn(move || event(&source, Ready::READABLE))
        };
        assert!(wait(&source, Interest::READABLE).ready().is_readable());
        assert!(other.join().unwrap().ready().is_readable());
        reactor.join().unwrap();
        assert_eq!(source.waiting(), 0);
    });
}

#[test]
fn a_dropped_readiness_takes_nobody_with_it() {
    loom::model(|| {
        let source = Arc::new(Source::new());
        let impatient = {
            let source = Arc::clone(&source);
            thread::spawn(move || {
                let signal = StdArc::new(Signal::default());
                let waker = Waker::from(StdArc::clone(&signal));
                let mut readiness = pin!(source.readiness(Interest::READABLE));
                let _ = readiness.as_mut().poll(&mut Context::from_waker(&waker));
            })
        };
        let reactor = {
            let source = Arc::clone(&source);
            thread::spawn(move || event(&source, Ready::READABLE))
        };
        let mut patient = Box::pin(source.readiness(Interest::READABLE));
        block_on(|cx| Pin::as_mut(&mut patient).poll(cx)).unwrap();
        impatient.join().unwrap();
        reactor.join().unwrap();
        drop(patient);
        assert_eq!(source.waiting(), 0);
    });
}

/// Two bytes arrive, each with an event; the reader clears when it finds nothing. It must get both.
#[test]
fn a_clear_loses_against_a_newer_event() {
    loom::model(|| {
        let source = Arc::new(Source::new());
        let socket = Arc::new(AtomicUsize::new(0));
        let reactor = {
            let (source, socket) = (Arc::clone(&source), Arc::clone(&socket));
            thread::spawn(move || {
                for _ in 0..2 {
                    socket.fetch_add(1, Ordering::SeqCst);
                    event(&source, Ready::READABLE);
                }
            })
        };
        let mut got = 0;
        while got < 2 {
            let event = block_on(|cx| source.poll_ready(cx, Direction::Read)).unwrap();
            match socket.swap(0, Ordering::SeqCst) {
                0 => source.clear(event),
                bytes => got += bytes,
            }
        }
        reactor.join().unwrap();
    });
}

/// A FIFO's next sender goes while the reader finds out that the end of the one before is none any more. It must
/// see the new end.
#[test]
fn a_refuted_end_loses_against_a_newer_event() {
    loom::model(|| {
        let source = Arc::new(Source::new());
        let is_at_end = Arc::new(AtomicBool::new(false));
        event(&source, Ready::READ_CLOSED);
        let reactor = {
            let (source, is_at_end) = (Arc::clone(&source), Arc::clone(&is_at_end));
            thread::spawn(move || {
                is_at_end.store(true, Ordering::SeqCst);
                event(&source, Ready::READ_CLOSED);
            })
        };
        loop {
            let event = block_on(|cx| source.poll_ready(cx, Direction::Read)).unwrap();
            if is_at_end.load(Ordering::SeqCst) {
                break;
            }
            source.refute(event);
        }
        reactor.join().unwrap();
    });
}

/// A byte arrives while two readers peek; whoever does not see it clears. Nobody takes it, so the source is
/// ready in the end. The socket is relaxed on purpose: only the word tells the readers about it.
#[test]
fn clears_of_two_readers_erase_no_event() {
    loom::model(|| {
        let source = Arc::new(Source::new());
        let socket = Arc::new(AtomicBool::new(false));
        event(&source, Ready::READABLE);
        let peek = |source: &Source, socket: &AtomicBool| {
            let event = source.ready_now(Interest::READABLE);
            if !socket.load(Ordering::Relaxed) {
                source.clear(event);
            }
        };
        let other = {
            let (source, socket) = (Arc::clone(&source), Arc::clone(&socket));
            thread::spawn(move || peek(&source, &socket))
        };
        let reactor = {
            let (source, socket) = (Arc::clone(&source), Arc::clone(&socket));
            thread::spawn(move || {
                socket.store(true, Ordering::Relaxed);
                event(&source, Ready::READABLE);
            })
        };
        peek(&source, &socket);
        other.join().unwrap();
        reactor.join().unwrap();
        assert!(source.ready_now(Interest::READABLE).ready().is_readable());
    });
}

/// The same through `poll_ready`, which looks at the word in a place of its own.
#[test]
fn a_reader_that_waited_sees_what_the_event_was_about() {
    loom::model(|| {
        let source = Arc::new(Source::new());
        let socket = Arc::new(AtomicBool::new(false));
        let reactor = {
            let (source, socket) = (Arc::clone(&source), Arc::clone(&socket));
            thread::spawn(move || {
                socket.store(true, Ordering::Relaxed);
                event(&source, Ready::READABLE);
            })
        };
        block_on(|cx| source.poll_ready(cx, Direction::Read)).unwrap();
        assert!(socket.load(Ordering::Relaxed));
        reactor.join().unwrap();
    });
}

/// The kernel has reported an event; while the reactor dispatches it, the source is deregistered and its
/// slot taken by another.
#[test]
fn an_event_in_flight_hits_nobody_else() {
    loom::model(|| {
        let slots = Arc::new(Slots::new());
        let (old, source) = slots.insert().unwrap();
        let reactor = {
            let slots = Arc::clone(&slots);
            thread::spawn(move || {
                let mut wakers = Vec::new();
                slots.dispatch(old, Ready::READABLE, &mut wakers);
                wakers.into_iter().for_each(Waker::wake);
            })
        };
        slots.remove(old);
        drop(source);
        let (_new, source) = slots.insert().unwrap();
        let signal = StdArc::new(Signal::default());
        let waker = Waker::from(StdArc::clone(&signal));
        let poll = source.poll_ready(&mut Context::from_waker(&waker), Direction::Read);
        assert!(poll.is_pending());
        reactor.join().unwrap();
        assert!(!signal.is_raised());
        assert!(source.ready_now(Interest::READABLE).ready().is_empty());
    });
}

#[test]
fn shutdown_ends_every_wait() {
    loom::model(|| {
        let source = Arc::new(Source::new());
        let reactor = {
            let source = Arc::clone(&source);
            thread::spawn(move || {
                let mut wakers = Vec::new();
                source.shutdown(&mut wakers);
                wakers.into_iter().for_each(Waker::wake);
            })
        };
        let writer = {
            let source = Arc::clone(&source);
            thread::spawn(move || {
                let mut readiness = pin!(source.readiness(Interest::WRITABLE));
                block_on(|cx| readiness.as_mut().poll(cx)).map(|_| ())
            })
        };
        // A clear in the middle must not undo the shutdown.
        source.clear(source.ready_now(Interest::READABLE));
        assert!(block_on(|cx| source.poll_ready(cx, Direction::Read)).is_err());
        assert!(writer.join().unwrap().is_err());
        reactor.join().unwrap();
    });
}

#[test]
fn shutdown_misses_no_registration() {
    loom::model(|| {
        let slots = Arc::new(Slots::new());
        let reactor = {
            let slots = Arc::clone(&slots);
            thread::spawn(move || {
                let mut wakers = Vec::new();
                slots.shutdown(&mut wakers);
                wakers.into_iter().for_each(Waker::wake);
            })
        };
        let outcome: io::Result<()> = slots.insert().and_then(|(key, source)| {
            let waited = block_on(|cx| source.poll_ready(cx, Direction::Read)).map(|_| ());
            slots.remove(key);
            waited
        });
        assert!(outcome.is_err(), "nothing ever makes the source ready");
        reactor.join().unwrap();
    });
}

/// Two threads bring work and unpark; the reactor turns until it has seen all of it. The work is published
/// by the gate alone for whoever finds it raised already.
#[test]
fn no_unpark_is_lost_between_two_turns() {
    loom::model(|| {
        let gate = Arc::new(Gate::new());
        let eventfd = Arc::new(Signal::default());
        let work: Arc<[AtomicBool; 2]> = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let unparkers: Vec<_> = (0..2)
            .map(|i| {
                let (gate, eventfd, work) = (Arc::clone(&gate), Arc::clone(&eventfd), Arc::clone(&work));
                thread::spawn(move || {
                    work[i].store(true, Ordering::Relaxed);
                    if gate.raise() {
                        eventfd.raise();
                    }
                })
            })
            .collect();
        while !work.iter().all(|done| done.load(Ordering::Relaxed)) {
            eventfd.take();
            gate.consume();
        }
        for unparker in unparkers {
            unparker.join().unwrap();
        }
    });
}
