//! The notification that a worker owes for a task that has yielded.
//!
//! Properties: a task that has yielded is not left behind one that is stuck, though its push notified nobody: whoever is about
//! to poll another task notifies first, and finds a worker that is about to sleep, or is seen by it. The task that is polled
//! next is stuck here until the other has run, so one that is left behind deadlocks the model.
#![cfg(heist_loom)]

use heist_executor::hooks::Hooks;
use heist_executor::multi_thread::{Config, Handle, Pool, Sleepers};
use heist_executor::park::Parker;
use heist_executor::task::{Meta, yield_now};
use heist_loom_tests::{model, model_up_to};
use heist_primitive::sync::atomic::{AtomicUsize, Ordering};
use heist_primitive::sync::{Arc, Condvar, Mutex, StdArc};
use heist_primitive::thread;

/// What a stuck task waits for.
#[derive(Clone)]
struct Flag(Arc<(Mutex<bool>, Condvar)>);

impl Flag {
    fn new() -> Self {
        Self(Arc::new((Mutex::new(false), Condvar::new())))
    }

    fn set(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        self.0.1.wait_while(&mut self.0.0.lock(), |set| !*set);
    }
}

/// Runs `root` on a pool of two workers until it sets its flag.
fn on_two_workers<F>(root: impl FnOnce(Handle, Flag) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut pool = Pool::new(Config {
        workers: 2,
        thread_name: StdArc::new(|| "model".to_owned()),
        stack_size: None,
        global_queue_interval: Some(100),
        event_interval: 100,
        loan: None,
        next_slot: true,
        guest: false,
        hooks: Hooks::default(),
        timed: heist_executor::histogram::Timed::default(),
        seed: 1,
        clock: StdArc::new(|| 0),
        processor: || 0,
    });
    let handle = pool.handle().clone();
    let done = Flag::new();
    drop(pool.handle().spawn(root(handle, done.clone()), Meta::caller()));
    pool.start(StdArc::new(|body: &mut dyn FnMut()| body())).unwrap();
    done.wait();
    pool.begin_shutdown();
    assert!(pool.join(None));
}

/// The one that is stuck is in the next-slot, and so comes first.
#[test]
fn a_task_that_has_yielded_is_not_left_behind_a_stuck_one() {
    model_up_to(1, 1, || {
        on_two_workers(|handle, flag| async move {
            let waits = flag.clone();
            drop(handle.spawn(async move { waits.wait() }, Meta::caller()));
            yield_now().await;
            flag.set();
        });
    });
}

/// The task that yields was run inside of the poll of the one that is stuck.
#[test]
fn a_task_that_has_yielded_at_its_spawn_is_not_left_behind_its_spawner() {
    model_up_to(1, 1, || {
        on_two_workers(|handle, flag| async move {
            let sets = flag.clone();
            let yields = async move {
                yield_now().await;
                sets.set();
            };
            drop(handle.spawn_eager(yields, Meta::caller()));
            flag.wait();
        });
    });
}

/// The protocol alone, at more preemptions: a push without a notification, a read-modify-write elsewhere, and then the
/// notification, if the task is still there.
#[test]
fn an_owed_notification_finds_the_worker_awake_or_wakes_it() {
    model(4, || {
        let pool = Arc::new((Sleepers::new(2), Parker::new(), AtomicUsize::new(0)));
        let thief = {
            let pool = pool.clone();
            thread::spawn(move || {
                let (sleepers, parker, deque) = &*pool;
                let mut searching = false;
                loop {
                    searching = searching || sleepers.start_searching();
                    if deque
                        .compare_exchange(1, 0, Ordering::AcqRel, Ordering::Relaxed)
                        .is_ok()
                    {
                        break;
                    }
                    sleepers.begin_park(1, searching);
                    searching = true;
                    if deque.load(Ordering::Relaxed) == 0 || !sleepers.cancel_park(1) {
                        parker.park();
                        sleepers.cancel_park(1);
                    }
                }
            })
        };
        let (sleepers, parker, deque) = &*pool;
        deque.store(1, Ordering::Release);
        AtomicUsize::new(1).swap(0, Ordering::AcqRel);
        if deque.load(Ordering::Relaxed) > 0 && sleepers.wake_one_after_rmw().is_some() {
            parker.unpark();
        }
        thief.join().unwrap();
    });
}
