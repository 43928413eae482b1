//! What a task costs in memory, allocations, and for `ci/task-cost`, in instructions.
//!
//! Without arguments: resident bytes and allocations of a spawned pending task whose future has 16 bytes of state.
//! `memory count ARM WORK N` does some work N times on one worker, so that two runs of different N under callgrind tell
//! what one costs, and prints how many allocations were made meanwhile.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// The system's allocator, counting.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A load and a store: no locked operation of its own, for these are counted too.
        ALLOCATIONS.store(ALLOCATIONS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const PENDING: usize = 200_000;
const BATCH: usize = 1000;

/// Leaves its waker, then is ready when it is polled again.
struct Parked(Arc<Mutex<Option<Waker>>>, bool);

impl Future for Parked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.1 {
            return Poll::Ready(());
        }
        self.1 = true;
        *self.0.lock().expect("no panic") = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Never ready, with 16 bytes of state.
struct Sixteen([u64; 2]);

impl Future for Sixteen {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        std::hint::black_box(&self.0);
        Poll::Pending
    }
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .expect("a number");
    pages * 4096
}

heist_benches::arms! {
    fn one_worker() -> rt::runtime::Runtime {
        rt::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("the runtime starts")
    }

    /// Prints resident bytes and allocations of each of `PENDING` detached tasks that have been polled once.
    pub(super) fn pending_tasks() {
        let runtime = one_worker();
        let spawn_batch = || async {
            rt::spawn(async {
                (0..BATCH).for_each(|n| drop(rt::spawn(Sixteen([n as u64; 2]))));
                rt::task::yield_now().await;
            })
            .await
            .expect("the task ends");
        };
        runtime.block_on(spawn_batch());
        let (bytes, allocations) = (resident_bytes(), ALLOCATIONS.load(Ordering::Relaxed));
        (0..PENDING / BATCH).for_each(|_| runtime.block_on(spawn_batch()));
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - allocations;
        println!(
            "{:.0} bytes, {:.2} allocations",
            (resident_bytes() - bytes) as f64 / PENDING as f64,
            allocations as f64 / PENDING as f64
        );
    }

    async fn work(work: &str, times: usize) {
        match work {
            "nothing" => {}
            "detached" => {
                for _ in 0..times / 20 {
                    (0..20).for_each(|_| drop(rt::spawn(async {})));
                    rt::task::yield_now().await;
                }
            }
            "joined" => {
                for _ in 0..times {
                    rt::spawn(async {}).await.expect("the task ends");
                }
            }
            "fan_out" => {
                for _ in 0..times / 100 {
                    let tasks: Vec<_> = (0..100).map(|_| rt::spawn(async {})).collect();
                    for task in tasks {
                        task.await.expect("the task ends");
                    }
                }
            }
            "yield" => {
                for _ in 0..times {
                    rt::task::yield_now().await;
                }
            }
            // A yield of the waker's is part of it.
            "wake" => {
                for _ in 0..times / 20 {
                    let places: Vec<_> = (0..20).map(|_| place_of_parked()).collect();
                    for place in places {
                        let take = || place.lock().expect("no panic").take();
                        let mut waker = take();
                        while waker.is_none() {
                            rt::task::yield_now().await;
                            waker = take();
                        }
                        waker.into_iter().for_each(Waker::wake);
                    }
                    rt::task::yield_now().await;
                }
            }
            "join_set" => {
                for _ in 0..times / 100 {
                    let mut set: rt::task::JoinSet<_> = (0..100).map(|_| async {}).collect();
                    while set.join_next().await.is_some() {}
                }
            }
            other => panic!("no such work: {other}"),
        }
    }

    fn place_of_parked() -> Arc<Mutex<Option<Waker>>> {
        let place = Arc::new(Mutex::new(None));
        drop(rt::spawn(Parked(place.clone(), false)));
        place
    }

    async fn local_work(times: usize) {
        for _ in 0..times / 100 {
            let tasks: Vec<_> = (0..100).map(|_| rt::task::spawn_local(async {})).collect();
            for task in tasks {
                task.await.expect("the task ends");
            }
        }
    }

    async fn remote_work(times: usize) {
        for _ in 0..times / 100 {
            let tasks: Vec<_> = (0..100).map(|_| rt::spawn(async {})).collect();
            for task in tasks {
                task.await.expect("the task ends");
            }
        }
    }

    pub(super) fn count(name: &str, times: usize) {
        let runtime = one_worker();
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        match name {
            "local" => rt::task::LocalSet::new().block_on(&runtime, local_work(times)),
            "remote" => runtime.block_on(remote_work(times)),
            _ => {
                let name = name.to_owned();
                runtime.block_on(async move { rt::spawn(async move { work(&name, times).await }).await }).expect("the task ends");
            }
        }
        println!("{}", ALLOCATIONS.load(Ordering::Relaxed) - before);
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    match &*arguments.iter().map(String::as_str).collect::<Vec<_>>() {
        ["pending", "heist"] => heist_arm::pending_tasks(),
        ["pending", "tokio"] => tokio_arm::pending_tasks(),
        ["count", "heist", work, times] => heist_arm::count(work, times.parse().expect("a number")),
        ["count", "tokio", work, times] => tokio_arm::count(work, times.parse().expect("a number")),
        _ => {
            // A process each, for neither gives all of its memory back.
            for arm in ["heist", "tokio"] {
                let own = std::env::current_exe().expect("a program");
                let output = Command::new(own)
                    .args(["pending", arm])
                    .output()
                    .expect("it runs");
                println!(
                    "pending task, {arm}: {}",
                    String::from_utf8_lossy(&output.stdout).trim()
                );
            }
        }
    }
}
