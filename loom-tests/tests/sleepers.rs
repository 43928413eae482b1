//! Pushing against going to sleep.
//!
//! Property: no worker sleeps while a task is queued. Queues are counters read with relaxed loads, as weak as the
//! real ones; a lost wake-up leaves all threads blocked, which loom reports as a deadlock.
#![cfg(heist_loom)]

use heist_executor::multi_thread::Sleepers;
use heist_executor::park::Parker;
use heist_loom_tests::model;
use heist_primitive::sync::Arc;
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::thread;

struct Pool {
    sleepers: Sleepers,
    parkers: Vec<Parker>,
    queued: AtomicUsize,
}

impl Pool {
    fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            sleepers: Sleepers::new(workers),
            parkers: (0..workers).map(|_| Parker::new()).collect(),
            queued: AtomicUsize::new(0),
        })
    }

    fn push(&self) {
        self.queued.fetch_add(1, Ordering::Release);
        self.notify();
    }

    /// As a push to the injector, which ends with a read-modify-write.
    fn inject(&self) {
        self.queued.fetch_add(1, Ordering::Release);
        if let Some(worker) = self.sleepers.wake_one_after_rmw() {
            self.parkers[worker].unpark();
        }
    }

    fn notify(&self) {
        if let Some(worker) = self.sleepers.wake_one() {
            self.parkers[worker].unpark();
        }
    }

    fn take(&self) -> bool {
        let take = |queued: usize| queued.checked_sub(1);
        self.queued
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, take)
            .is_ok()
    }

    /// A worker's loop until it has got one task.
    fn work_for_one(&self, worker: usize) {
        let mut searching = false;
        loop {
            searching = searching || self.sleepers.start_searching();
            if self.take() {
                if searching && self.sleepers.stop_searching() && self.queued.load(Ordering::Relaxed) > 0 {
                    self.notify();
                }
                return;
            }
            self.sleepers.begin_park(worker, searching);
            searching = true;
            if self.queued.load(Ordering::Relaxed) > 0 {
                if !self.sleepers.cancel_park(worker) {
                    self.parkers[worker].park();
                }
            } else {
                self.parkers[worker].park();
                self.sleepers.cancel_park(worker);
            }
        }
    }
}

#[test]
fn a_push_finds_the_worker_awake_or_wakes_it() {
    model(4, || {
        let pool = Pool::new(1);
        let worker = {
            let pool = pool.clone();
            thread::spawn(move || pool.work_for_one(0))
        };
        pool.push();
        worker.join().unwrap();
    });
}

#[test]
fn an_injection_finds_the_worker_awake_or_wakes_it() {
    model(4, || {
        let pool = Pool::new(1);
        let worker = {
            let pool = pool.clone();
            thread::spawn(move || pool.work_for_one(0))
        };
        pool.inject();
        worker.join().unwrap();
    });
}

#[test]
fn two_pushes_get_two_workers() {
    model(3, || {
        let pool = Pool::new(2);
        let workers: Vec<_> = (0..2)
            .map(|n| {
                let pool = pool.clone();
                thread::spawn(move || pool.work_for_one(n))
            })
            .collect();
        pool.push();
        pool.push();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

#[test]
fn two_pushers_get_two_workers() {
    model(2, || {
        let pool = Pool::new(2);
        let workers: Vec<_> = (0..2)
            .map(|n| {
                let pool = pool.clone();
                thread::spawn(move || pool.work_for_one(n))
            })
            .collect();
        let pusher = {
            let pool = pool.clone();
            thread::spawn(move || pool.push())
        };
        pool.push();
        pusher.join().unwrap();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}
