//! Aborting a task before, while and after it runs. Each test counts polls and drops.

mod rt_kit;

use std::future::{pending, poll_fn};
use std::sync::mpsc;
use std::task::Poll;

use heist::task::JoinHandle;
use rt_kit::{Count, CountDrop, Event, both_flavours, workers};

/// Runs a task on a worker up to the middle of its first poll, aborts it there, and lets the poll return
/// `outcome`.
fn abort_within_a_poll(outcome: Poll<u32>) -> (Result<u32, heist::task::JoinError>, usize, usize) {
    let runtime = workers(2);
    let (in_poll, wait_for_poll) = mpsc::channel();
    let (go_on, wait_to_go_on) = mpsc::channel::<()>();
    let (polls, drops) = (Count::default(), Count::default());
    let task = {
        let (polls, guard) = (polls.clone(), CountDrop(drops.clone()));
        runtime.spawn(async move {
            let _guard = guard;
            poll_fn(move |_| {
                polls.add();
                in_poll.send(()).unwrap();
                wait_to_go_on.recv().unwrap();
                outcome
            })
            .await
        })
    };
    wait_for_poll.recv().unwrap();
    task.abort();
    assert_eq!(drops.get(), 0, "dropped under its own poll");
    go_on.send(()).unwrap();
    let result = runtime.block_on(task);
    (result, polls.get(), drops.get())
}

#[test]
fn within_a_poll_that_returns_pending_cancels() {
    let (result, polls, drops) = abort_within_a_poll(Poll::Pending);
    assert!(result.unwrap_err().is_cancelled());
    assert_eq!((polls, drops), (1, 1));
}

#[test]
fn within_a_poll_that_returns_ready_is_too_late() {
    let (result, polls, drops) = abort_within_a_poll(Poll::Ready(7));
    assert_eq!(result.unwrap(), 7);
    assert_eq!((polls, drops), (1, 1));
}

#[test]
fn before_the_first_poll_drops_the_future_unpolled() {
    // Nothing runs on a current-thread runtime outside of block_on.
    let runtime = rt_kit::current_thread();
    let event = Event::default();
    let task = runtime.spawn(event.wait());
    task.abort();
    let error = runtime.block_on(task).unwrap_err();
    assert!(error.is_cancelled() && !error.is_panic());
    assert_eq!((event.polls.get(), event.drops.get()), (0, 1));
}

#[test]
fn of_a_task_by_itself() {
    let runtime = workers(1);
    let drops = Count::default();
    let (give, take) = mpsc::channel::<JoinHandle<()>>();
    let (result, got) = mpsc::channel();
    let guard = CountDrop(drops.clone());
    let task = runtime.spawn(async move {
        let _guard = guard;
        let own = take.recv().unwrap();
        own.abort();
        result.send(own).unwrap();
        pending::<()>().await;
    });
    give.send(task).unwrap();
    let own = got.recv().unwrap();
    assert!(runtime.block_on(own).unwrap_err().is_cancelled());
    assert_eq!(drops.get(), 1);
}

both_flavours! {
    fn while_it_waits_drops_the_future(runtime) {
        let event = Event::default();
        let task = runtime.spawn(event.wait());
        runtime.block_on(async {
            while event.polls.get() == 0 {
                heist::task::yield_now().await;
            }
            assert!(!task.is_finished());
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        });
        assert_eq!((event.polls.get(), event.drops.get()), (1, 1));
    }

    fn after_completion_keeps_the_output(runtime) {
        let task = runtime.spawn(async { 5 });
        runtime.block_on(async {
            while !task.is_finished() {
                heist::task::yield_now().await;
            }
        });
        task.abort();
        task.abort();
        assert_eq!(runtime.block_on(task).unwrap(), 5);
    }

    fn through_an_abort_handle(runtime) {
        let event = Event::default();
        let task = runtime.spawn(event.wait());
        let (abort, id) = (task.abort_handle(), task.id());
        assert_eq!(abort.id(), id);
        drop(task);
        abort.abort();
        abort.clone().abort();
        runtime.block_on(async {
            while !abort.is_finished() {
                heist::task::yield_now().await;
            }
        });
        assert_eq!(event.drops.get(), 1);
    }

    fn is_not_what_dropping_the_handle_does(runtime) {
        let event = Event::default();
        let ended = Event::default();
        let (waiting, end) = (event.wait(), ended.clone());
        drop(runtime.spawn(async move {
            waiting.await;
            end.raise();
        }));
        event.raise();
        runtime.block_on(ended.wait());
    }

    fn races_with_completion_and_wakes(runtime) {
        let (cancelled, completed) = (Count::default(), Count::default());
        for _ in 0..500 {
            let event = Event::default();
            let task = runtime.spawn(event.wait());
            let abort = task.abort_handle();
            let raise = event.clone();
            let threads =
                [std::thread::spawn(move || abort.abort()), std::thread::spawn(move || raise.raise())];
            match runtime.block_on(task) {
                Ok(()) => completed.add(),
                Err(error) => {
                    assert!(error.is_cancelled());
                    cancelled.add()
                }
            };
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(event.drops.get(), 1);
        }
        assert_eq!(cancelled.get() + completed.get(), 500);
    }
}
