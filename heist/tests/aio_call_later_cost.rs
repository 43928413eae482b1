//! What `call_later` costs: one allocation of the callback's size and an entry of the timer wheel. No task. In a file of its
//! own, because its allocator counts.

#![cfg(feature = "test-util")]
#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use heist::aio::get_running_loop;
use heist::runtime::Builder;
use heist::task::yield_now;
use heist::time::sleep;

struct Counting;

thread_local! {
    static COUNTED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    static FREED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: it passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNTED.set((COUNTED.get().0 + 1, COUNTED.get().1 + layout.size()));
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        FREED.set(FREED.get() + 1);
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of this thread during `f`, and their bytes.
fn allocated(f: impl FnOnce()) -> (usize, usize) {
    let before = COUNTED.get();
    f();
    let after = COUNTED.get();
    (after.0 - before.0, after.1 - before.1)
}

const CALLS: usize = 1_000;

#[test]
fn call_later_costs_one_allocation_and_a_timer_entry_and_no_task() {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let event_loop = get_running_loop();
        let (later, hour) = (Duration::from_secs(60), Duration::from_secs(3_600));
        let mut handles = Vec::with_capacity(CALLS);
        // Once to let the wheel's slab, the ready queue and the task that drains it come into being.
        for _ in 0..CALLS {
            event_loop.call_later(later, || ());
        }
        sleep(hour).await;
        yield_now().await;
        let (tasks, alive) = (
            runtime.metrics().spawned_tasks_count(),
            runtime.metrics().num_alive_tasks(),
        );

        let (count, bytes) = allocated(|| {
            for number in 0..CALLS {
                handles.push(event_loop.call_later(later, move || assert_ne!(number, CALLS)));
            }
        });
        assert_eq!(count, CALLS);
        // A callback of 8 bytes, two counts, the lock and state of the slot, deadline, location and loop.
        assert!(bytes <= CALLS * 96, "{} bytes each", bytes / CALLS);

        // Cancelling allocates nothing and frees all, for the wheel keeps nothing; calling what is left allocates nothing
        // for a call.
        let freed = FREED.get();
        let (count, _) = allocated(|| handles.drain(..CALLS / 2).for_each(|handle| handle.cancel()));
        assert_eq!((count, FREED.get() - freed), (0, CALLS / 2));
        let before = COUNTED.get().0;
        sleep(hour).await;
        yield_now().await;
        let in_calls = COUNTED.get().0 - before;
        assert!(
            in_calls < CALLS / 20,
            "{in_calls} allocations for {} calls",
            CALLS / 2
        );

        assert_eq!(runtime.metrics().spawned_tasks_count(), tasks);
        assert_eq!(runtime.metrics().num_alive_tasks(), alive);
    });
}

#[test]
fn call_soon_costs_one_allocation_and_no_task() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let event_loop = get_running_loop();
        // Both lists of the ready queue grow once.
        for _ in 0..2 {
            (0..CALLS).for_each(|_| drop(event_loop.call_soon(|| ())));
            yield_now().await;
            yield_now().await;
        }
        let tasks = runtime.metrics().spawned_tasks_count();
        let (count, _) = allocated(|| (0..CALLS).for_each(|_| drop(event_loop.call_soon(|| ()))));
        assert_eq!(count, CALLS);
        assert_eq!(runtime.metrics().spawned_tasks_count(), tasks);
    });
}
