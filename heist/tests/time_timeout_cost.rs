//! What a timeout costs: no allocation once the first have been made. In a file of its own, because its allocator counts.

#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use heist::runtime::Builder;
use heist::time::{Instant, sleep, timeout};

struct Counting;

thread_local! {
    static COUNTED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: it passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNTED.set(COUNTED.get() + 1);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const HOUR: Duration = Duration::from_secs(3_600);

/// Polls it once; it is not ready.
async fn begin(future: impl Future) {
    let mut future = pin!(future);
    poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// Allocations of the task's thread in `rounds` of `routine`.
async fn allocations<F: Future>(rounds: usize, routine: impl Fn() -> F) -> usize {
    let before = COUNTED.get();
    for _ in 0..rounds {
        routine().await;
    }
    COUNTED.get() - before
}

async fn check() {
    begin(timeout(HOUR, pending::<()>())).await;
    let unfired = allocations(1_000, || begin(timeout(HOUR, pending::<()>()))).await;
    assert_eq!(unfired, 0);
    let ready = allocations(1_000, || timeout(HOUR, async {})).await;
    assert_eq!(ready, 0);
    let mut idle = pin!(sleep(HOUR));
    begin(idle.as_mut()).await;
    let before = COUNTED.get();
    for _ in 0..1_000 {
        idle.as_mut().reset(Instant::now() + HOUR);
        begin(idle.as_mut()).await;
    }
    assert_eq!(COUNTED.get() - before, 0);
}

#[test]
fn timeouts_in_one_task_allocate_nothing() {
    let current_thread = Builder::new_current_thread().enable_all().build().unwrap();
    current_thread.block_on(check());
    let pool = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    pool.block_on(async { heist::spawn(check()).await.unwrap() });
}
