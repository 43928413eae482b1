//! Who is woken: the last to park, but rather one of another processor than the waker's.

use std::cell::Cell;

use heist_executor::multi_thread::Sleepers;

thread_local! {
    static PROCESSOR: Cell<u32> = const { Cell::new(0) };
}

fn on(processor: u32) {
    PROCESSOR.set(processor);
}

/// Each number with the processor on which it went to sleep.
fn asleep(workers: &[(usize, u32)]) -> Sleepers {
    let sleepers = Sleepers::on_processors(workers.len() + 1, || PROCESSOR.get());
    for &(worker, processor) in workers {
        on(processor);
        sleepers.begin_park(worker, false);
    }
    sleepers
}

/// The next to be woken, who finds work at once.
fn woken(sleepers: &Sleepers) -> Option<usize> {
    let worker = sleepers.wake_one();
    if worker.is_some() {
        assert!(sleepers.stop_searching(), "it was the only one");
    }
    worker
}

#[test]
fn the_last_to_park_is_woken_first() {
    let sleepers = asleep(&[(0, 1), (1, 1), (2, 1)]);
    on(0);
    assert_eq!(
        [(); 4].map(|()| woken(&sleepers)),
        [Some(2), Some(1), Some(0), None]
    );
}

#[test]
fn one_of_the_wakers_own_processor_is_woken_if_there_is_no_other() {
    let sleepers = asleep(&[(0, 1), (1, 0), (2, 1), (3, 0)]);
    on(0);
    assert_eq!(
        [(); 5].map(|()| woken(&sleepers)),
        [Some(2), Some(0), Some(3), Some(1), None]
    );
}

#[test]
fn who_pushes_from_outside_wakes_the_last_to_park() {
    let sleepers = asleep(&[(0, 1), (1, 0)]);
    on(0);
    assert_eq!(sleepers.wake_one_after_rmw(), Some(1));
}
