//! Panics in polls, drops, outputs and wakers: they are in the JoinError, or nowhere, and never take a worker
//! down.

mod rt_kit;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use rt_kit::{Count, CountDrop, Event, PanicWake, both_flavours, text, workers};

struct PanicOnDrop;

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a drop that panics");
        }
    }
}

both_flavours! {
    fn in_a_poll_is_in_the_join_error(runtime) {
        let drops = Count::default();
        let guard = CountDrop(drops.clone());
        let task = runtime.spawn(async move {
            let _guard = guard;
            panic!("a poll that panics");
        });
        let id = task.id();
        let error = runtime.block_on(async { task.await.unwrap_err() });
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(error.id(), id);
        assert_eq!(text(error.into_panic()), "a poll that panics");
        assert_eq!(drops.get(), 1);
        assert_eq!(runtime.block_on(async { heist::spawn(async { 1 }).await.unwrap() }), 1);
    }

    fn in_the_drop_of_an_aborted_future_is_in_the_join_error(runtime) {
        let event = Event::default();
        let waiting = event.wait();
        let task = runtime.spawn(async move {
            let _guard = PanicOnDrop;
            waiting.await;
        });
        let error = runtime.block_on(async {
            while event.polls.get() == 0 {
                heist::task::yield_now().await;
            }
            task.abort();
            task.await.unwrap_err()
        });
        assert!(error.is_panic());
        assert_eq!(text(error.into_panic()), "a drop that panics");
        assert_eq!(runtime.block_on(async { heist::spawn(async { 1 }).await.unwrap() }), 1);
    }

    fn in_the_drop_of_an_output_nobody_wants_goes_no_further(runtime) {
        let ended = Event::default();
        let end = ended.clone();
        drop(runtime.spawn(async move {
            end.raise();
            PanicOnDrop
        }));
        runtime.block_on(ended.wait());
        // Each worker goes on.
        for _ in 0..64 {
            assert_eq!(runtime.block_on(async { heist::spawn(async { 1 }).await.unwrap() }), 1);
        }
    }

    fn in_the_waker_of_who_joins_goes_no_further(runtime) {
        let (event, panics) = (Event::default(), Count::default());
        let mut task = runtime.spawn(event.wait());
        let waker = Waker::from(std::sync::Arc::new(PanicWake(panics.clone())));
        assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
        event.raise();
        runtime.block_on(async {
            while panics.get() == 0 {
                heist::task::yield_now().await;
            }
        });
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(Pin::new(&mut task).poll(&mut context), Poll::Ready(Ok(()))));
        for _ in 0..64 {
            assert_eq!(runtime.block_on(async { heist::spawn(async { 1 }).await.unwrap() }), 1);
        }
        assert_eq!(panics.get(), 1);
    }

    fn in_a_blocking_closure_is_in_the_join_error(runtime) {
        let task = runtime.spawn_blocking(|| panic!("a closure that panics"));
        let error = runtime.block_on(async { task.await.unwrap_err() });
        assert_eq!(text(error.into_panic()), "a closure that panics");
        assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 1)).unwrap(), 1);
    }

    fn in_the_future_of_block_on_reaches_its_caller_and_leaves_the_runtime_usable(runtime) {
        let said = rt_kit::panic_of(|| runtime.block_on(async { panic!("the main future panics") }));
        assert_eq!(said, "the main future panics");
        assert!(heist::runtime::Handle::try_current().is_err());
        assert_eq!(runtime.block_on(async { heist::spawn(async { 1 }).await.unwrap() }), 1);
    }
}

#[test]
fn of_a_handle_that_is_polled_after_its_end_says_so() {
    let runtime = rt_kit::current_thread();
    let mut task = runtime.spawn(async { 1 });
    assert_eq!(runtime.block_on(&mut task).unwrap(), 1);
    let said = rt_kit::panic_of(|| runtime.block_on(&mut task));
    assert!(said.contains("polled after"), "{said}");
}

#[test]
fn of_every_task_leaves_every_worker_running() {
    let runtime = workers(2);
    let tasks: Vec<_> = (0..200)
        .map(|i| runtime.spawn(async move { assert!(i % 2 == 0, "odd") }))
        .collect();
    let panics = runtime.block_on(async {
        let mut panics = 0;
        for task in tasks {
            panics += usize::from(task.await.is_err());
        }
        panics
    });
    assert_eq!(panics, 100);
    // Both workers at once, or this waits for ever.
    let meeting = std::sync::Arc::new(std::sync::Barrier::new(2));
    let tasks = [(); 2].map(|()| {
        let meeting = meeting.clone();
        runtime.spawn(async move { meeting.wait().is_leader() })
    });
    runtime.block_on(async {
        let mut leaders = 0;
        for task in tasks {
            leaders += usize::from(task.await.unwrap());
        }
        assert_eq!(leaders, 1);
    });
}
