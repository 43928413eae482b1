//! What a task costs: one allocation that fits a block of 112 bytes, a place in the registry, and memory that is used again.
//! In a file of its own, because its allocator counts.

#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};

use heist::runtime::Builder;
use heist::task::yield_now;

struct Counting;

thread_local! {
    /// Allocations of this thread, and their bytes with what a common allocator adds.
    static COUNTED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

// SAFETY: it passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (count, bytes) = COUNTED.get();
        COUNTED.set((count + 1, bytes + (layout.size() + 8).next_multiple_of(16)));
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

fn allocated(f: impl FnOnce()) -> (usize, usize) {
    let before = COUNTED.get();
    f();
    let after = COUNTED.get();
    (after.0 - before.0, after.1 - before.1)
}

/// Never ready, with 16 bytes of state.
struct Sixteen([u64; 2]);

impl Future for Sixteen {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        assert_eq!(self.0[0], self.0[1]);
        Poll::Pending
    }
}

/// As many as fill the registry's chunks (64 places, then twice as many each) to the last place.
const TASKS: usize = 64 * ((1 << 7) - 1);

#[test]
fn a_pending_task_costs_an_allocation_and_a_place() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        // The queue grows to its size, and is empty again.
        for _ in 0..TASKS {
            heist::spawn(async {});
        }
        yield_now().await;
        yield_now().await;
    });
    let runtime = Builder::new_current_thread().build().unwrap();
    let (count, bytes) = runtime.block_on(async {
        let mut sum = (0, 0);
        for batch in 0..TASKS as u64 / 64 {
            let (count, bytes) = allocated(|| {
                (0..64).for_each(|task| drop(heist::spawn(Sixteen([batch * 64 + task; 2]))));
            });
            sum = (sum.0 + count, sum.1 + bytes);
            yield_now().await;
        }
        sum
    });
    assert!(count <= TASKS + 32, "{count} allocations for {TASKS} tasks");
    assert!(bytes <= TASKS * 130, "{} bytes each", bytes / TASKS);
}

#[test]
fn a_burst_of_tasks_uses_the_memory_of_the_last() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let burst = || async {
        let tasks: Vec<_> = (0..100_u64).map(|n| heist::spawn(async move { n })).collect();
        for (n, task) in (0..).zip(tasks) {
            assert_eq!(task.await.unwrap(), n);
        }
    };
    runtime.block_on(burst());
    let before = COUNTED.get().0;
    runtime.block_on(burst());
    let count = COUNTED.get().0 - before;
    // The list of handles, and what a `block_on` needs.
    assert!(count <= 20, "{count} allocations");
}

/// The worker frees what this thread has allocated. Other tests may take some of it, so one round of many must do without.
#[test]
fn the_memory_of_tasks_from_outside_comes_back() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let round = || {
        let (done, all) = std::sync::mpsc::channel::<()>();
        let (count, _) = allocated(|| {
            for _ in 0..1000 {
                let done = done.clone();
                drop(runtime.spawn(async move { drop(done) }));
            }
        });
        drop(done);
        assert!(all.recv().is_err(), "no task sends anything");
        count
    };
    assert!(
        (0..50).any(|_| round() < 200),
        "1000 tasks, and each was allocated"
    );
}
