//! The meter repeats, divides and notes; latch, bell and fairness are what the sources take them for.

use heist_benches::gate::{Bell, Latch, fairness};
use heist_benches::harness::{Case, DEFAULT_WORKERS};
use heist_benches::usage::{Usage, resident_bytes};
use heist_benches::{Bencher, Question, meter};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Says that each round takes a millisecond, which is ten operations.
fn ten_in_a_millisecond(bencher: &mut Bencher<'_>) {
    bencher.per(10).iter_custom(|rounds| {
        std::thread::sleep(Duration::from_micros(10));
        Duration::from_millis(1) * u32::try_from(rounds).expect("few rounds")
    });
    bencher.note("shares", 0.5);
}

#[test]
fn time_is_divided_by_operations() {
    let figures = meter::measure(
        ten_in_a_millisecond,
        Duration::from_millis(5),
        Duration::from_millis(20),
    );
    let figure = |wanted| {
        figures
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| *value)
    };
    assert_eq!(figure("ns"), Some(100_000.0));
    assert_eq!(figure("shares"), Some(0.5));
    assert!(
        figure("switches").is_some_and(|switches| switches > 0.0),
        "it slept: {figures:?}"
    );
}

#[test]
fn a_question_with_several_numbers_of_workers_is_several_rows() {
    let question = |workers| Question {
        name: "one",
        workers,
        arms: Vec::new(),
    };
    let case = |id: &str, workers| Case {
        id: id.to_owned(),
        workers,
    };
    assert_eq!(question(&[]).cases("file"), [case("file/one", DEFAULT_WORKERS)]);
    assert_eq!(
        question(&[1, 8]).cases("file"),
        [case("file/one@1", 1), case("file/one@8", 8)]
    );
}

#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_bell_remembers_one_ring() {
    let count = Arc::new(Counting::default());
    let waker = Waker::from(count.clone());
    let mut context = Context::from_waker(&waker);
    let bell = Bell::default();
    bell.ring();
    bell.ring();
    assert_eq!(pin!(bell.heard()).poll(&mut context), Poll::Ready(()));
    let mut waiting = pin!(bell.heard());
    assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
    assert_eq!(count.0.load(Ordering::Relaxed), 0);
    bell.ring();
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    assert_eq!(waiting.poll(&mut context), Poll::Ready(()));
}

#[test]
fn a_latch_waits_for_the_last() {
    let mut context = Context::from_waker(Waker::noop());
    let latch = Latch::new();
    latch.set(2);
    let mut done = pin!(latch.done());
    latch.count_down();
    assert_eq!(done.as_mut().poll(&mut context), Poll::Pending);
    latch.count_down();
    assert_eq!(done.poll(&mut context), Poll::Ready(()));
}

#[test]
fn fairness_is_one_for_equal_shares() {
    assert_eq!(fairness(&[3.0, 3.0, 3.0]), 1.0);
    assert_eq!(fairness(&[1.0, 0.0, 0.0, 0.0]), 0.25);
    assert_eq!(fairness(&[0.0, 0.0]), 1.0);
}

#[test]
fn use_of_the_processor_is_seen() {
    let before = Usage::own();
    let mut sum = 0u64;
    while Usage::own().since(before).cpu < Duration::from_millis(20) {
        sum = std::hint::black_box(sum.wrapping_add(1));
    }
    std::thread::sleep(Duration::from_millis(1));
    assert!(Usage::own().since(before).voluntary >= 1);
    let other = Usage::of(std::process::id());
    assert!(other.cpu >= Duration::from_millis(20), "{other:?}");
    let resident = resident_bytes("self");
    let memory = std::hint::black_box(vec![1u8; 8 << 20]);
    assert!(
        resident_bytes("self") >= resident + (7 << 20),
        "{} bytes more",
        memory.len()
    );
}
