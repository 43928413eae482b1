//! The ends of a multi-thread pool that nobody waits for.

mod support;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use heist_executor::multi_thread::{Config, Pool};
use support::{config, meta, no_around};

#[test]
fn a_pool_that_is_not_waited_for_leaves_nothing_in_its_injector() {
    // Whoever keeps the pool's inside keeps its clock.
    let clock: Arc<dyn Fn() -> u64 + Send + Sync> = Arc::new(|| 0);
    let mut pool = Pool::new(Config {
        clock: clock.clone(),
        ..config(1)
    });
    pool.start(no_around()).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let (at_work, is_at_work) = mpsc::channel();
    drop(pool.handle().spawn(
        async move {
            at_work.send(()).unwrap();
            released.recv().unwrap();
        },
        meta(),
    ));
    is_at_work.recv().unwrap();
    for _ in 0..1000 {
        drop(pool.handle().spawn(async {}, meta()));
    }
    pool.begin_shutdown();
    assert!(!pool.join(Some(Duration::ZERO)));
    drop(pool);
    release.send(()).unwrap();
    let mut patience = 10_000;
    while Arc::strong_count(&clock) > 1 {
        assert!(patience > 0, "the pool is kept by its tasks");
        patience -= 1;
        std::thread::sleep(Duration::from_millis(1));
    }
}
