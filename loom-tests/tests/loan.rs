//! The loan of the driver: borrowers, interrupts, and the reactor thread.
//!
//! Properties: an unpark ends a sleep wherever the sleeper is (a lost one deadlocks the model); the driver is turned by one
//! at a time; an event is delivered whoever waits in the driver, also after a worker has left it and got stuck; the reactor
//! thread ends with the driver when stopped.
#![cfg(heist_loom)]

use std::task::{Wake, Waker};
use std::time::Duration;

use heist_executor::Driver;
use heist_executor::hooks::Hooks;
use heist_executor::loan::Loan;
use heist_executor::model::{look, sleep, unpark, watch};
use heist_executor::multi_thread::{Config, Pool};
use heist_executor::park::{Parker, block_on};
use heist_executor::task::Meta;
use heist_loom_tests::model;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Arc, Condvar, Mutex, StdArc};
use heist_primitive::thread;

/// A driver that waits for one event, which wakes one waker.
#[derive(Default)]
struct Outside {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    interrupted: bool,
    ready: bool,
    waiter: Option<Waker>,
    turning: bool,
}

impl Wake for Outside {
    fn wake(self: StdArc<Self>) {
        self.state.lock().interrupted = true;
        self.changed.notify_all();
    }
}

impl Outside {
    fn make_ready(&self) {
        self.state.lock().ready = true;
        self.changed.notify_all();
    }

    /// Waits until a turn has delivered the event; looking at it is not enough.
    async fn delivered(self: StdArc<Self>) {
        let mut registered = false;
        std::future::poll_fn(move |cx| {
            let mut state = self.state.lock();
            if registered && state.waiter.is_none() {
                return std::task::Poll::Ready(());
            }
            registered = true;
            state.waiter = Some(cx.waker().clone());
            drop(state);
            self.changed.notify_all();
            std::task::Poll::Pending
        })
        .await;
    }

    /// Waits for the event, as a task.
    async fn event(self: StdArc<Self>) {
        std::future::poll_fn(|cx| {
            let mut state = self.state.lock();
            if state.ready {
                return std::task::Poll::Ready(());
            }
            state.waiter = Some(cx.waker().clone());
            std::task::Poll::Pending
        })
        .await;
    }
}

struct FakeDriver(StdArc<Outside>);

impl Driver for FakeDriver {
    fn park(&mut self, timeout: Option<Duration>) {
        let mut state = self.0.state.lock();
        assert!(
            !std::mem::replace(&mut state.turning, true),
            "turned by two at once"
        );
        if timeout.is_none() {
            self.0
                .changed
                .wait_while(&mut state, |s| !(s.interrupted || s.ready && s.waiter.is_some()));
        }
        state.turning = false;
        state.interrupted = false;
        let waiter = if state.ready { state.waiter.take() } else { None };
        drop(state);
        waiter.into_iter().for_each(Waker::wake);
    }

    fn unparker(&self) -> Waker {
        Waker::from(self.0.clone())
    }
}

fn loan() -> (StdArc<Outside>, StdArc<Loan>) {
    let outside = StdArc::new(Outside::default());
    let loan = StdArc::new(Loan::new(Box::new(FakeDriver(outside.clone())), true));
    (outside, loan)
}

#[test]
fn an_unpark_ends_a_sleep_although_another_borrower_took_the_interrupt() {
    model(3, || {
        let (_, loan) = loan();
        let parker = Arc::new(Parker::new());
        let sleeper = {
            let (loan, parker) = (loan.clone(), parker.clone());
            thread::spawn(move || sleep(&loan, &parker))
        };
        let other = {
            let loan = loan.clone();
            thread::spawn(move || look(&loan))
        };
        unpark(&loan, &parker);
        sleeper.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn the_reactor_thread_ends_with_the_driver() {
    model(3, || {
        let (_, loan) = loan();
        let parker = Arc::new(Parker::new());
        let reactor = {
            let loan = loan.clone();
            thread::spawn(move || assert!(loan.attend(|turn| turn(), || false).is_some()))
        };
        let worker = {
            let (loan, parker) = (loan.clone(), parker.clone());
            thread::spawn(move || sleep(&loan, &parker))
        };
        unpark(&loan, &parker);
        worker.join().unwrap();
        loan.stop();
        reactor.join().unwrap();
        assert!(!look(&loan), "retired");
    });
}

#[test]
fn the_reactor_thread_takes_over_from_a_stuck_worker() {
    model(2, || {
        let (outside, loan) = loan();
        let parker = Arc::new(Parker::new());
        let reactor = {
            let loan = loan.clone();
            thread::spawn(move || drop(loan.attend(|turn| turn(), || false)))
        };
        let worker = {
            let (loan, parker) = (loan.clone(), parker.clone());
            // Once, and never again.
            thread::spawn(move || sleep(&loan, &parker))
        };
        unpark(&loan, &parker);
        worker.join().unwrap();
        outside.make_ready();
        block_on(outside.delivered());
        loan.stop();
        reactor.join().unwrap();
    });
}

/// The reactor thread opens the lock for its look between two turns; a worker that takes the driver then must not leave it
/// going round with the lock held (loom reports a model without end).
#[test]
fn a_worker_may_borrow_while_the_reactor_thread_looks() {
    model(3, || {
        let (outside, loan) = loan();
        let parker = Arc::new(Parker::new());
        let reactor = {
            let loan = loan.clone();
            thread::spawn(move || drop(loan.attend(|turn| turn(), || false)))
        };
        // From a turn on, for it is after one that it may look with the lock open.
        while !outside.state.lock().turning {
            thread::yield_now();
        }
        let worker = {
            let (loan, parker) = (loan.clone(), parker.clone());
            thread::spawn(move || sleep(&loan, &parker))
        };
        watch(&loan);
        unpark(&loan, &parker);
        worker.join().unwrap();
        loan.stop();
        reactor.join().unwrap();
    });
}

#[test]
fn an_event_reaches_a_task_through_the_worker_that_waits_for_it() {
    model(2, || {
        let (outside, loan) = loan();
        let mut pool = Pool::new(Config {
            workers: 1,
            thread_name: StdArc::new(|| "model".to_owned()),
            stack_size: None,
            global_queue_interval: Some(2),
            event_interval: 2,
            loan: Some(loan.clone()),
            next_slot: true,
            guest: false,
            hooks: Hooks::default(),
            timed: heist_executor::histogram::Timed::default(),
            seed: 1,
            clock: StdArc::new(|| 0),
            processor: || 0,
        });
        pool.start(StdArc::new(|body: &mut dyn FnMut()| body())).unwrap();
        let join = pool.handle().spawn(outside.clone().event(), Meta::caller());
        outside.make_ready();
        block_on(join).unwrap();
        pool.begin_shutdown();
        assert!(pool.join(None));
        loan.stop();
        drop(loan.attend(|turn| turn(), || false));
    });
}

/// Who looks in vain leaves the driver to the reactor thread, and gets it back after an event.
#[test]
fn a_worker_that_looks_in_vain_meets_the_reactor_thread() {
    model(2, || {
        let (outside, loan) = loan();
        let reactor = {
            let loan = loan.clone();
            thread::spawn(move || drop(loan.attend(|turn| turn(), || false)))
        };
        let worker = {
            let loan = loan.clone();
            thread::spawn(move || {
                look(&loan);
                while look(&loan) {
                    thread::yield_now();
                }
            })
        };
        worker.join().unwrap();
        outside.make_ready();
        block_on(outside.delivered());
        loan.stop();
        reactor.join().unwrap();
    });
}

/// Before the interrupt comes, the unpark alone publishes.
#[test]
fn an_unpark_is_seen_with_what_was_done_before() {
    model(3, || {
        let (_, loan) = loan();
        let shared = Arc::new((Parker::new(), AtomicUsize::new(0)));
        let unparks = {
            let (loan, shared) = (loan.clone(), shared.clone());
            thread::spawn(move || {
                shared.1.store(1, Ordering::Relaxed);
                unpark(&loan, &shared.0);
            })
        };
        let other = {
            let loan = loan.clone();
            thread::spawn(move || look(&loan))
        };
        if sleep(&loan, &shared.0) {
            assert_eq!(shared.1.load(Ordering::Relaxed), 1);
        }
        unparks.join().unwrap();
        other.join().unwrap();
    });
}
