//! `block_on`: what it runs, where it is refused, and from how many threads.

mod rt_kit;

use std::rc::Rc;
use std::sync::mpsc;

use heist::runtime::Handle;
use rt_kit::{Event, both_flavours, panic_of, text, wait_until};

both_flavours! {
    fn returns_the_output_of_a_future_that_is_not_send(runtime) {
        let local = Rc::new(4);
        let sum = runtime.block_on(async {
            heist::task::yield_now().await;
            *local + heist::spawn(async { 3 }).await.unwrap()
        });
        assert_eq!(sum, 7);
    }

    fn is_woken_by_a_plain_thread(runtime) {
        let event = Event::default();
        let raise = event.clone();
        let thread = std::thread::spawn(move || {
            wait_until("the future waits", || raise.polls.get() == 1);
            raise.raise();
        });
        runtime.block_on(event.wait());
        thread.join().unwrap();
        assert_eq!(event.polls.get(), 2);
    }

    fn runs_again_and_again(runtime) {
        for i in 0..100 {
            assert_eq!(runtime.block_on(runtime.spawn(async move { i })).unwrap(), i);
        }
    }

    fn nested_is_refused_with_the_remedy(runtime) {
        let other = rt_kit::current_thread();
        for said in [
            panic_of(|| runtime.block_on(async { runtime.block_on(async {}) })),
            panic_of(|| runtime.block_on(async { other.block_on(async {}) })),
            panic_of(|| runtime.block_on(async { other.handle().block_on(async {}) })),
        ] {
            assert!(said.starts_with("Cannot start a runtime from within a runtime"), "{said}");
            assert!(said.contains("spawn_blocking"), "{said}");
        }
        // Refused on a worker too.
        let task = runtime.spawn(async { Handle::current().block_on(async {}) });
        let error = runtime.block_on(task).unwrap_err();
        assert!(text(error.into_panic()).starts_with("Cannot start a runtime"));
        assert_eq!(runtime.block_on(async { 1 }), 1);
    }

    fn is_allowed_under_an_enter_guard_and_on_a_blocking_thread(runtime) {
        let other = rt_kit::current_thread();
        let _guard = other.enter();
        let id = runtime.block_on(async { Handle::current().id() });
        assert_eq!(id, runtime.handle().id());
        assert_eq!(Handle::current().id(), other.handle().id());
        let own = rt_kit::current_thread();
        let blocking = runtime.spawn_blocking(move || {
            let inner = own.block_on(async { Handle::current().id() });
            assert_eq!(inner, own.handle().id());
            Handle::current().id()
        });
        assert_eq!(runtime.block_on(blocking).unwrap(), runtime.handle().id());
    }

    fn from_four_threads_at_once(runtime) {
        std::thread::scope(|scope| {
            for number in 0..4u64 {
                let runtime = &runtime;
                scope.spawn(move || {
                    for round in 0..50 {
                        let sum = runtime.block_on(async move {
                            let task = heist::spawn(async move {
                                heist::task::yield_now().await;
                                number * round
                            });
                            task.await.unwrap()
                        });
                        assert_eq!(sum, number * round);
                    }
                });
            }
        });
    }
}

#[test]
fn the_second_caller_of_a_current_thread_runtime_takes_over_when_the_first_leaves() {
    let runtime = rt_kit::current_thread();
    let (first_in, wait_first) = mpsc::channel();
    let (leave, never) = (Event::default(), Event::default());
    std::thread::scope(|scope| {
        let (runtime, leave, never) = (&runtime, &leave, &never);
        scope.spawn(move || {
            runtime.block_on(async {
                first_in.send(()).unwrap();
                leave.wait().await;
            })
        });
        wait_first.recv().unwrap();
        scope.spawn(move || {
            // Needs tasks to be run, so the driver, after the first caller has left.
            runtime.block_on(async {
                never.wait().await;
                heist::time::sleep(std::time::Duration::from_millis(1)).await;
                heist::spawn(async {}).await.unwrap();
            })
        });
        wait_until("the second caller waits", || never.polls.get() == 1);
        leave.raise();
        never.raise();
    });
}
