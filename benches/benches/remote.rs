//! What a task costs that is spawned from outside of the runtime, idle or busy, by one thread or by many; and
//! what a wake from another thread costs.

use heist_benches::Bencher;
use heist_benches::gate::Bell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, mpsc};
use std::time::{Duration, Instant};

const TASKS: usize = 1000;
const SPAWNED_BY_THREADS: usize = 6400;

/// How long a task of the background keeps its worker busy.
const STALL: Duration = Duration::from_micros(10);

fn stall() {
    let started = Instant::now();
    while started.elapsed() < STALL {
        std::thread::yield_now();
    }
}

heist_benches::arms_with_smol! {
    fn spawn_all(runtime: &rt::runtime::Runtime) {
        let tasks: Vec<_> = (0..TASKS).map(|number| runtime.spawn(async move { number })).collect();
        runtime.block_on(async {
            for (number, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.expect("the task ends"), number);
            }
        });
    }

    pub(super) fn spawn_idle(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.per(TASKS).iter(|| spawn_all(&runtime));
    }

    /// Eight tasks compute and yield.
    pub(super) fn spawn_busy_yielding(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        let stop = Arc::new(AtomicBool::new(false));
        let body = |stop: Arc<AtomicBool>| async move {
            while !stop.load(Ordering::Relaxed) {
                rt::task::yield_now().await;
                stall();
            }
        };
        let tasks: Vec<_> = (0..8).map(|_| runtime.spawn(body(stop.clone()))).collect();
        bencher.per(TASKS).iter(|| spawn_all(&runtime));
        stop.store(true, Ordering::Relaxed);
        for task in tasks {
            runtime.block_on(task).expect("the task ends");
        }
    }

    fn successor(stop: Arc<AtomicBool>) {
        drop(rt::spawn(async move {
            stall();
            if !stop.load(Ordering::Relaxed) {
                successor(stop);
            }
        }));
    }

    /// Four chains of tasks, each of which computes and spawns the next.
    pub(super) fn spawn_busy_chains(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..4 {
            let stop = stop.clone();
            drop(runtime.spawn(async move { successor(stop) }));
        }
        bencher.per(TASKS).iter(|| spawn_all(&runtime));
        stop.store(true, Ordering::Relaxed);
    }

    /// From `block_on`, whose body then blocks its thread until the last task has run.
    pub(super) fn spawn_from_block_on(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        bencher.per(TASKS).iter(|| {
            runtime.block_on(async {
                let (done, all) = mpsc::channel::<()>();
                for _ in 0..TASKS {
                    let done = done.clone();
                    drop(rt::spawn(async move { drop(done) }));
                }
                drop(done);
                assert!(all.recv().is_err(), "no task sends anything");
            })
        });
    }

    /// The threads spawn at once; joining the tasks is not in the time.
    fn spawn_by_threads(bencher: &mut Bencher<'_>, threads: usize) {
        let runtime = runtime();
        let spawn = |barrier: &Barrier| {
            barrier.wait();
            let started = Instant::now();
            let tasks: Vec<_> = (0..SPAWNED_BY_THREADS / threads).map(|_| runtime.spawn(async {})).collect();
            barrier.wait();
            (started.elapsed(), tasks)
        };
        bencher.per(SPAWNED_BY_THREADS).iter_custom(|rounds| {
            let mut time = Duration::ZERO;
            for _ in 0..rounds {
                let barrier = Barrier::new(threads);
                let done: Vec<_> = std::thread::scope(|scope| {
                    let all: Vec<_> = (0..threads).map(|_| scope.spawn(|| spawn(&barrier))).collect();
                    all.into_iter().map(|thread| thread.join().expect("the thread ends")).collect()
                });
                time += done.iter().map(|(time, _)| *time).max().expect("there are threads");
                for task in done.into_iter().flat_map(|(_, tasks)| tasks) {
                    runtime.block_on(task).expect("the task ends");
                }
            }
            time
        });
    }

    pub(super) fn spawn_by_1_thread(bencher: &mut Bencher<'_>) {
        spawn_by_threads(bencher, 1);
    }

    pub(super) fn spawn_by_2_threads(bencher: &mut Bencher<'_>) {
        spawn_by_threads(bencher, 2);
    }

    pub(super) fn spawn_by_8_threads(bencher: &mut Bencher<'_>) {
        spawn_by_threads(bencher, 8);
    }

    /// A thread wakes a task of an idle runtime, which wakes the thread.
    pub(super) fn wake_and_back(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        let (bell, stop) = (Arc::new(Bell::default()), Arc::new(AtomicBool::new(false)));
        let (heard, stopped, thread) = (bell.clone(), stop.clone(), std::thread::current());
        let (answer, answers) = mpsc::sync_channel(1);
        let task = runtime.spawn(async move {
            loop {
                heard.heard().await;
                if stopped.load(Ordering::Relaxed) {
                    return drop(thread);
                }
                answer.send(()).expect("the thread listens");
            }
        });
        bencher.iter(|| {
            bell.ring();
            answers.recv().expect("the task answers");
        });
        stop.store(true, Ordering::Relaxed);
        bell.ring();
        runtime.block_on(task).expect("the task ends");
    }

    /// A thread wakes a hundred tasks in a row, and waits until all have run.
    pub(super) fn wake_100(bencher: &mut Bencher<'_>) {
        let runtime = runtime();
        let bells: Vec<_> = (0..100).map(|_| Arc::new(Bell::default())).collect();
        let (answer, answers) = mpsc::channel();
        for bell in bells.clone() {
            let answer = answer.clone();
            drop(runtime.spawn(async move {
                loop {
                    bell.heard().await;
                    if answer.send(()).is_err() {
                        return;
                    }
                }
            }));
        }
        bencher.per(bells.len()).iter(|| {
            bells.iter().for_each(|bell| bell.ring());
            bells.iter().for_each(|_| answers.recv().expect("the task answers"));
        });
    }
}

heist_benches::compare!(
    ;
    with smol: spawn_idle at [1, 2, 4, 8], spawn_busy_yielding, spawn_busy_chains, spawn_from_block_on,
    spawn_by_1_thread, spawn_by_2_threads, spawn_by_8_threads, wake_and_back, wake_100
);
