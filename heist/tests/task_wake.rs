//! Waking a task: from elsewhere, from itself, too often, too late. Each test counts the polls.

mod rt_kit;

use std::future::{Future, poll_fn};
use std::sync::{Arc, Barrier};
use std::task::{Poll, Waker};

use rt_kit::{Count, CountDrop, Event, both_flavours, wait_until};

both_flavours! {
    fn from_another_thread(runtime) {
        let event = Event::default();
        let task = runtime.spawn(event.wait());
        let waker = {
            let event = event.clone();
            std::thread::spawn(move || {
                wait_until("the task waits", || event.polls.get() == 1);
                event.raise();
            })
        };
        runtime.block_on(task).unwrap();
        waker.join().unwrap();
        assert_eq!((event.polls.get(), event.drops.get()), (2, 1));
    }

    fn from_itself_while_running(runtime) {
        let polls = Count::default();
        let counted = polls.clone();
        let task = runtime.spawn(poll_fn(move |cx| {
            if counted.add() == 4 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        runtime.block_on(task).unwrap();
        assert_eq!(polls.get(), 4);
    }

    fn many_times_while_running_is_one_more_poll(runtime) {
        let event = Event::default();
        let polls = Count::default();
        let task = {
            let (polls, event) = (polls.clone(), event.clone());
            runtime.spawn(async move {
                let mut waiting = event.wait();
                poll_fn(move |cx| {
                    if polls.add() == 1 {
                        for _ in 0..5 {
                            cx.waker().wake_by_ref();
                            let by_value = cx.waker().clone();
                            by_value.wake();
                        }
                    }
                    std::pin::Pin::new(&mut waiting).poll(cx)
                })
                .await;
            })
        };
        // The second poll, of the five wakes, then one more for the event.
        let third = event.clone();
        runtime.block_on(async {
            while polls.get() < 2 {
                heist::task::yield_now().await;
            }
            for _ in 0..100 {
                heist::task::yield_now().await;
            }
            assert_eq!(polls.get(), 2);
            third.raise();
            task.await.unwrap();
        });
        assert_eq!(polls.get(), 3);
    }

    fn after_completion_does_nothing(runtime) {
        let event = Event::default();
        let task = runtime.spawn(event.wait());
        runtime.block_on(async {
            while event.polls.get() == 0 {
                heist::task::yield_now().await;
            }
        });
        let late: Vec<Waker> = event.wakers();
        event.raise();
        runtime.block_on(task).unwrap();
        assert_eq!((event.polls.get(), event.drops.get()), (2, 1));
        for waker in late {
            waker.wake_by_ref();
            let by_value = waker.clone();
            by_value.wake();
            waker.wake();
        }
        runtime.block_on(heist::task::yield_now());
        assert_eq!((event.polls.get(), event.drops.get()), (2, 1));
    }

    fn after_the_runtime_is_gone_does_nothing(runtime) {
        let event = Event::default();
        runtime.spawn(event.wait());
        runtime.block_on(async {
            while event.polls.get() == 0 {
                heist::task::yield_now().await;
            }
        });
        let late = event.wakers();
        drop(runtime);
        assert_eq!((event.polls.get(), event.drops.get()), (1, 1));
        late.into_iter().for_each(Waker::wake);
        assert_eq!((event.polls.get(), event.drops.get()), (1, 1));
    }

    fn from_many_threads_at_once_is_not_lost(runtime) {
        const THREADS: usize = 4;
        for _ in 0..200 {
            let (woken, event) = (Count::default(), Event::default());
            let start = Arc::new(Barrier::new(THREADS));
            let task = {
                let (woken, event) = (woken.clone(), event.clone());
                runtime.spawn(poll_fn(move |cx| {
                    if event.polls.get() == 0 {
                        // Leaves the waker for the threads.
                        let waiting = std::pin::pin!(event.wait());
                        assert!(waiting.poll(cx).is_pending());
                    }
                    if woken.get() == THREADS { Poll::Ready(()) } else { Poll::Pending }
                }))
            };
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    let (woken, event, start) = (woken.clone(), event.clone(), start.clone());
                    std::thread::spawn(move || {
                        wait_until("the task left its waker", || !event.wakers().is_empty());
                        let waker = event.wakers().remove(0);
                        start.wait();
                        woken.add();
                        waker.wake();
                    })
                })
                .collect();
            runtime.block_on(task).unwrap();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
    }

    fn of_a_detached_task_runs_it_to_its_end(runtime) {
        let (event, drops, ended) = (Event::default(), Count::default(), Event::default());
        let (waiting, guard, end) = (event.wait(), CountDrop(drops.clone()), ended.clone());
        drop(runtime.spawn(async move {
            waiting.await;
            drop(guard);
            end.raise();
        }));
        event.raise();
        runtime.block_on(ended.wait());
        assert_eq!(drops.get(), 1);
    }
}
