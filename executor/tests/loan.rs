//! Workers that look into the driver between their tasks.

mod support;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use heist_executor::Driver;
use heist_executor::loan::Loan;
use heist_executor::multi_thread::{Config, Handle, Pool, block_in_place};
use heist_executor::park::block_on;
use heist_executor::task::yield_now;
use support::{config, meta, no_around};

/// A driver whose wait ends when it is interrupted. A look without waiting wakes `waiter`, once `ready`.
#[derive(Default)]
struct Outside {
    interrupted: Mutex<bool>,
    changed: Condvar,
    waits: AtomicBool,
    ready: AtomicBool,
    waiter: Mutex<Option<Waker>>,
    looks: AtomicUsize,
}

struct FakeDriver(Arc<Outside>);

impl Wake for Outside {
    fn wake(self: Arc<Self>) {
        *self.interrupted.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

impl Driver for FakeDriver {
    fn park(&mut self, timeout: Option<Duration>) {
        let outside = &self.0;
        if timeout.is_some() {
            *outside.interrupted.lock().unwrap() = false;
            outside.looks.fetch_add(1, Ordering::SeqCst);
            let waiter = outside
                .waiter
                .lock()
                .unwrap()
                .take_if(|_| outside.ready.load(Ordering::SeqCst));
            return waiter.into_iter().for_each(Waker::wake);
        }
        outside.waits.store(true, Ordering::SeqCst);
        let interrupted = outside.interrupted.lock().unwrap();
        *outside
            .changed
            .wait_while(interrupted, |interrupted| !*interrupted)
            .unwrap() = false;
        outside.waits.store(false, Ordering::SeqCst);
    }

    fn unparker(&self) -> Waker {
        Waker::from(self.0.clone())
    }
}

/// Waits for `condition`, which is certain to come.
fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

fn asleep(handle: &Handle) -> u64 {
    let counters = (0..handle.workers()).map(|worker| handle.worker_counters(worker));
    counters.map(|counters| counters.parks - counters.unparks).sum()
}

/// The yielding task is alone in the deque, pushed without a notification; what the driver wakes goes before it.
#[test]
fn a_yielding_task_is_not_left_behind_a_stuck_one_that_the_driver_woke() {
    let outside = Arc::new(Outside::default());
    let loan = Arc::new(Loan::new(Box::new(FakeDriver(outside.clone())), true));
    let mut pool = Pool::new(Config {
        event_interval: 1,
        loan: Some(loan.clone()),
        ..config(2)
    });
    let handle = pool.handle().clone();
    let reactor = {
        let (loan, sentinel) = (loan.clone(), handle.sentinel());
        thread::spawn(move || drop(loan.attend(|turn| turn(), sentinel)))
    };
    // The reactor thread has the driver, so that the idle worker sleeps on its parker.
    until(|| outside.waits.load(Ordering::SeqCst));
    pool.start(no_around()).unwrap();

    let (passed_on, from_yielding) = mpsc::channel();
    let is_stuck = Arc::new(AtomicBool::new(false));
    let stuck = {
        let (outside, is_stuck) = (outside.clone(), is_stuck.clone());
        handle.spawn(
            async move {
                let mut registered = false;
                poll_fn(|cx| {
                    if std::mem::replace(&mut registered, true) {
                        return Poll::Ready(());
                    }
                    *outside.waiter.lock().unwrap() = Some(cx.waker().clone());
                    Poll::Pending
                })
                .await;
                is_stuck.store(true, Ordering::SeqCst);
                from_yielding.recv_timeout(Duration::from_secs(10)).is_ok()
            },
            meta(),
        )
    };
    until(|| outside.waiter.lock().unwrap().is_some());
    let yielding = {
        let is_stuck = is_stuck.clone();
        handle.spawn(
            async move {
                while !is_stuck.load(Ordering::SeqCst) {
                    yield_now().await;
                }
                passed_on.send(()).unwrap();
            },
            meta(),
        )
    };
    until(|| asleep(&handle) == 1);
    outside.ready.store(true, Ordering::SeqCst);
    until(|| {
        // The reactor thread lets go of the driver for a while, in which a worker looks into it.
        loan.interrupt();
        is_stuck.load(Ordering::SeqCst)
    });
    assert!(
        block_on(stuck).unwrap(),
        "the yielding task had to wait for the stuck one"
    );
    block_on(yielding).unwrap();
    pool.begin_shutdown();
    assert!(pool.join(None));
    loan.stop();
    reactor.join().unwrap();
}

/// A loop of yields looks into the driver each time, until the reactor thread waits there; an event brings the driver back.
#[test]
fn who_looks_in_vain_leaves_the_driver_to_the_reactor_thread() {
    let outside = Arc::new(Outside::default());
    let loan = Arc::new(Loan::new(Box::new(FakeDriver(outside.clone())), true));
    let mut pool = Pool::new(Config {
        loan: Some(loan.clone()),
        ..config(1)
    });
    let reactor = {
        let (loan, sentinel) = (loan.clone(), pool.handle().sentinel());
        thread::spawn(move || drop(loan.attend(|turn| turn(), sentinel)))
    };
    pool.start(no_around()).unwrap();
    let yields = {
        let (outside, loan) = (outside.clone(), loan.clone());
        async move {
            let looks = || outside.looks.load(Ordering::SeqCst);
            for _ in 0..3 {
                let before = looks();
                while looks() == before {
                    loan.interrupt();
                    yield_now().await;
                }
                // The only worker is here, so who waits is the reactor thread.
                while !outside.waits.load(Ordering::SeqCst) {
                    yield_now().await;
                }
                let before = looks();
                for _ in 0..100 {
                    yield_now().await;
                }
                assert_eq!(looks(), before, "the reactor thread has the driver");
            }
        }
    };
    block_on(pool.handle().spawn(yields, meta())).unwrap();
    pool.begin_shutdown();
    assert!(pool.join(None));
    loan.stop();
    reactor.join().unwrap();
}

/// Runs `body` on the only worker of a pool whose driver nobody else turns.
fn on_the_only_worker<F: Future<Output = ()> + Send + 'static>(body: impl FnOnce(Arc<Outside>, Handle) -> F) {
    let outside = Arc::new(Outside::default());
    let loan = Arc::new(Loan::new(Box::new(FakeDriver(outside.clone())), true));
    let mut pool = Pool::new(Config {
        loan: Some(loan),
        ..config(1)
    });
    pool.start(no_around()).unwrap();
    let handle = pool.handle().clone();
    block_on(handle.spawn(body(outside, handle.clone()), meta())).unwrap();
    pool.begin_shutdown();
    assert!(pool.join(None));
}

#[test]
fn a_task_that_yields_runs_again_only_after_a_look_into_the_driver() {
    on_the_only_worker(|outside, _| async move {
        for _ in 0..200 {
            let before = outside.looks.load(Ordering::SeqCst);
            yield_now().await;
            assert!(outside.looks.load(Ordering::SeqCst) > before);
        }
    });
}

#[test]
fn one_look_does_for_all_that_yield_together() {
    const TASKS: usize = 20;
    const YIELDS: usize = 100;
    on_the_only_worker(|outside, handle| async move {
        let yielding = |outside: Arc<Outside>| async move {
            for _ in 0..YIELDS {
                let before = outside.looks.load(Ordering::SeqCst);
                yield_now().await;
                assert!(outside.looks.load(Ordering::SeqCst) > before);
            }
        };
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| handle.spawn(yielding(outside.clone()), meta()))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let looks = outside.looks.load(Ordering::SeqCst);
        assert!(looks < 3 * YIELDS, "{looks} looks for {TASKS} x {YIELDS} yields");
    });
}

/// Blocks in place when it is woken, until a task that it spawns has run, or for a while.
struct Blocking(Handle);

impl Wake for Blocking {
    fn wake(self: Arc<Self>) {
        let (has_run, is_run) = mpsc::channel();
        block_in_place(|| {
            drop(self.0.spawn(async move { has_run.send(()).unwrap() }, meta()));
            let _ = is_run.recv_timeout(Duration::from_millis(300));
        });
    }
}

/// Only a poll may leave its worker's seat: a worker that is in the driver goes on after it, and needs it.
#[test]
fn a_waker_that_blocks_in_place_inside_of_the_driver_does_not_cost_the_worker_its_seat() {
    let outside = Arc::new(Outside::default());
    let loan = Arc::new(Loan::new(Box::new(FakeDriver(outside.clone())), true));
    let mut pool = Pool::new(Config {
        event_interval: 1,
        loan: Some(loan),
        ..config(1)
    });
    let handle = pool.handle().clone();
    *outside.waiter.lock().unwrap() = Some(Waker::from(Arc::new(Blocking(handle.clone()))));
    outside.ready.store(true, Ordering::SeqCst);
    let panicked = Arc::new(AtomicBool::new(false));
    let seen = panicked.clone();
    pool.start(Arc::new(move |body: &mut dyn FnMut()| {
        if catch_unwind(AssertUnwindSafe(body)).is_err() {
            seen.store(true, Ordering::SeqCst);
        }
    }))
    .unwrap();
    block_on(handle.spawn(async {}, meta())).unwrap();
    until(|| outside.waiter.lock().unwrap().is_none());
    block_on(handle.spawn(yield_now(), meta())).unwrap();
    pool.begin_shutdown();
    assert!(pool.join(None));
    assert!(!panicked.load(Ordering::SeqCst), "a worker lost its seat");
}
