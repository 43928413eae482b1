//! Runtimes that are dropped by the destructors of thread-locals, when heist's own may be gone already.

mod rt_kit;

use std::cell::RefCell;
use std::future::pending;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use heist::runtime::{Builder, Runtime};
use rt_kit::{Count, CountDrop, both_flavours};

thread_local! {
    static OWN: RefCell<Option<Runtime>> = const { RefCell::new(None) };
    static SHARED: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

struct Shared {
    runtime: Option<Arc<Runtime>>,
    ended: mpsc::Sender<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        drop(self.runtime.take());
        let _ = self.ended.send(());
    }
}

both_flavours! {
    fn a_runtime_of_a_thread_ends_with_it(runtime) {
        let drops = Count::default();
        let guard = CountDrop(drops.clone());
        let thread = std::thread::spawn(move || {
            OWN.set(Some(runtime));
            OWN.with_borrow(|runtime| {
                runtime.as_ref().unwrap().block_on(async {
                    heist::spawn(async move {
                        let _guard = guard;
                        pending::<()>().await;
                    });
                    heist::task::yield_now().await;
                });
            });
        });
        thread.join().unwrap();
        assert_eq!(drops.get(), 1);
    }
}

#[test]
fn the_last_owner_is_a_thread_of_its_own_blocking_pool() {
    let runtime = Builder::new_current_thread()
        .thread_keep_alive(Duration::from_millis(1))
        .build()
        .unwrap();
    let runtime = Arc::new(runtime);
    let (ended, has_ended) = mpsc::channel();
    let (alone, is_alone) = mpsc::channel();
    let held = runtime.clone();
    runtime.spawn_blocking(move || {
        SHARED.set(Some(Shared {
            runtime: Some(held),
            ended,
        }));
        is_alone.recv().unwrap();
    });
    drop(runtime);
    alone.send(()).unwrap();
    has_ended.recv().expect("the runtime's drop returned");
}
