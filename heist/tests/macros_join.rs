//! `join!`: the exact history of its futures, their order, and what may be written in it.

#![cfg(feature = "macros")]
#![deny(unused, unreachable_code, unreachable_patterns)]

mod macros_kit;

use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::task::Poll;

use heist::join;
use macros_kit::{Into, Log, finish, poll, step};

#[test]
fn outputs_come_in_the_order_written_and_futures_go_when_ready() {
    let log = Log::default();
    let mut future =
        pin!(async { join!(biased; log.probe("a", 2, 'a'), log.probe("b", 0, 2), log.probe("c", 1, "c")) });
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(log.take(), "a? b! ~b c?");
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(log.take(), "a? c! ~c");
    assert_eq!(poll(future.as_mut()), Poll::Ready(('a', 2, "c")));
    assert_eq!(log.take(), "a! ~a");
}

#[test]
fn another_future_is_first_each_time() {
    let log = Log::default();
    finish(async {
        join!(
            log.probe("1", 4, ()),
            log.probe("2", 4, ()),
            log.probe("3", 4, ())
        )
    });
    assert_eq!(
        log.take(),
        "1? 2? 3? 2? 3? 1? 3? 1? 2? 1? 2? 3? 2! ~2 3! ~3 1! ~1"
    );
}

#[test]
fn biased_keeps_the_order() {
    let log = Log::default();
    finish(async { join!(biased; log.probe("1", 2, ()), log.probe("2", 2, ()), log.probe("3", 1, ())) });
    assert_eq!(log.take(), "1? 2? 3? 1? 2? 3! ~3 1! ~1 2! ~2");
}

#[test]
fn one_that_takes_the_whole_budget_leaves_the_others_theirs() {
    async fn spend(units: usize) -> usize {
        let mut refusals = 0;
        for _ in 0..units {
            poll_fn(|cx| match heist_executor::coop::poll_proceed(cx) {
                Poll::Ready(unit) => {
                    unit.made_progress();
                    Poll::Ready(())
                }
                Poll::Pending => {
                    refusals += 1;
                    Poll::Pending
                }
            })
            .await;
        }
        refusals
    }
    let budget = usize::from(heist_executor::coop::BUDGET);
    let mut future = pin!(async { join!(spend(5 * budget), spend(5)) });
    let mut turns = 0;
    let refusals = loop {
        turns += 1;
        if let Poll::Ready(refusals) = heist_executor::coop::budget(|| poll(future.as_mut())) {
            break refusals;
        }
    };
    // The second is refused in the first turn and is first in the second.
    assert_eq!((turns, refusals.1), (6, 1));
}

#[test]
fn dropping_a_waiting_join_drops_futures_and_outputs() {
    let log = Log::default();
    struct Output(Log);
    impl Drop for Output {
        fn drop(&mut self) {
            self.0.add("~output");
        }
    }
    let mut future = Box::pin(async {
        join!(biased; log.probe("a", 9, ()), async { Output(log.clone()) }, log.probe("b", 9, ()))
    });
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(log.take(), "a? b?");
    drop(future);
    assert_eq!(log.take(), "~a ~output ~b");
}

#[test]
fn a_panicking_future_takes_the_others_with_it_once() {
    let log = Log::default();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        finish(async {
            join!(biased; log.probe("a", 0, ()), async { panic!("on purpose") }, log.probe("b", 9, ()));
        })
    }));
    assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "on purpose");
    assert_eq!(log.take(), "a! ~a ~b");
}

#[test]
fn one_none_and_trailing_commas() {
    finish(async {
        let () = join!();
        let () = join!(biased;);
        assert_eq!(join!(async { 1 }), (1,));
        assert_eq!(join!(async { 1 },), (1,));
        assert_eq!(join!(biased; async { 1 }), (1,));
        assert_eq!(join!(async { 1 }, async { 2 },), (1, 2));
        assert_eq!(join!(biased; async { 1 }, async { 2 }), (1, 2));
    });
}

#[test]
fn expressions_may_be_any_into_future_and_their_temporaries_live() {
    assert_eq!(
        finish(async { join!(Into(3), &mut ready(4), std::pin::pin!(async { 5 })) }),
        (3, 4, 5)
    );
}

#[test]
fn the_question_mark_in_an_expression_leaves_the_function() {
    async fn parse(text: &str) -> Result<(u32, u32), std::num::ParseIntError> {
        Ok(join!(ready(text.parse()?), ready(2)))
    }
    assert_eq!(finish(parse("1")), Ok((1, 2)));
    assert!(finish(parse("x")).is_err());
}

#[test]
fn names_of_the_user_are_not_seen_by_the_expansion() {
    let (chain, rest, next, pending) = (1, 2, 3, 4);
    let (init0, future0, first, step, cx) = (5, 6, 7, 8, 9);
    let sums = finish(async {
        join!(
            ready(chain + rest + next + pending),
            ready(init0 + future0 + first + step + cx)
        )
    });
    assert_eq!(sums, (10, 35));
}

#[test]
fn it_works_under_other_names_and_inside_other_macros() {
    use heist as rt;
    macro_rules! both {
        ($first:expr, $second:expr) => {
            rt::join!($first, $second)
        };
    }
    assert_eq!(finish(async { both!(ready(1 + 1), step()) }), (2, ()));
}

#[test]
fn an_output_without_values_gives_no_warnings() {
    use std::convert::Infallible;
    let mut first = pin!(async { join!(pending::<Infallible>(), async { 1 }) });
    let mut last = pin!(async { join!(biased; async { 1 }, pending::<Infallible>()) });
    let mut alone = pin!(async { join!(pending::<Infallible>()) });
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(last.as_mut()).is_pending());
    assert!(poll(alone.as_mut()).is_pending());
}

#[test]
fn as_many_as_a_hundred_and_thirty() {
    macro_rules! all {
        ($($n:tt)*) => { join!($( async { $n } ),*) };
    }
    let last = finish(async {
        let tuple = all!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
            33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66
            67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99 100
            101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125
            126 127 128 129);
        (tuple.0, tuple.64, tuple.129)
    });
    assert_eq!(last, (0, 64, 129));
}

#[cfg(target_pointer_width = "64")]
#[test]
fn the_future_is_not_larger_than_its_parts_need() {
    let one = async { join!(ready(0_i32)) };
    let two = async { join!(ready(0_i32), ready(0_i32)) };
    let biased = async { join!(biased; ready(0_i32), ready(0_i32)) };
    let sizes = [size_of_val(&one), size_of_val(&two), size_of_val(&biased)];
    assert!(sizes[0] <= 32 && sizes[1] <= 48 && sizes[2] <= 40, "{sizes:?}");
    assert_eq!((finish(one), finish(two), finish(biased)), ((0,), (0, 0), (0, 0)));
}
