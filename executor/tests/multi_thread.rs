//! The multi-thread pool from outside: tasks run, wake each other, are aborted, panic, and end with the pool.

mod support;

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::time::Duration;

use heist_executor::multi_thread::{Config, Handle, Pool};
use heist_executor::park::block_on;
use heist_executor::task::yield_now;
use support::{Drops, Yields, config, meta, no_around, with_pool};

#[test]
fn outputs_come_back_in_any_number_of_workers() {
    for workers in [1, 2, 8] {
        with_pool(workers, |handle| {
            let joins: Vec<_> = (0..1000_u64)
                .map(|n| {
                    handle.spawn(
                        async move {
                            Yields(10).await;
                            n
                        },
                        meta(),
                    )
                })
                .collect();
            let sum: u64 = joins.into_iter().map(|join| block_on(join).unwrap()).sum();
            assert_eq!(sum, 999 * 1000 / 2);
        });
    }
}

#[test]
fn tasks_spawn_tasks_and_wait_for_them() {
    with_pool(2, |handle| {
        let inner = handle.clone();
        let outer = handle.spawn(
            async move {
                let mut total = 0;
                for n in 0..100 {
                    total += inner.spawn(async move { n }, meta()).await.unwrap();
                }
                total
            },
            meta(),
        );
        assert_eq!(block_on(outer).unwrap(), 4950);
    });
}

#[test]
fn a_wake_from_a_foreign_thread_arrives() {
    with_pool(2, |handle| {
        let (sender, receiver) = mpsc::channel::<Waker>();
        let mut sent = false;
        let join = handle.spawn(
            poll_fn(move |cx| {
                if sent {
                    return Poll::Ready(7);
                }
                sent = true;
                sender.send(cx.waker().clone()).unwrap();
                Poll::Pending
            }),
            meta(),
        );
        let waker = receiver.recv().unwrap();
        waker.wake_by_ref();
        assert_eq!(block_on(join).unwrap(), 7);
        // After completion: no effect, no harm.
        waker.wake_by_ref();
        waker.wake();
    });
}

#[test]
fn abort_before_during_and_after() {
    with_pool(1, |handle| {
        let drops = Drops::default();
        let guard = drops.guard();
        let waiting = handle.spawn(
            async move {
                let _guard = guard;
                pending::<()>().await;
            },
            meta(),
        );
        waiting.abort();
        assert!(block_on(waiting).unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);

        let slot: Arc<Mutex<Option<heist_executor::task::AbortHandle>>> = Arc::default();
        let own = slot.clone();
        let (go, gone) = mpsc::channel::<()>();
        let running = handle.spawn(
            async move {
                gone.recv().unwrap();
                own.lock().unwrap().take().unwrap().abort();
                yield_now().await;
                unreachable!("aborted while it ran");
            },
            meta(),
        );
        *slot.lock().unwrap() = Some(running.abort_handle());
        go.send(()).unwrap();
        assert!(block_on(running).unwrap_err().is_cancelled());

        let mut done = handle.spawn(async { 5 }, meta());
        while !done.is_finished() {
            std::thread::yield_now();
        }
        done.abort();
        assert_eq!(block_on(&mut done).unwrap(), 5);
    });
}

struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

#[test]
fn panics_end_in_the_join_error_and_nowhere_else() {
    with_pool(1, |handle| {
        let error = block_on(handle.spawn(async { panic!("boom {}", 1) }, meta())).unwrap_err();
        assert!(error.is_panic());
        assert!(
            error.to_string().ends_with("panicked with message \"boom 1\""),
            "{error}"
        );

        let in_drop = handle.spawn(
            async {
                let _bomb = PanicsOnDrop;
            },
            meta(),
        );
        assert!(block_on(in_drop).unwrap_err().is_panic());

        let aborted = handle.spawn(
            async {
                let _bomb = PanicsOnDrop;
                pending::<()>().await;
            },
            meta(),
        );
        // Let it take its first poll, so that the bomb exists.
        block_on(handle.spawn(yield_now(), meta())).unwrap();
        aborted.abort();
        assert!(block_on(aborted).unwrap_err().is_panic());

        // An output that panics as it goes, with nobody interested.
        drop(handle.spawn(async { PanicsOnDrop }, meta()));
        assert_eq!(block_on(handle.spawn(async { 1 }, meta())).unwrap(), 1);
    });
}

#[test]
fn a_join_waker_that_panics_harms_nobody() {
    struct Bomb;
    impl std::task::Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("in wake");
        }
    }
    with_pool(1, |handle| {
        let (go, gone) = mpsc::channel::<()>();
        let mut join = handle.spawn(async move { gone.recv().unwrap() }, meta());
        let waker = Waker::from(Arc::new(Bomb));
        let polled = std::pin::Pin::new(&mut join).poll(&mut std::task::Context::from_waker(&waker));
        assert!(polled.is_pending());
        go.send(()).unwrap();
        block_on(handle.spawn(async {}, meta())).unwrap();
        block_on(join).unwrap();
    });
}

#[test]
fn shutdown_cancels_what_waits_and_what_is_spawned_after() {
    let drops = Drops::default();
    let (handle, joins) = with_pool(2, |handle| {
        let joins: Vec<_> = (0..100)
            .map(|_| {
                let guard = drops.guard();
                handle.spawn(
                    async move {
                        let _guard = guard;
                        pending::<()>().await;
                    },
                    meta(),
                )
            })
            .collect();
        (handle.clone(), joins)
    });
    assert_eq!(drops.count(), 100);
    assert_eq!(handle.alive_tasks(), 0);
    for join in joins {
        assert!(block_on(join).unwrap_err().is_cancelled());
    }
    let guard = drops.guard();
    let late = handle.spawn(async move { drop(guard) }, meta());
    assert_eq!(drops.count(), 101);
    assert!(block_on(late).unwrap_err().is_cancelled());
}

#[test]
fn ten_thousand_tasks_yield_a_hundred_times_each() {
    for workers in [1, 2, 8] {
        let polls = Arc::new(AtomicUsize::new(0));
        with_pool(workers, |handle| {
            let joins: Vec<_> = (0..10_000)
                .map(|_| {
                    let polls = polls.clone();
                    handle.spawn(
                        async move {
                            for _ in 0..100 {
                                polls.fetch_add(1, Ordering::Relaxed);
                                yield_now().await;
                            }
                        },
                        meta(),
                    )
                })
                .collect();
            for join in joins {
                block_on(join).unwrap();
            }
            let counted: u64 = (0..workers)
                .map(|worker| handle.worker_counters(worker).polls)
                .sum();
            assert_eq!(counted, 10_000 * 101);
        });
        assert_eq!(polls.load(Ordering::Relaxed), 1_000_000);
    }
}

#[test]
fn an_injected_task_gets_through_to_a_worker_that_never_runs_dry() {
    with_pool(1, |handle| {
        let stop = Arc::new(AtomicUsize::new(0));
        let hogs: Vec<_> = (0..2)
            .map(|_| {
                let stop = stop.clone();
                handle.spawn(
                    async move {
                        while stop.load(Ordering::Relaxed) == 0 {
                            yield_now().await;
                        }
                    },
                    meta(),
                )
            })
            .collect();
        let inner = stop.clone();
        block_on(handle.spawn(async move { inner.store(1, Ordering::Relaxed) }, meta())).unwrap();
        for hog in hogs {
            block_on(hog).unwrap();
        }
    });
}

/// Runs `hog` on the only worker, then a thousand tasks from outside; returns how far `hog` had counted when all had run.
fn counted_until_a_thousand_have_run<F: Future<Output = ()> + Send + 'static>(
    interval: u32,
    hog: impl FnOnce(Handle, Arc<AtomicUsize>, Arc<AtomicBool>) -> F,
) -> usize {
    let mut pool = Pool::new(Config {
        global_queue_interval: Some(interval),
        ..config(1)
    });
    pool.start(no_around()).unwrap();
    let handle = pool.handle().clone();
    let (counted, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    // All of them are there before the first runs.
    let (go, gone) = mpsc::channel::<()>();
    let hog = hog(handle.clone(), counted.clone(), stop.clone());
    let first = handle.spawn(
        async move {
            gone.recv().unwrap();
            hog.await;
        },
        meta(),
    );
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let counted = counted.clone();
            handle.spawn(async move { counted.load(Ordering::SeqCst) }, meta())
        })
        .collect();
    go.send(()).unwrap();
    let last = tasks.into_iter().map(|task| block_on(task).unwrap()).max();
    stop.store(true, Ordering::SeqCst);
    block_on(first).unwrap();
    pool.begin_shutdown();
    assert!(pool.join(None));
    last.unwrap()
}

/// The interval would let through one batch in 100,000 turns.
#[test]
fn who_yields_lets_a_batch_from_outside_go_first() {
    let yields = counted_until_a_thousand_have_run(100_000, |_, counted, stop| async move {
        while !stop.load(Ordering::SeqCst) {
            counted.fetch_add(1, Ordering::SeqCst);
            yield_now().await;
        }
    });
    assert!(yields < 100, "{yields} yields beside 1,000 tasks");
}

fn spawn_next(handle: Handle, counted: Arc<AtomicUsize>, stop: Arc<AtomicBool>) {
    counted.fetch_add(1, Ordering::SeqCst);
    if !stop.load(Ordering::SeqCst) {
        let own = handle.clone();
        drop(own.spawn(async move { spawn_next(handle, counted, stop) }, meta()));
    }
}

#[test]
fn a_worker_that_never_runs_dry_takes_batches_from_outside() {
    let own = counted_until_a_thousand_have_run(50, |handle, counted, stop| async move {
        spawn_next(handle, counted, stop);
    });
    assert!(own < 5000, "{own} tasks of its own beside 1,000 from outside");
}

/// The yielding task is pushed within the poll of the one that has started it, which then waits for it.
#[test]
fn a_task_that_yields_in_an_eager_start_is_not_left_behind_the_one_that_started_it() {
    with_pool(2, |handle| {
        let inner = handle.clone();
        let stuck = handle.spawn(
            async move {
                let (done, is_done) = mpsc::channel();
                let eager = async move {
                    yield_now().await;
                    done.send(()).unwrap();
                };
                drop(inner.spawn_eager(eager, meta()));
                is_done.recv_timeout(Duration::from_secs(10)).is_ok()
            },
            meta(),
        );
        assert!(block_on(stuck).unwrap(), "nobody has come for it");
    });
}

#[test]
fn a_task_behind_a_stuck_owner_is_taken_by_another_worker() {
    with_pool(2, |handle| {
        let inner = handle.clone();
        let stuck = handle.spawn(
            async move {
                let (done, is_done) = mpsc::channel::<()>();
                // Into the next-slot of this worker, which then blocks until somebody else has run it.
                inner.spawn(async move { done.send(()).unwrap() }, meta());
                // Something in the deque as well, so that another worker is woken at all.
                inner.spawn(async {}, meta());
                inner.spawn(async {}, meta());
                is_done.recv().unwrap();
            },
            meta(),
        );
        block_on(stuck).unwrap();
    });
}

/// The clock says that each task takes 50 µs, so a task from outside waits for about four of them.
#[test]
fn a_worker_with_slow_tasks_looks_at_the_injector_more_often() {
    let (now, ran, stop) = (
        Arc::new(AtomicU64::new(1)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let time = now.clone();
    let mut pool = Pool::new(Config {
        clock: Arc::new(move || time.load(Ordering::Relaxed)),
        ..config(1)
    });
    pool.start(no_around()).unwrap();
    let slow = {
        let (now, ran, stop) = (now.clone(), ran.clone(), stop.clone());
        async move {
            while !stop.load(Ordering::Relaxed) {
                now.fetch_add(50_000, Ordering::Relaxed);
                ran.fetch_add(1, Ordering::SeqCst);
                yield_now().await;
            }
        }
    };
    let slow = pool.handle().spawn(slow, meta());
    while ran.load(Ordering::SeqCst) < 500 {
        std::thread::yield_now();
    }
    for _ in 0..100 {
        let seen = ran.clone();
        let outside = pool
            .handle()
            .spawn(async move { seen.load(Ordering::SeqCst) }, meta());
        let pushed = ran.load(Ordering::SeqCst);
        let run = block_on(outside).unwrap();
        assert!(run <= pushed + 6, "it waited for {} tasks", run - pushed);
    }
    stop.store(true, Ordering::Relaxed);
    block_on(slow).unwrap();
    pool.begin_shutdown();
    assert!(pool.join(None));
}

#[test]
fn a_future_that_panics_is_dropped_while_the_thread_panics() {
    struct SeesPanic(mpsc::Sender<bool>);
    impl Drop for SeesPanic {
        fn drop(&mut self) {
            self.0.send(std::thread::panicking()).unwrap();
            panic!("and its drop panics too");
        }
    }
    let (saw, seen) = mpsc::channel();
    with_pool(1, |handle| {
        let sees = SeesPanic(saw);
        // Not an async block, whose own unwinding would drop what it has captured.
        let panics = poll_fn(move |_| -> Poll<()> {
            let _sees = &sees;
            panic!("on purpose");
        });
        let task = handle.spawn(panics, meta());
        assert!(block_on(task).unwrap_err().is_panic());
        assert_eq!(block_on(handle.spawn(async { 7 }, meta())).unwrap(), 7);
    });
    assert!(seen.recv().unwrap());
}
