//! A thread remembers whose timers it made last: which runtime they belong to when that changes, and what stays behind when a
//! runtime ends. Alone in its process, whose descriptors it counts.
#![cfg(target_os = "linux")]

mod rt_kit;

use heist::runtime::{Builder, Runtime};
use heist::time::{Duration, sleep, timeout};
use rt_kit::proc_self;

const MOMENT: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// Nobody drives it but who is in its `block_on`.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn a_timer_belongs_to_the_runtime_that_is_entered_last() {
    let (outer, inner) = (runtime(), runtime());
    let of_outer = outer.enter();
    drop(sleep(HOUR));
    let of_inner = inner.enter();
    let (first, second) = (sleep(MOMENT), timeout(MOMENT, std::future::pending::<()>()));
    drop(sleep(HOUR));
    drop(of_inner);
    let (third, fourth) = (sleep(MOMENT), sleep(MOMENT));
    drop(of_outer);
    // Would not end if they had been given to the other one.
    inner.block_on(async {
        first.await;
        second.await.unwrap_err();
    });
    outer.block_on(async {
        third.await;
        fourth.await;
    });
}

fn a_timer_that_is_dropped_elsewhere_is_not_the_next_ones() {
    let (here, there) = (runtime(), runtime());
    let guard = there.enter();
    let foreign = sleep(HOUR);
    drop(guard);
    here.block_on(async {
        drop(sleep(HOUR));
        drop(foreign);
        sleep(MOMENT).await;
        sleep(MOMENT).await;
    });
}

fn no_thread_keeps_the_timers_of_a_runtime_that_is_gone() {
    let descriptors = proc_self("fd").len();
    for _ in 0..3 {
        let runtime = runtime();
        let guard = runtime.enter();
        let timers = [sleep(HOUR), sleep(HOUR), sleep(HOUR)];
        drop(timers);
        drop(guard);
        runtime.block_on(async { drop(sleep(HOUR)) });
        drop(runtime);
        assert_eq!(proc_self("fd").len(), descriptors);
    }
}

fn a_thread_without_a_runtime_makes_no_timer() {
    let runtime = runtime();
    runtime.block_on(async { drop(sleep(HOUR)) });
    let made = || std::panic::catch_unwind(|| drop(sleep(HOUR))).is_ok();
    assert!(!made(), "it is in no runtime any more");
    let guard = runtime.enter();
    assert!(made());
    drop(guard);
    assert!(!made(), "it is in no runtime any more");
}

#[test]
fn one_after_the_other() {
    a_timer_belongs_to_the_runtime_that_is_entered_last();
    a_timer_that_is_dropped_elsewhere_is_not_the_next_ones();
    a_thread_without_a_runtime_makes_no_timer();
    no_thread_keeps_the_timers_of_a_runtime_that_is_gone();
}
