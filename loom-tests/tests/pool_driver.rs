//! The pool and its driver: workers that sleep in it, with heist's own timers and I/O sources behind them.
//!
//! Properties: a timer and an event reach whoever waits for them, also when the worker that sleeps in the driver did not know
//! of them when it lay down (a lost one deadlocks the model); what a shutdown finds waiting is dropped, and leaves neither a
//! timer nor a waiter behind.
//!
//! The kernel is played by a mutex and a condition variable; a deadline is over as soon as the driver would sleep.
#![cfg(heist_loom)]

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use heist::time::model::{Fate, Key, Timers};
use heist_executor::Driver;
use heist_executor::hooks::Hooks;
use heist_executor::loan::Loan;
use heist_executor::multi_thread::{Config, Pool};
use heist_executor::park::block_on;
use heist_executor::task::Meta;
use heist_loom_tests::model;
use heist_primitive::sync::{Arc, Condvar, Mutex, StdArc};
use heist_primitive::thread;
use heist_reactor::model::Source;
use heist_reactor::{Interest, Ready};

/// What a turn may find.
#[derive(Default)]
struct Kernel {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    interrupted: bool,
    readable: bool,
}

impl Kernel {
    fn make_readable(&self) {
        self.state.lock().readable = true;
        self.changed.notify_all();
    }
}

impl Wake for Kernel {
    fn wake(self: StdArc<Self>) {
        self.state.lock().interrupted = true;
        self.changed.notify_all();
    }
}

/// As heist's own: the next deadline, a turn, the timers, and then the wakers.
struct TurnDriver {
    kernel: StdArc<Kernel>,
    timers: Timers,
    source: Arc<Source>,
}

impl Driver for TurnDriver {
    fn park(&mut self, timeout: Option<Duration>) {
        let deadline = if timeout.is_none() {
            self.timers.publish()
        } else {
            None
        };
        let mut state = self.kernel.state.lock();
        if timeout.is_none() && deadline.is_none() {
            self.kernel
                .changed
                .wait_while(&mut state, |state| !state.interrupted && !state.readable);
        }
        state.interrupted = false;
        let readable = std::mem::take(&mut state.readable);
        drop(state);
        let mut wakers = Vec::new();
        if readable {
            self.source.set_ready(Ready::READABLE, &mut wakers);
        }
        wakers.extend(self.timers.advance_to(deadline.unwrap_or(0)));
        wakers.into_iter().for_each(Waker::wake);
    }

    fn unparker(&self) -> Waker {
        Waker::from(self.kernel.clone())
    }
}

impl Drop for TurnDriver {
    fn drop(&mut self) {
        let mut wakers = self.timers.shutdown();
        self.source.shutdown(&mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// A runtime, but for its name.
struct Runtime {
    pool: Pool,
    loan: StdArc<Loan>,
    kernel: StdArc<Kernel>,
    timers: Timers,
    source: Arc<Source>,
}

impl Runtime {
    fn new() -> Self {
        let kernel = StdArc::new(Kernel::default());
        let timers = Timers::new(&Waker::from(kernel.clone()), 1);
        let source = Arc::new(Source::new());
        let driver = TurnDriver {
            kernel: kernel.clone(),
            timers: timers.clone(),
            source: source.clone(),
        };
        let loan = StdArc::new(Loan::new(Box::new(driver), true));
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
        Self {
            pool,
            loan,
            kernel,
            timers,
            source,
        }
    }

    fn shut_down(mut self) {
        self.pool.begin_shutdown();
        assert!(self.pool.join(None));
        self.loan.stop();
        // What the reactor thread would do.
        drop(self.loan.attend(|turn| turn(), || false));
        assert_eq!((self.timers.publish(), self.source.waiting()), (None, 0));
    }
}

/// A timer that goes off once.
struct Sleep {
    timers: Timers,
    key: Option<Key>,
}

impl Sleep {
    fn new(timers: &Timers) -> Self {
        Self {
            timers: timers.clone(),
            key: None,
        }
    }

    async fn over(mut self) {
        poll_fn(|cx| {
            let shard = self.timers.shard(0);
            match self.key {
                None => match shard.register(10, cx.waker()) {
                    Fate::Waits(key) => self.key = Some(key),
                    fate => panic!("{fate:?}"),
                },
                Some(key) => match shard.update(key, cx.waker()) {
                    Fate::Waits(key) => self.key = Some(key),
                    Fate::Gone => return Poll::Ready(()),
                    fate => panic!("{fate:?}"),
                },
            }
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.timers.shard(0).cancel(key);
        }
    }
}

#[test]
fn a_timer_from_outside_reaches_the_worker_that_sleeps_in_the_driver() {
    model(2, || {
        let runtime = Runtime::new();
        block_on(Sleep::new(&runtime.timers).over());
        runtime.shut_down();
    });
}

#[test]
fn a_task_sleeps_while_its_worker_sleeps_in_the_driver() {
    model(2, || {
        let runtime = Runtime::new();
        let sleep = Sleep::new(&runtime.timers).over();
        block_on(runtime.pool.handle().spawn(sleep, Meta::caller())).unwrap();
        runtime.shut_down();
    });
}

async fn readable(source: Arc<Source>) -> bool {
    let mut readiness = pin!(source.readiness(Interest::READABLE));
    readiness
        .as_mut()
        .await
        .is_ok_and(|event| event.ready().is_readable())
}

#[test]
fn readiness_reaches_a_task_whose_worker_sleeps_in_the_driver() {
    model(2, || {
        let runtime = Runtime::new();
        let reads = readable(runtime.source.clone());
        let reads = runtime.pool.handle().spawn(reads, Meta::caller());
        runtime.kernel.make_readable();
        assert!(block_on(reads).unwrap());
        runtime.shut_down();
    });
}

/// An event, and the shutdown of the pool, while a task waits for the one and is ended by the other.
#[test]
fn a_shutdown_meets_an_event_that_a_task_waits_for() {
    model(2, || {
        let runtime = Runtime::new();
        let reads = readable(runtime.source.clone());
        let reads = runtime.pool.handle().spawn(reads, Meta::caller());
        let kernel = runtime.kernel.clone();
        let events = thread::spawn(move || kernel.make_readable());
        runtime.shut_down();
        match block_on(reads) {
            Ok(was_readable) => assert!(was_readable),
            Err(error) => assert!(error.is_cancelled()),
        }
        events.join().unwrap();
    });
}

/// As above, for a task that sleeps.
#[test]
fn a_shutdown_meets_the_fire_of_a_timer() {
    model(2, || {
        let runtime = Runtime::new();
        let sleep = Sleep::new(&runtime.timers).over();
        let sleeps = runtime.pool.handle().spawn(sleep, Meta::caller());
        runtime.shut_down();
        if let Err(error) = block_on(sleeps) {
            assert!(error.is_cancelled());
        }
    });
}
