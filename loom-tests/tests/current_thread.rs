//! The current-thread scheduler: going to sleep in the driver, and handing the core on.
//!
//! Properties: a task that another thread schedules, and a root that another thread wakes, are polled although the holder
//! of the core is about to sleep in the driver (a lost wake deadlocks the model); the poll sees what was done before each
//! wake; of two threads in `block_on` the second takes the core over when the first leaves; a wake that races the
//! shutdown leaks nothing.
#![cfg(heist_loom)]

use std::future::poll_fn;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use heist_executor::Driver;
use heist_executor::current_thread::{Config, Scheduler};
use heist_executor::task::{Meta, yield_now};
use heist_loom_tests::model;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Arc, Condvar, Mutex, StdArc};
use heist_primitive::thread;

/// A driver that waits for its unparker alone. Like the reactor's, the unparker's first raise signals, the others only
/// leave their mark.
#[derive(Default)]
struct Unparker {
    raised: AtomicUsize,
    signal: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Unparker {
    fn wake(self: StdArc<Self>) {
        if self.raised.swap(1, Ordering::AcqRel) == 0 {
            *self.signal.lock() = true;
            self.changed.notify_all();
        }
    }
}

struct FakeDriver(StdArc<Unparker>);

impl Driver for FakeDriver {
    fn park(&mut self, timeout: Option<Duration>) {
        let mut signal = self.0.signal.lock();
        if timeout.is_none() {
            self.0.changed.wait_while(&mut signal, |signal| !*signal);
        }
        let signalled = std::mem::replace(&mut *signal, false);
        drop(signal);
        if signalled {
            self.0.raised.swap(0, Ordering::AcqRel);
        }
    }

    fn unparker(&self) -> Waker {
        Waker::from(self.0.clone())
    }
}

/// A driver that is never waited in, and whose unparker orders nothing.
struct NoDriver;

impl Driver for NoDriver {
    fn park(&mut self, timeout: Option<Duration>) {
        assert_eq!(timeout, Some(Duration::ZERO));
    }

    fn unparker(&self) -> Waker {
        Waker::noop().clone()
    }
}

fn scheduler() -> Scheduler {
    scheduler_with(Box::new(FakeDriver(StdArc::default())))
}

fn scheduler_with(driver: Box<dyn Driver>) -> Scheduler {
    let config = Config {
        global_queue_interval: Some(2),
        event_interval: 2,
        hooks: Default::default(),
        timed: heist_executor::histogram::Timed::default(),
        shut_down_on_panic: false,
        clock: StdArc::new(|| 0),
    };
    Scheduler::new(config, driver)
}

/// Something that happens, and wakes who waits for it.
struct Event {
    happened: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Event {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            happened: AtomicUsize::new(0),
            waker: Mutex::new(None),
        })
    }

    fn raise(&self) {
        self.happened.store(1, Ordering::Relaxed);
        let waker = self.waker.lock().take();
        waker.into_iter().for_each(Waker::wake);
    }
}

async fn happened(event: Arc<Event>) {
    poll_fn(|cx| {
        // Registered first, looked second: the lock orders it against the one who raises and takes.
        *event.waker.lock() = Some(cx.waker().clone());
        if event.happened.load(Ordering::Relaxed) == 1 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    event.waker.lock().take();
}

#[test]
fn a_task_woken_by_another_thread_is_polled() {
    model(3, || {
        let mut scheduler = scheduler();
        let event = Event::new();
        let join = scheduler.handle().spawn(happened(event.clone()), Meta::caller());
        let other = thread::spawn(move || event.raise());
        scheduler.block_on(join).unwrap();
        other.join().unwrap();
        scheduler.shutdown();
    });
}

#[test]
fn a_task_spawned_by_another_thread_is_polled() {
    model(3, || {
        let mut scheduler = scheduler();
        let event = Event::new();
        let other = {
            let (handle, event) = (scheduler.handle().clone(), event.clone());
            thread::spawn(move || drop(handle.spawn(async move { event.raise() }, Meta::caller())))
        };
        scheduler.block_on(happened(event));
        other.join().unwrap();
        scheduler.shutdown();
    });
}

#[test]
fn a_root_woken_by_another_thread_is_polled() {
    model(3, || {
        let mut scheduler = scheduler();
        let event = Event::new();
        let other = {
            let event = event.clone();
            thread::spawn(move || event.raise())
        };
        scheduler.block_on(happened(event));
        other.join().unwrap();
        scheduler.shutdown();
    });
}

/// The root has no lock in common with its wakers: what they did is published by the wake alone, also by the second.
#[test]
fn a_root_sees_what_was_done_before_each_of_two_wakes() {
    model(2, || {
        let mut scheduler = scheduler();
        let flags = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let mut others = Vec::new();
        let seen = flags.clone();
        scheduler.block_on(poll_fn(|cx| {
            if others.is_empty() {
                others.extend((0..2).map(|n| {
                    let (flags, waker) = (flags.clone(), cx.waker().clone());
                    thread::spawn(move || {
                        flags[n].store(1, Ordering::Relaxed);
                        waker.wake();
                    })
                }));
                return Poll::Pending;
            }
            if seen.iter().all(|flag| flag.load(Ordering::Relaxed) == 1) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        others.into_iter().for_each(|other| other.join().unwrap());
        scheduler.shutdown();
    });
}

#[test]
fn the_second_caller_takes_the_core_over() {
    model(2, || {
        let scheduler = StdArc::new(scheduler());
        let first = {
            let scheduler = scheduler.clone();
            thread::spawn(move || scheduler.block_on(yield_now()))
        };
        let join = scheduler.handle().spawn(async { 7 }, Meta::caller());
        assert_eq!(scheduler.block_on(join).unwrap(), 7);
        first.join().unwrap();
        StdArc::into_inner(scheduler)
            .expect("the other has gone")
            .shutdown();
    });
}

#[test]
fn a_wake_that_races_shutdown_leaks_nothing() {
    model(3, || {
        let mut scheduler = scheduler_with(Box::new(NoDriver));
        let event = Event::new();
        let join = scheduler.handle().spawn(happened(event.clone()), Meta::caller());
        scheduler.block_on(yield_now());
        let other = {
            let event = event.clone();
            thread::spawn(move || event.raise())
        };
        scheduler.shutdown();
        other.join().unwrap();
        drop((scheduler, join));
        event.waker.lock().take();
        assert_eq!(Arc::strong_count(&event), 1);
    });
}

#[test]
fn a_spawn_that_races_shutdown_is_cancelled_and_leaks_nothing() {
    model(3, || {
        let mut scheduler = scheduler_with(Box::new(NoDriver));
        let tracked = Arc::new(());
        let other = {
            let (handle, tracked) = (scheduler.handle().clone(), tracked.clone());
            thread::spawn(move || {
                let join = handle.spawn(async move { drop(tracked) }, Meta::caller());
                assert!(heist_executor::park::block_on(join).unwrap_err().is_cancelled());
            })
        };
        scheduler.shutdown();
        other.join().unwrap();
        drop(scheduler);
        assert_eq!(Arc::strong_count(&tracked), 1);
    });
}
