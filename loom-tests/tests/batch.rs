//! A batch from the injector, on its way to a worker's deque.
//!
//! Property: what a worker takes from the injector beside the task that it runs is shared with the workers that looked while
//! it was in neither queue. The task that runs here is stuck until the other has run, so one that is left behind deadlocks
//! the model.
#![cfg(heist_loom)]

use heist_executor::hooks::Hooks;
use heist_executor::multi_thread::{Config, Pool};
use heist_executor::park::block_on;
use heist_executor::task::Meta;
use heist_loom_tests::model_up_to;
use heist_primitive::sync::{Arc, Condvar, Mutex, StdArc};

#[test]
fn a_batch_is_not_left_behind_a_stuck_task() {
    model_up_to(1, 1, || {
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
        let ran = Arc::new((Mutex::new(false), Condvar::new()));
        let stuck = {
            let ran = ran.clone();
            async move { ran.1.wait_while(&mut ran.0.lock(), |ran| !*ran) }
        };
        let other = async move {
            *ran.0.lock() = true;
            ran.1.notify_all();
        };
        let stuck = pool.handle().spawn(stuck, Meta::caller());
        drop(pool.handle().spawn(other, Meta::caller()));
        pool.start(StdArc::new(|body: &mut dyn FnMut()| body())).unwrap();
        block_on(stuck).unwrap();
        pool.begin_shutdown();
        assert!(pool.join(None));
    });
}
