//! Counts allocations and their bytes for one operation, of each kind, in a runtime that has done some before.
//!
//! `allocations heist` prints a figure a line: name, tab, value. In a program of its own because counting has a price.
//!
//! I1: the allocator hands every call on to the system's, unchanged, and adds to two counters.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

struct Counting;

impl Counting {
    fn count(size: usize) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(size as u64, Ordering::Relaxed);
    }
}

// SAFETY: I1: the system's allocator keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Counting::count(layout.size());
        // SAFETY: I1: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: I1: the caller's promise is handed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Counting::count(size);
        // SAFETY: I1: the caller's promise is handed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Operations that are counted, after as many that are not.
const OPERATIONS: usize = 2000;

/// Far enough not to come.
const FAR: Duration = Duration::from_secs(30);

heist_benches::arms! {
    use rt::sync::{Mutex, Notify, Semaphore, broadcast, mpsc, oneshot, watch};
    use rt::task::yield_now;

    /// Name, allocations and bytes for one of the operations that the routine does `OPERATIONS` of.
    async fn count<F: Future<Output = ()>>(name: &'static str, routine: fn() -> F) -> Counted {
        routine().await;
        let before = (ALLOCATIONS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
        routine().await;
        let after = (ALLOCATIONS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
        let each = |from: u64, to: u64| (to - from) as f64 / OPERATIONS as f64;
        (name, each(before.0, after.0), each(before.1, after.1))
    }

    async fn spawn() {
        for _ in 0..OPERATIONS {
            rt::spawn(async {}).await.expect("the task ends");
        }
    }

    async fn fan_out() {
        for _ in 0..OPERATIONS {
            drop(rt::spawn(async {}));
            yield_now().await;
        }
    }

    async fn spawn_blocking() {
        for _ in 0..OPERATIONS {
            rt::task::spawn_blocking(|| {}).await.expect("the closure ends");
        }
    }

    async fn timeout() {
        for _ in 0..OPERATIONS {
            rt::time::timeout(FAR, yield_now()).await.expect("30 s have not passed");
        }
    }

    async fn mpsc_messages() {
        let (sender, mut receiver) = mpsc::channel(100);
        for number in 0..OPERATIONS {
            sender.send(number).await.expect("the receiver is there");
            receiver.recv().await.expect("it was sent");
        }
    }

    async fn mpsc_unbounded() {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        for number in 0..OPERATIONS {
            sender.send(number).expect("the receiver is there");
        }
        for _ in 0..OPERATIONS {
            receiver.recv().await.expect("it was sent");
        }
    }

    async fn oneshot_made() {
        for number in 0..OPERATIONS {
            let (sender, receiver) = oneshot::channel();
            sender.send(number).expect("the receiver is there");
            receiver.await.expect("it was sent");
        }
    }

    async fn watch_values() {
        let (sender, mut receiver) = watch::channel(0);
        for number in 0..OPERATIONS {
            sender.send(number).expect("the receiver is there");
            receiver.changed().await.expect("the sender is there");
        }
    }

    async fn broadcast_values() {
        let (sender, mut receiver) = broadcast::channel(16);
        for number in 0..OPERATIONS {
            sender.send(number).expect("the receiver is there");
            receiver.recv().await.expect("it was sent");
        }
    }

    /// Another task takes it whenever it can, so that this one waits each time.
    async fn mutex_waits() {
        let mutex = Arc::new(Mutex::new(()));
        let theirs = mutex.clone();
        let other = rt::spawn(async move {
            loop {
                let held = theirs.lock().await;
                yield_now().await;
                drop(held);
            }
        });
        for _ in 0..OPERATIONS {
            let held = mutex.lock().await;
            yield_now().await;
            drop(held);
        }
        other.abort();
    }

    async fn semaphore_waits() {
        let semaphore = Arc::new(Semaphore::new(1));
        let theirs = semaphore.clone();
        let other = rt::spawn(async move {
            loop {
                let held = theirs.acquire().await;
                yield_now().await;
                drop(held);
            }
        });
        for _ in 0..OPERATIONS {
            let held = semaphore.acquire().await;
            yield_now().await;
            drop(held);
        }
        other.abort();
    }

    async fn notify_waits() {
        let notify = Arc::new(Notify::new());
        let theirs = notify.clone();
        let other = rt::spawn(async move {
            loop {
                theirs.notify_one();
                yield_now().await;
            }
        });
        for _ in 0..OPERATIONS {
            notify.notified().await;
        }
        other.abort();
    }

    async fn all() -> Vec<Counted> {
        vec![
            count("spawn_and_join", spawn).await,
            count("spawn_detached", fan_out).await,
            count("spawn_blocking", spawn_blocking).await,
            count("timeout", timeout).await,
            count("mpsc", mpsc_messages).await,
            count("mpsc_unbounded", mpsc_unbounded).await,
            count("oneshot", oneshot_made).await,
            count("watch", watch_values).await,
            count("broadcast", broadcast_values).await,
            count("mutex_waits", mutex_waits).await,
            count("semaphore_waits", semaphore_waits).await,
            count("notify_waits", notify_waits).await,
        ]
    }

    pub(super) fn counted() -> Vec<Counted> {
        let runtime = runtime();
        runtime.block_on(async { rt::spawn(all()).await.expect("the task ends") })
    }
}

/// Name of an operation, allocations, bytes.
type Counted = (&'static str, f64, f64);

fn main() -> ExitCode {
    let arm = std::env::args().nth(1).unwrap_or_default();
    let counted = match arm.as_str() {
        "heist" => heist_arm::counted(),
        "tokio" => tokio_arm::counted(),
        _ => {
            eprintln!("allocations heist|tokio");
            return ExitCode::from(2);
        }
    };
    for (name, allocations, bytes) in counted {
        println!("{name}\t{allocations}\n{name}_bytes\t{bytes}");
    }
    ExitCode::SUCCESS
}
